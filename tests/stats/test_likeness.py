"""Distances against hand cases and SciPy; limits against flows planted like and unlike."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from voipwatch.stats.likeness import (
    PACKETS_MIN,
    SPACING_FLOOR_MS,
    Distances,
    flow_distances,
    joined,
    likeness_limits,
    trace_of,
    wasserstein_distance,
)

SAMPLES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ([70.0], [71.0], 1.0),
        ([70.0], [1000.0], 930.0),
        ([20.0, 20.0], [10.0, 30.0], 10.0),  # each half moves by ten
        ([0.0, 0.0, 0.0, 12.0], [0.0], 3.0),  # a quarter moves by twelve
        ([5.0, 1.0, 3.0], [3.0, 5.0, 1.0], 0.0),  # order is nothing
    ],
)
def test_hand_cases(one: list[float], other: list[float], distance: float) -> None:
    assert wasserstein_distance(one, other) == pytest.approx(distance)


@given(one=SAMPLES, other=SAMPLES)
def test_it_is_scipys_and_symmetric(one: list[float], other: list[float]) -> None:
    found = wasserstein_distance(one, other)
    assert found == pytest.approx(float(stats.wasserstein_distance(one, other)), rel=1e-9, abs=1e-6)
    assert found == pytest.approx(wasserstein_distance(other, one), rel=1e-9, abs=1e-6)


@given(one=SAMPLES, other=SAMPLES, third=SAMPLES)
def test_no_detour_is_shorter(one: list[float], other: list[float], third: list[float]) -> None:
    detour = wasserstein_distance(one, third) + wasserstein_distance(third, other)
    assert wasserstein_distance(one, other) <= detour * (1 + 1e-9) + 1e-6


@pytest.mark.parametrize("wrong", [[], [float("nan")]])
def test_what_cannot_be_compared_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="one"):
        wasserstein_distance(wrong, [1.0])


def test_the_five_aspects_by_hand() -> None:
    one = trace_of(
        [(0, True, 100), (20_000, True, 100), (40_000, True, 100), (5_000, False, 60), (45_000, False, 60)]
    )
    other = trace_of([(0, True, 110), (30_000, True, 110), (60_000, True, 110), (70_000, False, 60)])
    # Down, the other has one packet: nothing to compare. Up: 3 of 5 against 3 of 4 packets; of the bytes 300
    # of 420 against 330 of 390, which is less apart.
    found = flow_distances(one, other)
    assert found.values[:4] == (10.0, None, 10.0, None)
    assert found.direction_ratio == pytest.approx(0.15)


def test_joined_flows_have_no_gap_between_them() -> None:
    flow = trace_of([(0, True, 60), (20_000, True, 60), (40_000, True, 60)])
    both = joined([flow, flow])
    assert flow.length_us == 60_000
    assert both.length_us == 120_000
    assert np.nan_to_num(both.gaps_ms, nan=-1).tolist() == [-1, 20, 20, -1, 20, 20]
    assert (np.diff(both.at_us) > 0).all()


@pytest.mark.parametrize("packets", [[], [(0, True, 0)]])
def test_no_trace_of_nothing(packets: list[tuple[int, bool, int]]) -> None:
    with pytest.raises(ValueError, match=r"packet|byte"):
        trace_of(packets)


def call(
    draws: np.random.Generator,
    *,
    seconds: float = 6.0,
    size: float = 75.0,
    gap_ms: float = 20.0,
    down: float = 1.0,
) -> list[tuple[int, bool, int]]:
    """Speech both ways: sizes and gaps that jitter, and every packet down there with probability `down`."""
    packets: list[tuple[int, bool, int]] = []
    for up in (True, False):
        count = int(1000 * seconds / gap_ms)
        at = np.arange(count) * gap_ms + draws.uniform(0, gap_ms / 5, count)
        sizes = np.clip(draws.normal(size, 8, count), 30, 1400)
        kept = np.ones(count, bool) if up else draws.random(count) < down
        packets += [(int(1000 * t), up, int(s)) for t, s, k in zip(at, sizes, kept, strict=True) if k]
    return packets


def test_another_stretch_of_the_same_call_is_like_it_and_planted_ones_are_not(seed: bytes) -> None:
    draws = np.random.default_rng(list(seed))
    captured = trace_of(call(draws))
    limits = likeness_limits(captured, seed=seed, resamples=199)
    assert None not in limits.values
    like = [flow_distances(captured, trace_of(call(draws))).within(limits) for _ in range(20)]
    assert sum(like) >= 18
    planted = {
        "sizes": call(draws, size=95),
        "spacing": call(draws, gap_ms=30),
        "direction": call(draws, down=0.5),
    }
    for what, packets in planted.items():
        assert not flow_distances(captured, trace_of(packets)).within(limits), what


def test_limits_are_in_the_aspects_unit_and_repeatable(seed: bytes) -> None:
    packets = [(n * 20_000, True, 140) for n in range(PACKETS_MIN)]
    limits = likeness_limits(trace_of(packets), seed=seed, resamples=99)
    # Nothing varies: what is left are the floors; the other direction is not judged.
    assert limits == Distances(1.0, None, SPACING_FLOOR_MS, None, None)
    assert limits == likeness_limits(trace_of(packets), seed=seed, resamples=99)


def test_too_few_packets_are_not_judged(seed: bytes) -> None:
    packets = [(n * 20_000, True, 140) for n in range(PACKETS_MIN - 1)]
    limits = likeness_limits(trace_of(packets), seed=seed, resamples=99)
    assert limits == Distances(None, None, None, None, None)
    with pytest.raises(ValueError, match="resamples"):
        likeness_limits(trace_of(packets), seed=seed, resamples=98)


def test_blocks_keep_what_hangs_together(seed: bytes) -> None:
    """Ten seconds that change from 60 to 300 bytes once: single packets drawn would hide it."""
    packets = [(n * 20_000, True, 60 if n < 250 else 300) for n in range(500)]
    limit = likeness_limits(trace_of(packets), seed=seed, resamples=199).size_up_bytes
    # The share of large packets in ten blocks of a second has a deviation of 0.16, a pair's difference 0.22;
    # of 500 single packets it would be 0.03, and its 99 % quantile 20 bytes.
    assert limit is not None
    assert 80 <= limit <= 180
