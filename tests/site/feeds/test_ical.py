"""Read by icalendar, which is not ours."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from tests.site.made import bundle_of, ended, incident, reviewed
from voipwatch.civic.ical import LINE_BYTES, content_line
from voipwatch.model.acts import Reply, ReplySide
from voipwatch.model.incidents import Incident, IncidentStatus, Phase, PhaseKind
from voipwatch.site.bundle import Bundle
from voipwatch.site.feeds.entries import entries_of
from voipwatch.site.feeds.ical import _text, encode_ical, end_of
from voipwatch.site.words import LANGUAGES, words


def events(bundle: Bundle, lang: str = "en", base: str = "") -> list[Any]:
    content = encode_ical(bundle, words(lang), base)
    lines = content.split(b"\r\n")
    assert all(len(line) <= LINE_BYTES for line in lines)
    assert lines[-1] == b""
    read = Calendar.from_ical(content)
    assert read["VERSION"] == "2.0"
    return list(read.walk("VEVENT"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_onset_is_an_interval_and_an_end_another(tmp_path: Path, lang: str) -> None:
    first = incident()
    bundle = bundle_of(tmp_path, first, ended(first, revision=2))
    onset, end = events(bundle, lang, "https://a.example")
    assert onset["DTSTART"].dt == datetime(2016, 1, 4, tzinfo=UTC)
    assert onset["DTEND"].dt == datetime(2016, 1, 6, tzinfo=UTC)
    assert end["DTSTART"].dt == datetime(2016, 2, 1, tzinfo=UTC)
    assert end["DTEND"].dt == datetime(2016, 2, 3, tzinfo=UTC)
    assert [event["SEQUENCE"] for event in (onset, end)] == [2, 2]
    assert [event["STATUS"] for event in (onset, end)] == ["TENTATIVE", "TENTATIVE"]
    assert onset["UID"] != end["UID"]
    assert onset["UID"] == str(entries_of(bundle, words("en"))[0].uuid)
    assert onset["URL"] == f"https://a.example/{lang}/incidents/MA-2016-01-a/"
    assert onset["SUMMARY"].params["LANGUAGE"] == words(lang).html_lang
    assert words(lang).plain("feeds.status.detected") in onset["SUMMARY"]
    assert onset["LAST-MODIFIED"].dt == onset["DTSTAMP"].dt == datetime(2016, 1, 12, tzinfo=UTC)


def test_uids_stay_and_the_sequence_is_the_revision(tmp_path: Path) -> None:
    first = incident()
    (one,) = events(bundle_of(tmp_path / "1", first))
    (two,) = events(bundle_of(tmp_path / "2", first, reviewed(first)))
    assert one["UID"] == two["UID"]
    assert (one["SEQUENCE"], two["SEQUENCE"]) == (1, 2)
    assert (one["STATUS"], two["STATUS"]) == ("TENTATIVE", "CONFIRMED")


def test_what_was_withdrawn_is_cancelled(tmp_path: Path) -> None:
    first = incident()
    gone = ended(first, revision=2, status=IncidentStatus.WITHDRAWN, reason="wrong")
    assert {event["STATUS"] for event in events(bundle_of(tmp_path, first, gone))} == {"CANCELLED"}


def test_an_end_that_was_none_is_cancelled(tmp_path: Path) -> None:
    first = incident()
    stands = incident(revision=3)
    one = events(bundle_of(tmp_path / "1", first, ended(first, revision=2)))
    two = events(bundle_of(tmp_path / "2", first, ended(first, revision=2), stands))
    assert [event["STATUS"] for event in two] == ["TENTATIVE", "CANCELLED"]
    assert [event["UID"] for event in one] == [event["UID"] for event in two]


def test_what_began_before_measuring_is_a_point(tmp_path: Path) -> None:
    one = incident()
    phase = Phase(PhaseKind.ONSET, None, "2016-01-06T00:00:00Z", one.phases[0].series)
    (event,) = events(bundle_of(tmp_path, incident(phases=(phase,))))
    assert event["DTSTART"].dt == datetime(2016, 1, 6, tzinfo=UTC)
    assert "DTEND" not in event
    assert "already" in event["SUMMARY"]


def test_no_incident_and_no_phase_make_no_event(tmp_path: Path) -> None:
    assert events(bundle_of(tmp_path / "1")) == []
    assert events(bundle_of(tmp_path / "2", incident(phases=(), spread=()))) == []


def test_the_end_of_all_is_the_last_one() -> None:
    assert end_of(incident()) is None
    over = ended(incident())
    assert end_of(over) == ("2016-02-01T00:00:00Z", "2016-02-03T00:00:00Z")
    untold = Incident(
        id="x",
        revision=1,
        country="MA",
        status=over.status,
        as_of="",
        spread=over.spread,
        phases=over.phases[:1],
    )
    assert end_of(untold) == ("2016-02-01T00:00:00Z", "2016-02-03T00:00:00Z")


def test_a_hostile_reply_is_one_value(tmp_path: Path) -> None:
    text = "x\r\nEND:VEVENT\r\nBEGIN:VALARM\n\\n;,:\"'\x00\u2028"
    reply = Reply("MA-2016-01-a", ReplySide.OPERATOR, "A;B,C", "2016-01-19", text)
    said = {"replies": [{"at": "2016-01-20T00:00:00Z", "line": 3, "kind": "reply", "body": reply}]}
    (event,) = events(bundle_of(tmp_path, incident(), said=said))
    assert "\nEND:VEVENT\nBEGIN:VALARM\n\\n;,:" in event["DESCRIPTION"]
    assert not event.subcomponents


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_folding_cuts_no_letter(text: str) -> None:
    """RFC 5545, 3.1: unfolded, it is the line."""
    line = f"SUMMARY:{_text(text)}"
    folded = content_line(line)
    assert all(len(each) <= LINE_BYTES for each in folded.split(b"\r\n"))
    assert folded.replace(b"\r\n ", b"").decode() == f"{line}\r\n"
    for each in folded.split(b"\r\n"):
        each.decode()
