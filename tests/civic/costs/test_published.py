"""The published figure against its own parts, and at the dates that other sources have."""

from datetime import date

import pytest
from msgspec.structs import replace

from voipwatch.civic.costs.inputs import CostInputs, cost_inputs
from voipwatch.civic.costs.published import at_other_dates, check_figure
from voipwatch.civic.ranges import Range

FIGURE = cost_inputs().published[0]


def test_the_figure_follows_from_its_parts_but_for_rounding() -> None:
    found = check_figure(FIGURE, cost_inputs())
    assert found.days_counted == 182
    assert found.product_usd == 320_455_954
    assert found.difference_usd == 80
    assert found.rounding
    assert found.reproduced


def test_a_figure_that_does_not_follow_is_not_explained_away() -> None:
    wrong = check_figure(replace(FIGURE, amount_usd=330_000_000), cost_inputs())
    assert not wrong.rounding
    assert not wrong.reproduced
    assert check_figure(replace(FIGURE, last=date(2016, 7, 1)), cost_inputs()).days_counted == 183
    other = check_figure(replace(FIGURE, method="another"), cost_inputs())
    assert other.recomputed_usd is None
    assert not other.reproduced
    assert check_figure(FIGURE, CostInputs({}, (), ())).recomputed_usd is None


@pytest.mark.parametrize(
    ("name", "days", "amount"),
    [
        ("study", (182, 182), (320_456_034, 320_456_034)),
        ("december-study", (183, 183), (322_216_781, 322_216_781)),
        ("january-study", (178, 178), (313_413_044, 313_413_044)),
        ("december-end", (309, 310), (544_070_959, 545_831_706)),
        ("year-end", (308, 309), (542_310_211, 544_070_959)),
        ("january-end", (304, 305), (535_267_222, 537_027_970)),
        ("fixed-end", (252, 310), (443_708_355, 545_831_706)),
    ],
)
def test_other_dates(name: str, days: tuple[int, int], amount: tuple[int, int]) -> None:
    """320,456,034 / 182 a day, times the days that each source has."""
    rows = {each.window.id: each for each in at_other_dates(FIGURE, cost_inputs())}
    assert len(rows) == 7
    assert rows[name].span.days == Range(*days)
    assert rows[name].amount.low == pytest.approx(amount[0], abs=1)
    assert rows[name].amount.high == pytest.approx(amount[1], abs=1)
    by_method = rows[name].by_method
    assert by_method is not None
    assert by_method.high is not None
    assert by_method.low < rows[name].amount.low < by_method.high


def test_windows_of_other_countries_and_methods_without_inputs() -> None:
    assert at_other_dates(replace(FIGURE, country="FR"), cost_inputs()) == ()
    bare = CostInputs({}, (), cost_inputs().windows)
    assert all(each.by_method is None for each in at_other_dates(FIGURE, bare))
    unlike = at_other_dates(replace(FIGURE, method="another"), cost_inputs())
    assert all(each.by_method is None for each in unlike)
