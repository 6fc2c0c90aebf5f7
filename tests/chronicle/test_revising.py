"""Incidents keep their ids whatever arrives when; merges, splits and graves point to each other."""

from collections.abc import Sequence
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chronicle.build import DAY, HOUR, at, finding, morocco, series
from voipwatch.chronicle.revising import Change, Facts, evidence_of, letters, quality_of, revise
from voipwatch.model.acts import EntryKind
from voipwatch.model.incidents import (
    Attribution,
    AttributionReason,
    AttributionState,
    Finding,
    Incident,
    IncidentStatus,
    Intermittence,
    PhaseKind,
)

START = at("2016-01-02")


class Log:
    """Applies changes as a log does: in order, by id, each whole."""

    def __init__(self) -> None:
        self.known: dict[str, Incident] = {}
        self.written: list[Change] = []

    def revise(
        self,
        findings: Sequence[Finding],
        schedules: Sequence[Intermittence] = (),
        *,
        as_of: str = "2016-12-01T00:00:00Z",
        withdrawn: frozenset[str] = frozenset(),
        at_most: int | None = None,
    ) -> list[Change]:
        changes = revise(self.known, findings, schedules, country="MA", as_of=as_of, withdrawn=withdrawn)[
            :at_most
        ]
        for change in changes:
            incident = change.incident
            before = self.known.get(incident.id)
            assert incident.revision == (1 if before is None else before.revision + 1)
            self.known[incident.id] = incident
            self.written.append(change)
        return changes

    @property
    def living(self) -> list[Incident]:
        return [each for each in self.known.values() if each.status is not IncidentStatus.WITHDRAWN]


def shown(incident: Incident) -> tuple[object, ...]:
    """What does not depend on when it was told."""
    return incident.phases, incident.spread, incident.quality, incident.kind


def test_a_year_like_moroccos_is_one_incident_with_its_phases() -> None:
    findings, regimes = morocco(instance="")
    log = Log()
    log.revise(findings, regimes)
    (incident,) = log.living
    assert incident.id == "MA-2016-01-a"
    assert [(phase.kind, (phase.earliest or "")[:10]) for phase in incident.phases] == [
        (PhaseKind.ONSET, "2016-01-02"),
        (PhaseKind.INTERMITTENT, "2016-01-06"),
        (PhaseKind.EXTENSION, "2016-02-26"),
        (PhaseKind.END, "2016-11-04"),
    ]
    onset, intermittent, extension, end = incident.phases
    assert {each.access for each in onset.series} == {"3g", "4g"}
    assert {each.access for each in intermittent.series} == {"wifi"}
    assert intermittent.blocked_hours == (18, 19, 20, 21, 22)
    assert {each.access for each in extension.series} == {"wifi", "adsl"}
    assert len(end.series) == 3 * 4 * 6
    assert incident.ended
    assert incident.quality.probes == 12


def test_told_day_by_day_it_is_still_one_incident() -> None:
    findings, regimes = morocco(instance="")
    log = Log()
    for day in range(340):
        now = at("2016-01-01") + day * DAY
        log.revise(
            [each for each in findings if each.detected_s <= now],
            [
                each
                if each.ended_s is not None and each.ended_s + 3 * DAY <= now
                else msgspec.structs.replace(each, ended_s=None)
                for each in regimes
                if each.declared_s <= now
            ],
        )
    assert list(log.known) == ["MA-2016-01-a"]
    at_once = Log()
    at_once.revise(findings, regimes)
    assert shown(log.known["MA-2016-01-a"]) == shown(at_once.known["MA-2016-01-a"])


OPERATORS = ("AS1", "AS2", "AS3")
spans = st.tuples(
    st.sampled_from(OPERATORS),
    st.sampled_from(("4g", "wifi")),
    st.sampled_from(("whatsapp", "viber", "line")),
    st.integers(0, 40),
    st.one_of(st.none(), st.integers(1, 30)),
)
Drawn = list[tuple[str, str, str, int, int | None]]


def built(drawn: Drawn) -> list[Finding]:
    found: dict[str, Finding] = {}
    for operator, access, app, day, length in drawn:
        name = series(operator, access, app)
        onset = finding("onset", name, START + day * DAY)
        found[onset.changepoint] = onset
        if length is not None:
            end = finding("end", name, START + (day + length) * DAY)
            found[end.changepoint] = end
    return list(found.values())


@settings(max_examples=60)
@given(st.lists(spans, max_size=12), st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_grouping_of_arrivals_ends_with_the_same_incidents(
    drawn: Drawn, dice: Random, turns: int
) -> None:
    findings = built(drawn)
    whole, parts = Log(), Log()
    whole.revise(findings)
    dice.shuffle(findings)
    ids: dict[str, frozenset[str]] = {}
    for turn in range(turns):
        parts.revise(findings[: len(findings) * (turn + 1) // turns])
        assert list(parts.known)[: len(ids)] == list(ids), "an id that was given stays"
        ids = {name: evidence_of(incident) for name, incident in parts.known.items()}

    def by_content(incident: Incident) -> str:
        return repr(shown(incident))

    assert sorted(map(by_content, parts.living)) == sorted(map(by_content, whole.living))
    evidence = [name for incident in parts.living for name in evidence_of(incident)]
    assert len(evidence) == len(set(evidence)), "no changepoint is in two incidents"
    assert parts.revise(findings) == [], "nothing new says nothing new"
    for incident in parts.known.values():
        if incident.merged_into is not None:
            assert incident.id in parts.known[incident.merged_into].merged_from
        for parent in incident.split_from:
            assert incident.id in parts.known[parent].split_into


@settings(max_examples=60)
@given(st.lists(spans, max_size=10), st.lists(spans, max_size=6), st.integers(0, 12))
def test_written_partly_and_asked_again_gives_the_rest(drawn: Drawn, later: Drawn, cut: int) -> None:
    smooth, killed = Log(), Log()
    for log in (smooth, killed):
        log.revise(built(drawn))
    smooth.revise(built([*drawn, *later]))
    killed.revise(built([*drawn, *later]), at_most=cut)
    killed.revise(built([*drawn, *later]))
    assert killed.written == smooth.written


@settings(max_examples=60)
@given(st.lists(spans, min_size=1, max_size=8), st.sets(st.integers(0, 7)))
def test_withdrawn_evidence_leaves_what_would_have_been_without_it(drawn: Drawn, gone: set[int]) -> None:
    findings = built(drawn)
    withdrawn = frozenset(findings[each].changepoint for each in gone if each < len(findings))
    log, without = Log(), Log()
    log.revise(findings)
    log.revise(findings, withdrawn=withdrawn)
    without.revise([each for each in findings if each.changepoint not in withdrawn])
    assert sorted(repr(shown(each)) for each in log.living) == sorted(
        repr(shown(each)) for each in without.living
    )


def test_two_incidents_that_turn_out_to_be_one_point_to_each_other() -> None:
    log = Log()
    first = finding("onset", series("AS1"), START)
    third = finding("onset", series("AS2", app="viber"), START + 4 * DAY)
    log.revise([first, third])
    assert [each.id for each in log.living] == ["MA-2016-01-a", "MA-2016-01-b"]
    between = finding("onset", series("AS3"), START + 2 * DAY)
    changes = log.revise([first, between, third])
    assert [(each.kind, each.incident.id) for each in changes] == [
        (EntryKind.INCIDENT, "MA-2016-01-a"),
        (EntryKind.MERGE, "MA-2016-01-b"),
    ]
    grave = log.known["MA-2016-01-b"]
    assert grave.status is IncidentStatus.WITHDRAWN
    assert grave.merged_into == "MA-2016-01-a"
    assert log.known["MA-2016-01-a"].merged_from == ("MA-2016-01-b",)


def test_what_people_signed_survives_a_merge() -> None:
    log = Log()
    first = finding("onset", series("AS1"), START)
    third = finding("onset", series("AS2", app="viber"), START + 4 * DAY)
    log.revise([first, third])
    signed = log.known["MA-2016-01-b"]
    log.known["MA-2016-01-b"] = msgspec.structs.replace(
        signed, status=IncidentStatus.REVIEWED, reviewed_revision=1
    )
    log.revise([first, finding("onset", series("AS3"), START + 2 * DAY), third])
    assert log.known["MA-2016-01-a"].merged_into == "MA-2016-01-b"
    assert log.known["MA-2016-01-b"].status is IncidentStatus.REVIEWED


def test_an_incident_that_comes_apart_points_both_ways() -> None:
    log = Log()
    onsets = [
        finding("onset", series(operator, app=app), START + day * DAY)
        for operator, app, day in [("AS1", "whatsapp", 0), ("AS3", "skype", 2), ("AS2", "viber", 4)]
    ]
    log.revise(onsets)
    assert list(log.known) == ["MA-2016-01-a"]
    log.revise(onsets, withdrawn=frozenset({onsets[1].changepoint}))
    assert log.known["MA-2016-01-b"].split_from == ("MA-2016-01-a",)
    assert log.known["MA-2016-01-a"].split_into == ("MA-2016-01-b",)
    assert evidence_of(log.known["MA-2016-01-a"]) == {onsets[0].changepoint}


def test_a_split_cut_off_after_its_first_entry_still_points_both_ways() -> None:
    onsets = [
        finding("onset", series(operator, app=app), START + day * DAY)
        for operator, app, day in [("AS1", "whatsapp", 0), ("AS3", "skype", 2), ("AS2", "viber", 4)]
    ]
    log = Log()
    log.revise(onsets)
    gone = frozenset({onsets[1].changepoint})
    (birth,) = log.revise(onsets, withdrawn=gone, at_most=1)
    assert birth.kind is EntryKind.SPLIT
    log.revise(onsets, withdrawn=gone)
    assert log.known["MA-2016-01-a"].split_into == (birth.incident.id,)


def test_an_incident_without_evidence_is_a_grave_with_its_reason() -> None:
    log = Log()
    onset = finding("onset", series(), START)
    log.revise([onset])
    log.revise([onset], withdrawn=frozenset({onset.changepoint}))
    (grave,) = log.known.values()
    assert (grave.status, grave.reason, grave.revision) == (
        IncidentStatus.WITHDRAWN,
        "evidence-withdrawn",
        2,
    )
    assert grave.phases, "it still says what it had said"
    log.revise([finding("onset", series("AS2"), START + HOUR)])
    assert list(log.known) == ["MA-2016-01-a", "MA-2016-01-b"], "a letter is never given twice"


def test_emulated_incidents_say_so_and_never_meet_real_ones() -> None:
    real = Log()
    real.revise([finding("onset", series(), START)])
    changes = revise(
        real.known,
        [finding("onset", series(), START, instance="morocco-2016")],
        country="MA",
        instance="morocco-2016",
        as_of="2016-02-01T00:00:00Z",
    )
    assert [each.incident.id for each in changes] == ["LAB-MA-2016-01-a"]
    assert changes[0].incident.synthetic


def test_facts_are_asked_of_each_group_and_kept() -> None:
    changes = revise(
        {},
        [finding("onset", series(), START)],
        country="MA",
        as_of="2016-02-01T00:00:00Z",
        facts_of=lambda spells: Facts(mechanisms=tuple(spell.series.app for spell in spells)),
    )
    assert changes[0].incident.mechanisms == ("whatsapp",)


def forgotten(incident: Incident, changes: Sequence[Finding], **facts: object) -> list[Change]:
    """What is written of an incident whose first votes are dropped."""
    return revise(
        {incident.id: incident},
        changes,
        country="MA",
        as_of="2017-06-01T00:00:00Z",
        facts_of=lambda _: Facts(witnessed=False, **facts),  # type: ignore[arg-type]  # any of its fields
    )


def test_what_is_over_stands_as_told_once_its_votes_are_dropped() -> None:
    """Without its votes every bound would be told coarser, its mechanism not at all."""
    ended = [finding("onset", series(), START), finding("end", series(), START + 9 * DAY)]
    held = Attribution(reasons=(AttributionReason.CLIENT_VERSION,))
    seen = Facts(mechanisms=("stun.drop.cookie",), attribution=held)
    (told,) = revise({}, ended, country="MA", as_of="2016-02-01T00:00:00Z", facts_of=lambda _: seen)
    coarser = [msgspec.structs.replace(each, latest_step_s=28 * int(DAY)) for each in ended]
    assert forgotten(told.incident, coarser) == []
    # More evidence, or less, is told; what the dropped votes said stays.
    more = [*coarser, finding("onset", series("AS2"), START + HOUR)]
    (changed,) = forgotten(told.incident, more)
    assert changed.incident.revision == 2
    assert changed.incident.mechanisms == ("stun.drop.cookie",)
    assert changed.incident.attribution.reasons == held.reasons
    (less,) = forgotten(told.incident, coarser[:1])
    assert not less.incident.ended


def test_what_still_stands_is_told_on_with_what_its_dropped_votes_said() -> None:
    onset = finding("onset", series(), START)
    seen = Facts(mechanisms=("stun.drop.cookie",))
    (told,) = revise({}, [onset], country="MA", as_of="2016-02-01T00:00:00Z", facts_of=lambda _: seen)
    silent = Attribution(canary_silent_since="2017-05-01T00:00:00Z")
    (changed,) = forgotten(told.incident, [onset], attribution=silent)
    assert changed.incident.mechanisms == ("stun.drop.cookie",)
    assert changed.incident.attribution == silent, "the canary's word is asked today, not remembered"


def test_a_regime_whose_end_comes_after_its_votes_were_dropped_is_told_to_be_over() -> None:
    beats = [
        finding(kind, series(), START + day * DAY + hour * HOUR)
        for day in (0, 3)
        for kind, hour in (("onset", 6), ("end", 22))
    ]
    regime = Intermittence(country="MA", series=series(), earliest_s=START - DAY, declared_s=START + 5 * DAY)
    (told,) = revise({}, beats, [regime], country="MA", as_of="2016-02-01T00:00:00Z")
    assert not told.incident.ended
    (over,) = revise(
        {told.incident.id: told.incident},
        beats,
        [msgspec.structs.replace(regime, ended_s=START + 440 * DAY)],
        country="MA",
        as_of="2017-06-01T00:00:00Z",
        facts_of=lambda _: Facts(witnessed=False),
    )
    assert over.incident.ended


def test_what_spoke_against_naming_survives_a_merge_and_a_split_without_votes() -> None:
    held = Attribution(reasons=(AttributionReason.CLIENT_VERSION,))
    free = Attribution(state=AttributionState.ATTRIBUTED, reasons=(AttributionReason.CANARY_REACHED,))
    one = finding("onset", series("AS1"), START)
    other = finding("onset", series("AS2", app="viber"), START + 4 * DAY)
    between = finding("onset", series("AS3"), START + 2 * DAY)
    log = Log()
    log.revise([one, other])
    first, second = log.known.values()
    known = {
        first.id: msgspec.structs.replace(first, attribution=free),
        second.id: msgspec.structs.replace(second, attribution=held, mechanisms=("stun.drop.cookie",)),
    }

    def without_votes(before: dict[str, Incident], findings: Sequence[Finding]) -> list[Incident]:
        dropped = Facts(attribution=free, witnessed=False)
        changes = revise(
            before, findings, country="MA", as_of="2017-06-01T00:00:00Z", facts_of=lambda _: dropped
        )
        return [each.incident for each in changes]

    (whole,) = [each for each in without_votes(known, [one, between, other]) if each.merged_from]
    assert (whole.attribution.reasons, whole.mechanisms) == (held.reasons, ("stun.drop.cookie",))
    apart = [each for each in without_votes({whole.id: whole}, [one, other]) if each.split_from]
    assert [each.attribution.reasons for each in apart] == [held.reasons]


def test_letters_go_on_after_z() -> None:
    assert [letters(number) for number in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        "a", "z", "aa", "ab", "az", "ba", "zz", "aaa",
    ]  # fmt: skip


def test_quality_tells_the_weakest_and_the_strongest_of_its_onsets() -> None:
    onsets = [
        finding("onset", series("AS1"), START, probes=12),
        finding("onset", series("AS2"), START, probes=4),
        finding("end", series("AS2"), START, probes=1),
    ]
    quality = quality_of(onsets, votes_surplus=3)
    assert (quality.probes, quality.probes_least, quality.probes_both_sides) == (12, 4, 2)
    assert quality.votes_surplus == 3
    assert quality_of([]).probes == 0
