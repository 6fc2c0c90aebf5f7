"""When a probe measures, and what: pure, `now` and random bytes in, the next time out.

Times are drawn, not set: an operator cannot foresee them, and a fault that comes every hour on the hour is
neither always met nor always missed (RFC 2330 section 11.1.1: Poisson sampling). The gaps are exponential,
cut to [least, most]; within these bounds the process has no memory, so that a run that could not be made
(the machine was off, the clock was set) is not made up for: another time is drawn from now on. Runs never
bunch, and none is tied to the moment at which a machine is switched on.
"""

import math
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from hashlib import blake2b
from typing import Final

import msgspec

DAY_S: Final = 86_400.0
MEAN_S: Final = DAY_S / 4
LEAST_S: Final = 1_800.0
"""Carrier NAT keeps a mapping for minutes (RFC 4787 section 4.3), a censor's residual block too: half an hour
lies well over both."""
MOST_S: Final = 16 * 3_600.0
LATE_S: Final = 300.0
"""A run that is due for longer than this was missed: whatever kept it may have to do with the line."""
BACK_S: Final = 60.0
"""A clock that is set right by less than this has not jumped."""
DRAW_BYTES: Final = 8
APPS_AT_ONCE: Final = 2
"""More call shapes towards one host within minutes are a fingerprint of whoever measures."""
REFLECTORS_FEW: Final = 2
"""Of those that are known: a probe that is taken betrays no more, and an address on a list meets few."""


class Rhythm(msgspec.Struct, frozen=True):
    """How often, in seconds between two runs."""

    mean_s: float = MEAN_S
    least_s: float = LEAST_S
    most_s: float = MOST_S

    def __post_init__(self) -> None:
        """Raise ValueError where no exponential law cut to these bounds has this mean."""
        if not 0 < self.least_s < self.mean_s < (self.least_s + self.most_s) / 2:
            raise ValueError("the mean gap lies between the least one and the middle of both bounds")


class Due(msgspec.Struct, frozen=True):
    """When the next run is; kept on disk, so that a restart neither hurries nor delays it."""

    next_at_s: float
    """Unix seconds, as all of these."""
    drawn_at_s: float
    last_run_at_s: float | None = None


class Turn(StrEnum):
    """What is to be done now."""

    WAIT = "wait"
    RUN = "run"
    FIRST = "first"
    """Nothing was planned yet: now it is."""
    MISSED = "missed"
    """The machine was off or asleep, or its clock was set forward: a new time was drawn."""
    CLOCK_BACK = "clock-back"
    """The clock was set back: a new time was drawn."""


def take_turn(rhythm: Rhythm, due: Due | None, now_s: float, draw: bytes) -> tuple[Due, Turn]:
    """What to do at `now_s`, and when to look again (`Due.next_at_s`). Cannot fail.

    After RUN the schedule is already drawn on: it is to be on disk before the run begins, so that a run
    that kills the machine is not tried again at once.

    Args:
        rhythm: how often.
        due: what the last turn gave; None for a new probe.
        now_s: Unix seconds.
        draw: `DRAW_BYTES` random bytes.
    """
    if due is None:
        return Due(now_s + _within(rhythm, draw), now_s), Turn.FIRST
    if now_s < due.drawn_at_s - BACK_S or due.next_at_s > now_s + rhythm.most_s + BACK_S:
        # what is noted lies in a future that the clock no longer knows
        return _from_now_on(rhythm, due, now_s, draw), Turn.CLOCK_BACK
    if now_s < due.next_at_s:
        return due, Turn.WAIT
    if now_s > due.next_at_s + LATE_S:
        return _from_now_on(rhythm, due, now_s, draw), Turn.MISSED
    return Due(now_s + gap_s(rhythm, draw), now_s, now_s), Turn.RUN


def _from_now_on(rhythm: Rhythm, due: Due, now_s: float, draw: bytes) -> Due:
    """A new time, at least the least gap after the last run. A run in the future was dated by a wrong clock:
    it may have been just now.
    """
    last_s = None if due.last_run_at_s is None else min(due.last_run_at_s, now_s)
    start_s = now_s if last_s is None else max(now_s, last_s + rhythm.least_s)
    return Due(start_s + _within(rhythm, draw), now_s, last_s)


def gap_s(rhythm: Rhythm, draw: bytes) -> float:
    """One gap between two runs: exponential, cut to the rhythm's bounds, of the rhythm's mean."""
    return rhythm.least_s + _within(rhythm, draw)


def _within(rhythm: Rhythm, draw: bytes) -> float:
    """Exponential cut to [0, most - least]: what is left of a gap whose least part is over."""
    span_s = rhythm.most_s - rhythm.least_s
    rate = _rate(rhythm.mean_s - rhythm.least_s, span_s)
    share = int.from_bytes(draw[:DRAW_BYTES], "big") / 2.0 ** (8 * DRAW_BYTES)
    return -math.log1p(share * math.expm1(-rate * span_s)) / rate  # the inverse of the distribution function


@cache
def _rate(mean_s: float, span_s: float) -> float:
    """Per second, of the exponential law that has this mean once it is cut to [0, span]; by bisection.

    The mean of the cut law is 1/rate - span/(exp(rate span) - 1), which falls from span/2 to 0 and is below
    1/rate.
    """
    low, high = 1e-9 / span_s, 1.0 / mean_s
    for _ in range(100):
        rate = (low + high) / 2
        cut_s = span_s / math.expm1(min(rate * span_s, 700.0))  # exp(709.8) is beyond a float, and this is 0
        if 1 / rate - cut_s > mean_s:
            low = rate
        else:
            high = rate
    return (low + high) / 2


def apps_of_run(apps: Sequence[str], turn: int, *, at_once: int = APPS_AT_ONCE) -> tuple[str, ...]:
    """The apps of run number `turn`: a few, each as often as the others, in a circle."""
    if len(apps) <= at_once:
        return tuple(apps)
    return tuple(apps[(turn * at_once + n) % len(apps)] for n in range(at_once))


def few_of(names: Sequence[str], secret: bytes, *, few: int = REFLECTORS_FEW) -> tuple[int, ...]:
    """Which of the known reflectors are this probe's: positions, by keyed hash of the name.

    The choice is the device's own, nobody can foresee it, and a longer list changes little of it.
    """
    ranked = sorted(
        range(len(names)),
        key=lambda n: blake2b(names[n].lower().encode(), key=secret, person=b"vw-reflectors").digest(),
    )
    return tuple(sorted(ranked[:few]))
