"""Intermittence: interference that comes and goes is one regime with a schedule, not a string of onsets.

Two spells that follow each other within a fortnight are two cycles; the third onset declares the regime and
is not reported as one. Inside it spells are followed silently. It is over when it has stayed quiet for three
times its longest pause, and turns into plain interference when a spell lasts three times the longest one.
"""

from typing import Final

import msgspec

from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.model.series import Regime
from voipwatch.stats.dayhours import DayCounts, day_hours

CYCLES_MIN: Final = 2
PAUSE_MAX_S: Final = 14 * DAY_S
"""A longer pause starts the counting anew."""
FACTOR: Final = 3.0
LEAST_S: Final = 3 * DAY_S


class Spell(msgspec.Struct, array_like=True):
    """One spell of interference, from its onset to its end."""

    earliest_s: float | None
    onset_s: float
    end_s: float | None = None


class Cycles(msgspec.Struct):
    """Spells in a row, and how much of each hour of the day was blocked since the first."""

    spells: list[Spell] = []
    blocked: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)
    votes: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)
    declared_s: float | None = None
    past: list[Regime] = []
    """Regimes that are over."""


def begin(cycles: Cycles, earliest_s: float | None, onset_s: float, now_s: float) -> bool:
    """A spell begins; True when it belongs to a regime and is not to be reported on its own."""
    if cycles.spells:
        last_end = cycles.spells[-1].end_s
        if last_end is not None and onset_s - last_end > PAUSE_MAX_S and cycles.declared_s is None:
            forget(cycles)
    cycles.spells.append(Spell(earliest_s, onset_s))
    if cycles.declared_s is None and len(cycles.spells) > CYCLES_MIN:
        cycles.declared_s = now_s
    return cycles.declared_s is not None


def finish(cycles: Cycles, end_s: float) -> bool:
    """The running spell ends; True when that is not to be reported on its own."""
    if cycles.spells:
        cycles.spells[-1].end_s = max(end_s, cycles.spells[-1].onset_s)
    return cycles.declared_s is not None


def count(cycles: Cycles, time_s: float, blocked: int, votes: int) -> None:
    """Count a closed block into the schedule."""
    hour = int(time_s // HOUR_S) % 24
    cycles.blocked[hour] += blocked
    cycles.votes[hour] += votes


def close_if_over(cycles: Cycles, now_s: float) -> bool:
    """Close a regime that has stayed quiet for long; True when it was closed."""
    if cycles.declared_s is None or cycles.spells[-1].end_s is None:
        return False
    pauses = _pauses(cycles)
    if now_s - cycles.spells[-1].end_s <= max(FACTOR * max(pauses, default=0.0), LEAST_S):
        return False
    cycles.past.append(_described(cycles, now_s, ended_s=cycles.spells[-1].end_s))
    forget(cycles)
    return True


def outgrown(cycles: Cycles, now_s: float) -> Spell | None:
    """The running spell, when it has outgrown the regime: the regime is closed, the spell begins alone."""
    if cycles.declared_s is None or cycles.spells[-1].end_s is not None:
        return None
    running = cycles.spells[-1]
    longest = max((spell.end_s or spell.onset_s) - spell.onset_s for spell in cycles.spells[:-1])
    if now_s - running.onset_s <= max(FACTOR * longest, LEAST_S):
        return None
    cycles.spells.pop()
    cycles.past.append(_described(cycles, now_s, ended_s=cycles.spells[-1].end_s))
    forget(cycles)
    cycles.spells.append(running)
    return running


def running(cycles: Cycles, now_s: float) -> Regime | None:
    """The regime that goes on, as known at `now_s`."""
    return None if cycles.declared_s is None else _described(cycles, now_s, ended_s=None)


def forget(cycles: Cycles) -> None:
    """Start counting anew."""
    cycles.spells, cycles.declared_s = [], None
    cycles.blocked, cycles.votes = [0.0] * 24, [0.0] * 24


def _pauses(cycles: Cycles) -> list[float]:
    pairs = zip(cycles.spells, cycles.spells[1:], strict=False)
    return [after.onset_s - before.end_s for before, after in pairs if before.end_s is not None]


def _described(cycles: Cycles, now_s: float, *, ended_s: float | None) -> Regime:
    first = cycles.spells[0]
    until_s = now_s if ended_s is None else ended_s
    blocked_s = sum((until_s if each.end_s is None else each.end_s) - each.onset_s for each in cycles.spells)
    return Regime(
        earliest_s=first.earliest_s,
        declared_s=cycles.declared_s if cycles.declared_s is not None else now_s,
        cycles=len(cycles.spells),
        duty_cycle=min(1.0, blocked_s / max(until_s - first.onset_s, 1.0)),
        blocked_hours=day_hours([DayCounts(tuple(cycles.blocked), tuple(cycles.votes))]).hours,
        ended_s=ended_s,
    )
