import pytest

from voipwatch.chronicle.titles import Sentence
from voipwatch.site.feeds.telling import NO_BREAK, one_line, plain
from voipwatch.site.words import FSI, LANGUAGES, PDI, words

TITLE = Sentence(
    "title.named.calls.alike.between.ended",
    {
        "country": "MA",
        "apps": "whatsapp, x-app",
        "operators": "Op A, Op B",
        "accesses": "4g, wifi",
        "date": "2016-01-05",
        "by": "2016-01-07",
        "until": "2016-11-04",
    },
)


@pytest.mark.parametrize(
    ("lang", "parts"),
    [
        ("en", ("Morocco", "WhatsApp and x-app", "Op A and Op B", "5 January 2016", "4 November 2016")),
        ("fr", ("Maroc", "WhatsApp et x-app", "Op A et Op B", "5 janvier 2016", "4 novembre 2016")),
        ("ar", ("المغرب", f"{FSI}WhatsApp{PDI}", f"{FSI}Op A{PDI}", "5 يناير 2016", "4 نونبر 2016")),
    ],
)
def test_values_are_in_the_language(lang: str, parts: tuple[str, ...]) -> None:
    text = plain(TITLE, words(lang), named=("Op A", "Op B")).replace(NO_BREAK, " ")
    for part in parts:
        assert part in text


def test_a_date_is_not_broken() -> None:
    assert f"5{NO_BREAK}January{NO_BREAK}2016" in plain(TITLE, words("en"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_hostile_name_turns_nothing(lang: str) -> None:
    hostile = Sentence("mark.emulated", {"instance": "\u202eevil\u2069\u2069\x00\x1b[31m\nname"})
    text = plain(hostile, words(lang))
    assert not set(text) & set("\u202e\x00\x1b\n")
    assert text.count(FSI) == text.count(PDI) == (1 if lang == "ar" else 0)


def test_one_line() -> None:
    assert one_line(" a\r\n b\t c\u00a0d ") == "a b c\u00a0d"
