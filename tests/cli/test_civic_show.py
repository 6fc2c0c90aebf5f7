"""Ranges, amounts, days and sources as the civic commands write and read them."""

from datetime import date

import pytest

from tests.cli.doubles import Stream
from voipwatch.civic.costs.inputs import Seen, Source
from voipwatch.civic.ranges import Range
from voipwatch.cli.civic_show import (
    Footnotes,
    money_text,
    number_text,
    parse_amounts,
    parse_country,
    parse_days,
    range_text,
    source_text,
)
from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse
from voipwatch.cli.language import texts

ONE = Source(publisher="P", title="T", date="2016", url="https://p.example/", seen=Seen.REPORT)
OTHER = Source(publisher="Q", title="U", date="", url="", seen=Seen.INFERRED)


@pytest.mark.parametrize(
    ("lang", "wanted"), [("en", "1,234,567.8"), ("fr", "1\u202f234\u202f567,8"), ("ar", "1.234.567,8")]
)
def test_numbers_as_each_language_writes_them(lang: str, wanted: str) -> None:
    assert number_text(texts(lang), 1_234_567.8) == wanted
    assert number_text(texts(lang), 12.0) == "12"
    assert number_text(texts(lang), 0.0023, places=4).endswith("0023")


def test_ranges() -> None:
    words = texts("en")
    assert range_text(words, Range(2, 3)) == "2 to 3"
    assert range_text(words, Range(2, 2)) == "2"
    assert range_text(words, Range(2, None)) == "2 or more"
    assert money_text(words, Range(118_495_824, 404_053_261), "USD") == "118.5 to 404.1 million USD"
    assert money_text(words, Range(2e6, None), "USD") == "2 or more million USD"


def test_sources_are_numbered_once() -> None:
    notes = Footnotes()
    assert notes.marks([ONE, OTHER, ONE]) == "[1] [2]"
    assert notes.marks([OTHER]) == "[2]"
    out = Stream()
    notes.print(Context(texts=texts("en"), stdout=out, width=200))
    assert out.getvalue().splitlines() == [
        "[1] P · T · 2016 · as others report it · https://p.example/",
        "[2] Q · U · inferred: its figure comes out with this value",
    ]
    assert "d’après un tiers" in source_text(texts("fr"), ONE)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2.5", (2.5, 2.5)),
        ("2,5", (2.5, 2.5)),
        ("2-3", (2, 3)),
        ("100e9-110e9", (1e11, 1.1e11)),
        (" 7 ", (7, 7)),
    ],
)
def test_amounts(text: str, wanted: tuple[float, float]) -> None:
    assert parse_amounts(text, option="--x") == Range(*wanted)


@pytest.mark.parametrize("text", ["", "x", "-1", "3-2", "1-2-3", "nan", "inf", "1e999", "٣", "1 000"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(Misuse):
        parse_amounts(text, option="--x")


def test_days() -> None:
    assert parse_days("2016-01-05", option="--x") == (date(2016, 1, 5), date(2016, 1, 5))
    assert parse_days("2015-12-31/2016-01-05", option="--x") == (date(2015, 12, 31), date(2016, 1, 5))


@pytest.mark.parametrize(
    "text",
    ["", "2016", "5.1.2016", "2016-01-05/2015-12-31", "2016-01-01/2016-01-02/2016-01-03", "2016-02-30"],
)
def test_what_is_no_day(text: str) -> None:
    with pytest.raises(Misuse):
        parse_days(text, option="--x")


def test_countries() -> None:
    assert parse_country("ma") == "MA"
    for text in ("", "MAR", "M1", "ΜΑ"):
        with pytest.raises(Misuse):
            parse_country(text)
