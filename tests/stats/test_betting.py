"""Bets on a bounded mean: expectation at most 1 for every dependence inside a block, by exact enumeration."""

import itertools

import pytest

from voipwatch.stats import mean_bet


def test_by_hand() -> None:
    # p0 = 0.1, half of the capital: a block of 3 blocked votes in 10 pays 1 + 0.5 * (0.3 / 0.1 - 1) = 2.
    assert mean_bet(0.3, 0.1, 0.5) == pytest.approx(2.0)
    assert mean_bet(0.0, 0.1, 0.5) == pytest.approx(0.5)
    assert mean_bet(1.0, 0.1, 1.0) == pytest.approx(10.0)
    assert mean_bet(1.0, 1.0, 0.9) == pytest.approx(1.0)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("together", [0.0, 0.3, 1.0])
def test_expectation_is_one_at_the_border_whatever_the_dependence(fraction: float, together: float) -> None:
    """Three votes that are one vote with chance `together`, else three dice: 8 outcomes, summed."""
    p = 0.2
    expected = 0.0
    for votes in itertools.product((0, 1), repeat=3):
        alone = 1.0
        for vote in votes:
            alone *= p if vote else 1.0 - p
        alike = (p if votes[0] else 1.0 - p) if len(set(votes)) == 1 else 0.0
        law = together * alike + (1.0 - together) * alone
        expected += law * mean_bet(sum(votes) / 3, p, fraction)
    assert expected == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("mean", "null_mean", "fraction"), [(-0.1, 0.1, 0.5), (1.1, 0.1, 0.5), (0.5, 0.0, 0.5), (0.5, 0.1, 1.5)]
)
def test_outside_the_domain(mean: float, null_mean: float, fraction: float) -> None:
    with pytest.raises(ValueError, match="must lie"):
        mean_bet(mean, null_mean, fraction)
