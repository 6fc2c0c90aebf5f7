"""The rules of others, each by hand: what they call a difference, and what they cannot see."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from scripts.benchmarks.published import (
    Said,
    Series,
    area_test,
    fisher,
    fisher_p,
    rtr,
    rtr_loss_percent,
    throughputs,
    trusted,
    wehe,
)


def call(
    lost: float = 0.0, *, seed: int = 1, jitter_s: float = 0.004, after_s: float | None = None
) -> Series:
    """Ten seconds of 20 ms voice; `after_s` is when everything stops to arrive."""
    random = np.random.default_rng(seed)
    sent = np.linspace(0.0, 9.98, 500)
    came = sent + 0.03 + random.exponential(jitter_s, 500) if jitter_s else sent + 0.03
    gone = random.random(500) < lost
    if after_s is not None:
        gone |= sent >= after_s
    return Series(sent, np.where(gone, np.nan, came), np.full(500, 120.0))


def test_throughput_by_hand() -> None:
    """Four packets of 100 bytes in 2 s and four bins: 200 B/s each; a lost one leaves its bin out."""
    whole = Series(np.array([0.0, 0.6, 1.2, 2.0]), np.array([0.0, 0.6, 1.2, 2.0]), np.full(4, 100.0))
    assert throughputs(whole, 4).tolist() == [200.0] * 4
    torn = Series(whole.sent_s, np.array([0.0, np.nan, 1.2, 2.0]), whole.size_bytes)
    assert throughputs(torn, 4).tolist() == [200.0] * 3  # not zero: left out


def test_the_area_by_hand() -> None:
    assert area_test(np.array([2.0, 4.0]), np.array([6.0, 6.0])) == pytest.approx(0.5)
    assert area_test(np.array([6.0]), np.array([3.0])) == pytest.approx(-0.5)


def test_wehe_sees_four_in_five_lost_and_neither_a_block_nor_two_in_five() -> None:
    assert wehe(call(0.8), call(seed=2)) is Said.ACCUSED
    assert wehe(call(0.4), call(seed=2)) is Said.NOTHING
    assert wehe(call(1.0), call(seed=2)) is Said.INCONCLUSIVE
    assert wehe(call(0.0), call(seed=2)) is Said.NOTHING


def test_a_call_that_is_cut_has_no_empty_bins_to_show() -> None:
    assert wehe(call(after_s=1.0), call(seed=2)) is Said.NOTHING


def test_half_samples_agree_with_a_plain_difference_and_not_with_a_border_case() -> None:
    one, other = throughputs(call(0.8)), throughputs(call(seed=2))
    assert trusted(one, other, draws=20) == 1.0
    assert wehe(call(0.8), call(seed=2), jackknife=True) is Said.ACCUSED


def test_rtr_publishes_no_loss_without_jitter_both_ways() -> None:
    assert rtr_loss_percent(call(0.1), call(0.3, seed=2)) == pytest.approx(20.0, abs=4.0)
    assert rtr_loss_percent(call(0.1), call(1.0)) is None
    assert rtr_loss_percent(call(0.1, jitter_s=0.0), call(0.1)) is None
    assert rtr(call(1.0), call(1.0)) is Said.INCONCLUSIVE
    assert rtr(call(0.4), call(0.4, seed=2)) is Said.ACCUSED
    assert rtr(call(), call(seed=2)) is Said.NOTHING


def test_rtr_cannot_tell_a_bad_line_from_a_block() -> None:
    """It has no control: the same series is the same finding whoever did it."""
    assert rtr(call(0.1, seed=3), call(0.1, seed=4)) is Said.ACCUSED


@pytest.mark.parametrize(("a", "c"), [((5, 50), (1, 50)), ((75, 500), (50, 500)), ((0, 10), (3, 10))])
def test_fisher_on_packets_is_scipys(a: tuple[int, int], c: tuple[int, int]) -> None:
    table = np.array([[a[0], a[1] - a[0]], [c[0], c[1] - c[0]]])
    expected = fisher_exact(table, alternative="greater").pvalue
    assert fisher_p(a[0], a[1], lost_c=c[0], n_c=c[1]) == pytest.approx(expected)


def test_fisher_on_packets_accuses_a_path() -> None:
    assert fisher(call(0.3), call(0.01, seed=2)) is Said.ACCUSED
    assert fisher(call(0.1), call(0.1, seed=2)) is Said.NOTHING
