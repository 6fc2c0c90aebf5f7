"""Voice revenue of operators: minutes times price, rounding kept."""

import pytest

from voipwatch.civic.costs.inputs import CostInputs, cost_inputs
from voipwatch.civic.costs.revenue import voice_revenue, voice_years


def test_minutes_times_price() -> None:
    """53 billion at 0.27: 14.31 billion dirhams; 57.6 billion at 0.23: 13.25."""
    earlier, later = voice_years(cost_inputs(), country="MA")
    assert (earlier.year, later.year) == (2015, 2016)
    assert earlier.amount.high is not None
    assert later.amount.high is not None
    assert earlier.amount.low < 53e9 * 0.27 < earlier.amount.high
    assert later.amount.low < 57.6e9 * 0.23 < later.amount.high
    assert later.amount.high < earlier.amount.low, "less in the year of the block, rounding or not"


def test_a_year_that_is_not_sourced() -> None:
    with pytest.raises(KeyError, match="voice-minutes-2014"):
        voice_revenue(2014, cost_inputs(), country="MA")
    assert voice_years(cost_inputs(), country="FR") == ()
    halved = {key: value for key, value in cost_inputs().inputs.items() if key[1] != "voice-price-2016"}
    assert [each.year for each in voice_years(CostInputs(halved, (), ()), country="MA")] == [2015]
