"""Incidents in words: names from the chronicle alone, bounds as days, hours by the country's clock."""

import pytest

from tests.site.bundles import SERIES, incident
from voipwatch.model.incidents import Phase, PhaseKind, SeriesName, Spread
from voipwatch.site.pages import telling
from voipwatch.site.words import LANGUAGES, words

EN = words("en")


def test_a_title_names_nobody_before_a_signature() -> None:
    for lang in LANGUAGES:
        assert SERIES.operator not in telling.plain_title(words(lang), incident(), None)


def test_a_title_names_the_signed() -> None:
    other = SeriesName("B, and Co", "4g", "whatsapp")
    spread = (*incident().spread, Spread(other, None, "2016-01-12T00:00:00Z", 1))
    told = incident(named=("AS36925", "B, and Co"), spread=spread, reviewed_revision=1)
    assert telling.title(EN, told, told) == (
        "Morocco: calls by <bdi>WhatsApp</bdi> found stopped on <bdi>AS36925</bdi> and <bdi>B, and Co</bdi>"
        " (<bdi>4G</bdi>); began by 11 January 2016, perhaps before measuring did"
        "; no end seen as of 12 January 2016"
    )
    alone = incident(named=("AS36925", "B, and Co"), reviewed_revision=1)
    assert "on AS36925 (4G); began on 11 January 2016" in telling.plain_title(EN, alone, alone)


def test_marks_are_isolated_and_dated() -> None:
    assert telling.plain_marks(EN, incident(id="LAB-X", instance="drill"))[0] == (
        "emulated (drill): not a real country's lines"
    )


@pytest.mark.parametrize(
    ("earliest", "latest", "said"),
    [
        (None, "2016-01-06T00:00:00Z", "by <bdi>5 January 2016</bdi>"),
        ("2016-01-05T00:00:00Z", "2016-01-06T00:00:00Z", "on <bdi>5 January 2016</bdi>"),
        (
            "2016-01-02T00:00:00Z",
            "2016-01-06T12:00:00Z",
            "between <bdi>2 January 2016</bdi> and <bdi>6 January 2016, 12:00 UTC</bdi>",
        ),
    ],
)
def test_spans(earliest: str | None, latest: str, said: str) -> None:
    assert telling.span(EN, earliest, latest) == said


def test_days() -> None:
    assert telling.days(EN, "2016-01-02T00:00:00Z", "2016-01-06T00:00:00Z") == "<bdi>2–5 January 2016</bdi>"
    assert telling.days(EN, None, "2016-01-06T00:00:00Z") == "by 5 January 2016"


def test_hours_are_by_the_countrys_clock() -> None:
    phase = Phase(
        PhaseKind.INTERMITTENT, None, "2016-08-05T00:00:00Z", (SERIES,), (), (18, 19), "2016-08-20T00:00:00Z"
    )
    line = telling.phase_line(EN, "MA", phase).striptags()
    assert "18–20 h UTC (19–21 h local time)" in line
    assert "until 19 August 2016" in line


@pytest.mark.parametrize(
    ("edtf", "said"),
    [
        ("2016-01-05", "5 January 2016"),
        ("2016-01", "January 2016"),
        ("2016-01-01/2016-01-06", "1–6 January 2016"),
        ("2016-01/2016-02", "January 2016 – February 2016"),
        ("2016-01-05~", "2016-01-05~"),
        ("2015-02-30", "2015-02-30"),
        ("2016-01-05/..", "2016-01-05/.."),
    ],
)
def test_a_sources_date(edtf: str, said: str) -> None:
    assert telling.said_date(EN, edtf).striptags() == said


def test_what_has_no_word_stands_as_it_is() -> None:
    assert telling.access(EN, "laser") == "laser"
    assert telling.state(EN, "odd") == "<bdi>odd</bdi>"
    assert telling.app(EN, "line") == "The line itself"
    assert telling.series_name(EN, SERIES).striptags() == "AS36925 · 4G · WhatsApp"
    assert telling.accesses(EN, ["wifi", "3g", "3g"]).striptags() == "3G and Wi-Fi"
