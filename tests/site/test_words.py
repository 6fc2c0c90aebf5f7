"""Words of three languages: the same keys, places and plural forms; numbers and times as CLDR has them."""

import re
from datetime import UTC, datetime

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from voipwatch.chronicle.titles import Sentence
from voipwatch.site.words import FSI, LANGUAGES, LOCALES, PDI, PLURALS, Name, Names, language_tag, words

PLACE = re.compile(r"\{(\w+)\}")


def bases(lang: str) -> dict[str, set[str]]:
    """Key -> its plural forms; `{""}` for a plain text. Whatever has plural forms has `other`."""
    keys = words(lang).keys()
    plural = {key.removesuffix(".other") for key in keys if key.endswith(".other")}
    found: dict[str, set[str]] = {}
    for key in keys:
        base, _, last = key.rpartition(".")
        if base in plural:
            assert last in PLURALS, key
            found.setdefault(base, set()).add(last)
        else:
            found.setdefault(key, set()).add("")
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_keys_and_the_plural_forms_of_the_language(lang: str) -> None:
    assert bases(lang).keys() == bases("en").keys()
    wanted = set(Locale.parse(LOCALES[lang]).plural_form.tags) | {"other"}
    for key, forms in bases(lang).items():
        # French has "many" for millions: "other" stands in.
        assert forms == {""} or forms in (wanted, wanted - {"many"}), key


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "1,234.5678"), ("fr", "1\u202f234,5678"), ("ar", "1.234,5678")]
)
def test_decimals_are_as_many_as_there_are(lang: str, told: str) -> None:
    assert words(lang).decimal(1234.56780, 6) == told
    assert words(lang).decimal(7.0, 4) == "7"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_same_places(lang: str) -> None:
    def places(of: str, key: str, forms: set[str]) -> set[str]:
        texts = words(of)._texts
        return {
            place for form in forms for place in PLACE.findall(texts[f"{key}.{form}" if form else key])
        } - {"n"}

    for key, forms in bases(lang).items():
        assert places(lang, key, forms) == places("en", key, bases("en")[key]), key


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_holds_markup_or_is_empty(lang: str) -> None:
    for key, text in words(lang)._texts.items():
        assert text, key
        assert not re.search(r"[<>&]", text), key


def test_plurals_by_number() -> None:
    t = words("ar")
    told = {n: t.plain("home.claims", n=n) for n in (0, 1, 2, 3, 11, 100)}
    assert len(set(told.values())) == 6
    assert told[3] == "3 أقوال بجانب القياسات"
    assert words("en").plain("home.claims", n=1) == "1 claim, beside the measurements"


def test_numbers_and_times() -> None:
    en, fr, ar = (words(lang) for lang in LANGUAGES)
    assert [t.number(8123.5) for t in (en, fr, ar)] == ["8,123.5", "8\u202f123,5", "8.123,5"]
    assert ar.day("2016-11-04") == "4 نونبر 2016"
    assert en.moment("2016-01-05T14:00:00Z") == "5 January 2016, 14:00 UTC"
    assert ar.moment("2016-01-05T14:00:00Z") == "5 يناير 2016، 14:00 UTC"
    assert en.moment(datetime(2026, 9, 21, tzinfo=UTC), "Africa/Casablanca").endswith(
        "00:00 Africa/Casablanca"
    )
    assert en.days("2016-01-02", "2016-01-06") == "2–6 January 2016"
    assert en.days("2016-01-29", "2016-02-02") == "29 January – 2 February 2016"
    assert en.days("2015-12-31", "2016-01-02") == "31 December 2015 – 2 January 2016"
    assert fr.days("2016-01-02", "2016-01-02") == "2 janvier 2016"
    assert (en.month("2016-01"), fr.short_month(datetime(2016, 2, 1, tzinfo=UTC))) == (
        "January 2016",
        "févr.",
    )
    assert en.row_time("2016-01-05T14:00:00Z", "hour") == "5 January 2016, 14:00–15:00 UTC"
    assert en.row_time("2016-01-04T00:00:00Z", "week") == "4–10 January 2016"
    assert [en.count(value) for value in (None, 0, 1234)] == ["", "0", "1,234"]
    assert (en.percent(0.036), en.country("MA"), en.country("QQ")) == ("4%", "Morocco", "QQ")


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    assert words("fr").day("2016-01-01") == "1er janvier 2016"
    assert words("fr").days("2016-01-01", "2016-01-05") == "1er–5 janvier 2016"
    assert words("fr").moment("2016-02-01T14:00:00Z") == "1er février 2016, 14:00 UTC"
    assert words("fr").day("2016-01-11") == "11 janvier 2016"
    assert words("en").day("2016-01-01") == "1 January 2016"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_list_of_names_is_the_same_on_both_faces(lang: str) -> None:
    t, three = words(lang), Names(("A", "B", "C"))
    sentence = Sentence("attribution.canary-silent-since", {"since": ""})
    assert t.plain_list(three) in t.plain_sentence(sentence, since=three)
    assert t.list(three) in t.sentence(sentence, since=three)


def test_a_range_of_digits_runs_with_its_language() -> None:
    assert words("en").span("6–22") == "6–22"
    assert words("ar").span("6–22") == "\u200f6–22"
    assert "\u206814:00–15:00" not in words("ar").row_time("2016-01-05T14:00:00Z", "hour")


def test_names_are_isolated() -> None:
    ar = words("ar")
    assert ar("incident.merged-into", id=Name("A&B")) == "تبيّن أنه هو نفسه <bdi>A&amp;B</bdi>."
    assert ar.plain("incident.merged-into", id=Name("X")) == f"تبيّن أنه هو نفسه {FSI}X{PDI}."
    assert words("en").plain("incident.merged-into", id=Name("X")).endswith("the same as X.")
    assert ar.list(["A", "B"]) == "<bdi>A</bdi> و<bdi>B</bdi>"
    assert words("fr").plain_list(["A", "B", "C"]) == "A, B et C"


def test_sentences_of_the_chronicle() -> None:
    sentence = Sentence("mark.merged", {"id": "<b>"})
    assert words("en").sentence(sentence) == "the same as &lt;b&gt;"
    assert words("en").plain_sentence(sentence, id=Markup("<i>x</i>")) == "the same as x"


@given(st.text())
def test_whatever_a_stranger_writes_is_text(text: str) -> None:
    for lang in LANGUAGES:
        shown = words(lang)("incident.merged-into", id=Name(text))
        assert "<" not in re.sub(r'<bdi( class="whole")?>|</bdi>', "", str(shown))


def test_a_text_that_is_not_there_is_our_fault() -> None:
    with pytest.raises(KeyError):
        words("en")("no.such.text")
    with pytest.raises(KeyError):
        words("en")("incident.merged-into")


def test_a_tag_of_a_language() -> None:
    assert [language_tag(each) for each in ("fr", "ar-MA", "zh-Hant-TW")] == ["fr", "ar-MA", "zh-Hant-TW"]
    assert [language_tag(each) for each in ("", "x", "fr_FR", "<b>", "fr fr", "français")] == [""] * 6
