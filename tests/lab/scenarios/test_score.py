import pytest

from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import Change, Score, phase_lines, score
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


def perfect() -> list[Change]:
    return [change for truth in TRUTHS for change in changes_of(truth)]


def test_what_was_planted_is_right() -> None:
    result = score(SCENARIO, perfect())
    assert result.right
    # Mobile and fixed have an onset and an end each, Wi-Fi two of each; its gated spells are not asked for.
    assert len(result.edges) == 3 * 6 * (2 + 2 + 2 + 4)
    assert result.widest_h == 2.0


def test_nothing_found_is_all_missed_and_nothing_wrong() -> None:
    result = score(SCENARIO, [])
    assert (len(result.missed), result.wrong, result.right) == (180, (), False)


def test_gated_spells_may_be_told_and_need_not() -> None:
    few = [
        change
        for truth in TRUTHS
        for change, spell in zip(changes_of(truth), [s for s in truth.spells for _ in (0, 1)], strict=True)
        if not spell.gated
    ]
    assert len(few) == 180
    assert score(SCENARIO, few).right


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
    result = score(SCENARIO, [*perfect(), strange])
    assert result.wrong
    assert not result.right


def test_an_interval_beside_the_truth_is_a_miss_and_a_false_one() -> None:
    late = [change for truth in TRUTHS for change in changes_of(truth, off_s=3_601.0)]
    result = score(SCENARIO, late)
    assert len(result.missed) == 180
    assert len(result.wrong) == len(late)


def test_silence_is_counted_and_accuses_nobody() -> None:
    quiet = Change(Series("Operator A", Access.G3, "imo"), "silence", 0.0, 1.0, 2.0)
    result = score(SCENARIO, [*perfect(), quiet])
    assert (result.right, result.silences) == (True, 1)


def test_the_chronology_by_lines() -> None:
    result: Score = score(SCENARIO, perfect())
    rows = phase_lines(SCENARIO, result)
    assert [row.phase for row in rows] == [
        *["mobile"] * 6,
        *["intermittence"] * 3,
        *["everywhere"] * 6,
        *["end"] * 12,
    ]
    assert all((row.found, row.of) == (6, 6) for row in rows)
    assert all(row.earliest_s == row.at_s - 3_600 for row in rows)
    nothing = phase_lines(SCENARIO, score(SCENARIO, []))
    assert all((row.found, row.earliest_s, row.latest_s) == (0, None, None) for row in nothing)
