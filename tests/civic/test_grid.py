"""Observations on a grid of days."""

from datetime import date

import numpy as np
import pytest

from tests.support.observations import day, seen
from voipwatch.civic.grid import Grid, grid_of, placed


def test_the_last_reading_of_a_day_counts_and_days_without_one_are_holes() -> None:
    counts = [day(0, 10), day(0.3, 12), day(2, 30, 40)]
    grid = grid_of(counts)
    assert grid == Grid(date(2016, 1, 1), 3)
    found = placed(counts, grid)
    assert found.counts == pytest.approx([12, np.nan, 35], nan_ok=True)
    assert found.coarse_ratio == pytest.approx(5 / 35)
    assert found.wide == 0
    assert (grid.step_of(counts[2].middle_s), grid.day_of(2)) == (2, date(2016, 1, 3))


def test_a_bracket_of_several_days_is_not_placed_and_one_of_a_day_is() -> None:
    counts = [
        day(0, 10),
        seen(at="2016-01-02", low=11, high=11),
        seen(at="2016-01-02/2016-01-03", low=9, high=9),
    ]
    grid = grid_of(counts)
    assert grid is not None
    found = placed(counts, grid)
    assert found.counts == pytest.approx([10, 11, np.nan], nan_ok=True)
    assert found.wide == 1


def test_weeks() -> None:
    counts = [day(0, 10), day(6, 11), day(7, 12), day(20, 13)]
    grid = grid_of(counts, 7)
    assert grid == Grid(date(2016, 1, 1), 3, 7)
    assert placed(counts, grid).counts == pytest.approx([11, 12, 13])


def test_what_is_outside_of_the_grid_or_nothing_is_left_out() -> None:
    grid = Grid(date(2016, 1, 2), 2)
    assert np.isnan(placed([day(0, 5), day(9, 5), day(1, 0)], grid).counts).all()
    assert grid_of([]) is None
    with pytest.raises(ValueError, match="at least 1"):
        grid_of([], 0)
