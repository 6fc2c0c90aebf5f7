"""Jumps: planted ones are found with their size, habits and coarse readings raise none."""

import random

import pytest

from tests.support.observations import day
from voipwatch.civic.buyback import STEPS_LEAST, jumps
from voipwatch.civic.observations import Observation, three_figures


def walk(changes: list[int], start: int = 100_000) -> list[Observation]:
    counts = [start]
    for change in changes:
        counts.append(counts[-1] + change)
    return [day(n, count) for n, count in enumerate(counts)]


HABIT = [40, 55, 38, 61, 47, 52, 44, 58, 49, 51, 45, 60]


def test_a_purchase_after_a_loss_is_flagged_with_its_share() -> None:
    # 100,600 at the top; 5,000 lost a day for two days, a quiet day, then 4,000 in one day.
    (down1, down2, up) = jumps(walk([*HABIT, -5000, -5000, 50, 4000, 50]))
    assert [each.up for each in (down1, down2, up)] == [False, False, True]
    assert (up.gain_low, up.gain_high) == (4000, 4000)
    assert up.usual_per_day == pytest.approx(50, abs=2)
    # Lost: 10,000 less the 50 of the quiet day = 9,950; regained 4,000 of it.
    assert up.regained_low == pytest.approx(4000 / 9950)
    assert up.regained_high == up.regained_low


def test_a_purchase_without_a_loss_is_a_jump_and_no_regain() -> None:
    (up,) = jumps(walk([*HABIT, 4000, 50]))
    assert up.regained_low is None
    assert up.steps == len(HABIT)


def test_a_second_purchase_is_measured_against_the_time_before_the_first() -> None:
    assert len(jumps(walk([*HABIT, 4000, 4000, 4000]))) == 3


def test_too_short_a_past_flags_nothing() -> None:
    assert jumps(walk([*HABIT[: STEPS_LEAST - 1], 4000])) == ()
    assert len(jumps(walk([*HABIT[:STEPS_LEAST], 4000]))) == 1


def test_a_step_over_a_gap_is_none() -> None:
    counts = walk(HABIT)
    assert jumps([*counts, day(40, 200_000), day(41, 200_050)]) == ()


def test_less_than_half_a_percent_is_no_jump() -> None:
    assert jumps(walk([*HABIT, 499])) == ()
    assert len(jumps(walk([*HABIT, 520]))) == 1


def test_a_jump_that_precision_may_explain_is_none() -> None:
    exact = walk([*HABIT, 4000])
    coarse = [day(n, int(each.low) - 2100, int(each.low) + 2100) for n, each in enumerate(exact)]
    assert jumps(coarse) == ()


def test_steps_of_a_count_cut_to_three_figures_are_no_jumps() -> None:
    rng = random.Random(3)
    count, counts = 1_234_000, []
    for n in range(400):
        count += rng.randint(500, 2500)
        told = three_figures(count - count % 10_000)
        assert told is not None
        counts.append(day(n, *told))
    assert jumps(counts) == ()


def test_few_flags_on_series_in_which_nothing_was_bought() -> None:
    """Weekly rhythm, heavy tails, no purchase: fewer than one flag in twenty page-years."""
    rng = random.Random(11)
    flags = 0
    for _ in range(20):
        changes = [
            round(60 + 25 * (n % 7 in {5, 6}) + rng.gauss(0, 15) * (4 if rng.random() < 0.02 else 1))
            for n in range(365)
        ]
        flags += len(jumps(walk(changes)))
    assert flags <= 1


def test_two_readings_of_one_time_are_no_step() -> None:
    counts = walk(HABIT)
    assert jumps([*counts, day(len(HABIT), 200_000)]) == ()


def test_a_fall_that_may_be_a_gain_is_no_jump() -> None:
    exact = walk(HABIT)
    last = int(exact[-1].low)
    assert jumps([*exact, day(len(exact), last - 3600, last + 1000)]) == ()
    (down,) = jumps([*exact, day(len(exact), last - 3600, last - 1000)])
    assert (down.gain_low, down.gain_high, down.up) == (-3600, -1000, False)
