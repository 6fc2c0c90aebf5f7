"""What the controls of a session say: whether the line drops all UDP or what it does not know, whether a
control is good enough to accuse by, and whether bad luck with a path explains a dead treatment.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from voipwatch.inference.join import FlowView, Session, median_or_none, round_trips_ms
from voipwatch.inference.pairs import track_of
from voipwatch.inference.stages import (
    LIVING_SHARE_MIN,
    MEDIA_STAGE,
    Outcome,
    lottery_p,
    media_outcome,
    outcomes_at,
    setup_outcome,
    voiced_rounds,
)
from voipwatch.inference.track import Count, total
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.ruleset import (
    CONTROL_DELAY_MS_MAX,
    CONTROL_LOSS_RATIO_MAX,
    DEAD_LOSS_RATIO,
    LUCK_ALPHA,
    LUCK_TESTS_PER_APP,
)
from voipwatch.model.vocabulary import Arm, Direction, Failure, Family, Stage

EXCHANGE_LOSS_MAX: Final = 1.0 - (1.0 - CONTROL_LOSS_RATIO_MAX) ** 2
"""Unanswered share of an exchange whose two directions lose the most a control may: 36 %."""
FAMILIES: Final = (Family.U, Family.Q)


@dataclass(frozen=True, slots=True)
class Whole:
    """One flow over all its stages."""

    flow: FlowView
    dead: bool
    broken: bool


@dataclass(frozen=True, slots=True)
class LineState:
    """What is true of the line to one reflector, whatever the app."""

    allowlist: bool
    """Unknown UDP is dropped, QUIC-like UDP passes."""
    udp_dead: bool
    """No flow of any arm or app lived."""
    no_network: bool
    """This device had no route: every flow failed before it left."""
    pool: tuple[Whole, ...]
    """Control flows C and C' of all apps that can speak for the paths."""
    wholes: Mapping[FlowView, Whole]
    """Every flow that can be told of."""


def line_state(session: Session) -> LineState:
    """Reads the controls of all apps together."""
    voiced = {shape: voiced_rounds(of) for shape, of in _by_shape(session.flows).items()}
    wholes = [w for f in session.flows if (w := _whole(session, f, voiced[f.shape])) is not None]
    controls = [w for w in wholes if w.flow.is_control]
    dead = sum(w.dead for w in wholes)
    unreachable = [
        f for f in session.flows if any(x.failure is Failure.NETWORK_UNREACHABLE for x in f.record.failures)
    ]
    udp_dead = len(controls) >= 2 and all(w.dead for w in controls) and dead >= DEAD_LOSS_RATIO * len(wholes)
    return LineState(
        allowlist=_allowlist(controls),
        udp_dead=udp_dead,
        no_network=bool(session.flows)
        and len(unreachable) >= DEAD_LOSS_RATIO * len(session.flows)
        and (udp_dead or not wholes),
        pool=tuple(_pool(controls)),
        wholes={w.flow: w for w in wholes},
    )


def _by_shape(flows: Iterable[FlowView]) -> dict[tuple[str, str, str], list[FlowView]]:
    found: dict[tuple[str, str, str], list[FlowView]] = {}
    for flow in flows:
        found.setdefault(flow.shape, []).append(flow)
    return found


def _whole(session: Session, flow: FlowView, voiced: frozenset[int]) -> Whole | None:
    """One flow over all its stages, None where nothing can be told of it."""
    outcomes: list[Outcome] = []
    if flow.asked_us:
        for stage in dict.fromkeys(flow.stage_of_round(i) for i in range(len(flow.record.round_stages) or 1)):
            outcome = setup_outcome(flow, stage, voiced=voiced, rtt_us=session.rtt_us)
            if outcome is not None:
                outcomes.append(outcome)
    media = media_outcome(flow, MEDIA_STAGE.get(flow.record.kind.media, Stage.VOICE))
    if media is None and any(p.seq >= MEDIA_SEQ for p in (*flow.up.packets, *flow.down.packets)):
        media = media_outcome(flow, Stage.VOICE, any_medium=True)
    if media is not None:
        outcomes.append(media)
    told = [o for o in outcomes if o.dead is not None]
    if not told:
        return None
    return Whole(flow, dead=any(o.dead for o in told), broken=any(o.broken for o in told))


def _allowlist(controls: Sequence[Whole]) -> bool:
    unknown = [w.dead for w in controls if w.flow.record.family is Family.U]
    quic = [w.dead for w in controls if w.flow.record.family is Family.Q]
    return (
        len(unknown) >= 2
        and len(quic) >= 2
        and sum(unknown) >= DEAD_LOSS_RATIO * len(unknown)
        and sum(not dead for dead in quic) >= LIVING_SHARE_MIN * len(quic)
    )


def _pool(controls: Iterable[Whole]) -> list[Whole]:
    """Without the warm-up (a sleeping radio), and without C arms of which every flow is broken: a dead port
    says nothing of paths.
    """
    arms: dict[tuple[object, ...], list[Whole]] = {}
    for whole in controls:
        if whole.flow.arm in {Arm.C, Arm.C_NEUTRAL}:
            arms.setdefault((*whole.flow.shape, whole.flow.arm), []).append(whole)
    return [
        whole
        for (*_, arm), wholes in arms.items()
        if arm is Arm.C_NEUTRAL or len(wholes) < 2 or not all(w.broken for w in wholes)
        for whole in wholes
    ]


def unlucky(line: LineState, dead: int, flows: int, *, rows: int) -> bool:
    """Whether luck of the path explains `dead` of `flows` treatment flows, within the check's error rate.

    `rows`: apps of the check times its reflectors; they share the budget.
    """
    broken = sum(w.broken for w in line.pool)
    p = lottery_p(dead=dead, flows=flows, broken=broken, controls=len(line.pool))
    return p > luck_level(rows)


def luck_level(rows: int) -> float:
    """Bonferroni's level of one test for luck of the path: its share by the most tests a check can make."""
    return LUCK_ALPHA / (LUCK_TESTS_PER_APP * max(1, rows))


def can_exclude_luck(line: LineState, flows: int, *, rows: int) -> bool:
    """Whether so many treatment flows could pass the test at all: all dead, beside controls that all live."""
    return lottery_p(dead=flows, flows=flows, broken=0, controls=len(line.pool)) <= luck_level(rows)


def families_live(line: LineState, flows: Iterable[FlowView]) -> bool:
    """Whether both control families live among these flows: an app is blamed only then."""
    wholes = [line.wholes[f] for f in flows if f in line.wholes]
    for family in FAMILIES:
        told = [not w.dead for w in wholes if w.flow.record.family is family]
        if not told or sum(told) < LIVING_SHARE_MIN * len(told):
            return False
    return True


def control_bad(session: Session, flows: Sequence[FlowView], *, media: bool) -> bool:
    """Whether these control flows lost too much, or come too late, to say anything of their treatment.

    A set-up is a few packets, of which one burst takes a fifth; the warm-up's hundred packets are counted
    with them before a line is called bad, but a bad warm-up alone (a waking radio) is none.
    """
    warmup = () if media else session.warmup
    for direction in (Direction.UP, Direction.DOWN):
        own = total(track_of(f, direction, media=media).counted for f in flows)
        with_warmup = own + total(track_of(f, direction, media=True).counted for f in warmup)
        if _over(own) and _over(with_warmup):
            return True
    if not media:
        outcomes = _exchanges(session, flows)
        asked, unanswered = sum(o.asked for o in outcomes), sum(o.unanswered for o in outcomes)
        if not session.log_used and asked and unanswered > EXCHANGE_LOSS_MAX * asked:
            return True
    delay_ms = one_way_ms(flows, media=media)
    return delay_ms is not None and delay_ms > CONTROL_DELAY_MS_MAX


def _over(count: Count) -> bool:
    return count.ratio is not None and count.ratio > CONTROL_LOSS_RATIO_MAX


def _exchanges(session: Session, flows: Sequence[FlowView]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for alike in _by_shape(flows).values():
        for stage in (Stage.SETUP, Stage.HANDSHAKE):
            outcomes += outcomes_at(session, alike, stage)
    return outcomes


def one_way_ms(flows: Sequence[FlowView], *, media: bool) -> float | None:
    """Half the round trip: of media where both directions were timed, else of set-up requests."""
    if media:
        sums = []
        for flow in flows:
            up = track_of(flow, Direction.UP, media=True).metrics.delay_ms
            down = track_of(flow, Direction.DOWN, media=True).metrics.delay_ms
            if up is not None and down is not None:
                sums.append(up + down)
        middle = median_or_none(sums)
        if middle is not None:
            return max(0.0, middle / 2.0)
    middle = median_or_none(round_trips_ms(flows))
    return None if middle is None else middle / 2.0
