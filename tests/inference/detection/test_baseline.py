"""The quiet past: guard, weights, border, over-dispersion; Wilson's bound against its score equation."""

import math

import pytest
from scipy.optimize import brentq

from voipwatch.inference.detection.baseline import (
    Baseline,
    Known,
    Waiting,
    Z,
    absorb,
    border_at,
    probe_share,
    redraw,
    refresh,
    upper_bound,
    weight_at,
)
from voipwatch.inference.detection.rhythm import PAYS
from voipwatch.inference.detection.settings import DAY_S, DEFAULT, HOUR_S


def learnt(blocks: int, *, blocked: int, votes: int) -> Baseline:
    baseline = Baseline()
    absorb(baseline, DEFAULT, [Waiting(hour * HOUR_S, blocked, votes, votes, []) for hour in range(blocks)])
    redraw(baseline, DEFAULT, blocks * HOUR_S)
    return baseline


def test_the_guard_keeps_a_day_and_twelve_blocks() -> None:
    baseline = Baseline(waiting=[Waiting(hour * HOUR_S, 0, 5, 5, []) for hour in range(40)])
    assert [each.time_s / HOUR_S for each in refresh(baseline, DEFAULT, 40 * HOUR_S)] == list(range(16))
    assert refresh(baseline, DEFAULT, 1000 * HOUR_S)[-1].time_s == 27 * HOUR_S
    assert len(baseline.waiting) == 12


def test_a_vote_of_a_half_life_ago_weighs_half() -> None:
    later_s = DEFAULT.halflife_days * DAY_S
    assert weight_at(Baseline(), DEFAULT, later_s) == pytest.approx(2.0)
    baseline = Baseline()
    absorb(baseline, DEFAULT, [Waiting(0.0, 10, 10, 10, []), Waiting(later_s, 0, 10, 10, [])])
    redraw(baseline, DEFAULT, later_s)
    assert baseline.share == pytest.approx(1 / 3)


@pytest.mark.parametrize(("blocked", "votes"), [(0, 6), (1, 6), (3, 6)])
def test_the_border_is_at_least_twice_what_is_learnt_and_never_below_its_floor(
    blocked: int, votes: int
) -> None:
    baseline = learnt(2000, blocked=blocked, votes=votes)
    assert baseline.share == pytest.approx(blocked / votes)
    assert baseline.border >= 2 * blocked / votes * (1 - 1e-12)
    assert baseline.border >= DEFAULT.baseline_floor
    assert border_at(baseline, DEFAULT, 0.0) == min(1.0, baseline.border)


def test_a_short_past_is_believed_less() -> None:
    borders = [learnt(blocks, blocked=0, votes=1).border for blocks in (5, 20, 200)]
    assert borders[0] > borders[1] > borders[2]
    assert learnt(20, blocked=0, votes=50).border >= learnt(400, blocked=0, votes=50).border
    assert border_at(Baseline(), DEFAULT, 0.0) == 1.0


@pytest.mark.parametrize(("share", "votes"), [(0.0, 20), (0.05, 39), (0.5, 10), (1.0, 5)])
def test_wilsons_bound_solves_the_score_equation(share: float, votes: float) -> None:
    def score(p: float) -> float:
        return p - share - Z * math.sqrt(p * (1 - p) / votes)

    top = 1.0 if share == 1.0 else brentq(score, max(share, 1e-9), 1.0)
    assert upper_bound(share, votes) == pytest.approx(top)


def test_an_hours_term_moves_the_border_only_while_it_pays() -> None:
    baseline = learnt(2000, blocked=1, votes=20)
    baseline.rhythm.blocked[3] += 900.0
    baseline.rhythm.votes[3] += 1000.0
    assert border_at(baseline, DEFAULT, 3 * HOUR_S) == baseline.border
    baseline.rhythm.gain = PAYS
    assert border_at(baseline, DEFAULT, 3 * HOUR_S) == 1.0
    assert border_at(baseline, DEFAULT, 4 * HOUR_S) == pytest.approx(baseline.border, rel=0.2)


def test_a_probe_has_a_past_after_five_votes() -> None:
    baseline = learnt(500, blocked=1, votes=20)
    baseline.probes = {"new": Known(4.0, 4.0, 0.0), "old": Known(40.0, 80.0, 0.0)}
    baseline.weight = 1.0
    assert probe_share(baseline, DEFAULT, "new") is None
    assert probe_share(baseline, DEFAULT, "nobody") is None
    assert probe_share(baseline, DEFAULT, "old") == pytest.approx((40 + 20 * 0.05) / 100, rel=0.01)


def test_pseudonyms_of_two_months_ago_are_forgotten() -> None:
    baseline = learnt(500, blocked=1, votes=20)
    baseline.probes = {"gone": Known(4.0, 9.0, 0.0), "here": Known(4.0, 9.0, 70 * DAY_S)}
    redraw(baseline, DEFAULT, 71 * DAY_S)
    assert set(baseline.probes) == {"here"}


def test_the_pool_lends_votes_to_a_young_series() -> None:
    young = Baseline(pool_blocked=0.2, pool_votes=20.0)
    absorb(young, DEFAULT, [Waiting(hour * HOUR_S, 0, 1, 1, []) for hour in range(6)])
    redraw(young, DEFAULT, 6 * HOUR_S)
    assert young.border < learnt(6, blocked=0, votes=1).border


def test_the_size_of_a_full_block_and_the_pace() -> None:
    """2, 2 and 5 rows in turn: mean 3, standard deviation 1.4, so that 5 fill a block."""
    baseline = Baseline()
    rows = [2, 2, 5] * 40
    absorb(baseline, DEFAULT, [Waiting(4 * HOUR_S * at, 0, n, n, []) for at, n in enumerate(rows)])
    redraw(baseline, DEFAULT, 480 * HOUR_S)
    assert baseline.full_rows == 5
    assert baseline.pace_days == pytest.approx(4 / 24, rel=0.02)


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_equal_blocks_are_full_with_their_rows_whatever_is_rounded(rows: int) -> None:
    """Weights like 2 ** 0.0001 do not add up exactly; the variance of equal blocks is 0 all the same."""
    for blocks in range(20, 400, 13):
        baseline = Baseline(origin_s=-777.0)
        absorb(baseline, DEFAULT, [Waiting(at * HOUR_S, 0, rows, rows, []) for at in range(blocks)])
        redraw(baseline, DEFAULT, blocks * HOUR_S)
        assert baseline.full_rows == rows
