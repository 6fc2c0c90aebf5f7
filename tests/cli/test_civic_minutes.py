"""`civic minutes`: both prices, what they stand on, and what is not sourced."""

import json

import pytest

from tests.cli.doubles import Ran, run_line


def run(*more: str, lang: str = "en") -> Ran:
    return run_line("civic", "minutes", *more, lang=lang, width=200)


def test_sourced_tariffs_of_a_country() -> None:
    ran = run("60", "--app", "whatsapp", "--country", "ma")
    assert (ran.status, ran.err) == (0, "")
    assert "60 minutes by whatsapp: 9 MB to 42.3 MB" in ran.out
    assert "By the operator’s minute: 12.9 to 16.5 MAD" in ran.out
    assert "As data: 0.08 to 0.53 MAD" in ran.out
    assert "Not sourced: a minute abroad in 2016" in ran.out
    assert "https://boursenews.ma/" in ran.out


def test_ones_own_prices_have_no_currency_and_no_source() -> None:
    found = json.loads(run("60", "--tariff", "2.5-4", "--gigabyte", "10", "--json").out)
    assert found["schema"] == "voipwatch.civic-minutes/1"
    assert found["price"]["by_minutes"] == {"low": 150, "high": 240}
    assert (found["currency"], found["tariffs"], found["not_sourced"]) == ("", [], [])


def test_without_a_price_only_the_data_is_told() -> None:
    ran = run("10", "--video")
    assert ran.status == 0
    assert "no tariff given" in ran.out
    assert "no price given" in ran.out
    assert "MB of data" in ran.out


def test_synthetic_profiles_say_so() -> None:
    assert json.loads(run("1", "--app", "facetime", "--json").out)["synthetic"] is True


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_it_speaks_the_other_languages(lang: str) -> None:
    ran = run("60", "--country", "MA", lang=lang)
    assert (ran.status, ran.err) == (0, "")
    assert "12,9" in ran.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("0",), "more than 0"),
        (("nan",), "more than 0"),
        (("1e9",), "at most a million"),
        (("60", "--app", "fax"), "fax"),
        (("60", "--app", "telegram", "--video"), "has no video"),
        (("60", "--country", "FR"), "no tariff of FR is sourced"),
        (("60", "--country", "FR", "--tariff", "1"), "no tariff of FR is sourced"),
        (("60", "--tariff", "cheap"), "an amount is a number"),
    ],
)
def test_what_is_wrong_is_said(line: tuple[str, ...], words: str) -> None:
    ran = run(*line)
    assert ran.status == 64
    assert words in ran.err
