import json

import pytest

from tests.chronicle.writing import NOON
from tests.pipeline.publishing.rows import row, unsplit
from tests.pipeline.publishing.support import DAY, MONDAY
from voipwatch.chronicle.claims_file import all_packaged_claims
from voipwatch.chronicle.state import Said
from voipwatch.model.acts import ClaimNote
from voipwatch.model.bundle import Level
from voipwatch.model.claims import Claim, ClaimSays, ClaimType, Scope, Source
from voipwatch.pipeline.publishing.claims import claims_document, contradicted_in
from voipwatch.pipeline.publishing.world import World

WORLD = World("", MONDAY + 50 * DAY)
ROWS = [row(day, ok=6 if day < 20 else 0, blocked=0 if day < 20 else 6) for day in range(40)]


def claim(says: ClaimSays, date: str) -> Claim:
    return Claim(
        id="x/y", type=ClaimType.PRESS, says=says, date=date, as_published=date, text="", scope=Scope("MA"),
        source=Source("p", "t"),
    )  # fmt: skip


def state(says: ClaimSays, date: str, rows: list[object]) -> str:
    told = json.loads(claims_document(rows, WORLD, [claim(says, date)]))  # type: ignore[arg-type]  # rows
    found: str = told["claims"][0]["check"]["state"]
    return found


def test_a_claim_is_set_against_the_published_rows() -> None:
    everything: list[object] = [*ROWS]
    assert state(ClaimSays.BLOCKED, "2016-01-27/2016-02-10", everything) == "supported"
    assert state(ClaimSays.OPEN, "2016-01-27/2016-02-10", everything) == "contradicted"
    assert state(ClaimSays.BLOCKED, "2014-01-27/2014-02-10", everything) == "not-measurable"
    assert state(ClaimSays.BLOCKED, "2016-01-05/2016-01-09", [unsplit(0)]) == "not-measurable"
    weeks: list[object] = [row(7 * n, ok=0, blocked=9, level=Level.WEEK) for n in range(6)]
    assert state(ClaimSays.BLOCKED, "2016-01-04/2016-02-10", weeks) == "not-measurable", "a week has no day"


def test_all_claims_of_the_package_are_told() -> None:
    told = json.loads(claims_document([], WORLD))
    assert len(told["claims"]) == len(all_packaged_claims()) > 20
    assert told["synthetic"] is False


@pytest.mark.parametrize("instance", ["", "morocco-2016"])
def test_every_entry_check_and_row_says_of_which_world_it_is(instance: str) -> None:
    """The claim is of the real world in both: what is set against it may be emulated."""
    known = claim(ClaimSays.BLOCKED, "2016-01-27/2016-02-10")
    (told,) = json.loads(claims_document(ROWS, World(instance, WORLD.as_of), [known]))["claims"]
    assert told["check"]["rows"], "there are rows that speak"
    for each in (told, told["check"], *told["check"]["rows"]):
        assert (each["synthetic"], each["instance"]) == (bool(instance), instance)
    assert not {"synthetic", "instance"} & told["claim"].keys()


def test_what_became_of_a_source_is_beside_its_claim() -> None:
    known = claim(ClaimSays.BLOCKED, "2016-01-27")
    gone = Said(NOON, 7, ClaimNote("x/y", "gone", "2020-01-01", "2019-12", "https://archive.example/x"))
    other = Said(NOON, 8, ClaimNote("x/z", "of another claim", "2020-01-01", "2019-12"))
    (told,) = json.loads(claims_document(ROWS, WORLD, [known], notes=[gone, other]))["claims"]
    assert (told["claim"]["source"]["gone_at"], told["claim"]["source"]["title"]) == ("2019-12", "t")
    assert [(each["line"], each["body"]["note"]) for each in told["notes"]] == [(7, "gone")]


def test_those_that_the_rows_contradict_are_told_by_their_document() -> None:
    open_then = claims_document(ROWS, WORLD, [claim(ClaimSays.OPEN, "2016-01-27/2016-02-10")])
    assert contradicted_in(open_then) == {"x/y"}
    stopped = claims_document(ROWS, WORLD, [claim(ClaimSays.BLOCKED, "2016-01-27/2016-02-10")])
    assert contradicted_in(stopped) == frozenset()
