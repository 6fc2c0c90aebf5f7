"""Matched pairs of flows, and the effect of the treatment on them with its interval.

Flows of one question, shape, medium and block are matched: they ran side by side, and which of them went
first was drawn. The control of an effect is C' (control bytes on a neutral port) where the block has one,
so that the effect holds what the signature and what the port costs; else C. In the set-up questions it is
always C: there A and C go before the neutral arms, which a burst of the line may miss, and only what was
drawn may be swapped. Which of signature and port it was is for `throttle` to tell apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median
from typing import NamedTuple

from voipwatch.inference.join import FlowView
from voipwatch.inference.track import IP_UDP_BYTES, Track
from voipwatch.model.results import Effect
from voipwatch.model.ruleset import QUIET_SHARE, THROTTLE_ALPHA
from voipwatch.model.vocabulary import Arm, Direction
from voipwatch.stats import FlowMetrics, paired_differences, sign_flip_interval
from voipwatch.stats.pairing import Metric

ORDERED_QUESTIONS = frozenset({"setup", "repeat"})
"""Questions that start A and C before A' and C'."""


HELD = "held"
"""The question that holds flows for many seconds."""


class Pair(NamedTuple):
    """Two matched flows."""

    treatment: FlowView
    control: FlowView


class Block(NamedTuple):
    """The matched flows of one block, arm by arm."""

    question: str
    arms: dict[Arm, list[FlowView]]


def blocks_of(flows: Iterable[FlowView]) -> list[Block]:
    """Blocks of matched flows, in the order they started."""
    found: dict[tuple[object, ...], dict[Arm, list[FlowView]]] = defaultdict(lambda: defaultdict(list))
    for flow in sorted(flows, key=lambda f: (f.started_us, f.record.flow)):
        record = flow.record
        key = (record.question, *flow.shape, record.kind.media, record.kind.mutant, record.block)
        found[key][record.kind.arm].append(flow)
    return [Block(str(key[0]), dict(arms)) for key, arms in found.items()]


def pairs_of(blocks: Iterable[Block], treatment: Arm, control: Arm) -> list[Pair]:
    """The n-th flow of one arm with the n-th of the other, block by block."""
    return [
        Pair(a, c)
        for block in blocks
        for a, c in zip(block.arms.get(treatment, []), block.arms.get(control, []), strict=False)
    ]


def paired(blocks: Iterable[Block]) -> list[Pair]:
    """Treatment with the control that it may be swapped with: the input of the sign-flip test.

    Held flows are none: a second pair of them is asked for only when the first falls silent, and a number of
    pairs that depends on what they say spoils the test.
    """
    return [
        pair
        for block in blocks
        if block.question != HELD
        for pair in (
            pairs_of([block], Arm.A, Arm.C)
            if block.question in ORDERED_QUESTIONS or Arm.C_NEUTRAL not in block.arms
            else pairs_of([block], Arm.A, Arm.C_NEUTRAL)
        )
    ]


def paired_across_ports(blocks: Sequence[Block]) -> list[Pair]:
    """Treatment with C' in every block that has it, else with C: to describe, not to test."""
    return pairs_of(blocks, Arm.A, Arm.C_NEUTRAL) or pairs_of(blocks, Arm.A, Arm.C)


def track_of(flow: FlowView, direction: Direction, *, media: bool) -> Track:
    """The packets of one direction: the media, or the set-up."""
    up = direction is Direction.UP
    return flow.media(up=up) if media else flow.setup(up=up)


def loud(pairs: Sequence[Pair], direction: Direction) -> list[Pair]:
    """The pairs but those that offered less than `QUIET_SHARE` of the bytes that the middle pair did.

    A rhythm of silence stays under any rate that would hurt speech: its pair says that nothing was seen, and
    of the test's evenly weighed signs half of them. What was offered was planned before, so that leaving a
    pair out is no choice by outcome; the larger of the two flows counts, alike for both.
    """
    offered = [max(_offered(p.treatment, direction), _offered(p.control, direction)) for p in pairs]
    least = QUIET_SHARE * median(offered) if offered else 0.0
    return [pair for pair, bytes_ in zip(pairs, offered, strict=True) if bytes_ >= least]


def _offered(flow: FlowView, direction: Direction) -> int:
    return sum(p.size_bytes + IP_UDP_BYTES for p in track_of(flow, direction, media=True).packets)


def metrics_of(
    pairs: Sequence[Pair], direction: Direction, *, media: bool
) -> tuple[list[FlowMetrics], list[FlowMetrics]]:
    """Treatment and control metrics of one direction, pair by pair; of media without the quiet pairs."""
    pairs = loud(pairs, direction) if media else pairs
    return (
        [track_of(p.treatment, direction, media=media).metrics for p in pairs],
        [track_of(p.control, direction, media=media).metrics for p in pairs],
    )


def interval_confidence(n: int, family_size: int) -> float:
    """Two-sided confidence of an interval over n pairs: throttling's, held by all at once, or what n allows.

    n pairs cannot bound anything beyond 1 - 2**(1 - n); a smaller confidence is stated, never hidden.
    """
    return min(1.0 - 2.0 * THROTTLE_ALPHA / max(1, family_size), 1.0 - 2.0 ** (1 - n))


def effect_of(pairs: Sequence[Pair], direction: Direction, *, media: bool, family_size: int) -> Effect | None:
    """Treatment minus control of one direction, None where no pair measured its loss."""
    treatments, controls = metrics_of(pairs, direction, media=media)
    loss = _bounded(treatments, controls, "loss_ratio", family_size)
    if loss is None:
        return None
    mean, low, high, n, confidence = loss
    delay = _bounded(treatments, controls, "late_ms", family_size)
    jitter = _bounded(treatments, controls, "jitter_ms", family_size)
    return Effect(
        loss_points=_rounded(100.0 * mean),
        low=_rounded(None if low is None else 100.0 * low),
        high=_rounded(None if high is None else 100.0 * high),
        n_flows=n,
        n_packets=sum(m.n_sent for m in treatments),
        delay_ms=_rounded(delay[0]) if delay else None,
        delay_low_ms=_rounded(delay[1]) if delay else None,
        jitter_ms=_rounded(jitter[0]) if jitter else None,
        jitter_low_ms=_rounded(jitter[1]) if jitter else None,
        confidence=confidence,
    )


def _bounded(
    treatments: Sequence[FlowMetrics], controls: Sequence[FlowMetrics], metric: Metric, family_size: int
) -> tuple[float, float | None, float | None, int, float | None] | None:
    differences = paired_differences(treatments, controls, metric)
    n = differences.n
    if not n:
        return None
    mean = sum(differences.values) / n
    confidence = interval_confidence(n, family_size)
    if confidence <= 0.0:
        return mean, None, None, n, None  # one pair bounds nothing
    interval = sign_flip_interval(differences.values, confidence)
    return mean, _finite(interval.low), _finite(interval.high), n, round(confidence, 6)


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
