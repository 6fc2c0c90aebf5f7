"""Sourced tariffs: each with its source and rounding, and what is not sourced said."""

import pytest

from voipwatch.civic.costs.tariffs import COUNTRIES, Kind, Tax, decode_tariffs, tariffs_of
from voipwatch.civic.ranges import Range

TEXT = """
country = "MA"
currency = "MAD"
not_sourced = []

[source.one]
publisher = "P"
title = "T"
date = "2016"
url = "https://press.example/"
seen = "report"

[[tariff]]
id = "a"
kind = "minute"
operator = ""
as_of = "2016-12"
tax = "before"
low = 1.0
high = 2.0
sources = ["one"]
"""


def test_moroccos_are_sourced() -> None:
    for country in COUNTRIES:
        found = tariffs_of(country)
        assert found is not None
        assert found.country == country
        for each in found.tariffs:
            assert all(source.url.startswith("http") for source in each.sources)
    morocco = tariffs_of("MA")
    assert morocco is not None
    assert [each.as_of for each in morocco.of(Kind.MINUTE)] == ["2015-12", "2016-03", "2016-12"]
    assert all(each.tax is Tax.BEFORE for each in morocco.of(Kind.MINUTE))
    assert [each.price for each in morocco.of(Kind.GIGABYTE)] == [Range(10.0, 12.5)]
    assert morocco.not_sourced == ("voice-abroad-2016", "data-2016")


def test_a_country_without_a_file() -> None:
    assert tariffs_of("FR") is None
    assert tariffs_of("../ma") is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('["one"]', '["two"]'),
        ('["one"]', "[]"),
        ('"minute"', '"fax"'),
        ('"before"', '"never"'),
        ("2.0", "0.5"),
    ],
)
def test_what_does_not_hold_is_refused(old: str, new: str) -> None:
    assert decode_tariffs(TEXT).tariffs[0].price == Range(1, 2)
    with pytest.raises((KeyError, ValueError)):
        decode_tariffs(TEXT.replace(old, new))
