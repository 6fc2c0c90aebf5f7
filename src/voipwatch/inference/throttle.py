"""Alive but slowed: the sign-flip test on matched media flows, under the error budget of the whole check.

The deciding contrast is A against C' (what signature and port cost together) where the block drew which went
first, else A against C; so one test for each app, direction and metric is enough: 3 apps x 2 directions x 3
metrics = 18 tests fit 13 blocks at throttling's 0.0025 of the error rate (18 x 2**-13 = 0.0022). Which of the
two it was is told afterwards, among claims already made, by A against C and C against C'. Flows of several
dialects and questions of one app are pairs of one test. Only the finished measurement is looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from voipwatch.inference.controls import LineState, unlucky
from voipwatch.inference.join import FlowView, Session
from voipwatch.inference.pairs import (
    Pair,
    blocks_of,
    metrics_of,
    paired,
    paired_across_ports,
    pairs_of,
    track_of,
)
from voipwatch.inference.slowing import label_of
from voipwatch.inference.stages import BROKEN_LOSS_RATIO, MEDIA_MIN
from voipwatch.inference.track import Count, total
from voipwatch.model.ruleset import (
    BLOCKS_MIN,
    DEAD_LOSS_RATIO,
    REPEAT_AFTER_S,
    THROTTLE_ALPHA,
    THROTTLE_DELAY_MS,
    THROTTLE_JITTER_MS,
    THROTTLE_LOSS_POINTS,
)
from voipwatch.model.vocabulary import Arm, Direction, Media
from voipwatch.stats import HolmResult, holm, paired_differences, sign_flip_test
from voipwatch.stats.pairing import Metric

DIRECTIONS: Final = (Direction.UP, Direction.DOWN)
METRICS: Final[tuple[Metric, ...]] = ("loss_ratio", "late_ms", "jitter_ms")
SHIFT: Final[Mapping[Metric, float]] = {
    "loss_ratio": THROTTLE_LOSS_POINTS / 100.0,
    "late_ms": THROTTLE_DELAY_MS,
    "jitter_ms": THROTTLE_JITTER_MS,
}
UNRESOLVED_FACTOR: Final = 3.0
"""An estimate this far over its threshold that is no claim forbids `ok` too: nobody knows."""
UNRESOLVED_ALPHA: Final = 0.05
UNRESOLVED_PAIRS: Final = 5
"""Five pairs are the fewest that can show 5 % (2**-5); with fewer a large estimate is doubt enough."""
ATTRIBUTION_ALPHA: Final = 0.01
"""Signature or port, and the other direction, are told apart among claims already made: 1 %, what the fewest
blocks can show (2**-7). It accuses nobody on its own."""


class Key(NamedTuple):
    """One hypothesis of the family."""

    reflector: int
    app: str
    media: Media
    direction: Direction
    metric: Metric


@dataclass(frozen=True, slots=True)
class Slowed:
    """A claim that survived the error budget."""

    direction: Direction
    mechanism: str | None
    by_port: bool
    metrics: tuple[Metric, ...]


def family_size(apps: int, *, media: int, reflectors: int) -> int:
    """Planned tests of a check: apps x media kinds x directions x metrics x reflectors, one look."""
    return max(1, apps) * max(1, media) * len(DIRECTIONS) * len(METRICS) * max(1, reflectors)


def media_flows(session: Session, app: str, media: Media) -> list[FlowView]:
    """Flows of one app that carried media of a kind; those of direct legs are too few and short for it."""
    return [
        f
        for f in session.of_app(app)
        if not f.direct
        and f.record.kind.media is media
        and (f.media(up=True).packets or f.media(up=False).packets)
    ]


def p_values(session: Session, app: str, media: Media) -> dict[Key, float]:
    """One p-value for each direction and metric that has enough matched blocks."""
    pairs = paired(blocks_of(media_flows(session, app, media)))
    found: dict[Key, float] = {}
    for direction in DIRECTIONS:
        treatments, controls = metrics_of(pairs, direction, media=True)
        for metric in METRICS:
            values = paired_differences(treatments, controls, metric).values
            if len(values) >= BLOCKS_MIN:
                test = sign_flip_test(values, shift=SHIFT[metric], seed=app.encode())
                found[Key(session.index, app, media, direction, metric)] = test.p_value
    return found


def spend(values: Mapping[Key, float], *, planned: int) -> HolmResult[Key]:
    """Holm over the whole check, within throttling's share of its error rate."""
    return holm(values, THROTTLE_ALPHA, family_size=max(planned, len(values)))


def heavy_claims(session: Session, line: LineState, app: str, media: Media, *, rows: int) -> set[Key]:
    """Losses so heavy that flows tell it without many blocks: a check that stopped early has no twelve.

    At least 90 % of A's flows lost half of a direction, two seconds apart, every pair with its control over
    the threshold, and luck of the path excluded by Fisher's test on flows, as for a dead arm and within the
    same share of the error rate, not that of Holm.
    """
    flows = media_flows(session, app, media)
    pairs = paired_across_ports(blocks_of(flows))
    claims: set[Key] = set()
    for direction in DIRECTIONS:
        ravaged = {arm: _ravaged(flows, arm, direction) for arm in (Arm.A, Arm.A_NEUTRAL, Arm.C)}
        differences = paired_differences(*metrics_of(pairs, direction, media=True), "loss_ratio").values
        own = ravaged[Arm.A]
        if own is None or len(differences) < 2 or min(differences) <= SHIFT["loss_ratio"]:
            continue
        accused = [found for found in ravaged.values() if found is not None]
        hit, of = sum(h for h, _ in accused), sum(n for _, n in accused)
        if not unlucky(line, hit, of, rows=rows):
            claims.add(Key(session.index, app, media, direction, "loss_ratio"))
    return claims


def _ravaged(flows: Iterable[FlowView], arm: Arm, direction: Direction) -> tuple[int, int] | None:
    """(flows that lost half, flows told) of an arm, None unless nearly all did, two seconds apart."""
    told = [
        (f, c)
        for f in flows
        if f.arm is arm and (c := track_of(f, direction, media=True).counted).known >= MEDIA_MIN
    ]
    hit = [f.started_us for f, c in told if c.lost >= BROKEN_LOSS_RATIO * c.known]
    if len(hit) < 2 or len(hit) < DEAD_LOSS_RATIO * len(told):
        return None
    return (len(hit), len(told)) if max(hit) - min(hit) >= REPEAT_AFTER_S * 1e6 else None


def slowed(session: Session, app: str, media: Media, *, rejected: Iterable[Key]) -> Slowed | None:
    """The claim about one app, with who did it as far as it can be told; None without a claim."""
    mine = [k for k in rejected if k.reflector == session.index and k.app == app and k.media is media]
    if not mine:
        return None
    seen = {k.direction for k in mine} | {
        k.direction for k, p in p_values(session, app, media).items() if p <= ATTRIBUTION_ALPHA
    }
    direction = Direction.BOTH if len(seen) == 2 else next(iter(seen))
    flows = media_flows(session, app, media)
    blocks = blocks_of(flows)
    whole = paired_across_ports(blocks)
    on_port, across = pairs_of(blocks, Arm.A, Arm.C), pairs_of(blocks, Arm.C, Arm.C_NEUTRAL)
    by_signature = not across or _carries(on_port, whole, mine)
    by_port = _carries(across, whole, mine)
    mechanism: str | None = None
    if by_signature and not by_port:
        mechanism = label_of(
            [f for f in flows if f.arm is Arm.A],
            [f for f in flows if f.is_control],
            lossy={k.direction for k in mine if k.metric == "loss_ratio"},
            late={k.direction for k in mine if k.metric != "loss_ratio"},
        )
    elif by_port and not by_signature:
        mechanism = "port.throttle"
    return Slowed(
        direction=direction,
        mechanism=mechanism,
        by_port=by_port and not by_signature,
        metrics=tuple(m for m in METRICS if any(k.metric == m for k in mine)),
    )


def _carries(part: Sequence[Pair], whole: Sequence[Pair], claims: Sequence[Key]) -> bool:
    """Whether one contrast holds at least half of the whole effect, in any direction and metric claimed."""
    for claim in claims:
        values = paired_differences(*metrics_of(part, claim.direction, media=True), claim.metric).values
        effect = paired_differences(*metrics_of(whole, claim.direction, media=True), claim.metric).values
        if not values or not effect:
            continue
        half = sum(values) / len(values) >= 0.5 * sum(effect) / len(effect)
        if half and sign_flip_test(values).p_value <= ATTRIBUTION_ALPHA:
            return True
    return False


def unresolved(session: Session, app: str, media: Media) -> bool:
    """Whether an estimate lies far over its threshold, and is no plain noise, without being a claim."""
    pairs = paired(blocks_of(media_flows(session, app, media)))
    for direction in DIRECTIONS:
        treatments, controls = metrics_of(pairs, direction, media=True)
        for metric in METRICS:
            values = paired_differences(treatments, controls, metric).values
            if not values or sum(values) / len(values) <= UNRESOLVED_FACTOR * SHIFT[metric]:
                continue
            if len(values) < UNRESOLVED_PAIRS or sign_flip_test(values).p_value <= UNRESOLVED_ALPHA:
                return True
    return False


def media_loss(flows: Iterable[FlowView], direction: Direction) -> Count:
    """Pooled media loss of flows in one direction."""
    return total(track_of(f, direction, media=True).counted for f in flows)
