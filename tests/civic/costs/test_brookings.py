"""Brookings' method: its figure for Morocco to the dollar, each input's part, and that it stays a range."""

import pytest

from voipwatch.civic.costs import estimate
from voipwatch.civic.costs.brookings import app_cost, as_published, brookings
from voipwatch.civic.costs.inputs import CostInputs, cost_inputs
from voipwatch.civic.ranges import Range


def test_the_studys_figure_comes_out_to_the_dollar() -> None:
    """110,009,040,838.42 x 182/365 x 0.23 % x 2.54, printed as 320,456,034 and 1,760,747 a day."""
    assert int(as_published(182, cost_inputs(), country="MA")) == 320_456_034
    assert int(as_published(1, cost_inputs(), country="MA")) == 1_760_747


def test_a_cost_by_hand() -> None:
    found = app_cost(
        Range(100, 200),
        Range.exactly(1000),
        apps_share=Range(0.01, 0.02),
        multiplier=Range(0, 1),
        year_days=Range(200, 400),
    )
    assert found.low == pytest.approx(1000 * 100 / 400 * 0.01)
    assert found.high == pytest.approx(1000 * 200 / 200 * 0.02 * 2)


def test_the_answer_is_a_range_that_holds_the_published_value() -> None:
    found = brookings(Range.exactly(182), cost_inputs(), country="MA")
    assert found.amount.high is not None
    assert found.amount.low < 320_456_034 < found.amount.high
    assert found.amount.low == pytest.approx(103_606_000_000 * 182 / 366 * 0.0023)
    assert found.amount.high == pytest.approx(110_009_040_838.42 * 182 / 365 * 0.0029 * 2.54)
    assert [each.id for each in found.inputs] == ["gdp", "apps-share", "multiplier", "year-days"]
    assert set(found.caveats) <= set(estimate.CAVEATS)
    assert found.covers is estimate.Covers.APPS


def test_what_has_no_end_has_no_upper_bound() -> None:
    assert brookings(Range(10, None), cost_inputs(), country="MA").amount.high is None


def test_a_country_without_inputs_raises() -> None:
    with pytest.raises(KeyError, match="gdp"):
        brookings(Range.exactly(1), cost_inputs(), country="FR")
    some = {key: value for key, value in cost_inputs().inputs.items() if value.published is not None}
    unpublished = {
        key: value if value.id != "gdp" else type(value)(
            id="gdp", country="MA", unit="", year="2016", value=Range(1, 2), published=None, sources=()
        )
        for key, value in some.items()
    }  # fmt: skip
    with pytest.raises(KeyError, match="gdp"):
        as_published(1, CostInputs(unpublished, (), ()), country="MA")
