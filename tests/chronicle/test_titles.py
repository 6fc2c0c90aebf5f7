"""Sentences of incidents: every one in three languages, and no operator in any before a person signed."""

import re
from itertools import product

import msgspec
import pytest

from tests.chronicle.build import at, finding, morocco, series
from tests.chronicle.writing import ATTRIBUTED, found_incident
from voipwatch.chronicle.revising import revise
from voipwatch.chronicle.titles import (
    LANGUAGES,
    Card,
    card_of,
    hours_text,
    line_of,
    marks_of,
    sentences,
    title_of,
    told,
)
from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    AttributionState,
    Incident,
    IncidentStatus,
    Phase,
    PhaseKind,
)


def year() -> Incident:
    findings, regimes = morocco()
    (change,) = revise(
        {}, findings, regimes, country="MA", instance="morocco-2016", as_of="2016-12-31T00:00:00Z"
    )
    return change.incident


def all_of(card: Card, lang: str) -> str:
    return "\n".join(told(each, lang) for each in (card.title, *card.marks, *card.lines))


def test_the_languages_have_the_same_sentences_with_the_same_places() -> None:
    places = {
        lang: {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in sentences(lang).items()}
        for lang in LANGUAGES
    }
    assert places["en"] == places["fr"] == places["ar"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_names_an_operator_before_a_person_signed(lang: str) -> None:
    incident = year()
    text = all_of(card_of(incident), lang)
    assert "Operator" not in text
    named = msgspec.structs.replace(incident, named=("Operator A", "Operator B"))
    assert "Operator A, Operator B" in told(title_of(named), lang)


def test_the_year_as_it_is_told() -> None:
    incident = year()
    assert told(title_of(incident), "en") == (
        "MA: calls by facetime, imo, messenger and 3 more apps were stopped from 2016-01-02 to 2016-11-04"
    )
    marks = [told(each, "en") for each in marks_of(incident)]
    assert marks[0] == "emulated (morocco-2016): not a real country's lines"
    assert marks[1] == "found by the machine, reviewed by nobody (revision 1)"
    assert marks[2] == "unattributed: no canary has spoken"
    lines = [told(each, "fr") for each in card_of(incident, utc_offset_h=1).lines]
    assert "à 18–23 h UTC (19–24 h, heure locale)" in lines[1]
    assert lines[3].startswith("Terminé pour tous entre 2016-11-04")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_status_reason_and_phase_has_its_sentence(lang: str) -> None:
    incident = found_incident(attribution=ATTRIBUTED)
    for status, reason in product(IncidentStatus, AttributionReason):
        for since in (None, "2016-01-01T00:00:00Z"):
            attribution = Attribution(AttributionState.UNATTRIBUTED, (reason,), since)
            seen = msgspec.structs.replace(
                incident, status=status, attribution=attribution, merged_into="MA-2016-01-b"
            )
            assert all(told(each, lang) for each in marks_of(seen))
    for kind, earliest, until in product(PhaseKind, (None, "2016"), (None, "2017")):
        phase = Phase(kind, earliest, "2016", (series(),), (), (18,), until)
        assert "{" not in told(line_of(phase), lang)
    line = finding("onset", series(app="line"), at("2016-01-05"))
    end = finding("end", series(app="line"), at("2016-02-05"))
    for findings, named in product(([line], [line, end]), ((), ("AS1",))):
        (change,) = revise({}, findings, country="MA", as_of="2016-03-01T00:00:00Z")
        assert "UDP" in told(title_of(msgspec.structs.replace(change.incident, named=named)), lang)
    assert told(title_of(incident), lang)


def test_a_grave_points_on_and_says_no_more_of_blame() -> None:
    grave = msgspec.structs.replace(
        found_incident(), status=IncidentStatus.WITHDRAWN, merged_into="MA-2016-01-b"
    )
    assert [each.key for each in marks_of(grave)] == ["status.withdrawn", "mark.merged"]


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ((18, 19, 20, 21, 22), "18–23"),
        ((22, 23, 0, 1), "22–2"),
        ((23,), "23–24"),
        ((8, 9, 20), "8–10, 20–21"),
        (tuple(range(24)), "0–24"),
        ((), ""),
    ],
)
def test_hours_are_ranges(hours: tuple[int, ...], text: str) -> None:
    assert hours_text(hours) == text
