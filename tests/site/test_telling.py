"""Values of sentences in three languages: each written once, for pages and for feeds."""

import pytest

from voipwatch.chronicle.titles import Sentence
from voipwatch.model.incidents import Phase, PhaseKind, SeriesName
from voipwatch.site.telling import access, accesses, apart, bound, line_sentence, values_of
from voipwatch.site.words import FSI, LANGUAGES, PDI, RLM, Name, Names, words

EN = words("en")
SERIES = SeriesName("AS64500", "4g", "whatsapp")


@pytest.mark.parametrize(
    ("joined", "named", "found"),
    [
        ("Op A, Op B", ("Op B", "Op A"), ["Op A", "Op B"]),
        ("A, and Co, B", ("A, and Co", "B", "C"), ["A, and Co", "B"]),
        ("A, C", ("A", "B", "C"), ["A", "C"]),
        ("A, B", (), ["A, B"]),
        ("A, X", ("A", "B"), ["A, X"]),
    ],
)
def test_names_are_apart_again(joined: str, named: tuple[str, ...], found: list[str]) -> None:
    assert apart(joined, named) == found


def test_each_value_is_of_its_kind() -> None:
    told = Sentence(
        "x",
        {
            "country": "MA",
            "apps": "whatsapp, own",
            "operators": "A, and Co",
            "accesses": "wifi, 4g",
            "later": "",
            "n": "3",
            "date": "2016-01-05",
            "until": "2016-11-05",
            "since": "2016-01-05T12:00:00Z",
            "id": "MA-1",
        },
    )
    assert values_of(EN, told, named=("A, and Co",)) == {
        "country": "Morocco",
        "apps": Names(("WhatsApp", "own")),
        "operators": Names(("A, and Co",)),
        "accesses": Names(("4G", "Wi-Fi")),
        "n": "3",
        "date": "5 January 2016",
        "until": "5 November 2016",
        "since": "5 January 2016, 12:00 UTC",
        "id": Name("MA-1"),
    }


def test_a_name_of_digits_is_no_count() -> None:
    assert values_of(EN, Sentence("x", {"operators": "12345"}), named=("12345",)) == {
        "operators": Names(("12345",))
    }
    assert values_of(EN, Sentence("x", {"operators": "12345"})) == {"operators": 12345}


def test_what_more_follow_has_no_and() -> None:
    told = Sentence("title.all.calls-more-3.alike.none.ended", {"apps": "imo, whatsapp, viber", "more": "3"})
    values = values_of(EN, told) | {"country": "MA", "accesses": "4G", "until": "d"}
    text = "calls by imo, WhatsApp, Viber and 3 more apps were stopped"
    assert text in EN.plain_sentence(told, **values)
    assert text in EN.sentence(told, **values).striptags()
    assert "<bdi>imo</bdi>, <bdi>WhatsApp</bdi>, <bdi>Viber</bdi> and 3" in EN.sentence(told, **values)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_phase_counts_whom_it_does_not_name(lang: str) -> None:
    t = words(lang)
    phase = Phase(
        PhaseKind.INTERMITTENT, None, "2016-08-05T00:00:00Z", (SERIES,), (), (18, 19), "2016-08-20T00:00:00Z"
    )
    sentence = line_sentence("MA", phase)
    values = values_of(t, sentence)
    assert (values["operators"], values["apps"]) == (1, 1)
    text = t.plain_sentence(sentence, **values)
    assert "AS64500" not in text
    assert (f"{FSI}{RLM}18–20{PDI}" if lang == "ar" else "18–20") in text
    assert t.day("2016-08-19") in text


def test_one_day_is_told_by_its_two_times() -> None:
    same = Sentence("x", {"earliest": "2016-01-05T00:00:00Z", "latest": "2016-01-06T00:00:00Z"})
    assert values_of(EN, same) == {
        "earliest": Name("5 January 2016, 00:00 UTC"),
        "latest": Name("6 January 2016, 00:00 UTC"),
    }


def test_bounds_are_days_inside_where_they_are_edges_of_days() -> None:
    assert bound(EN, "2016-01-06T00:00:00Z", upper=True) == "5 January 2016"
    assert bound(EN, "2016-01-06T00:00:00Z", upper=False) == "6 January 2016"
    assert bound(EN, "2016-01-06T12:00:00Z", upper=True) == "6 January 2016, 12:00 UTC"


def test_accesses_are_in_the_order_of_tables() -> None:
    assert accesses(EN, ["wifi", "4g", "", "4g", "carrier-pigeon"]) == ("4G", "Wi-Fi", "carrier-pigeon")
    assert access(EN, "carrier-pigeon") == "carrier-pigeon"
