import pytest

from voipwatch.lab.scenarios.score import Change, Schedule, Score, phase_lines, score
from voipwatch.lab.scenarios.table import load_scenario
from voipwatch.lab.scenarios.truth import Planted, Series, planted
from voipwatch.model.vocabulary import LINE, Access

SCENARIO = load_scenario("morocco-2016")
TRUTHS = planted(SCENARIO)


def changes_of(truth: Planted, off_s: float = 0.0) -> list[Change]:
    found = []
    for spell in truth.spells:
        for kind, at_s in (("onset", spell.since_s), ("end", spell.until_s)):
            found.append(
                Change(truth.series, kind, at_s + off_s - 3_600, at_s + off_s + 3_600, at_s + off_s + 7_200)
            )
    return found


def all_schedules() -> list[Schedule]:
    return [Schedule(truth.series, truth.hours, 0.0) for truth in TRUTHS if truth.hours]


def perfect() -> list[Change]:
    return [change for truth in TRUTHS for change in changes_of(truth)]


def test_what_was_planted_is_right() -> None:
    result = score(SCENARIO, perfect(), all_schedules())
    assert result.right
    # Mobile and fixed have an onset and an end each, Wi-Fi two of each; its gated spells are not asked for.
    assert len(result.edges) == 3 * 6 * (2 + 2 + 2 + 4)
    assert result.widest_h == 2.0


def test_nothing_found_is_all_missed_and_nothing_wrong() -> None:
    result = score(SCENARIO, [], [])
    assert (len(result.missed), result.wrong, result.right) == (180, (), False)


def test_gated_spells_may_be_told_and_need_not() -> None:
    few = [
        change
        for truth in TRUTHS
        for change, spell in zip(changes_of(truth), [s for s in truth.spells for _ in (0, 1)], strict=True)
        if not spell.gated
    ]
    assert len(few) == 180
    assert score(SCENARIO, few, all_schedules()).right


@pytest.mark.parametrize(
    "strange",
    [
        Change(Series("Operator A", Access.G3, "imo"), "onset", 1_460_000_000.0, 1_460_003_600.0, 0.0),
        Change(Series("Operator A", Access.G3, LINE), "onset", 1_451_772_000.0, 1_451_772_000.0, 0.0),
        Change(Series("Operator A", Access.G3, "imo"), "onset", 1_451_770_000.0, 1_451_776_000.0, 0.0),
    ],
)
def test_what_nothing_explains_is_wrong(strange: Change) -> None:
    """Another time; a series that nothing was planted in; the same onset a second time."""
    result = score(SCENARIO, [*perfect(), strange], all_schedules())
    assert result.wrong
    assert not result.right


def test_an_interval_beside_the_truth_is_a_miss_and_a_false_one() -> None:
    late = [change for truth in TRUTHS for change in changes_of(truth, off_s=3_601.0)]
    result = score(SCENARIO, late, all_schedules())
    assert len(result.missed) == 180
    assert len(result.wrong) == len(late)


def test_silence_is_counted_and_accuses_nobody() -> None:
    quiet = Change(Series("Operator A", Access.G3, "imo"), "silence", 0.0, 1.0, 2.0)
    result = score(SCENARIO, [*perfect(), quiet], all_schedules())
    assert (result.right, result.silences) == (True, 1)


@pytest.mark.parametrize(
    ("hours", "right"),
    [
        (range(6, 22), True),
        (range(7, 21), True),
        (range(5, 23), True),
        (range(8, 20), False),
        (range(24), False),
        ([], False),
    ],
)
def test_a_schedule_is_named_within_an_hour(hours: "list[int] | range", right: bool) -> None:
    schedules = [Schedule(truth.series, tuple(hours), 0.0) for truth in TRUTHS if truth.hours]
    assert score(SCENARIO, perfect(), schedules).right is right


def test_a_schedule_needs_most_series() -> None:
    mine = [each for each in all_schedules() if each.series.operator != "Operator A"]
    some = [each for each in all_schedules() if each.series.operator == "Operator A"]
    assert not score(SCENARIO, perfect(), [*mine, *some[:3]]).right
    assert score(SCENARIO, perfect(), [*mine, *some[:4]]).right


def test_the_chronology_by_lines() -> None:
    result: Score = score(SCENARIO, perfect(), all_schedules())
    rows = phase_lines(SCENARIO, result)
    assert [row.phase for row in rows] == [
        *["mobile"] * 6,
        *["intermittence"] * 3,
        *["everywhere"] * 6,
        *["end"] * 12,
    ]
    assert all((row.found, row.of) == (6, 6) for row in rows)
    assert all(row.earliest_s == row.at_s - 3_600 for row in rows)
    nothing = phase_lines(SCENARIO, score(SCENARIO, [], []))
    assert all((row.found, row.earliest_s, row.latest_s) == (0, None, None) for row in nothing)
