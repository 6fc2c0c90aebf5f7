"""From flows to matched pairs: a few robust numbers per flow, and their differences.

A flow gives one number per metric, because its packets share a path and a fate. What was not measured is None
and stays out of the differences, counted; it is never a zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Final, Literal

from voipwatch.stats.jitter import interarrival_jitter, transit_us
from voipwatch.stats.loss import loss_ratio

Metric = Literal["loss_ratio", "late_ms", "jitter_ms"]

LATE_SHARE: Final = 0.9
"""Of the packets, which have come by `late_ms`."""

MIN_PACKETS: Final = 5
"""Arrivals below which delay and jitter of a flow are unmeasured: a median of fewer is one packet's fate."""


@dataclass(frozen=True, slots=True)
class FlowMetrics:
    """One flow in one direction."""

    n_sent: int
    """Packets sent."""
    n_received: int
    """Packets that arrived at least once."""
    loss_ratio: float | None
    """lost / sent; None if nothing was sent."""
    delay_ms: float | None
    """Median transit time. It holds the offset between the two clocks, so only its difference to another flow
    between the same clocks at the same time means anything. None below 5 arrivals or across a clock step."""
    jitter_ms: float | None
    """Mean absolute difference of consecutive transit times (RFC 3550's quantity, averaged over the whole
    flow rather than over the last 16 packets). None below 5 arrivals."""
    clock_steps_count: int
    """Clock steps or stalls of over one second found in the flow."""
    late_ms: float | None = None
    """90th percentile of the transit time, with the offset in it as `delay_ms`: what nine packets of ten have
    come by, which a buffer must wait for (ITU-T G.1020). A queue that fills during the flow moves it, and
    leaves the median where it is. None where `delay_ms` is."""


@dataclass(frozen=True, slots=True)
class PairedDifferences:
    """Treatment minus control of one metric, over the pairs that measured it."""

    metric: Metric
    """Which of `FlowMetrics`."""
    values: tuple[float, ...]
    """One difference per pair measured on both sides, in the order given."""
    n: int
    """Pairs measured on both sides."""
    dropped_count: int
    """Pairs left out because one side is None."""


def flow_metrics(sent_us: Sequence[int], received_us: Sequence[int | None]) -> FlowMetrics:
    """Loss, relative delay and jitter of one flow.

    The median, because one stall of the line must not move a flow's delay; the 90th percentile beside it,
    because a queue is no stall.

    Args:
        sent_us: send times, microseconds of the sender's clock, not falling.
        received_us: first receive times, microseconds of the receiver's clock, None where lost; same length.

    Raises:
        ValueError: lengths differ, or send times run backwards.
    """
    came = [transit for transit in transit_us(sent_us, received_us) if transit is not None]
    jitter = interarrival_jitter(sent_us, received_us)
    enough = len(came) >= MIN_PACKETS
    timed = enough and not jitter.steps_count
    return FlowMetrics(
        n_sent=len(sent_us),
        n_received=len(came),
        loss_ratio=loss_ratio([got is not None for got in received_us]),
        delay_ms=median(came) / 1000.0 if timed else None,
        jitter_ms=jitter.mean_ms if enough else None,
        clock_steps_count=jitter.steps_count,
        late_ms=sorted(came)[ceil(LATE_SHARE * len(came)) - 1] / 1000.0 if timed else None,
    )


def paired_differences(
    treatments: Sequence[FlowMetrics], controls: Sequence[FlowMetrics], metric: Metric
) -> PairedDifferences:
    """Treatment minus control, pair by pair: the input of `sign_flip_test`.

    Leaving out pairs without arrivals favours the living ones: judge loss first, and delay and jitter only of
    arms that both live.

    Raises:
        ValueError: not one control per treatment.
    """
    if len(treatments) != len(controls):
        raise ValueError(f"one control per treatment: {len(treatments)} against {len(controls)}")
    values: list[float] = []
    for treatment, control in zip(treatments, controls, strict=True):
        measured: tuple[float | None, float | None] = (getattr(treatment, metric), getattr(control, metric))
        if measured[0] is not None and measured[1] is not None:
            values.append(measured[0] - measured[1])
    return PairedDifferences(
        metric=metric, values=tuple(values), n=len(values), dropped_count=len(treatments) - len(values)
    )
