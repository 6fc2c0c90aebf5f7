"""Loss accounting: hand-worked sequences, the Markov meaning of BurstR, and RFC 3611 by another route."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.stats import arrivals, burst_gap, burst_ratio, loss_ratio, loss_runs, summarize_loss


def flags(text: str) -> list[bool]:
    return [mark == "1" for mark in text]


def test_arrivals_ignore_order_duplicates_and_strangers() -> None:
    assert arrivals([5, 6, 7, 8], [8, 5, 5, 99]) == (True, False, False, True)


def test_arrivals_refuse_wrapped_sequences() -> None:
    with pytest.raises(ValueError, match="unwrap"):
        arrivals([65535, 0, 65535], [])


def test_hand_worked_summary() -> None:
    """1001110111: 3 of 10 lost in runs of 2 and 1; mean run 1.5, random would be 1 / 0.7, ratio 1.05."""
    arrived = flags("1001110111")
    summary = summarize_loss(arrived)
    assert loss_runs(arrived) == (2, 1)
    assert (summary.n, summary.lost_count, summary.runs_count, summary.longest_run) == (10, 3, 2, 2)
    assert summary.loss_ratio == pytest.approx(0.3)
    assert summary.burst_ratio == pytest.approx(1.05)


def test_nothing_sent_is_unmeasured_and_all_lost_is_not_missing() -> None:
    assert summarize_loss([]).loss_ratio is None
    assert summarize_loss([]).burst_ratio is None
    assert loss_ratio([False] * 4) == 1.0
    assert burst_ratio([False] * 4) is None
    assert burst_ratio([True] * 4) is None
    assert loss_ratio([True] * 4) == 0.0


def test_burst_ratio_of_a_two_state_chain() -> None:
    """ITU-T G.107 clause 7.5: with transition probabilities p and q, BurstR = 1 / (p + q)."""
    rng = np.random.default_rng(3)
    p, q, n = 0.02, 0.2, 200_000
    arrived, lost = [], False
    for draw in rng.random(n):
        lost = draw < p if not lost else draw >= q
        arrived.append(not lost)
    assert burst_ratio(arrived) == pytest.approx(1 / (p + q), rel=0.05)
    assert loss_ratio(arrived) == pytest.approx(p / (p + q), rel=0.05)


def test_burst_ratio_of_random_loss_is_one() -> None:
    arrived = [bool(hit) for hit in np.random.default_rng(4).random(100_000) >= 0.2]
    assert burst_ratio(arrived) == pytest.approx(1.0, abs=0.02)


def test_rfc3611_hand_worked() -> None:
    """In the manner of the example in RFC 3611 section 4.7.2, Gmin 16, 10 ms spacing.

    A gap of 23 packets with one isolated loss, a burst of 12 with 4 losses, a gap of 29 with one isolated
    loss.
    """
    first = "1" * 4 + "0" + "1" * 18
    burst = "011101011110"
    last = "1" * 19 + "0" + "1" * 9
    # The first loss is 18 arrivals before the burst, the last one 19 after it: both isolated.
    metrics = burst_gap(flags(first + burst + last), spacing_ms=10.0)
    assert (metrics.n, metrics.bursts_count) == (64, 1)
    assert metrics.burst_density == pytest.approx(4 / 12)
    assert metrics.gap_density == pytest.approx(2 / 52)
    assert metrics.burst_ms == 120.0
    assert metrics.gap_ms == 260.0


def test_gmin_is_the_border() -> None:
    """15 arrivals between two losses join them to a burst, 16 part them."""
    joined = burst_gap(flags("0" + "1" * 15 + "0"), spacing_ms=20.0)
    assert (joined.bursts_count, joined.burst_ms, joined.gap_density) == (1, 340.0, 0.0)
    parted = burst_gap(flags("0" + "1" * 16 + "0"), spacing_ms=20.0)
    assert (parted.bursts_count, parted.gap_ms) == (0, 360.0)
    assert parted.gap_density == pytest.approx(2 / 18)


def test_extremes() -> None:
    dead = burst_gap([False] * 10, spacing_ms=20.0)
    assert (dead.bursts_count, dead.burst_density, dead.gap_ms, dead.gap_density) == (1, 1.0, 0.0, 0.0)
    fine = burst_gap([True] * 10, spacing_ms=20.0)
    assert (fine.bursts_count, fine.burst_ms, fine.gap_ms) == (0, 0.0, 200.0)
    empty = burst_gap([], spacing_ms=20.0)
    assert (empty.n, empty.bursts_count, empty.gap_ms) == (0, 0, 0.0)


@given(st.lists(st.booleans(), max_size=120), st.integers(1, 20))
def test_bursts_by_regular_expression(arrived: list[bool], gmin: int) -> None:
    """Second method: a burst is a match of loss (fewer than gmin arrivals, loss)+ in the text of the flow."""
    text = "".join("1" if hit else "0" for hit in arrived)
    bursts = [match.group() for match in re.finditer(f"0(?:1{{0,{gmin - 1}}}0)+", text)]
    gaps = [gap for gap in re.split(f"0(?:1{{0,{gmin - 1}}}0)+", text) if gap]
    metrics = burst_gap(arrived, spacing_ms=1.0, gmin=gmin)
    assert metrics.bursts_count == len(bursts)
    assert metrics.burst_ms * len(bursts) == pytest.approx(sum(map(len, bursts)))
    assert metrics.gap_ms * len(gaps) == pytest.approx(sum(map(len, gaps)))
    lost_in_bursts, lost_in_gaps = ("".join(part).count("0") for part in (bursts, gaps))
    assert metrics.burst_density * sum(map(len, bursts)) == pytest.approx(lost_in_bursts)
    assert metrics.gap_density * sum(map(len, gaps)) == pytest.approx(lost_in_gaps)


def test_domains() -> None:
    with pytest.raises(ValueError, match="spacing_ms must be above 0"):
        burst_gap([True], spacing_ms=0.0)
    with pytest.raises(ValueError, match="gmin must be at least 1"):
        burst_gap([True], spacing_ms=1.0, gmin=0)
