"""Plurals, ranges, days and names in three languages, against hand-written sentences and CLDR's own rules."""

import re
import unicodedata
from datetime import date
from string import Formatter

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from tests.support.incidents import HOSTILE
from voipwatch.civic.daycount import Bracket, Days
from voipwatch.site.counter.phrases import (
    NAME_MAX_CHARS,
    app_names,
    category,
    clean,
    country_name,
    day_name,
    day_range,
    duration,
    isolated,
    number,
    range_category,
    say,
    texts,
)
from voipwatch.site.words import LANGUAGES, LOCALES

PLURAL = re.compile(r"(.*)\.(zero|one|two|few|many|other)")


def test_every_language_has_every_text_and_every_plural_form() -> None:
    plain = {lang: {key for key in texts(lang) if not PLURAL.fullmatch(key)} for lang in LANGUAGES}
    assert plain["en"] == plain["fr"] == plain["ar"]
    assert len(plain["en"]) > 50
    for lang in LANGUAGES:
        forms: dict[str, set[str]] = {}
        for key in texts(lang):
            match = PLURAL.fullmatch(key)
            if match:
                forms.setdefault(match[1], set()).add(match[2])
        wanted = {*Locale.parse(LOCALES[lang]).plural_form.rules, "other"}
        assert forms == dict.fromkeys(forms, wanted)
        assert len(forms) == 8
    assert len(Locale.parse("ar_MA").plural_form.rules) + 1 == 6


def test_every_language_has_the_same_places() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for key, text in texts("en").items():
        if not PLURAL.fullmatch(key):
            assert {places(texts(lang)[key]) == places(text) for lang in LANGUAGES} == {True}, key


def test_a_language_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError):
        texts("de")
    with pytest.raises(KeyError):
        texts("../en")


@pytest.mark.parametrize(
    ("days", "english", "french", "arabic"),
    [
        (Days(0, 0), "since today", "depuis aujourd’hui", "منذ اليوم"),
        (Days(1, 1), "for 1 day", "depuis 1 jour", "منذ يوم واحد"),
        (Days(2, 2), "for 2 days", "depuis 2 jours", "منذ يومين"),
        (Days(3, 3), "for 3 days", "depuis 3 jours", "منذ 3 أيام"),
        (Days(11, 11), "for 11 days", "depuis 11 jours", "منذ 11 يومًا"),
        (Days(55, 55), "for 55 days", "depuis 55 jours", "منذ 55 يومًا"),
        (Days(100, 100), "for 100 days", "depuis 100 jours", "منذ 100 يوم"),
        (Days(304, 304), "for 304 days", "depuis 304 jours", "منذ 304 أيام"),
        (Days(304, 309), "for 304 to 309 days", "depuis 304 à 309 jours", "منذ 304 إلى 309 أيام"),
        (Days(0, 1), "for 0 to 1 day", "depuis 0 à 1 jour", "منذ 0 إلى 1 يوم"),
        (Days(1, 2), "for 1 to 2 days", "depuis 1 à 2 jours", "منذ 1 إلى 2 يوم"),
        (Days(8, 11), "for 8 to 11 days", "depuis 8 à 11 jours", "منذ 8 إلى 11 يومًا"),
        (Days(2, None), "for at least 2 days", "depuis au moins 2 jours", "منذ يومين على الأقل"),
        (Days(304, None), "for at least 304 days", "depuis au moins 304 jours", "منذ 304 أيام على الأقل"),
        (Days(1234, 1234), "for 1,234 days", "depuis 1\u202f234 jours", "منذ 1.234 يومًا"),
    ],
)
def test_durations_by_hand(days: Days, english: str, french: str, arabic: str) -> None:
    assert [duration(lang, "since", days) for lang in LANGUAGES] == [english, french, arabic]


def test_categories_of_arabic() -> None:
    found = [category("ar", n) for n in (0, 1, 2, 3, 10, 11, 99, 100, 102, 103, 304)]
    assert found == ["zero", "one", "two", "few", "few", "many", "many", "other", "other", "few", "few"]
    assert [range_category("ar", *pair) for pair in ((0, 1), (0, 2), (1, 2), (2, 5), (5, 100))] == [
        "zero", "zero", "other", "few", "other",
    ]  # fmt: skip
    assert range_category("en", 0, 1) == "one"


@given(
    st.sampled_from(LANGUAGES),
    st.sampled_from(["since", "lasted"]),
    st.integers(0, 40_000),
    st.integers(-1, 99),
)
def test_every_number_of_days_can_be_said(lang: str, family: str, low: int, more: int) -> None:
    said = duration(lang, family, Days(low, None if more < 0 else low + more))
    assert "{" not in said
    assert not any(unicodedata.category(char) == "Nd" and char not in "0123456789" for char in said)
    if low > 2:
        assert number(lang, low) in said


@pytest.mark.parametrize(
    ("first", "last", "english", "french", "arabic"),
    [
        ("2016-01-02", "2016-01-02", "2 January 2016", "2 janvier 2016", "2 يناير 2016"),
        (
            "2016-01-02", "2016-01-06",
            "2 to 6 January 2016", "entre le 2 et le 6 janvier 2016", "بين 2 و6 يناير 2016",
        ),
        (
            "2015-12-31", "2016-01-05",
            "31 December 2015 to 5 January 2016",
            "entre le 31 décembre 2015 et le 5 janvier 2016",
            "بين 31 دجنبر 2015 و5 يناير 2016",
        ),
        (
            "2016-07-30", "2016-08-01",
            "30 July to 1 August 2016",
            "entre le 30 juillet et le 1er août 2016",
            "بين 30 يوليوز و1 غشت 2016",
        ),
        (
            None, "2016-11-04",
            "4 November 2016 or before", "4 novembre 2016 ou avant", "4 نونبر 2016 أو قبله",
        ),
    ],
)  # fmt: skip
def test_days_by_hand(first: str | None, last: str, english: str, french: str, arabic: str) -> None:
    bracket = Bracket(None if first is None else date.fromisoformat(first), date.fromisoformat(last))
    assert [day_range(lang, "date", bracket) for lang in LANGUAGES] == [english, french, arabic]


def test_since_when() -> None:
    bracket = Bracket(date(2016, 1, 2), date(2016, 1, 6))
    assert [day_range(lang, "began", bracket) for lang in LANGUAGES] == [
        "since 2 to 6 January 2016",
        "depuis une date entre le 2 et le 6 janvier 2016",
        "منذ يوم بين 2 و6 يناير 2016",
    ]
    assert day_name("fr", date(2016, 2, 1)) == "1er février 2016"
    assert day_name("fr", date(2016, 2, 11)) == "11 février 2016"


def test_names_of_apps_and_countries() -> None:
    assert app_names("en", ["whatsapp"]) == "WhatsApp"
    assert app_names("en", ["whatsapp", "viber", "imo"]) == "WhatsApp, Viber and imo"
    assert app_names("fr", ["whatsapp", "viber", "skype", "imo"]) == "WhatsApp, Viber, Skype et 1 autre appli"
    assert (
        app_names("en", ["whatsapp", "viber", "skype", "a", "b", "c"])
        == "WhatsApp, Viber, Skype and 3 more apps"
    )
    assert app_names("ar", ["whatsapp", "imo"]) == "\u2068WhatsApp\u2069 و\u2068imo\u2069"
    assert app_names("ar", list("abcdef")).endswith(" و3 تطبيقات أخرى")
    assert app_names("en", []) == ""
    assert [country_name(lang, "MA") for lang in LANGUAGES] == ["Morocco", "Maroc", "المغرب"]
    assert country_name("en", "<b>") == "<b>"


def test_strangers_text_is_one_harmless_line() -> None:
    cleaned = clean(HOSTILE)
    assert cleaned == "\"'><script>alert(1)</script>&]]>{{7*7}}"
    assert clean("a\u202eb\u2067c\u2069\nd\te\x00f\ud800g") == "abc d efg"
    assert clean("علي\u200cرضا") == "علي\u200cرضا"
    assert len(clean("x" * 1000)) == NAME_MAX_CHARS
    assert isolated("en", "Maroc") == "Maroc"
    assert isolated("en", "صحيفة") == "\u2068صحيفة\u2069"
    assert isolated("ar", "x\u2069y") == "\u2068xy\u2069"
    assert (
        say("en", "mark.emulated", instance="{country}") == "Emulated ({country}): not a real country’s lines"
    )


@given(st.text())
def test_no_control_passes(text: str) -> None:
    for char in clean(text):
        assert unicodedata.category(char) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(char) not in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
