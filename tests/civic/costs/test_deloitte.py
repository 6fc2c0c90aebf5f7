"""Deloitte's method: two readings by hand, and a range that holds both."""

import pytest

from voipwatch.civic.costs import estimate
from voipwatch.civic.costs.deloitte import CLASSES, day_cost, deloitte
from voipwatch.civic.costs.inputs import cost_inputs
from voipwatch.civic.ranges import Range


def test_a_day_by_both_readings() -> None:
    """20 million people at 6.6 a 10 million are 13.2; 1 % of 365,000/365 is 10."""
    found = day_cost(
        Range.exactly(6.6), Range.exactly(20e6),
        share=Range.exactly(0.01), gdp_usd=Range.exactly(365_000.0), year_days=Range.exactly(365),
    )  # fmt: skip
    assert found.low == pytest.approx(10)
    assert found.high == pytest.approx(13.2)


def test_every_class_is_told_and_covers_everything() -> None:
    found = deloitte(Range(10, 20), cost_inputs(), country="MA")
    assert [each.method for each in found] == [f"deloitte-2016-{name}" for name in CLASSES]
    for each in found:
        assert each.covers is estimate.Covers.EVERYTHING
        assert each.amount.low == pytest.approx(each.day.low * 10)
        assert set(each.caveats) <= set(estimate.CAVEATS)
    medium = found[1].day
    assert medium.low == pytest.approx(103_606_000_000 / 366 * 0.01)
    assert medium.high == pytest.approx(34_817_065 / 10e6 * 6_600_000)


def test_a_country_without_inputs_raises() -> None:
    with pytest.raises(KeyError, match="population"):
        deloitte(Range.exactly(1), cost_inputs(), country="FR")
