"""The runs test and the regularity test: hand-worked cases, levels on dice, and power on what they are
for.
"""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from voipwatch.stats import SentFlow, regularity_test, runs_test


def audio(lost: list[bool]) -> SentFlow:
    return SentFlow([20_000 * i for i in range(len(lost))], [200] * len(lost), lost)


def test_runs_test_hand_worked() -> None:
    """1100101100 (5 and 5): 6 runs, mean 6: no distance, p = 1. Alternating 20: 20 runs, mean 11.

    Variance 2 * 10 * 10 * (200 - 20) / (400 * 19) = 4.737; z = (9 - 0.5) / 2.176 = 3.905.
    """
    assert runs_test([mark == "1" for mark in "1100101100"]) == pytest.approx(1.0)
    assert runs_test([True, False] * 10) == pytest.approx(2 * norm.sf(8.5 / np.sqrt(36_000 / 7_600)))


def test_runs_test_keeps_its_level_on_dice() -> None:
    rng = np.random.default_rng(9)
    refused = sum(runs_test([bool(gone) for gone in rng.random(300) < 0.3]) < 0.05 for _ in range(1000))
    assert 20 <= refused <= 75


@pytest.mark.parametrize("same", [[], [True] * 3, [False] * 3])
def test_runs_test_needs_both(same: list[bool]) -> None:
    with pytest.raises(ValueError, match="needs both"):
        runs_test(same)


def test_runs_test_of_two_packets_says_nothing() -> None:
    assert runs_test([True, False]) == 1.0


def test_regularity_is_a_p_value_on_dice() -> None:
    """Second method: over dice its values are uniform, up to the grain of a walk in steps."""
    rng = np.random.default_rng(10)
    values = [regularity_test(audio([bool(gone) for gone in rng.random(150) < 0.4])) for _ in range(1000)]
    assert kstest(values, "uniform").statistic < 0.08
    assert sum(value <= 0.01 for value in values) <= 15


def test_regularity_against_the_law_of_a_simulated_bridge() -> None:
    """Kuiper's law by another route: the share of shuffles of the same losses that range no wider.

    200 packets, every second lost but for one stretch of ten: a range of about the median.
    """
    lost = [True, False] * 50 + [True] * 10 + [True, False] * 45
    steps = np.array([0.0 if gone else 1.0 for gone in lost])
    rng = np.random.default_rng(11)
    walk = np.cumsum(steps - steps.mean())
    own = float(np.ptp(walk))
    ranges = []
    for _ in range(2000):
        mixed = rng.permutation(steps)
        ranges.append(float(np.ptp(np.cumsum(mixed - mixed.mean()))))
    assert regularity_test(audio(lost)) == pytest.approx(np.mean(np.array(ranges) <= own), abs=0.06)


def test_every_other_packet_is_too_regular_for_chance() -> None:
    assert regularity_test(audio([True, False] * 100)) < 1e-9


def test_an_outage_is_not_regular() -> None:
    assert regularity_test(audio([False] * 50 + [True] * 50 + [False] * 50)) > 0.99


def test_what_is_too_short_is_never_regular() -> None:
    assert regularity_test(audio([True, False] * 9)) == 1.0
    assert regularity_test(audio([False] * 30 + [True] * 30)) == 1.0


@pytest.mark.parametrize("same", [[True] * 30, [False] * 30])
def test_regularity_needs_both(same: list[bool]) -> None:
    with pytest.raises(ValueError, match="needs both"):
        regularity_test(audio(same))
