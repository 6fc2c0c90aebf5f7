"""One question: all methods, what lacks, and nothing of a country that is not known."""

from datetime import date

from voipwatch.civic.costs.answer import answer
from voipwatch.civic.costs.inputs import cost_inputs
from voipwatch.civic.costs.spans import span_of_days

SPAN = span_of_days((date(2016, 1, 1), date(2016, 1, 5)), (date(2016, 11, 3), date(2016, 11, 4)))


def test_a_country_with_inputs() -> None:
    found = answer(SPAN, cost_inputs(), country="MA")
    assert [each.method for each in found.estimates] == [
        "brookings-2016", "deloitte-2016-high", "deloitte-2016-medium", "deloitte-2016-low",
    ]  # fmt: skip
    assert not any(each.amount.is_point for each in found.estimates), "never one number"
    assert [check.reproduced for check in found.figures] == [True]
    assert len(found.other_dates) == 7
    assert [each.year for each in found.voice] == [2015, 2016]
    said = {(each.method, each.part) for each in found.not_reproduced}
    assert ("brookings-2016", "national-internet") in said
    assert ("cipesa-2017", "no-formula") in said
    assert ("netblocks-cost", "no-formula") in said
    assert not any(part == "no-gdp" for _, part in said)


def test_a_country_without() -> None:
    found = answer(SPAN, cost_inputs(), country="FR")
    assert not any([found.estimates, found.figures, found.other_dates, found.voice])
    said = {(each.method, each.part) for each in found.not_reproduced}
    assert {("brookings-2016", "no-gdp"), ("deloitte-2016", "no-population")} <= said
