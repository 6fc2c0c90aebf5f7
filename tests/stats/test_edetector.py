"""E-detectors: the recursion against its definition, and the run length on exhaustively enumerated coins."""

import itertools
import random

import pytest

from voipwatch.stats import cusum_step, mean_bet, run_length_threshold, shiryaev_roberts_step


def by_definition(evidence: list[float], masses: list[float]) -> float:
    """The sum over all starts of the product of the e-values since."""
    total = 0.0
    for start in range(len(evidence)):
        product = masses[start]
        for value in evidence[start:]:
            product *= value
        total += product
    return total


def test_the_recursion_is_the_sum_over_all_starts() -> None:
    rng = random.Random(3)
    evidence = [rng.choice([0.2, 0.9, 3.0]) for _ in range(12)]
    masses = [rng.random() for _ in range(12)]
    sums = [0.0]
    for value, mass in zip(evidence, masses, strict=True):
        sums = shiryaev_roberts_step(sums, [value], mass, [1.0])
    assert sums[0] == pytest.approx(by_definition(evidence, masses))


def test_cusum_is_the_largest_of_the_starts_and_never_above_the_sum() -> None:
    evidence = [0.5, 3.0, 0.9, 4.0, 0.1]
    largest, total = [0.0], [0.0]
    for count, value in enumerate(evidence, 1):
        largest = cusum_step(largest, [value], [1.0])
        total = shiryaev_roberts_step(total, [value], 1.0, [1.0])
        products = [by_definition(evidence[start:count], [1.0] + [0.0] * 9) for start in range(count)]
        assert largest[0] == pytest.approx(max(products))
        assert largest[0] <= total[0] + 1e-12


@pytest.mark.parametrize("threshold", [3.0, 5.0])
def test_the_expected_mass_at_the_alarm_is_at_least_the_threshold(threshold: float) -> None:
    """A coin at the null's border, all 2^14 paths with uneven masses; unstopped paths count what went in."""
    p, masses = 0.25, [0.3, 1.0, 2.0, 0.5] * 4
    mass_at_stop = sum_at_stop = stopped = 0.0
    for path in itertools.product((0, 1), repeat=14):
        law = p ** sum(path) * (1.0 - p) ** (14 - sum(path))
        sums, put_in = [0.0, 0.0], 0.0
        for vote, mass in zip(path, masses, strict=False):
            bets = [mean_bet(float(vote), p, fraction) for fraction in (0.3, 0.9)]
            sums = shiryaev_roberts_step(sums, bets, mass, [0.5, 0.5])
            put_in += mass
            if sum(sums) >= threshold:
                break
        mass_at_stop += law * put_in
        sum_at_stop += law * sum(sums)
        stopped += law * (sum(sums) >= threshold)
    # E[sum at the stop] = E[mass at the stop], and the sum is at least the threshold where it stopped.
    assert 0.3 < stopped <= 1.0 + 1e-9
    assert sum_at_stop == pytest.approx(mass_at_stop)
    assert mass_at_stop >= threshold * stopped


def test_the_budget_is_shared() -> None:
    assert run_length_threshold(7305.0, series=40) == 292_200.0
    with pytest.raises(ValueError, match="positive"):
        run_length_threshold(0.0)
    with pytest.raises(ValueError, match="at least 1"):
        run_length_threshold(1.0, series=0)


def test_a_long_block_does_not_overflow() -> None:
    sums = [1.0]
    for _ in range(2000):
        sums = shiryaev_roberts_step(sums, [30.0], 1.0, [1.0])
    assert sums[0] < float("inf")
