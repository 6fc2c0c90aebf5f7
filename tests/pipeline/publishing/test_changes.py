from tests.pipeline.publishing.rows import SERIES, row
from tests.pipeline.publishing.support import DAY, MONDAY, changepoint, store_of
from voipwatch.model.bundle import PublicChange
from voipwatch.pipeline.publishing.changes import published_changes
from voipwatch.pipeline.publishing.releasing import Loose, Released
from voipwatch.pipeline.publishing.rowdetector import recomputed

ROWS = [row(day) if day < 20 else row(day, ok=0, blocked=6) for day in range(40)]
END = MONDAY + 50 * DAY
ONSET = changepoint(20)


def published(
    loose: int, *, opened: int = 0, below: dict[str, int] | None = None, **more: object
) -> list[PublicChange]:
    at = MONDAY + 20 * DAY
    released = Released([], [Loose(SERIES, at)] * loose + [Loose(SERIES, at - 3 * DAY)] * 50, opened)
    asked = {"instance": "", "as_of": END, "below": {} if below is None else below} | more
    found = published_changes(store_of([], [ONSET]), recomputed(ROWS, as_of=END), released, **asked)  # type: ignore[arg-type]  # a test's own fields
    return [each for each in found if each.basis == "votes"]


def test_it_is_cut_so_that_it_tells_no_vote() -> None:
    (found,) = published(3)
    at = MONDAY + 20 * DAY
    assert (found.earliest, found.latest, found.detected) == (at - DAY // 2, at + DAY // 2, at)
    assert (found.level_before, found.level_after, found.probes_both_sides) == (0, 95, 4)
    assert found.shown_by == recomputed(ROWS, as_of=END)[0].id


def test_withheld_votes_are_told_in_tens_and_remembered() -> None:
    assert [published(n)[0].withheld_below for n in (0, 9, 10, 19, 20)] == [10, 10, 20, 20, 30]
    kept = {"c1": 40}
    assert published(3, opened=END, below=kept)[0].withheld_below == 40
    assert published(3, opened=END)[0].withheld_below is None
    assert published(3, below=kept)[0].withheld_below == kept["c1"] == 10


def test_an_embargo_a_later_decision_and_another_world_are_left_out() -> None:
    assert published(0, hidden=frozenset({"c1"})) == []
    assert published(0, as_of=MONDAY + 20 * DAY) == []
    assert published(0, instance="lab") == []


def test_few_probes_are_not_counted() -> None:
    few = ONSET | {"payload": '{"change":{"probes_both_sides":2},"panel":3}'}
    (found,) = published_changes(
        store_of([], [few]), [], Released([], [], 0), instance="", as_of=END, below={}
    )
    assert (found.probes_both_sides, found.level_before, found.shown_by) == (None, None, "")


def test_a_series_that_two_probes_saw_is_not_told() -> None:
    """Nor its end; that fewer are left at the end of one that is told keeps nothing back."""

    def told(onset: int, end: int) -> list[str]:
        changes = [
            changepoint(day, name=kind)
            | {"kind": kind, "payload": f'{{"change":{{}},"panel":9,"probes_low":{low}}}'}
            for day, kind, low in ((20, "onset", onset), (30, "end", end))
        ]
        found = published_changes(
            store_of([], changes[::-1]), [], Released([], [], 0), instance="", as_of=END, below={}
        )
        return [each.kind for each in found]

    assert told(2, 9) == []
    assert told(3, 1) == ["onset", "end"]


def test_bounds_are_as_coarse_as_three_probes_ask() -> None:
    """2016-01-24 is a Sunday: its week is told where neither half a day nor the day has three."""
    monday = MONDAY + 14 * DAY
    payload = '{"change":{},"probes_low":3,"earliest_step_s":604800,"latest_step_s":86400}'
    (found,) = published_changes(
        store_of([], [ONSET | {"payload": payload}]),
        [],
        Released([], [], 0),
        instance="",
        as_of=END,
        below={},
    )
    at = MONDAY + 20 * DAY
    assert (found.earliest, found.latest, found.detected) == (monday, at + DAY, at)
