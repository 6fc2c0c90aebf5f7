"""The beta-binomial law against scipy, the tilt summed exactly, and the bound of rho on planted truth."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from voipwatch.stats import betabinomial_pmf, overdispersion_bound, pair_agreement, tilted_e_value
from voipwatch.stats.betabinomial import VOTES_MAX


def test_the_law_is_scipys() -> None:
    size = 1 / 0.2 - 1
    np.testing.assert_allclose(
        betabinomial_pmf(7, 0.3, 0.2), betabinom.pmf(range(8), 7, 0.3 * size, 0.7 * size), rtol=1e-9
    )
    np.testing.assert_allclose(betabinomial_pmf(7, 0.3, 0.0), binom.pmf(range(8), 7, 0.3), rtol=1e-9)
    assert betabinomial_pmf(7, 0.3, 1.0).tolist() == pytest.approx([0.7, 0, 0, 0, 0, 0, 0, 0.3])


@given(
    n=st.integers(1, 30),
    p=st.floats(0.01, 0.6),
    rho=st.floats(0.0, 1.0),
    smaller_p=st.floats(0.05, 1.0),
    smaller_rho=st.floats(0.0, 1.0),
    aim=st.floats(0.05, 0.95),
)
def test_the_expectation_is_at_most_one_under_the_whole_null(
    n: int, p: float, rho: float, smaller_p: float, smaller_rho: float, aim: float
) -> None:
    """Summed over the law at the border, and at a smaller mean and a smaller over-dispersion."""
    target = p + (1 - p) * aim
    e = np.array([tilted_e_value(k / n, n, p, rho, target=target) for k in range(n + 1)])
    assert float(betabinomial_pmf(n, p, rho) @ e) == pytest.approx(1.0, rel=1e-6)
    inside = betabinomial_pmf(n, max(p * smaller_p, 1e-4), rho * smaller_rho)
    assert float(inside @ e) <= 1.0 + 1e-9


def test_why_no_ratio_of_laws() -> None:
    """Five dice against a ratio made for votes that go together: its expectation is far above 1."""
    p, target, rho = 0.05, 0.5, 0.8
    ratio = betabinomial_pmf(5, target, rho) / betabinomial_pmf(5, p, rho)
    assert float(binom.pmf(range(6), 5, p) @ ratio) > 1.3


def test_more_votes_than_are_told_apart() -> None:
    many = tilted_e_value(0.2, 5000, 0.05, 0.02, target=0.3)
    assert many == tilted_e_value(0.2, VOTES_MAX, 0.05, 0.02, target=0.3)
    law = np.asarray(binom.pmf(np.arange(5001), 5000, 0.05))
    e = np.array([tilted_e_value(k / 5000, 5000, 0.05, 0.02, target=0.3) for k in range(5001)])
    assert float(law @ e) <= 1.0


def test_pairs_by_hand() -> None:
    # 2 blocked of 4: 2 of 12 ordered pairs; one vote has no pair; 60 of 120 votes weigh as 50.
    assert pair_agreement(2, 4) == pytest.approx((2.0, 12.0))
    assert pair_agreement(1, 1) == (0.0, 0.0)
    assert pair_agreement(60, 120) == pytest.approx((2450.0 * 60 * 59 / (120 * 119), 2450.0))


@pytest.mark.parametrize("rho", [0.0, 0.1, 0.4])
def test_the_bound_lies_above_the_truth_and_comes_down_to_it(rho: float) -> None:
    rng = random.Random(4)
    size = 1e9 if rho == 0.0 else 1 / rho - 1
    bounds = []
    for blocks in (10, 200, 5000):
        shares = [rng.betavariate(0.1 * size, 0.9 * size) for _ in range(blocks)]
        hits = [sum(rng.random() < share for _ in range(6)) for share in shares]
        told = [pair_agreement(each, 6) for each in hits]
        bounds.append(
            overdispersion_bound(
                agreeing=sum(agreeing for agreeing, _ in told),
                agreeing_squares=sum(agreeing**2 for agreeing, _ in told),
                pairs=sum(pairs for _, pairs in told),
                p=sum(hits) / (6 * blocks),
                typical_votes=6.0,
            )
        )
    assert bounds[0] >= bounds[1] >= bounds[2] >= rho
    assert bounds[2] < rho + 0.06


def test_without_experience_the_bound_is_one() -> None:
    assert overdispersion_bound(agreeing=0, agreeing_squares=0, pairs=0, p=0.0, typical_votes=1) == 1.0


@pytest.mark.parametrize(("p", "target"), [(0.3, 0.3), (0.3, 0.2), (0.3, 1.0)])
def test_a_target_must_lie_above_the_border(p: float, target: float) -> None:
    with pytest.raises(ValueError, match="target"):
        tilted_e_value(0.5, 4, p, 0.1, target=target)
