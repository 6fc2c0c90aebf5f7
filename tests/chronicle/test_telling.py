"""Times in blocks of three probes: whose vote a bound was cannot be told from all that is told."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.chronicle.build import DAY, HOUR, at, finding, series
from voipwatch.chronicle.coarsen import Voice, count_probes
from voipwatch.chronicle.revising import Facts, evidence_of, revise
from voipwatch.chronicle.telling import (
    HALF_DAY_S,
    LAST_S,
    STEPS_S,
    WEEK_S,
    block_end,
    block_start,
    may_begin,
    step_of,
    told_quality,
)
from voipwatch.model.bundle import SeriesId
from voipwatch.model.incidents import Finding, Incident, Intermittence, PhaseKind, Quality
from voipwatch.model.instants import iso, seconds
from voipwatch.model.vocabulary import Access

MONDAY = at("2016-01-04")


def test_blocks_are_one_partition() -> None:
    wednesday = at("2016-01-06T14")
    assert [iso(block_start(wednesday, step)) for step in STEPS_S] == [
        "2016-01-06T12:00:00Z", "2016-01-06T00:00:00Z", "2016-01-04T00:00:00Z", "2016-01-04T00:00:00Z",
    ]  # fmt: skip
    assert [iso(block_end(wednesday, step)) for step in STEPS_S] == [
        "2016-01-07T00:00:00Z", "2016-01-07T00:00:00Z", "2016-01-11T00:00:00Z", "2016-02-01T00:00:00Z",
    ]  # fmt: skip
    assert block_end(MONDAY, WEEK_S) == block_start(MONDAY, WEEK_S) == MONDAY


@given(st.floats(0, 4e9), st.sampled_from(STEPS_S))
def test_a_block_holds_its_time(at_s: float, step_s: int) -> None:
    assert block_start(at_s, step_s) <= at_s <= block_end(at_s, step_s)
    assert block_end(at_s, step_s) - block_start(at_s, step_s) in {0, step_s}


@pytest.mark.parametrize(("probes", "low", "told"), [(2, None, False), (3, None, True), (9, 2, False)])
def test_an_onset_takes_three_probes_counted_low(probes: int, low: int | None, told: bool) -> None:
    onset = msgspec.structs.replace(finding("onset", series(), MONDAY, probes=probes), probes_low=low)
    assert may_begin(onset) is told
    assert may_begin(msgspec.structs.replace(onset, kind="end"))
    assert len(revise({}, [onset], country="MA", as_of=iso(MONDAY + DAY))) == told


def test_counts_are_told_from_three_on() -> None:
    told = told_quality(
        Quality(probes=3, probes_least=2, probes_both_sides=1, joined=2, left=7, votes_surplus=19)
    )
    assert (told.probes, told.probes_least, told.probes_both_sides) == (3, 0, 0)
    assert (told.joined, told.left, told.votes_surplus) == (0, 7, 10)


def test_the_end_that_one_probe_saw_is_told_by_the_week_and_is_an_end() -> None:
    """2016-02-03 is a Wednesday."""
    onset = finding("onset", series(), at("2016-01-05T14"))
    end = msgspec.structs.replace(
        finding("end", series(), at("2016-02-03T14"), probes=1), earliest_step_s=WEEK_S, latest_step_s=WEEK_S
    )
    (change,) = revise({}, [onset, end], country="MA", as_of="2016-03-01T00:00:00Z")
    (row,) = change.incident.spread
    assert (row.earliest, row.latest) == ("2016-01-05T00:00:00Z", "2016-01-06T00:00:00Z")
    assert (row.ended_earliest, row.ended_latest) == ("2016-02-01T00:00:00Z", "2016-02-08T00:00:00Z")
    assert change.incident.ended


# --- the attack -------------------------------------------------------------------------------------------


def voice(device: int, hour: int) -> Voice:
    at_s = int(MONDAY + hour * HOUR)
    return Voice(SeriesId("MA", "AS1", Access.G4, "whatsapp"), at_s, f"{device}", "", at_s, "ok")


Votes = Sequence[tuple[int, int]]
"""Device, hour after the first Monday: what the attacker knows of everybody."""


def told_of(votes: Votes, hour: int) -> Incident:
    """All that is told where the first blocked vote was the one of that hour."""
    latest_s = MONDAY + hour * HOUR + 17 * 60 + 3.25
    before = [each for _, each in votes if each < hour]
    known = [voice(device, each) for device, each in votes]
    onset = Finding(
        changepoint="c1",
        country="MA",
        series=series(),
        kind="onset",
        earliest_s=MONDAY + max(before) * HOUR + 60.5 if before else None,
        latest_s=latest_s,
        detected_s=latest_s + 7 * HOUR,
        probes=len({device for device, _ in votes}),
        earliest_step_s=step_of(MONDAY + max(before) * HOUR, known) if before else int(DAY),
        latest_step_s=step_of(latest_s, known),
    )
    (change,) = revise({}, [onset], country="MA", as_of=iso(MONDAY + 30 * DAY), facts_of=lambda _: Facts())
    return change.incident


@st.composite
def votings(draw: st.DrawFn) -> Votes:
    devices = draw(st.integers(3, 6))
    drawn = draw(
        st.sets(st.tuples(st.integers(0, devices - 1), st.integers(0, 13 * 24)), min_size=3, max_size=40)
    )
    everybody = {(device, 24 * device) for device in range(devices)}
    return sorted(drawn | everybody, key=lambda each: each[1])


def bounds_told(votes: Votes) -> dict[int, str]:
    """Hour of a vote -> the upper bound that would be told of it."""
    return {hour: told_of(votes, hour).spread[0].latest for hour in {hour for _, hour in votes}}


def crowd(votes: Votes, bound: int) -> set[int]:
    """Devices whose vote the upper bound of the same telling may have been."""
    return sharing(votes, bounds_told(votes), bound)


def sharing(votes: Votes, told: Mapping[int, str], bound: int) -> set[int]:
    return {device for device, hour in votes if told[hour] == told[bound]}


@example([(0, 1), (1, 2), (2, 3)])
@example([(0, 0), (1, 24), (2, 48), (0, 48), (1, 48), (0, 60)])
@given(votings())
def test_a_bound_may_have_been_the_vote_of_three(votes: Votes) -> None:
    """Whoever sees the incident and knows when everybody measured has three devices to choose from.

    What is left over after the week is told to four weeks; fewer may be in them, and the text says so.
    """
    known, told = [voice(device, each) for device, each in votes], bounds_told(votes)
    for _, hour in votes:
        if step_of(MONDAY + hour * HOUR, known) != LAST_S:
            assert len(sharing(votes, told, hour)) >= 3, (votes, hour)


def test_a_day_is_told_in_halves_where_both_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in the morning, one in the afternoon: the whole day stands behind each of them."""
    votes = [(0, 1), (1, 2), (2, 3), (0, 20)]
    assert crowd(votes, 20) == crowd(votes, 2) == {0, 1, 2}
    assert told_of(votes, 20).spread[0].latest == "2016-01-05T00:00:00Z"

    def naive(at_s: float, voices: Sequence[Voice]) -> int:
        block = block_start(at_s, HALF_DAY_S)
        near = [each for each in voices if block <= each.hour < block + HALF_DAY_S]
        return HALF_DAY_S if count_probes(near) >= 3 else int(DAY)

    monkeypatch.setattr("tests.chronicle.test_telling.step_of", naive)
    assert crowd(votes, 20) == {0}, "were the morning told as a half, the day would be device 0's"


def test_who_is_left_over_waits_four_weeks() -> None:
    votes = [(0, 1), (1, 2), (2, 3), (0, 30)]
    assert crowd(votes, 30) == {0}
    assert told_of(votes, 30).spread[0].latest == "2016-02-01T00:00:00Z"


def test_told_to_the_hour_it_is_one_devices() -> None:
    """The same attack on what was told before: the hour of the bound is one device's."""
    votes = [(device, 2 * device) for device in range(6)]
    assert len(crowd(votes, 4)) == 6
    hours = {hour for _, hour in votes}
    assert all(len({device for device, each in votes if each == hour}) == 1 for hour in hours)


def test_nothing_finer_than_half_a_day_is_in_an_incident() -> None:
    incident = told_of([(device, device) for device in range(6)], 3)
    times = [row for phase in incident.phases for row in (phase.earliest, phase.latest) if row]
    times += [row for each in incident.spread for row in (each.earliest, each.latest) if row]
    assert all(seconds(text) % HALF_DAY_S == 0 for text in times)
    assert len(times) == 4


def test_silences_told_by_the_same_blocks_are_one() -> None:
    def silence(operator: str, day: int) -> Finding:
        found = finding("silence", series(operator), MONDAY + day * DAY + HOUR, width_s=HOUR / 2)
        return msgspec.structs.replace(found, earliest_step_s=WEEK_S, latest_step_s=WEEK_S)

    onsets = [finding("onset", series(name), MONDAY + 5 * HOUR) for name in ("AS1", "AS2", "AS3")]
    (change,) = revise(
        {},
        [*onsets, silence("AS1", 8), silence("AS2", 12), silence("AS3", 16)],
        country="MA",
        as_of=iso(MONDAY + 30 * DAY),
    )
    silent = [phase for phase in change.incident.phases if phase.kind is PhaseKind.SILENCE]
    assert [(len(phase.series), len(phase.changepoints)) for phase in silent] == [(2, 2), (1, 1)]
    assert {name for phase in silent for name in phase.changepoints} <= evidence_of(change.incident)


def test_a_bound_is_told_as_finely_as_its_own_finding_allows() -> None:
    """A later onset of the same series that few saw does not blur the first one, nor its end the last."""
    first = finding("onset", series(), MONDAY + 5 * HOUR)
    early_end = msgspec.structs.replace(
        finding("end", series(), MONDAY + 9 * DAY), earliest_step_s=LAST_S, latest_step_s=LAST_S
    )
    again = msgspec.structs.replace(
        finding("onset", series(), MONDAY + 15 * DAY + HOUR), earliest_step_s=LAST_S, latest_step_s=WEEK_S
    )
    end = finding("end", series(), MONDAY + 40 * DAY + HOUR)
    (change,) = revise({}, [first, early_end, again, end], country="MA", as_of=iso(MONDAY + 60 * DAY))
    phases = {phase.kind: phase for phase in change.incident.phases}
    assert phases[PhaseKind.ONSET].latest == "2016-01-04T12:00:00Z"
    assert phases[PhaseKind.EXTENSION].earliest == "2016-01-04T00:00:00Z"
    assert phases[PhaseKind.EXTENSION].latest == "2016-01-25T00:00:00Z"
    (row,) = change.incident.spread
    assert row.latest == "2016-01-04T12:00:00Z"
    assert row.ended_latest == "2016-02-13T12:00:00Z"


def test_of_two_onsets_of_a_series_in_one_phase_the_coarser_tells_both_bounds() -> None:
    """The phase's upper bound is that of the second: it may not be told as finely as the first."""
    first = finding("onset", series(), MONDAY + 2 * DAY)
    end = finding("end", series(), MONDAY + 2.5 * DAY)
    again = msgspec.structs.replace(
        finding("onset", series(), MONDAY + 3 * DAY + HOUR), earliest_step_s=LAST_S, latest_step_s=LAST_S
    )
    (change,) = revise({}, [first, end, again], country="MA", as_of=iso(MONDAY + 60 * DAY))
    (onset,) = [each for each in change.incident.phases if again.changepoint in each.changepoints]
    assert (onset.earliest, onset.latest) == ("2016-01-04T00:00:00Z", "2016-02-01T00:00:00Z")


def test_an_end_that_is_another_series_is_told_to_four_weeks() -> None:
    apps = ("viber", "imo", "whatsapp")
    beats = [
        finding(kind, series(app=app), MONDAY + day * DAY + hour * HOUR)
        for app in apps
        for day in (0, 3)
        for kind, hour in (("onset", 6), ("end", 22))
    ]

    def regime(app: str, days: float) -> Intermittence:
        return Intermittence(
            country="MA",
            series=series(app=app),
            earliest_s=MONDAY - DAY,
            declared_s=MONDAY + 5 * DAY,
            ended_s=MONDAY + days * DAY,
            ended_step_s=int(DAY),
        )

    regimes = [regime("viber", 15.3), regime("imo", 15.3), regime("whatsapp", 8.3)]
    (change,) = revise({}, beats, regimes, country="MA", as_of=iso(MONDAY + 60 * DAY))
    ends = {row.series.app: (row.ended_earliest, row.ended_latest) for row in change.incident.spread}
    assert ends["viber"] == ("2016-01-18T00:00:00Z", "2016-01-20T00:00:00Z")
    assert ends["whatsapp"] == ("2016-01-04T00:00:00Z", "2016-02-01T00:00:00Z")


def test_ranks_are_of_what_is_told_and_a_regimes_end_needs_its_own_voters() -> None:
    """The exact bounds of one are before the other's; both are told to the same half day."""
    first = finding("onset", series("AS1"), at("2016-01-05T03"), width_s=2 * HOUR)
    second = finding("onset", series("AS2"), at("2016-01-05T09"), width_s=2 * HOUR)
    fine = {"earliest_step_s": HALF_DAY_S, "latest_step_s": HALF_DAY_S}
    changes = [msgspec.structs.replace(each, **fine) for each in (first, second)]
    (change,) = revise({}, changes, country="MA", as_of="2016-05-01T00:00:00Z")
    assert [row.rank for row in change.incident.spread] == [1, 1]
    regime = Intermittence(
        country="MA",
        series=series("AS1"),
        earliest_s=at("2016-01-05"),
        declared_s=at("2016-01-08"),
        ended_s=at("2016-03-10T09"),
    )
    for step_s, latest in ((HALF_DAY_S, "2016-03-11T00:00:00Z"), (LAST_S, "2016-03-28T00:00:00Z")):
        told = msgspec.structs.replace(regime, ended_step_s=step_s)
        (change,) = revise({}, changes[:1], [told], country="MA", as_of="2016-05-01T00:00:00Z")
        assert change.incident.spread[0].ended_latest == latest
