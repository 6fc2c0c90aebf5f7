"""Jitter, clock steps, reordering and duplicates: hand-worked flows and second implementations."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from voipwatch.stats import interarrival_jitter, reordering, transit_us

MS = 1000


def test_transit_keeps_the_clock_offset_and_the_losses() -> None:
    assert transit_us([0, 20, 40], [-5, None, 43]) == (-5, None, 3)


def test_rfc3550_hand_worked() -> None:
    """Transits 50, 66, None, 50 ms: D = 16, 16; J = 16 / 16 = 1, then 1 + (16 - 1) / 16 = 1.9375."""
    sent = [0, 20 * MS, 40 * MS, 60 * MS]
    jitter = interarrival_jitter(sent, [50 * MS, 86 * MS, None, 110 * MS])
    assert jitter.jitter_ms == pytest.approx(1.9375)
    assert jitter.mean_ms == pytest.approx(16.0)
    assert (jitter.n, jitter.steps_count) == (2, 0)


def test_order_of_arrival_counts() -> None:
    """Packet 2 (transit 80) comes after packet 3 (transit 50): D of 1-3 is 0, of 3-2 is 30."""
    jitter = interarrival_jitter([0, 20 * MS, 40 * MS], [50 * MS, 100 * MS, 90 * MS])
    assert jitter.mean_ms == pytest.approx((0 + 30) / 2)


@given(st.lists(st.one_of(st.none(), st.integers(0, 400 * MS)), min_size=0, max_size=40))
def test_agrees_with_rfc3550_appendix_a8(delays: list[int | None]) -> None:
    """Second method: the RFC's integer-free update, packet by packet in order of arrival, no step in
    reach.
    """
    sent = [20 * MS * index for index in range(len(delays))]
    received = [None if d is None else s + d for s, d in zip(sent, delays, strict=True)]
    came = [r for r in received if r is not None]
    assume(len(set(came)) == len(came))  # simultaneous arrivals have no order of their own
    estimate, previous, used = 0.0, None, 0
    for arrival, send in sorted((r, s) for r, s in zip(received, sent, strict=True) if r is not None):
        transit = arrival - send
        if previous is not None:
            estimate += (1 / 16) * (abs(transit - previous) - estimate)
            used += 1
        previous = transit
    jitter = interarrival_jitter(sent, received)
    assert jitter.n == used
    assert (jitter.jitter_ms is None) == (used == 0)
    if jitter.jitter_ms is not None:
        assert jitter.jitter_ms == pytest.approx(estimate / MS)


@pytest.mark.parametrize("step_us", [-3_600_000_000, -2_000_000, 1_500_000, 86_400_000_000])
def test_a_clock_step_is_dropped_and_counted(step_us: int) -> None:
    sent = [20 * MS * index for index in range(100)]
    received: list[int | None] = [s + 50 * MS + (index % 2) * MS for index, s in enumerate(sent)]
    stepped = [r if r is None or index < 40 else r + step_us for index, r in enumerate(received)]
    plain, jitter = interarrival_jitter(sent, received), interarrival_jitter(sent, stepped)
    assert (jitter.steps_count, plain.steps_count) == (1, 0)
    assert jitter.n == plain.n - 1
    assert jitter.mean_ms == pytest.approx(1.0)


def test_a_step_of_exactly_one_second_is_kept() -> None:
    """The border: only above one second is dropped."""
    sent = [0, 20 * MS]
    assert interarrival_jitter(sent, [0, 20 * MS + 1_000_000]).steps_count == 0
    assert interarrival_jitter(sent, [0, 20 * MS + 1_000_001]).steps_count == 1


def test_unmeasured_is_none() -> None:
    for received in ([], [5], [None, None]):
        jitter = interarrival_jitter(list(range(len(received))), received)
        assert (jitter.jitter_ms, jitter.mean_ms, jitter.n, jitter.steps_count) == (None, None, 0, 0)


def test_rfc4737_hand_worked() -> None:
    """Sent 1..10, 4 arrives after 5 and 6, 9 after 10; 6 comes twice.

    Arrivals 1 2 3 5 6 4 6 7 8 10 9: 4 and 9 are below the next expected; 4 was overtaken by two, 9 by one.
    """
    result = reordering([1, 2, 3, 5, 6, 4, 6, 7, 8, 10, 9])
    assert (result.n, result.reordered_count, result.duplicates_count, result.largest_extent) == (10, 2, 1, 2)
    assert result.reordered_ratio == pytest.approx(0.2)


def test_loss_alone_is_no_reordering() -> None:
    result = reordering([1, 2, 5, 9])
    assert (result.reordered_count, result.reordered_ratio, result.largest_extent) == (0, 0.0, 0)


def test_nothing_arrived() -> None:
    assert reordering([]).reordered_ratio is None


@given(st.lists(st.integers(0, 12), max_size=25))
def test_reordering_by_definition(sequences: list[int]) -> None:
    """Second method: among first copies, a packet is reordered if any earlier arrival has a higher number."""
    firsts = list(dict.fromkeys(sequences))
    extents = [
        index - min(j for j in range(index) if firsts[j] > firsts[index])
        for index in range(len(firsts))
        if any(other > firsts[index] for other in firsts[:index])
    ]
    result = reordering(sequences)
    assert result.n == len(firsts)
    assert result.duplicates_count == len(sequences) - len(firsts)
    assert result.reordered_count == len(extents)
    assert result.largest_extent == max(extents, default=0)


def test_domains() -> None:
    with pytest.raises(ValueError, match="one receive time per packet"):
        transit_us([0, 1], [0])
    with pytest.raises(ValueError, match="must not run backwards"):
        transit_us([1, 0], [2, 2])
    with pytest.raises(ValueError, match="sequence must be at least 0"):
        reordering([-1])
