"""How media is slowed, once it is known to be: dropped at random, policed by bytes or by packets, queued, or
merely held back. A label accuses nobody; where flows do not agree it is `rtp.throttle`.

docs/methods/slowing.md has each test with its source.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise
from math import ceil, log, sqrt
from statistics import fmean, median, pstdev
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import FlowView
from voipwatch.inference.pairs import track_of
from voipwatch.model.vocabulary import Direction
from voipwatch.stats import LossLabel, SentFlow, classify_flow
from voipwatch.stats.shape import GROWN_DELAY_MS

LABELS: Final = {
    LossLabel.POLICE: "flow.police",
    LossLabel.SHAPE: "flow.shape",
    LossLabel.RANDOM: "rtp.loss",
}
UNKNOWN_WAY: Final = "rtp.throttle"
ARRIVALS_MIN: Final = 8
"""Of a flow, to see by its delays whether a queue holds it: half a second of voice."""
OVERTAKEN_SHARE_MAX: Final = 0.05
"""Arrivals that may come before an earlier packet: a queue has one order, and radio seldom another."""
QUEUED_SHARE_MIN: Final = 0.75
"""Of the flows with arrivals enough, to say that all stand in one queue."""
OVERTAKEN_BY_MS: Final = 2.0
"""Less is the clock's grain."""
HELD_MS: Final = 50.0
"""Over the least delay of the controls: what the claim's own threshold calls late."""
PACED_LOSSES_MIN: Final = 5
PACED_ARRIVALS_MIN: Final = 8
"""Of a flow that shows what a bucket lets through: of few arrivals one more or less is much of the rate."""
HALVED_FROM: Final = 200
"""Packets of a flow long enough to be two witnesses: held for ten seconds, its halves each show a pattern."""
PACED_SPREAD_MAX: Final = 0.25
"""Most spread, as standard deviation over mean, of what a bucket lets through a second, from flow to flow."""
PACED_FACTOR: Final = 2.0
SIZED_SPREAD_MIN: Final = 0.1
"""Bytes a second must spread so much, and so much more than packets do, before packets are named."""
SLOPE_FLOWS_MIN: Final = 8
SIZE_SPREAD_MIN: Final = 0.02
"""Spread of the flows' packet sizes, of their mean: of one size no unit is told from the other."""
EVEN_SIZES_MAX: Final = 3.0
"""A flow's largest packet over its smallest: of uneven ones a policer lets the small through, and the size of
what passed is its choice."""
SLOPE_ERRORS_MIN: Final = 3.0
"""Standard errors between a slope and that of a count of bytes, -1, before it is said not to be one."""


class Delays(Enum):
    """What the transit times of one flow look like."""

    QUEUED = "queued"
    """In order, and grown: each waits for the one before."""
    HELD = "held"
    """Late, and out of order, or as late at first as at last."""
    UNSEEN = "unseen"
    """Too few arrivals, or not late."""


def label_of(
    flows: Sequence[FlowView],
    controls: Sequence[FlowView],
    *,
    lossy: Iterable[Direction],
    late: Iterable[Direction],
) -> str:
    """The one label that the claimed directions show, `rtp.throttle` where none does or they disagree.

    Args:
        flows: the treatment's media flows.
        controls: those of its controls.
        lossy: directions with a claim on losses.
        late: directions with a claim on delay or jitter.
    """
    whole = [f for f in flows if not f.cut_us]
    lossy, late = set(lossy), set(late)
    labels = {_of_losses(whole, controls, direction) for direction in lossy}
    labels |= {_of_delays(whole, controls, direction) for direction in late - lossy}
    labels.discard(UNKNOWN_WAY)  # a direction that shows no way clearly abstains
    if labels == {"flow.police"} and counts_packets([s for d in lossy for s in _sent(whole, d)]):
        return "flow.pps"
    return labels.pop() if len(labels) == 1 else UNKNOWN_WAY


def _sent(flows: Iterable[FlowView], direction: Direction) -> list[SentFlow]:
    tracks = (track_of(f, direction, media=True).sent_flow() for f in flows)
    return [sent for sent in tracks if sent is not None]


# --- delays ---------------------------------------------------------------------------------------------


def _of_delays(flows: Sequence[FlowView], controls: Sequence[FlowView], direction: Direction) -> str:
    """Media that comes late and comes: a queue, or held back."""
    base_ms = _least_ms(controls, direction)
    if base_ms is None:
        return UNKNOWN_WAY
    seen = Counter(delays_of(sent, base_ms) for sent in _sent(flows, direction))
    queued, held = seen[Delays.QUEUED], seen[Delays.HELD]
    if queued >= CONCORDANT and queued >= 3 * held:
        return "flow.shape"
    return "rtp.delay" if held >= CONCORDANT and held >= 3 * queued else UNKNOWN_WAY


def _least_ms(controls: Sequence[FlowView], direction: Direction) -> float | None:
    """What the way takes an unhindered packet: the middle of the controls' least delays, any offset."""
    came = [[d for d in sent.delay_ms or () if d is not None] for sent in _sent(controls, direction)]
    least = [min(delays) for delays in came if delays]
    return median(least) if least else None


def delays_of(sent: SentFlow, base_ms: float) -> Delays:
    """Whether a queue holds this flow.

    A queue keeps the order and its delay moves by what it holds; a box that holds each packet a time of its
    own lets them overtake, and one that holds all alike adds a delay that does not grow (RFC 2697's bucket
    with a queue, as Flach et al. 2016 tell shapers from policers).

    Args:
        sent: one direction of a flow.
        base_ms: the least delay of controls between the same two clocks.
    """
    delays = sorted(delay for delay in sent.delay_ms or () if delay is not None)
    if len(delays) < ARRIVALS_MIN:
        return Delays.UNSEEN
    ninth = delays[ceil(0.9 * len(delays)) - 1]
    if _is_in_order(sent) and ninth - delays[0] >= GROWN_DELAY_MS:
        return Delays.QUEUED
    return Delays.HELD if ninth - base_ms >= HELD_MS else Delays.UNSEEN


def _is_in_order(sent: SentFlow) -> bool | None:
    """Whether hardly a packet overtook another; None of too few arrivals."""
    arrivals = [
        at_us / 1000.0 + delay
        for at_us, delay in zip(sent.time_us, sent.delay_ms or (), strict=False)
        if delay is not None
    ]
    if len(arrivals) < ARRIVALS_MIN:
        return None
    overtaken = sum(after < before - OVERTAKEN_BY_MS for before, after in pairwise(arrivals))
    return overtaken <= OVERTAKEN_SHARE_MAX * len(arrivals)


# --- losses ---------------------------------------------------------------------------------------------


def _of_losses(flows: Sequence[FlowView], controls: Sequence[FlowView], direction: Direction) -> str:
    """A queue that is full from the first packet on, or the losses' own pattern."""
    base_ms = _least_ms(controls, direction)
    if base_ms is not None and _stands_in_a_queue(flows, direction, base_ms):
        return "flow.shape"
    return _of_pattern(flows, direction)


def _stands_in_a_queue(flows: Sequence[FlowView], direction: Direction, base_ms: float) -> bool:
    """Whether what came through came late and in order, in nearly every flow: nothing else loses so."""
    sent = [s for s in _sent(flows, direction) if _is_in_order(s) is not None]
    late = [s for s in sent if delays_of(s, base_ms) is not Delays.UNSEEN]
    waited = sum(_is_in_order(s) is True for s in late)
    return waited >= CONCORDANT and waited >= QUEUED_SHARE_MIN * len(sent)


def _of_pattern(flows: Sequence[FlowView], direction: Direction) -> str:
    """The pattern that two flows and half of those long enough to have one show, none contradicting.

    A short flow that is nearly dead has too few arrivals for any pattern: it has no say, and an unclear one
    abstains.
    """
    able = [
        pattern
        for sent in _sent(flows, direction)
        for part in _witnesses(sent)
        if (pattern := classify_flow(part)).police_score is not None
    ]
    votes = Counter(LABELS[p.label] for p in able if p.label in LABELS)
    if not votes:
        return UNKNOWN_WAY
    label, most = votes.most_common(1)[0]
    agreed = most >= CONCORDANT and 2 * most >= len(able) and 4 * (votes.total() - most) <= most
    return label if agreed else UNKNOWN_WAY


def _witnesses(sent: SentFlow) -> list[SentFlow]:
    """The flow, or its halves where it is long."""
    n = len(sent.time_us)
    if n < HALVED_FROM:
        return [sent]
    return [
        SentFlow(
            sent.time_us[part],
            sent.size_bytes[part],
            sent.lost[part],
            sent.delay_ms[part] if sent.delay_ms is not None else None,
        )
        for part in (slice(0, n // 2), slice(n // 2, n))
    ]


def counts_packets(flows: Sequence[SentFlow]) -> bool:
    """Whether the bucket counts packets, not bytes: flows of different sizes get through alike many a second.

    Where all packets have one size both units explain the same, and bytes are what policers count. A
    line that loses by itself spreads both alike; how the one goes with their size is seen through that.
    """
    paced = [
        sent
        for sent in flows
        if sum(sent.lost) >= PACED_LOSSES_MIN and len(sent.lost) - sum(sent.lost) >= PACED_ARRIVALS_MIN
    ]
    passed = [rates for sent in paced if (rates := _passed(sent)) is not None]
    packets, bytes_ = ([rates[n] for rates in passed] for n in (0, 1))
    if len(packets) < CONCORDANT:
        return False
    by_packet, by_byte = _spread(packets), _spread(bytes_)
    if by_packet > PACED_SPREAD_MAX:
        return False
    spread = by_byte >= max(SIZED_SPREAD_MIN, PACED_FACTOR * by_packet)
    even = [_passed(sent) for sent in paced if max(sent.size_bytes) <= EVEN_SIZES_MAX * min(sent.size_bytes)]
    return spread or _is_no_count_of_bytes([rates for rates in even if rates is not None])


def _is_no_count_of_bytes(passed: Sequence[tuple[float, float]]) -> bool:
    """Whether packets a second do not fall as packets grow, by least squares on logarithms: of a count of
    bytes the slope is -1, of a count of packets 0.
    """
    if len(passed) < SLOPE_FLOWS_MIN:
        return False
    sizes = [log(octets / packets) for packets, octets in passed]
    rates = [log(packets) for packets, _ in passed]
    middle = fmean(sizes)
    across = sum((x - middle) ** 2 for x in sizes)
    if across < len(sizes) * SIZE_SPREAD_MIN**2:
        return False
    slope = sum((x - middle) * y for x, y in zip(sizes, rates, strict=True)) / across
    start = fmean(rates) - slope * middle
    left = sum((y - start - slope * x) ** 2 for x, y in zip(sizes, rates, strict=True))
    error = sqrt(left / (len(sizes) - 2) / across)
    return slope > -0.5 and slope + 1.0 >= SLOPE_ERRORS_MIN * error


def _passed(sent: SentFlow) -> tuple[float, float] | None:
    """Packets and bytes a second that came through after the first loss: what a bucket refills by."""
    first = sent.lost.index(True)
    span_s = (sent.time_us[-1] - sent.time_us[first]) / 1e6
    came = [size for size, lost in zip(sent.size_bytes[first:], sent.lost[first:], strict=True) if not lost]
    return (len(came) / span_s, sum(came) / span_s) if span_s > 0 and came else None


def _spread(values: Sequence[float]) -> float:
    middle = median(values)
    return pstdev([min(v, 3 * middle) for v in values]) / fmean(values)
