"""Sentences of incidents: every one in three languages, and no operator in any before a person signed."""

import re
from itertools import product

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chronicle.build import at, finding, morocco, series
from tests.chronicle.writing import ATTRIBUTED, MACHINE, Writing, found_incident
from voipwatch.chronicle.revising import Facts, revise
from voipwatch.chronicle.state import Story
from voipwatch.chronicle.titles import (
    LANGUAGES,
    Card,
    Seen,
    Sentence,
    card_of,
    hours_text,
    line_of,
    marks_of,
    rows_told,
    sentences,
    time_of,
    title_of,
    told,
)
from voipwatch.model.acts import EntryKind, Withdrawal
from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    AttributionState,
    Finding,
    Incident,
    IncidentStatus,
    Phase,
    PhaseKind,
    SeriesName,
    Spread,
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
    first, second = sorted({row.series.operator for row in incident.spread})[:2]
    assert first not in text
    assert second not in text
    named = msgspec.structs.replace(incident, named=(second, first))
    assert f"{first}, {second}" in told(title_of(named), lang)


def signed_and_then(first: list[Finding], then: list[Finding], gone: tuple[str, ...] = ()) -> Story:
    """Found, told, signed at revision 2; then found otherwise."""
    writing = Writing()

    def turn(findings: list[Finding]) -> None:
        for change in revise(
            writing.state.newest,
            findings,
            country="MA",
            as_of="2016-01-20T00:00:00Z",
            withdrawn=frozenset(writing.state.withdrawn),
            facts_of=lambda _: Facts(attribution=ATTRIBUTED),
        ):
            writing.add(change.kind, change.incident, signer=MACHINE)

    turn(first)
    (incident,) = writing.state.newest.values()
    writing.told(incident)
    writing.review(incident)
    if gone:
        writing.add(EntryKind.WITHDRAWAL, Withdrawal("a simulator", changepoints=gone))
    turn(then)
    return next(iter(writing.state.stories.values()))


A1 = finding("onset", series("AS1", app="whatsapp"), at("2016-01-05"))
A1_END = finding("end", series("AS1", app="whatsapp"), at("2016-01-08"))
A1_MORE = finding("onset", series("AS1", app="viber"), at("2016-01-06"))
A2 = finding("onset", series("AS2", app="whatsapp"), at("2016-01-05"))
A3 = finding("onset", series("AS3", app="viber"), at("2016-01-06"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_joins_after_the_review_is_not_told_of_the_named(lang: str) -> None:
    story = signed_and_then([A1], [A1, A1_MORE, A3])
    newest = story.newest
    assert {row.series.app for row in newest.spread} == {"whatsapp", "viber"}
    (reviewed, signed) = (story.revisions[2], story.signed(newest))
    assert signed == story.revisions[1]
    assert title_of(newest, signed) == title_of(reviewed, signed)
    assert title_of(newest, signed).values["apps"] == "whatsapp"
    assert "AS1" in told(title_of(newest, signed), lang)
    other = signed_and_then([A1], [A1, A3]).newest
    assert title_of(other).values["apps"] == "whatsapp", (
        "rows of the named alone, where the signed is not known"
    )
    text = told(marks_of(newest)[0], lang)
    assert "2" in text
    assert str(newest.revision) in text
    assert marks_of(newest)[0].key == "status.reviewed-revised"
    assert marks_of(reviewed)[0] == Sentence("status.reviewed", {"reviewed": "2"})


def test_the_end_beside_a_name_is_that_of_the_named() -> None:
    story = signed_and_then([A1], [A1, A1_END, A3])
    title = title_of(story.newest, story.signed(story.newest))
    assert (title.key, title.values["operators"]) == ("title.named.calls.alike.day.ended", "AS1")
    assert not story.newest.ended


def test_who_has_nothing_left_is_named_no_longer() -> None:
    story = signed_and_then([A1, A2], [A1, A2], (A1.changepoint,))
    assert story.newest.named == ("AS1", "AS2"), "until the next review"
    assert title_of(story.newest, story.signed(story.newest)).values["operators"] == "AS2"
    # What was signed of it is gone, and what is there nobody signed: it is nobody's.
    story = signed_and_then([A1, A2], [A1, A1_MORE, A2], (A1.changepoint, A2.changepoint))
    left = msgspec.structs.replace(story.newest, named=("AS3",))
    assert title_of(left).key == "title.all.calls.alike.day.open"
    kept = msgspec.structs.replace(
        story.newest, spread=tuple(row for row in story.newest.spread if row.series.app == "viber")
    )
    assert title_of(kept, story.revisions[1]).key.startswith("title.all.calls.")


def test_the_year_as_it_is_told() -> None:
    incident = year()
    assert told(title_of(incident), "en") == (
        "MA: calls by facetime, imo, messenger and 3 more apps were stopped on 3g, 4g, later on adsl, wifi"
        "; began between 2016-01-02 and 2016-01-05; over by 2016-11-04"
    )
    marks = [told(each, "en") for each in marks_of(incident)]
    assert marks[0] == "emulated (morocco-2016): not a real country's lines"
    assert marks[1] == "found by the machine, reviewed by nobody (revision 1)"
    assert marks[2] == "unattributed: no canary has spoken"
    offsets = (None, 1.0, None, None)
    lines = [told(each, "fr") for each in card_of(incident, utc_offsets_h=offsets).lines]
    assert "à 18–23 h UTC (19–24 h, heure locale)" in lines[1]
    assert lines[3].startswith("Terminé pour tous entre 2016-11-04")


@pytest.mark.parametrize(
    ("lang", "local"), [("en", "local"), ("fr", "heure locale"), ("ar", "بالتوقيت المحلي")]
)
def test_hours_are_of_no_clock_that_nobody_looked_up(lang: str, local: str) -> None:
    """Nothing but UTC is said where the offset is not known, or is not one."""
    lines = [told(each, lang) for each in card_of(year()).lines]
    assert "18–23" in lines[1]
    assert "UTC" in lines[1]
    assert not [line for line in lines if local in line]
    known = card_of(year(), utc_offsets_h=(0.0,) * len(lines))
    assert local in told(known.lines[1], lang)


def rows_at(*rows: tuple[str, str, str | None, str, str | None]) -> tuple[Spread, ...]:
    """(operator, access, earliest, latest, ended by), days of January 2016."""
    return tuple(
        Spread(
            SeriesName(operator, access, "whatsapp"),
            None if first is None else f"2016-01-{first}T00:00:00Z",
            f"2016-01-{last}T12:00:00Z",
            rank,
            None if over is None else f"2016-01-{over}T00:00:00Z",
            None if over is None else f"2016-01-{over}T12:00:00Z",
        )
        for rank, (operator, access, first, last, over) in enumerate(rows, start=1)
    )


(OPEN_ROW,) = rows_at(("A", "4g", "02", "02", None))


def named(*rows: tuple[str, str, str | None, str, str | None]) -> Incident:
    names = tuple(sorted({row[0] for row in rows}))
    return msgspec.structs.replace(found_incident(), named=names, spread=rows_at(*rows))


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (
            [("A", "4g", "02", "03", None), ("B", "4g", "04", "05", None)],
            "A, B (4g); began between 2016-01-02 and 2016-01-05",
        ),
        # What came later on other lines of the same two moves nothing.
        (
            [
                ("A", "4g", "02", "03", None),
                ("B", "4g", "04", "05", None),
                ("A", "wifi", "20", "21", None),
                ("B", "wifi", "20", "21", None),
            ],
            "A, B (4g, wifi); began between 2016-01-02 and 2016-01-05",
        ),
        (
            [("A", "4g", "02", "03", None), ("B", "wifi", "04", "05", None)],
            "A, B (4g, wifi), not all of it everywhere; began between 2016-01-02 and 2016-01-05",
        ),
        (
            [("A", "4g", None, "03", None), ("B", "4g", "04", "05", None)],
            "A, B (4g); began by 2016-01-05, perhaps before measuring did",
        ),
        ([("A", "4g", "02", "02", None)], "A (4g); began on 2016-01-02"),
        (
            [("A", "4g", "02", "02", "10"), ("B", "4g", "02", "02", None)],
            "A, B (4g); began on 2016-01-02; over in part, no end of the rest seen as of 2016-01-06",
        ),
        (
            [("A", "4g", "02", "02", "10"), ("B", "4g", "02", "02", "12")],
            "A, B (4g); began on 2016-01-02; over by 2016-01-12",
        ),
    ],
)
def test_what_stands_beside_names_holds_for_each_of_them(
    rows: list[tuple[str, str, str | None, str, str | None]], text: str
) -> None:
    verb = "were" if "over by" in text else "found"
    end = "" if "over" in text else "; no end seen as of 2016-01-06"
    assert told(title_of(named(*rows)), "en") == f"MA: calls by whatsapp {verb} stopped on {text}{end}"


OPEN = (("A", "4g", "02", "02", None), ("B", "4g", "02", "02", None))
IN_PART = (("A", "4g", "02", "02", "10"), ("B", "4g", "02", "02", None))


@pytest.mark.parametrize(
    ("kind", "whole", "in_part"),
    [
        ("stands", "are stopped", "over in part"),
        ("stood", "still so when last measured, on 2016-01-15", "the rest still so when last measured"),
        (
            "unseen",
            "no end established; last seen getting through on 2016-01-15",
            "no end of the rest est",
        ),
        (
            "passes",
            "no end established; last seen getting through on 2016-01-15",
            "no end of the rest est",
        ),
    ],
)
def test_only_what_is_measured_and_does_not_get_through_is_told_in_the_present(
    kind: str, whole: str, in_part: str
) -> None:
    for rows, text in ((OPEN, whole), (IN_PART, in_part)):
        title = told(title_of(named(*rows), seen=Seen(kind, "2016-01-15")), "en")
        assert text in title
        assert (" are stopped" in title) == (kind == "stands")
        assert (" were stopped" in title) == (kind != "stands")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_title_of_its_own_has_the_day_it_is_of(lang: str) -> None:
    """Nothing is said of the time at which it is read; what is over needs no such day."""
    for rows in (OPEN, IN_PART):
        incident = named(*rows)
        assert incident.as_of[:10] in told(title_of(incident), lang)
        assert "2016-03-01" in told(title_of(incident, as_of="2016-03-01T06:00:00Z"), lang)
        assert told(title_of(incident), lang) != told(title_of(incident, seen=Seen("stands", "2016")), lang)
    over = named(*((*row[:4], "12") for row in OPEN))
    assert title_of(over) == title_of(over, seen=Seen("stands", ""), as_of="2016-03-01T06:00:00Z")


def test_what_is_seen_is_of_the_rows_that_are_told() -> None:
    incident = msgspec.structs.replace(named(*OPEN), named=("A",))
    assert [row.series.operator for row in rows_told(incident)] == ["A"]
    nobody = msgspec.structs.replace(incident, named=())
    assert rows_told(nobody) == incident.spread
    many = named(*((who, "4g", "02", "02", None) for who in "ABCDEF"))
    assert rows_told(many) == many.spread


@pytest.mark.parametrize(
    ("lang", "one", "two", "three", "eleven"),
    [
        ("en", "c and 1 more app", "c and 2 more apps", "c and 3 more apps", "c and 11 more apps"),
        ("fr", "c et 1 autre appli", "c et 2 autres applis", "c et 3 autres applis", "c et 11 autres applis"),
        ("ar", "c وتطبيق آخر", "c وتطبيقين آخرين", "c و3 تطبيقات أخرى", "c و11 تطبيقًا آخر"),
    ],
)
def test_further_apps_are_counted_as_a_language_does(
    lang: str, one: str, two: str, three: str, eleven: str
) -> None:
    for count, text in ((1, one), (2, two), (3, three), (11, eleven)):
        rows = tuple(
            msgspec.structs.replace(OPEN_ROW, series=SeriesName("A", "4g", chr(ord("a") + number)))
            for number in range(3 + count)
        )
        title = told(title_of(msgspec.structs.replace(found_incident(), spread=rows)), lang)
        assert f"a, b, {text}" in title
        assert "{" not in title


@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.sampled_from(("3g", "4g", "wifi")),
            st.integers(2, 14),
            st.integers(0, 5),
            st.none() | st.integers(0, 5),
        ),
        min_size=1,
        max_size=9,
        unique_by=lambda row: row[:2],
    )
)
def test_no_date_beside_a_name_is_another_operators(
    drawn: list[tuple[str, str, int, int, int | None]],
) -> None:
    """Second reading: of each operator alone, the interval of its first onset lies in what is told of all."""
    rows = [
        (who, access, f"{day:02}", f"{day + width:02}", None if over is None else f"{20 + over:02}")
        for who, access, day, width, over in drawn
    ]
    told_of = title_of(named(*rows)).values
    first = told_of.get("date", "0")
    for who in told_of["operators"].split(", "):
        own = [row for row in rows if row[0] == who]
        assert first <= f"2016-01-{min(row[2] or '' for row in own)}"
        assert f"2016-01-{min(row[3] for row in own)}" <= told_of["by"]
        if "until" in told_of:
            assert all(row[4] is not None and f"2016-01-{row[4]}" <= told_of["until"] for row in own)


def test_an_interval_of_weeks_is_told_as_one() -> None:
    """The machine's first phase, not its upper bound as a day; without a phase no date at all."""
    found = found_incident()
    wide = Phase(
        PhaseKind.ONSET, "2015-12-07T00:00:00Z", "2016-01-04T00:00:00Z", (SeriesName("A", "4g", "viber"),)
    )
    text = told(title_of(msgspec.structs.replace(found, phases=(wide,), spread=())), "en")
    assert text == (
        "MA: calls by viber found stopped on 4g; began between 2015-12-07 and 2016-01-03"
        "; no end seen as of 2016-01-06"
    )
    text = told(title_of(msgspec.structs.replace(found, phases=())), "en")
    assert text == "MA: calls by whatsapp found stopped on 4g; no end seen as of 2016-01-06"


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
        assert "{" not in told(line_of(phase, utc_offset_h=1.0), lang)
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


def test_hours_of_another_clock() -> None:
    assert hours_text((18, 19, 20, 21, 22), 1.0) == "19–24"
    assert hours_text((18, 19), 5.5) == "23:30–1:30"
    assert hours_text((8, 9, 20), -9.0) == "11–12, 23–1", "in the order of the clock that is told"
    assert hours_text((8, 20), 5.0) == "1–2, 13–14"


def test_a_phase_is_looked_up_in_its_own_time() -> None:
    incident = found_incident()
    phase = Phase(PhaseKind.INTERMITTENT, "2016-01-02", "2016-01-05", (series(),))
    assert time_of(phase, incident) == ("2016-01-02", incident.as_of)
    over = msgspec.structs.replace(phase, earliest=None, until="2016-02-01")
    assert time_of(over, incident) == ("2016-01-05", "2016-02-01")
