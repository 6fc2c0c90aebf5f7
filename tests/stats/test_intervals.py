"""Intervals for proportions against Newcombe's published tables, a root finder, and exact coverage."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import binom, binomtest

from voipwatch.stats import Interval, clopper_pearson_interval, newcombe_difference, wilson_interval

# R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: methods 3 (Wilson) and 5 (exact).
ONE_PROPORTION = [
    (81, 263, (0.2553, 0.3662), (0.2527, 0.3676)),
    (15, 148, (0.0624, 0.1605), (0.0578, 0.1617)),
    (0, 20, (0.0000, 0.1611), (0.0000, 0.1684)),
    (1, 29, (0.0061, 0.1718), (0.0009, 0.1776)),
]

# R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
DIFFERENCE = [
    (56, 70, 48, 80, (0.0524, 0.3339)),
    (9, 10, 3, 10, (0.1705, 0.8090)),
    (6, 7, 2, 7, (0.0582, 0.8062)),
    (5, 56, 0, 29, (-0.0381, 0.1926)),
    (0, 10, 0, 20, (-0.1611, 0.2775)),
    (0, 10, 0, 10, (-0.2775, 0.2775)),
    (10, 10, 0, 20, (0.6791, 1.0000)),
    (10, 10, 0, 10, (0.6075, 1.0000)),
]


@pytest.mark.parametrize(("hits", "n", "wilson", "exact"), ONE_PROPORTION)
def test_newcombe_1998_one_proportion(
    hits: int, n: int, wilson: tuple[float, float], exact: tuple[float, float]
) -> None:
    for interval, published in (
        (wilson_interval(hits, n), wilson),
        (clopper_pearson_interval(hits, n), exact),
    ):
        assert (round(interval.low, 4), round(interval.high, 4)) == published
        assert (interval.estimate, interval.n, interval.confidence) == (hits / n, n, 0.95)


@pytest.mark.parametrize(("hits_a", "n_a", "hits_b", "n_b", "published"), DIFFERENCE)
def test_newcombe_1998_difference(
    hits_a: int, n_a: int, hits_b: int, n_b: int, published: tuple[float, float]
) -> None:
    interval = newcombe_difference(hits_a, n_a, hits_b=hits_b, n_b=n_b)
    assert (round(interval.low, 4), round(interval.high, 4)) == published
    assert interval.n == n_a + n_b


@given(st.integers(1, 60), st.data())
def test_wilson_ends_solve_the_score_equation(n: int, data: st.DataObject) -> None:
    """Second method: the ends are where the score statistic meets its quantile."""
    hits = data.draw(st.integers(0, n))
    interval = wilson_interval(hits, n, confidence=0.9)

    def score(p: float) -> float:
        return abs(hits / n - p) - 1.6448536269514722 * math.sqrt(p * (1 - p) / n)

    if hits > 0:
        assert interval.low == pytest.approx(brentq(score, 1e-12, hits / n - 1e-9), abs=1e-9)
    if hits < n:
        assert interval.high == pytest.approx(brentq(score, hits / n + 1e-9, 1 - 1e-12), abs=1e-9)


@given(st.integers(1, 60), st.data())
def test_clopper_pearson_ends_are_binomial_tails(n: int, data: st.DataObject) -> None:
    """Second method: at each end the data's own tail holds exactly half of the error."""
    hits = data.draw(st.integers(0, n))
    interval = clopper_pearson_interval(hits, n, confidence=0.9)
    if hits:
        assert binom.sf(hits - 1, n, interval.low) == pytest.approx(0.05, rel=1e-6)
    if hits < n:
        assert binom.cdf(hits, n, interval.high) == pytest.approx(0.05, rel=1e-6)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.37, 0.5, 0.93])
def test_clopper_pearson_covers_and_wilson_nearly(p: float) -> None:
    """Exact coverage by summing the binomial law, n = 25."""
    exact = wilson = 0.0
    for hits in range(26):
        weight = float(binom.pmf(hits, 25, p))
        exact += weight * (p in clopper_pearson_interval(hits, 25))
        wilson += weight * (p in wilson_interval(hits, 25))
    assert exact >= 0.95
    assert wilson >= 0.91


def test_certain_outcomes_reach_the_end_exactly() -> None:
    assert wilson_interval(0, 7).low == 0.0
    assert wilson_interval(7, 7).high == 1.0
    assert clopper_pearson_interval(0, 7).low == 0.0
    assert clopper_pearson_interval(7, 7).high == 1.0


def test_contains_is_closed() -> None:
    interval = Interval(low=0.1, high=0.2, estimate=0.15, n=3, confidence=0.9)
    assert 0.1 in interval
    assert 0.2 in interval
    assert 0.21 not in interval


@pytest.mark.parametrize(
    ("hits", "n", "confidence"), [(4, 3, 0.9), (-1, 3, 0.9), (0, 0, 0.9), (1, 3, 1.0), (1, 3, 0.0)]
)
def test_domains(hits: int, n: int, confidence: float) -> None:
    for method in (wilson_interval, clopper_pearson_interval):
        with pytest.raises(ValueError, match="must"):
            method(hits, n, confidence=confidence)
    with pytest.raises(ValueError, match="must"):
        newcombe_difference(1, 3, hits_b=hits, n_b=n, confidence=confidence)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.9988])
@pytest.mark.parametrize("n", [1, 2, 5, 12, 25, 60, 300])
def test_the_exact_interval_covers_at_every_n_and_p(n: int, confidence: float) -> None:
    """Exact coverage by summing the binomial law; each end errs with at most half of the error."""
    told = [clopper_pearson_interval(hits, n, confidence=confidence) for hits in range(n + 1)]
    half = (1.0 - confidence) / 2.0
    for p in (0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.77, 0.95, 0.999):
        weights = np.asarray(binom.pmf(range(n + 1), n, p)).tolist()
        above = sum(w for w, each in zip(weights, told, strict=True) if each.low > p)
        below = sum(w for w, each in zip(weights, told, strict=True) if each.high < p)
        assert above <= half + 1e-12, (n, p)
        assert below <= half + 1e-12, (n, p)


@pytest.mark.parametrize("n", [5, 12, 25, 60, 300])
def test_wilson_covers_as_much_as_the_page_says(n: int) -> None:
    """Its dips near 0 and 1 (where p is about 0.18 / n) are known; on average it keeps its level."""
    told = [wilson_interval(hits, n) for hits in range(n + 1)]
    grid = [(k + 0.5) / 1000 for k in range(1000)]
    covers = []
    for p in grid:
        weights = np.asarray(binom.pmf(range(n + 1), n, p)).tolist()
        covers.append(sum(w for w, each in zip(weights, told, strict=True) if p in each))
    assert 0.83 <= min(covers) <= 0.87
    assert 0.95 <= sum(covers) / len(covers) <= 0.956


@pytest.mark.parametrize(
    ("n_a", "p_a", "n_b", "p_b"),
    [(10, 0.1, 20, 0.1), (10, 0.5, 10, 0.5), (25, 0.05, 40, 0.3), (60, 0.9, 30, 0.6), (100, 0.15, 100, 0.10)],
)
def test_newcombes_difference_covers(n_a: int, p_a: float, n_b: int, p_b: float) -> None:
    """Exact coverage by summing both binomial laws: 95 % to within a percent."""
    weights_a = [float(binom.pmf(k, n_a, p_a)) for k in range(n_a + 1)]
    weights_b = [float(binom.pmf(k, n_b, p_b)) for k in range(n_b + 1)]
    covers = sum(
        wa * wb
        for a, wa in enumerate(weights_a)
        for b, wb in enumerate(weights_b)
        if wa * wb > 1e-9 and (p_a - p_b) in newcombe_difference(a, n_a, hits_b=b, n_b=n_b)
    )
    assert covers >= 0.94


@pytest.mark.parametrize("n", [3, 12, 60, 400])
def test_both_agree_with_scipys(n: int) -> None:
    for hits in {0, 1, n // 3, n - 1, n}:
        test = binomtest(hits, n)
        for told, theirs in (
            (wilson_interval(hits, n, confidence=0.99), test.proportion_ci(0.99, "wilson")),
            (clopper_pearson_interval(hits, n, confidence=0.99), test.proportion_ci(0.99, "exact")),
        ):
            assert (told.low, told.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
