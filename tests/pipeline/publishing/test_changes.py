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
    assert (found.earliest, found.latest, found.detected) == (at - 7200, at + 3600, at + 18_000)
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
    few = ONSET | {"payload": '{"change":{"probes_both_sides":2}}'}
    (found,) = published_changes(
        store_of([], [few]), [], Released([], [], 0), instance="", as_of=END, below={}
    )
    assert (found.probes_both_sides, found.level_before, found.shown_by) == (None, None, "")
