"""`civic law`: sourced sentences, no advice, and unknown where it is."""

import json

import pytest

from tests.cli.doubles import Ran, run_line


def run(country: str, *more: str, lang: str = "en") -> Ran:
    return run_line("civic", "law", "--country", country, *more, lang=lang, width=300)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "no legal advice"), ("fr", "pas un conseil"), ("ar", "44-14")]
)
def test_morocco_in_three_languages(lang: str, words: str) -> None:
    ran = run("ma", lang=lang)
    assert (ran.status, ran.err) == (0, "")
    assert words in ran.out
    assert "44-14" in ran.out
    assert "2026-11-22" in ran.out
    assert "https://maghress.com/" in ran.out


def test_what_is_silent_is_said() -> None:
    ran = run("FR")
    assert "Baldassi" in ran.out
    assert "Lists of people: unknown here." in ran.out
    assert "no statutory effect" in ran.out


def test_an_unknown_country_is_not_an_allowed_one() -> None:
    ran = run("XX")
    assert ran.status == 0
    assert "XX: unknown" in ran.out
    assert "does not mean allowed" in ran.out
    assert "no statutory effect" in ran.out
    found = json.loads(run("XX", "--json").out)
    assert (found["known"], found["silent_on"]) == (False, ["boycott", "petition", "data"])


def test_what_is_no_country() -> None:
    ran = run("Morocco")
    assert ran.status == 64
    assert "is no country" in ran.err
