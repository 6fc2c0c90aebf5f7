"""The order in which an incident happened, and what of it cannot be told."""

from tests.chronicle.build import DAY, HOUR, at, finding, morocco, series
from voipwatch.chronicle.grouping import WIDTH_S
from voipwatch.chronicle.phases import phases_of, spread_of
from voipwatch.chronicle.spells import spells_of
from voipwatch.model.incidents import PhaseKind
from voipwatch.model.instants import seconds

START = at("2016-03-01T12")


def test_series_whose_intervals_overlap_are_tied() -> None:
    spells = spells_of(
        [
            finding("onset", series("AS1"), START, width_s=10 * HOUR),
            finding("onset", series("AS2"), START + 8 * HOUR, width_s=10 * HOUR),
            finding("onset", series("AS3"), START + 16 * HOUR, width_s=10 * HOUR),
        ]
    )
    ranks = {each.series.operator: each.rank for each in spread_of(spells)}
    # 1 overlaps 2, 2 overlaps 3, and 1 was over before 3 began.
    assert ranks == {"AS1": 1, "AS2": 1, "AS3": 2}


def test_the_spread_of_morocco_is_by_operator() -> None:
    findings, regimes = morocco()
    mobile = [each for each in spread_of(spells_of(findings, regimes)) if each.series.access in {"3g", "4g"}]
    firsts = {name: min(each.rank for each in mobile if each.series.operator == name) for name in
              ("Operator A", "Operator B", "Operator C")}  # fmt: skip
    assert firsts["Operator A"] < firsts["Operator B"] < firsts["Operator C"]


def test_relief_is_what_leaves_something_standing() -> None:
    changes = [
        finding("onset", series("AS1"), START),
        finding("onset", series("AS2"), START),
        finding("end", series("AS1"), START + 9 * DAY),
    ]
    kinds = [phase.kind for phase in phases_of(spells_of(changes))]
    assert kinds == [PhaseKind.ONSET, PhaseKind.RELIEF]
    changes.append(finding("end", series("AS2"), START + 30 * DAY))
    phases = phases_of(spells_of(changes))
    assert [phase.kind for phase in phases] == [PhaseKind.ONSET, PhaseKind.RELIEF, PhaseKind.END]
    assert phases[1].series == (series("AS1"),)
    assert phases[2].changepoints == (changes[-1].changepoint,)


def test_a_relapse_extends_after_the_relief() -> None:
    changes = [
        finding("onset", series(), START),
        finding("end", series(), START + 9 * DAY),
        finding("onset", series(), START + 14 * DAY),
    ]
    spells = spells_of(changes)
    assert [phase.kind for phase in phases_of(spells)] == [
        PhaseKind.ONSET,
        PhaseKind.END,
        PhaseKind.EXTENSION,
    ]
    (row,) = spread_of(spells)
    assert row.ended_latest is None, "it stands again"


def test_an_end_that_is_not_known_closely_is_told_apart() -> None:
    onsets = [finding("onset", series(name), START) for name in ("AS1", "AS2", "AS3")]
    ends = [
        finding("end", series("AS1"), START + 9 * DAY),
        finding("end", series("AS2"), START + 12 * DAY, width_s=WIDTH_S + 5 * DAY),
        finding("end", series("AS3"), START + 9 * DAY),
    ]
    over = [phase for phase in phases_of(spells_of([*onsets, *ends])) if phase.kind is not PhaseKind.ONSET]
    assert [[each.operator for each in phase.series] for phase in over] == [["AS2"], ["AS1", "AS3"]]
    close = over[1]
    assert seconds(close.latest) - seconds(close.earliest or "") < WIDTH_S, "the vague one widens nobody's"


def test_silence_is_a_phase_and_no_end() -> None:
    changes = [
        finding("onset", series("AS1"), START),
        finding("silence", series("AS1"), START + 4 * DAY),
    ]
    onset, silence = phases_of(spells_of(changes))
    assert silence.kind is PhaseKind.SILENCE
    assert silence.series == (series("AS1"),)
    assert onset.kind is PhaseKind.ONSET


def test_an_onset_before_which_nothing_was_seen_has_no_lower_bound() -> None:
    (phase,) = phases_of(spells_of([finding("onset", series(), START, width_s=None)]))
    assert phase.earliest is None
    assert phase.latest == "2016-03-01T12:00:00Z"


def test_a_schedule_that_plain_interference_takes_up_has_an_until_and_no_relief() -> None:
    findings, regimes = morocco()
    phases = phases_of(spells_of(findings, regimes))
    (intermittent,) = [phase for phase in phases if phase.kind is PhaseKind.INTERMITTENT]
    assert intermittent.until is not None
    assert intermittent.until[:10] == "2016-02-25"
    assert PhaseKind.RELIEF not in {phase.kind for phase in phases}


def test_a_schedule_that_just_stops_has_an_end() -> None:
    findings, regimes = morocco()
    only = [each for each in findings if each.series.access == "wifi" and each.latest_s < at("2016-02-01")]
    assert [phase.kind for phase in phases_of(spells_of(only, regimes))] == [
        PhaseKind.INTERMITTENT,
        PhaseKind.END,
    ]
