"""Sign flips on matched pairs: hand-worked cases, brute force, scipy, coverage, and the lossy path of
four.
"""

import math
import tracemalloc
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, permutation_test

from voipwatch.stats import pairs_needed, sign_flip_interval, sign_flip_test
from voipwatch.stats.permutation import Alternative

# Eighths add without rounding, so brute force and the package see the same ties.
EIGHTHS = st.integers(-16, 16).map(lambda eighths: eighths / 8)
SAMPLES = st.lists(EIGHTHS, min_size=1, max_size=8)


def test_hand_worked_three_pairs() -> None:
    """1, 2, 4: sums of the eight patterns are 7 5 3 1 -1 -3 -5 -7; only 7 reaches 7."""
    result = sign_flip_test([1.0, 2.0, 4.0])
    assert (result.p_value, result.n, result.exact) == (1 / 8, 3, True)
    assert result.statistic == pytest.approx(7 / 3)
    assert sign_flip_test([1.0, 2.0, 4.0], alternative="two-sided").p_value == 2 / 8
    assert sign_flip_test([1.0, 2.0, 4.0], alternative="less").p_value == 1.0
    # -1, 2, 4 sum to 5: reached by 7 and 5.
    assert sign_flip_test([-1.0, 2.0, 4.0]).p_value == 2 / 8
    # Less a shift of 3: -2, -1, 1 sum to -2; of the sums 4 2 2 0 0 -2 -2 -4 seven reach it.
    assert sign_flip_test([1.0, 2.0, 4.0], shift=3.0).p_value == 7 / 8


def test_hand_worked_interval() -> None:
    """The seven subset means of 1, 2, 4 in order: 1, 1.5, 2, 7/3, 2.5, 3, 4; at 50 % the second and sixth."""
    interval = sign_flip_interval([1.0, 2.0, 4.0], 0.5)
    assert (interval.low, interval.high) == (1.5, 3.0)
    assert interval.estimate == pytest.approx(7 / 3)
    assert (interval.n, interval.confidence) == (3, 0.5)
    wider = sign_flip_interval([1.0, 2.0, 4.0], 0.75)
    assert (wider.low, wider.high) == (1.0, 4.0)


def test_too_few_pairs_bound_nothing() -> None:
    interval = sign_flip_interval([1.0, 2.0, 4.0], 0.76)
    assert (interval.low, interval.high) == (-math.inf, math.inf)
    assert sign_flip_interval([0.1] * 7, 0.99).low == -math.inf
    assert sign_flip_interval([0.125] * 8, 0.99).low == 0.125


def brute_force(differences: list[float], shift: float) -> float:
    """Second method: all sign patterns one by one."""
    values = [d - shift for d in differences]
    patterns = list(product((1, -1), repeat=len(values)))
    reached = sum(sum(s * v for s, v in zip(p, values, strict=True)) >= sum(values) for p in patterns)
    return reached / len(patterns)


@given(SAMPLES, EIGHTHS)
def test_equals_brute_force(differences: list[float], shift: float) -> None:
    greater = sign_flip_test(differences, shift=shift)
    assert greater.p_value == brute_force(differences, shift)
    assert greater.p_value >= 2.0 ** -len(differences)
    mirrored = [-d for d in differences]
    assert sign_flip_test(mirrored, shift=-shift, alternative="less").p_value == greater.p_value


@given(SAMPLES, st.sampled_from([0.5, 0.75, 0.9, 0.95]))
def test_interval_is_the_set_of_shifts_not_rejected(differences: list[float], confidence: float) -> None:
    interval = sign_flip_interval(differences, confidence)
    tail = (1 - confidence) / 2 * (1 + 1e-9)
    if interval.low == -math.inf:
        assert sign_flip_test(differences, shift=-100.0).p_value > tail
        assert interval.high == math.inf
        return
    assert sign_flip_test(differences, shift=interval.low).p_value > tail
    assert sign_flip_test(differences, shift=interval.low - 1e-3).p_value <= tail
    assert sign_flip_test(differences, shift=interval.high, alternative="less").p_value > tail
    assert sign_flip_test(differences, shift=interval.high + 1e-3, alternative="less").p_value <= tail


@pytest.mark.parametrize("alternative", ["greater", "less", "two-sided"])
@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_scipy(alternative: Alternative, seed: int) -> None:
    differences = np.random.default_rng(seed).normal(0.3, 1.0, size=9)
    other = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=2**9, alternative=alternative
    )
    ours = sign_flip_test(differences, alternative=alternative)
    assert ours.p_value == pytest.approx(other.pvalue)


def test_zeros_dilute_nothing_and_everything_equal_is_no_evidence() -> None:
    assert sign_flip_test([0.0] * 12).p_value == 1.0
    assert sign_flip_test([0.0] * 12, alternative="two-sided").p_value == 1.0
    # Flipping a zero changes nothing: the share of patterns stays that of the other pairs.
    assert sign_flip_test([1.0, 2.0, 4.0, 0.0, 0.0]).p_value == 1 / 8


def test_rounding_does_not_split_ties() -> None:
    """0.1 + 0.2 is not 0.3 in floating point; swapping such pairs must still count as a tie."""
    assert sign_flip_test([0.3, -0.1, -0.2]).p_value == brute_force([3.0, -1.0, -2.0], 0.0)


def test_largest_exact_equals_a_count_without_halves() -> None:
    """Second method at n = 20: the whole million of sums, by the incremental doubling of one array."""
    differences = np.random.default_rng(5).normal(0.4, 1.0, size=20)
    sums = np.zeros(1)
    for value in differences:
        sums = np.concatenate((sums + value, sums - value))
    expected = np.count_nonzero(sums >= differences.sum() - 1e-9) / 2**20
    result = sign_flip_test(differences)
    assert result.exact
    assert result.p_value == expected


def test_sampled_agrees_with_exact_and_is_reproducible() -> None:
    """Ten zeros added to 12 pairs change no exact p-value but force sampling."""
    differences = [*np.random.default_rng(6).normal(0.5, 1.0, size=12), *[0.0] * 10]
    exact = sign_flip_test(differences[:12]).p_value
    sampled = sign_flip_test(differences, seed=b"one")
    assert not sampled.exact
    assert sampled.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 99_999))
    assert sampled == sign_flip_test(differences, seed=b"one")
    assert sampled.p_value != sign_flip_test(differences, seed=b"two").p_value
    both = sign_flip_test(differences, seed=b"one", alternative="two-sided")
    assert both.p_value == pytest.approx(2 * sampled.p_value)


def test_sampled_p_value_is_never_zero() -> None:
    assert sign_flip_test([1.0] * 60).p_value == 1 / 100_000


def test_sampled_interval_inverts_the_sampled_test() -> None:
    differences = np.random.default_rng(7).normal(0.5, 1.0, size=24)
    interval = sign_flip_interval(differences, 0.95, seed=b"s")
    tail = 0.025
    assert sign_flip_test(differences, shift=interval.low, seed=b"s").p_value > tail
    assert sign_flip_test(differences, shift=interval.low - 1e-6, seed=b"s").p_value <= tail
    assert sign_flip_test(differences, shift=interval.high, seed=b"s", alternative="less").p_value > tail
    assert (
        sign_flip_test(differences, shift=interval.high + 1e-6, seed=b"s", alternative="less").p_value <= tail
    )


@pytest.mark.parametrize("law", ["normal", "laplace", "spike at zero", "exchangeable skewed"])
def test_interval_covers(law: str) -> None:
    """Symmetric laws, one with many zeros, and A - C of two equally skewed flows: at least 90 % nominal."""
    runs, n, truth = 400, 12, 0.7
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(runs):
        if law == "normal":
            noise = rng.normal(size=n)
        elif law == "laplace":
            noise = rng.laplace(size=n)
        elif law == "spike at zero":
            noise = rng.normal(size=n) * (rng.random(n) < 0.4)
        else:
            noise = rng.exponential(size=n) - rng.exponential(size=n)
        covered += truth in sign_flip_interval(noise + truth, 0.9)
    # Four standard errors below the nominal 0.9; the spike makes it conservative, so no upper bound there.
    assert covered / runs >= 0.9 - 4 * math.sqrt(0.09 / runs)
    if law != "spike at zero":
        assert covered / runs <= 0.9 + 4 * math.sqrt(0.09 / runs)


def test_skewed_differences_are_outside_the_promise() -> None:
    """One-sided skew breaks the symmetry that the null hypothesis asserts; documented, and seen here."""
    rng = np.random.default_rng(12)
    misses = sum(0.0 not in sign_flip_interval(rng.exponential(size=12) ** 2 - 2.0, 0.9) for _ in range(400))
    assert misses / 400 > 0.13


def lossy_path_of_four(rng: np.random.Generator, pairs: int, packets: int) -> tuple[np.ndarray, np.ndarray]:
    """Lost packets of the treatment and control flows of a line of which one path of four loses 30 %.

    Each flow is hashed to a path of its own; the operator does nothing to the treatment.
    """
    paths = rng.integers(0, 4, size=(2, pairs))
    lost = rng.binomial(packets, np.where(paths == 0, 0.30, 0.01))
    return lost[0], lost[1]


def test_one_lossy_path_of_four_accuses_rarely() -> None:
    """12 matched pairs, 500 packets a flow, margin 3 points, level 0.005 / 6: the share of innocent lines
    accused.

    The sign flip promises at most 0.00083; Fisher's test on the pooled packets accuses about 4 lines in 10,
    because it takes 6,000 packets for 6,000 witnesses where there are 12 (docs/methods/permutation.md).
    """
    runs, pairs, packets, level = 2000, 12, 500, 0.005 / 6
    rng = np.random.default_rng(20160101)
    flips = fisher = 0
    for _ in range(runs):
        a, c = lossy_path_of_four(rng, pairs, packets)
        flips += sign_flip_test((a - c) / packets, shift=0.03).p_value <= level
        sent = pairs * packets
        table = np.array([[a.sum(), sent - a.sum()], [c.sum(), sent - c.sum()]])
        fisher += fisher_exact(table, alternative="greater").pvalue <= level
    assert flips <= 6  # P(Binomial(2000, 0.00083) > 6) = 0.0015 if the promise were just kept
    assert fisher / runs > 0.25


def test_a_throttled_app_on_the_same_line_is_found() -> None:
    """40 % added loss on the treatment, same line: nearly every check says so."""
    rng = np.random.default_rng(20160102)
    found = 0
    for _ in range(200):
        a, c = lossy_path_of_four(rng, 12, 500)
        a = a + rng.binomial(500 - a, 0.4)
        found += sign_flip_test((a - c) / 500, shift=0.03).p_value <= 0.005 / 6
    assert found >= 190


def test_light_enough_to_run_at_every_look() -> None:
    """Twenty pairs are counted in two halves of 1,024 sums; the million patterns at once would take 8 MB."""
    differences = np.random.default_rng(0).normal(size=20)
    tracemalloc.start()
    sign_flip_test(differences)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 200_000


@pytest.mark.parametrize(
    ("p_value", "pairs"), [(0.5, 1), (0.01, 7), (0.005, 8), (0.005 / 6, 11), (0.005 / 18, 12)]
)
def test_pairs_needed(p_value: float, pairs: int) -> None:
    assert pairs_needed(p_value) == pairs
    assert sign_flip_test([1.0] * pairs).p_value <= p_value
    assert pairs == 1 or sign_flip_test([1.0] * (pairs - 1)).p_value > p_value


@pytest.mark.parametrize("differences", [[], [0.1, math.nan], [math.inf], [[0.1], [0.2]]])
def test_bad_differences_raise(differences: list[float]) -> None:
    with pytest.raises(ValueError, match="differences must"):
        sign_flip_test(differences)
    with pytest.raises(ValueError, match="differences must"):
        sign_flip_interval(differences, 0.9)


def test_other_domains() -> None:
    with pytest.raises(ValueError, match="shift must be finite"):
        sign_flip_test([0.1], shift=math.nan)
    with pytest.raises(ValueError, match="alternative must be"):
        sign_flip_test([0.1], alternative="bigger")  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(ValueError, match="confidence must lie"):
        sign_flip_interval([0.1], 1.0)
    with pytest.raises(ValueError, match="p_value must lie"):
        pairs_needed(0.0)


@pytest.mark.parametrize(("n", "level"), [(7, 0.01), (12, 0.0025 / 6), (12, 0.01)])
def test_the_error_of_the_first_kind_by_counting_every_world(n: int, level: float) -> None:
    """Under the null all patterns of signs are equally likely: whatever the sizes, at most `level` reject."""
    magnitudes = np.random.default_rng(3).exponential(size=n)
    patterns = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1) * 2.0 - 1.0
    rejected = sum(sign_flip_test(row * magnitudes).p_value <= level for row in patterns)
    assert rejected / 2**n <= level
    assert rejected == math.floor(level * 2**n)  # and none is given away
