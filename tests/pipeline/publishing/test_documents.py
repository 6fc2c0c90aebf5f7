import json

import msgspec

from tests.pipeline.publishing.rows import SERIES, row, unsplit
from tests.pipeline.publishing.support import DAY, MONDAY
from voipwatch.model.cells import CellState
from voipwatch.pipeline.publishing.documents import (
    by_series,
    citation,
    privacy_document,
    series_documents,
    series_path,
    states_document,
)
from voipwatch.pipeline.publishing.world import World


def state(days: float, *rows: object) -> dict[str, object]:
    world = World("", int(MONDAY + days * DAY))
    told = json.loads(states_document(by_series(list(rows)), world))  # type: ignore[arg-type]  # rows
    found: dict[str, object] = told["series"][0]
    return found


def test_the_newest_row_that_decides_is_the_state() -> None:
    told = state(5, row(0), row(1, ok=0, blocked=5), row(2, state=CellState.INSUFFICIENT))
    assert (told["state"], told["measured"], told["measured_until"]) == (
        "blocked",
        True,
        "2016-01-06T00:00:00Z",
    )
    assert told["newest_row"]["start"] == "2016-01-06T00:00:00Z"  # type: ignore[index]  # a row


def test_what_is_not_measured_is_never_ok() -> None:
    assert state(8, row(0))["state"] == "ok"
    told = state(8.1, row(0))
    assert (told["state"], told["measured"], told["measured_until"]) == (
        "insufficient", False, "2016-01-05T00:00:00Z",
    )  # fmt: skip
    told = state(8, unsplit(0))
    assert (told["state"], told["measured"], told["measured_until"], told["row"]) == (
        "insufficient", False, None, None,
    )  # fmt: skip


def test_a_name_does_not_leave_its_folder() -> None:
    paths = [
        series_path(msgspec.structs.replace(SERIES, operator=name)) for name in ("..", ".", "a/../..", "x y")
    ]
    assert paths == [f"series/MA/{name}/4g/whatsapp.json" for name in ("%2E.", "%2E", "a%2F..%2F..", "x%20y")]


def test_a_series_is_columns_of_one_length() -> None:
    files = series_documents(by_series([row(1), row(0), unsplit(0)]), World("", MONDAY))
    assert sorted(files) == ["series/MA/AS36925/4g/whatsapp.json", "series/index.json"]
    told = json.loads(files["series/MA/AS36925/4g/whatsapp.json"])
    assert {len(column) for column in told["rows"].values()} == {3}
    assert told["rows"]["ok"] == [6, None, 6]


def test_what_privacy_left_is_told_in_whole_percent_of_closed_weeks() -> None:
    rows = [row(0), row(1), unsplit(0), row(30)]
    told = json.loads(privacy_document(rows, 7, World("", MONDAY + 36 * DAY)))["cells_percent"]
    assert told == {"hour": 0, "day": 42, "week": 21, "late": 0, "withheld": 37}
    told = json.loads(privacy_document(rows, 0, World("", MONDAY + 20 * DAY)))["cells_percent"]
    assert set(told.values()) == {None}


def test_a_citation_of_an_emulation_says_so() -> None:
    assert b"EMULATED measurements (it''s)" in citation(World("it's", MONDAY))
    assert b"EMULATED" not in citation(World("", MONDAY))


def test_a_citation_names_who_publishes() -> None:
    assert b"  - name: 'voipwatch'\n" in citation(World("", MONDAY))
    hostile = citation(World("", MONDAY), "L'Observatoire\nversion: 9").decode()
    assert "  - name: 'L''Observatoire version: 9'\n" in hostile
    assert hostile.count("\nversion: ") == 1
