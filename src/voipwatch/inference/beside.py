"""Where a throttle sits, as far as flows to two reflectors at one time tell: from check to sentence. Pure.

What the losses say is `commonloss`; here is which flows it is asked about, and what their clocks are.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from voipwatch.inference.commonloss import NOTHING, TESTS, Common, Round, common_loss
from voipwatch.inference.explain import percent, texts
from voipwatch.inference.join import FlowView, Session
from voipwatch.model.flows import TOGETHER
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import CommonPlace
from voipwatch.model.vocabulary import Arm, Direction
from voipwatch.stats import SentFlow

DIRECTIONS: Final = (Direction.UP, Direction.DOWN)
LATE_US: Final = 500_000
"""What the far end sent so shortly before the near end stopped listening may have come too late."""
P_LEAST: Final = 0.001
"""No smaller chance of an error is told: the test's law is not known to more digits."""


def common_place(
    measurement: Measurement, sessions: Sequence[Session], app: str, *, lang: str
) -> CommonPlace | None:
    """What flows of the app to two reflectors at one time say; None where nobody asked.

    Raises:
        ValueError: an unknown language.
    """
    flows = {session.index: [f for f in session.together if f.record.kind.app == app] for session in sessions}
    asked = [index for index, own in flows.items() if own]
    if len(asked) != 2:
        why = next((d.outcome for d in measurement.decisions if (d.app, d.question) == (app, TOGETHER)), "")
        return _said(CommonPlace(why), lang) if why in {"budget", "time"} else None
    rounds = {way: _round(sessions, asked, flows, way) for way in DIRECTIONS}
    told = {way: NOTHING if found is None else common_loss(found) for way, found in rounds.items()}
    return _said(_combined(told, asked), lang)


def _combined(told: dict[Direction, Common], asked: list[int]) -> CommonPlace:
    """One answer: `common` where a direction says so, `apart` where one does and none the other."""
    for outcome in ("common", "apart"):
        ways = [way for way, found in told.items() if found.outcome == outcome]
        if not ways:
            continue
        first = min((told[way] for way in ways), key=lambda found: found.p_value or 0.0)
        # Each test of each direction may say it: the error is that of one, so many times (Bonferroni).
        chance = (
            None if first.p_value is None else min(1.0, max(P_LEAST, TESTS * len(DIRECTIONS) * first.p_value))
        )
        return CommonPlace(
            outcome,
            direction=ways[0] if len(ways) == 1 else Direction.BOTH,
            by=first.by,
            error=chance,
            kept=_rounded(first.kept),
            kept_low=_rounded(first.kept_low),
            kept_high=_rounded(first.kept_high),
            reflectors=asked,
        )
    return CommonPlace("unclear", reflectors=asked)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _round(
    sessions: Sequence[Session], asked: list[int], flows: dict[int, list[FlowView]], way: Direction
) -> Round | None:
    """The four flows; None where one is not there, or both ends do not know what became of it."""
    shift_us = {session.index: _far_clock_us(session) for session in sessions}
    told = [_sent(flows[index], arm, way, shift_us[index]) for arm in (Arm.A, Arm.C) for index in asked]
    known = [flow for flow in told if flow is not None]
    return Round((known[0], known[1]), (known[2], known[3])) if len(known) == 4 else None


def _sent(flows: Iterable[FlowView], arm: Arm, way: Direction, shift_us: int | None) -> SentFlow | None:
    """The media of one flow, send times by the near clock, as long as the near end listened."""
    flow = next((f for f in flows if f.arm is arm), None)
    if flow is None or flow.cut_us is not None or not flow.logged or flow.record.ended_us is None:
        return None
    up = way is Direction.UP
    sent = flow.media(up=up).sent_flow()
    if sent is None or (not up and shift_us is None):
        return None
    times = [t + (0 if up else shift_us or 0) for t in sent.time_us]
    heard = bisect_right(times, flow.record.ended_us - (0 if up else LATE_US))
    return SentFlow(times[:heard], sent.size_bytes[:heard], sent.lost[:heard])


def _far_clock_us(session: Session) -> int | None:
    """What makes a far sending time the near time at which it would have come on the fastest way."""
    transits = [
        p.arrived_us - p.sent_us
        for flow in (*session.flows, *session.together)
        for p in flow.down.packets
        if p.arrived_us is not None and p.sent_us is not None
    ]
    return min(transits, default=None)


def _said(place: CommonPlace, lang: str) -> CommonPlace:
    """The place with its sentence."""
    key = f"common_{place.by}" if place.outcome == "common" else place.outcome
    words = {
        "kept": percent(lang, place.kept or 0.0),
        "error": percent(lang, place.error or 0.0),
        "way": texts(lang)["ways"][str(place.direction)] if place.direction is not None else "",
    }
    return msgspec.structs.replace(place, explanation=texts(lang)["beside"][key].format_map(words))
