"""Delay variation, reordering and duplicates of one flow.

Send and receive times come from two clocks that nobody has set: only differences of transit times mean
anything. A clock that is stepped while the flow runs shows as one huge difference, which is dropped and
counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from voipwatch.stats import _checks

CLOCK_STEP_US: Final = 1_000_000
"""Consecutive transit times that differ by more than one second are a clock's step or a stall of the line,
and neither is jitter. Smaller steps stay in, as one large difference among hundreds."""


@dataclass(frozen=True, slots=True)
class Jitter:
    """Delay variation of one flow."""

    n: int
    """Differences of consecutive transit times used."""
    jitter_ms: float | None
    """The RFC 3550 estimator after the last packet: a memory of about 16 packets. None without a
    difference."""
    mean_ms: float | None
    """Mean absolute difference over the whole flow: what the estimator averages to. None without a
    difference."""
    steps_count: int
    """Differences dropped as clock steps."""


@dataclass(frozen=True, slots=True)
class Reordering:
    """Order of arrival of one flow."""

    n: int
    """Distinct packets that arrived."""
    reordered_count: int
    """Packets that came after one sent later (Type-P-Reordered)."""
    duplicates_count: int
    """Copies after the first."""
    reordered_ratio: float | None
    """reordered / arrived (Type-P-Reordered-Ratio-Stream); None if nothing arrived."""
    largest_extent: int
    """Packets between a late one and the earliest that overtook it, at most; 0 without reordering."""


def transit_us(sent_us: Sequence[int], received_us: Sequence[int | None]) -> tuple[int | None, ...]:
    """Receive minus send time of each packet, in sending order; None where lost.

    Holds the offset between the two clocks, so it may have any sign.

    Raises:
        ValueError: the two sequences differ in length, or send times run backwards.
    """
    if len(sent_us) != len(received_us):
        raise ValueError(f"one receive time per packet sent: {len(sent_us)} sent, {len(received_us)} given")
    if any(later < earlier for earlier, later in pairwise(sent_us)):
        raise ValueError("sent_us must not run backwards: use the sender's monotonic clock")
    return tuple(None if got is None else got - sent for sent, got in zip(sent_us, received_us, strict=True))


def interarrival_jitter(sent_us: Sequence[int], received_us: Sequence[int | None]) -> Jitter:
    """RFC 3550's interarrival jitter, over the packets that came, in order of arrival.

    D = (Rj - Ri) - (Sj - Si) for packets i and j that arrived one after the other; J += (|D| - J) / 16. Lost
    packets are passed over. Where transit times of neighbours in sending order differ by more than
    `CLOCK_STEP_US` the flow is cut into two stretches; the difference across the cut is dropped and counted.
    Inside a stretch the receive times give the order of arrival, across a step of the clock they could not.

    Args:
        sent_us: send times, microseconds of the sender's clock, not falling.
        received_us: receive times, microseconds of the receiver's clock, None where lost; same length.

    Raises:
        ValueError: as `transit_us`.

    Source: RFC 3550 section 6.4.1 and appendix A.8.
    """
    estimate = 0.0
    total = used = 0
    stretches = _stretches(sent_us, received_us)
    for stretch in stretches:
        for (_, before), (_, after) in pairwise(sorted(stretch, key=lambda packet: packet[0])):
            difference = abs(after - before)
            estimate += (difference - estimate) / 16.0
            total += difference
            used += 1
    return Jitter(
        n=used,
        jitter_ms=estimate / 1000.0 if used else None,
        mean_ms=total / used / 1000.0 if used else None,
        steps_count=max(0, len(stretches) - 1),
    )


def _stretches(sent_us: Sequence[int], received_us: Sequence[int | None]) -> list[list[tuple[int, int]]]:
    """Packets that came as (receive time, transit time), in sending order, cut at clock steps."""
    stretches: list[list[tuple[int, int]]] = []
    previous: int | None = None
    for got, transit in zip(received_us, transit_us(sent_us, received_us), strict=True):
        if got is None or transit is None:
            continue
        if previous is None or abs(transit - previous) > CLOCK_STEP_US:
            stretches.append([])
        stretches[-1].append((got, transit))
        previous = transit
    return stretches


def reordering(sequences: Sequence[int]) -> Reordering:
    """Reordering and duplicates of the sequence numbers in order of arrival.

    A packet is reordered if its number is below the next expected one, which is one above the highest so far.
    Copies are noted and only the first to arrive counts. Numbers must be unwrapped.

    Args:
        sequences: sequence numbers, at least 0, in order of arrival.

    Raises:
        ValueError: a negative number.

    Source: RFC 4737 sections 3.3 (singleton), 4.1 (ratio) and 4.2 (extent).
    """
    seen: dict[int, None] = {}  # in order of first arrival
    duplicates = reordered = largest_extent = 0
    next_expected = 0
    for sequence in sequences:
        _checks.count("sequence", sequence)
        if sequence in seen:
            duplicates += 1
            continue
        if sequence < next_expected:
            reordered += 1
            position = next(index for index, other in enumerate(seen) if other > sequence)
            largest_extent = max(largest_extent, len(seen) - position)
        else:
            next_expected = sequence + 1
        seen[sequence] = None
    return Reordering(
        n=len(seen),
        reordered_count=reordered,
        duplicates_count=duplicates,
        reordered_ratio=reordered / len(seen) if seen else None,
        largest_extent=largest_extent,
    )
