"""Which property of media a box looks at: calls with it changed live on beside calls that fall silent.

A call falls silent when, from some packet in its first half on, a way is lost to its end. Where calls whose
numbers do not count up live on, and those whose numbers do fall silent once some packets have passed, the
label is `rtp.behaviour`. A box that counts packets, bytes or seconds silences the mutants too.

Decision: docs/design/0029-triggers.md.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from voipwatch.inference.agreement import AGREEING_SHARE_MIN, CONCORDANT, agree
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.stages import MEDIA_MIN
from voipwatch.inference.track import Fate, Track
from voipwatch.model.flows import HELD_REPLICATES
from voipwatch.model.results import Trigger
from voipwatch.model.ruleset import DEAD_LOSS_RATIO
from voipwatch.model.vocabulary import Arm, Direction, Stage

LABEL: Final = "rtp.behaviour"
NUMBERING: Final = "rtp-numbering"
PROPERTIES: Final[tuple[str, ...]] = ("rtp-version", "rtp-payload-type", NUMBERING)
"""Mutants of one property, and the property that each changes."""
LIVING_LOSS_MAX: Final = 0.4
"""Of one way of a call that lives on: a burst of 0.2 s takes as much of a short call. More is neither life
nor death."""
SEEN_MAX: Final = 32
"""Media packets that pass, both ways together, before a box has seen enough of what a flow does; nDPI and its
kind give up on a flow after as many."""


class Fared(Enum):
    """One flow's media."""

    LIVED = "lived"
    SILENCED = "silenced"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Calls that count up fall silent, those that do not live on."""

    direction: Direction
    silenced: int
    """Calls of A that did; of A' too, where most did."""
    of: int
    """All of these arms that can be told."""


def fared(flow: FlowView) -> Fared:
    """What became of a flow's media, both ways together."""
    ways = [_way(flow.media(up=up)) for up in (True, False)]
    if Fared.SILENCED in ways:
        return Fared.SILENCED
    return Fared.LIVED if ways == [Fared.LIVED, Fared.LIVED] else Fared.UNCLEAR


def _way(track: Track) -> Fared:
    packets = track.known
    if len(packets) < MEDIA_MIN:
        return Fared.UNCLEAR
    lost = [p.fate is Fate.LOST for p in packets]
    later = lost[len(lost) // 2 :]
    if sum(later) >= DEAD_LOSS_RATIO * len(later):
        return Fared.SILENCED
    return Fared.LIVED if sum(lost) <= LIVING_LOSS_MAX * len(lost) else Fared.UNCLEAR


def behaviour(session: Session, app: str, legs: Collection[str], stage: Stage) -> Behaviour | None:
    """Whether calls of these legs die of counting up as RTP does; None where that is not shown.

    Two mutants or more must live both ways and none die; of the app's own calls most must fall silent, none
    of them live beside a living mutant or after it, and packets of two or more must have passed before.
    """
    mutants = _mutants(session, app, legs, stage).get(NUMBERING, [])
    fates = Counter(fared(f) for f in mutants)
    if fates[Fared.LIVED] < CONCORDANT or fates[Fared.SILENCED]:
        return None
    told, silenced = _told(_own(session, app, legs, stage))
    began_us = min(f.started_us for f in mutants)
    lived_beside = any(f not in silenced and f.started_us >= began_us for f in told)
    if lived_beside or not agree(len(silenced), len(told), share_min=AGREEING_SHARE_MIN):
        return None
    passed = [_arrived(f.media(up=True)) + _arrived(f.media(up=False)) for f in silenced]
    if sum(n > 1 for n in passed) < CONCORDANT or any(n > SEEN_MAX for n in passed):
        return None
    neutral, gone = _told(_own(session, app, legs, stage, Arm.A_NEUTRAL))
    if not agree(len(gone), len(neutral)):
        neutral, gone = [], []
    return Behaviour(_direction(silenced), len(silenced) + len(gone), len(told) + len(neutral))


def _told(flows: Iterable[FlowView]) -> tuple[list[FlowView], list[FlowView]]:
    """The flows that lived or fell silent, and of these the silent ones."""
    told = [(f, how) for f in flows if (how := fared(f)) is not Fared.UNCLEAR]
    return [f for f, _ in told], [f for f, how in told if how is Fared.SILENCED]


def trigger(session: Session, app: str, stage: Stage) -> Trigger | None:
    """The properties of media without which the app's call lives on, of the first leg that shows any."""
    legs = dict.fromkeys(f.record.kind.leg for f in session.of_app(app) if not f.direct)
    for leg in legs:
        told, silenced = _told(_own(session, app, {leg}, stage))
        if not agree(len(silenced), len(told)):
            continue
        fates = {
            name: Counter(fared(f) for f in flows)
            for name, flows in _mutants(session, app, {leg}, stage).items()
            if name in PROPERTIES
        }
        lived = [n for n in PROPERTIES if n in fates and fates[n][Fared.LIVED] >= CONCORDANT]
        # One that neither lives nor dies may be part of it too: then what is named might not be all.
        unclear = any(each[Fared.UNCLEAR] or 0 < each[Fared.LIVED] < each.total() for each in fates.values())
        if lived and not unclear:
            fewest = min(fates[name][Fared.LIVED] for name in lived)
            return Trigger(properties=lived, repeats=fewest, of=fewest)
    return None


def _mutants(session: Session, app: str, legs: Collection[str], stage: Stage) -> dict[str, list[FlowView]]:
    """By mutant, its flows whose media began."""
    found: dict[str, list[FlowView]] = {}
    for flow in _of_media(session, app, legs, stage):
        held = flow.record.replicate in HELD_REPLICATES
        if flow.arm is Arm.D and not held and flow.media(up=True).packets:
            found.setdefault(flow.record.kind.mutant, []).append(flow)
    return found


def _own(
    session: Session, app: str, legs: Collection[str], stage: Stage, arm: Arm = Arm.A
) -> Sequence[FlowView]:
    """The app's own calls."""
    return [
        f
        for f in _of_media(session, app, legs, stage)
        if f.arm is arm and not f.cut_us and f.media(up=True).packets
    ]


def _of_media(session: Session, app: str, legs: Collection[str], stage: Stage) -> Iterable[FlowView]:
    for flow in session.of_app(app):
        kind = flow.record.kind
        if kind.leg in legs and kind.media.value == stage.value and not flow.direct:
            yield flow


def _arrived(track: Track) -> int:
    return sum(p.fate is Fate.ARRIVED for p in track.known)


def _direction(silenced: Sequence[FlowView]) -> Direction:
    up, down = ([_way(f.media(up=way)) is Fared.SILENCED for f in silenced] for way in (True, False))
    if sum(a and b for a, b in zip(up, down, strict=True)) >= AGREEING_SHARE_MIN * len(silenced):
        return Direction.BOTH
    return Direction.UP if sum(up) >= sum(down) else Direction.DOWN
