"""The shipped inputs: each has a source with publisher, title and date, and dates are those of the
chronicle.
"""

import re
from datetime import date

import msgspec
import pytest

from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.civic.costs.inputs import Seen, cost_inputs, decode_inputs
from voipwatch.civic.ranges import Range

SOURCE = """
[source.one]
publisher = "P"
title = "T"
date = "2016"
url = ""
seen = "original"
"""
INPUT = """
[[input]]
id = "gdp"
country = "MA"
unit = "USD a year"
year = "2016"
low = 1.0
high = 2.0
sources = ["one"]
"""


def test_every_input_says_who_when_and_in_what_unit() -> None:
    found = cost_inputs()
    assert len(found.inputs) >= 12
    for each in found.inputs.values():
        assert each.unit
        assert re.fullmatch(r"\d{4}(-\d{4})?", each.year)
        for source in each.sources:
            assert source.publisher
            assert source.title
            assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", source.date)
            assert source.url.startswith("http") or source.publisher == "Gregorian calendar"


def test_what_was_only_inferred_is_marked() -> None:
    inferred = {
        each.id
        for each in cost_inputs().inputs.values()
        if any(source.seen is Seen.INFERRED for source in each.sources)
    }
    assert inferred == {"multiplier", "year-days"}


def test_a_countrys_own_input_goes_first() -> None:
    text = SOURCE + INPUT + INPUT.replace('country = "MA"\n', "").replace("1.0", "0.5")
    found = decode_inputs(text)
    assert found.get("gdp", "MA").value == Range(1.0, 2.0)
    assert found.get("gdp", "FR").value == Range(0.5, 2.0)
    assert found.find("population", "MA") is None
    assert found.countries() == ("MA",)
    with pytest.raises(KeyError):
        found.get("population", "MA")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (INPUT, KeyError),
        (SOURCE + INPUT.replace('sources = ["one"]', "sources = []"), ValueError),
        (SOURCE + INPUT + INPUT, ValueError),
        (SOURCE + INPUT.replace("low = 1.0", "low = 3.0"), ValueError),
        (SOURCE + INPUT.replace("high = 2.0", "high = 2.0\npublished = 2.5"), ValueError),
        (SOURCE.replace("original", "hearsay") + INPUT, msgspec.ValidationError),
        (SOURCE + 'surprise = "x"\n' + INPUT, msgspec.ValidationError),
    ],
)
def test_what_does_not_hold_is_refused(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_inputs(text)


def test_the_dates_of_windows_are_those_of_the_claims_they_name() -> None:
    """EDTF days of the claims against the windows' bounds."""
    claims = {claim.id: claim for claim in all_packaged_claims()}
    for window in cost_inputs().windows:
        days = {
            window.first_earliest, window.first_latest, window.last_latest, window.partly_until,
        }  # fmt: skip
        for name in window.claims:
            first = date.fromisoformat(claims[name].date.split("/")[0])
            assert first in days, (window.id, name)


def test_the_study_covers_the_days_that_it_counts() -> None:
    (figure,) = cost_inputs().published
    assert (figure.amount_usd, figure.days, figure.day_usd) == (320_456_034, 182, 1_760_747)
    assert (figure.first, figure.last) == (date(2016, 1, 1), date(2016, 6, 30))
