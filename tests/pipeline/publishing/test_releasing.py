from pathlib import Path

import pytest

from tests.pipeline.publishing.support import DAY, HOUR, MONDAY, Said, store_of, votes
from voipwatch.chronicle.coarsen import closes_at
from voipwatch.model.bundle import WEEK_S, Level
from voipwatch.pipeline.publishing import releasing
from voipwatch.pipeline.publishing.memory import Memory
from voipwatch.pipeline.publishing.releasing import open_since, release
from voipwatch.pipeline.publishing.world import World


def lone(day: int, probe: str = "x") -> Said:
    hour = MONDAY + day * DAY
    return Said("", "MA", "AS2", "adsl", "viber", hour, probe, "home", hour + 60, "ok")


def test_weeks_at_once_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for weeks in (1, 3, 50):
        monkeypatch.setattr(releasing, "WEEKS_AT_ONCE", weeks)
        memory = Memory(tmp_path / str(weeks), "")
        found.append(release(store_of(votes(40)), memory, as_of=MONDAY + 41 * DAY).rows)
    assert found[0] == found[1] == found[2] != []


def test_only_open_weeks_are_read_again() -> None:
    assert open_since(0) == 0
    closing = closes_at(Level.LATE, MONDAY)
    assert open_since(closing - 1) == MONDAY
    assert open_since(closing) == MONDAY + WEEK_S


def test_what_is_in_no_row_is_counted_and_what_is_lost_is_tallied_once(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "")
    said = [*votes(5), lone(0), lone(1), lone(1, "y")]
    store = store_of(said)
    first = release(store, memory, as_of=MONDAY + 10 * DAY)
    assert [(each.series.operator, each.hour) for each in first.loose] == [
        ("AS2", MONDAY), ("AS2", MONDAY + DAY), ("AS2", MONDAY + DAY),
    ]  # fmt: skip
    assert memory.kept.withheld_cells == {}
    memory.add(first.rows, world=World("", MONDAY))
    memory.kept.until = MONDAY + 10 * DAY
    for days in (40, 40, 41, 90):
        after = release(store, memory, as_of=MONDAY + days * DAY)
        assert after.rows == []
        memory.kept.until = MONDAY + days * DAY
        assert memory.kept.withheld_cells == {"2016-01": 2}


def test_an_empty_store_and_progress(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "")
    assert release(store_of([]), memory, as_of=MONDAY) == ([], [], MONDAY)
    told: list[tuple[int, int]] = []
    release(store_of(votes(40)), memory, as_of=MONDAY + 41 * DAY, step=lambda *done: told.append(done))
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_votes_after_as_of_are_not_seen(tmp_path: Path) -> None:
    memory = Memory(tmp_path, "")
    rows = release(store_of(votes(40)), memory, as_of=MONDAY + 2 * DAY + 7 * HOUR).rows
    assert {(row.start - MONDAY) // DAY for row in rows} == {0, 1}
