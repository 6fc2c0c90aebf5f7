from pathlib import Path

import msgspec
import pytest

from tests.pipeline.publishing.rows import row, unsplit
from tests.pipeline.publishing.support import MONDAY
from voipwatch.model.incidents import Incident, IncidentStatus
from voipwatch.pipeline.publishing import tables
from voipwatch.pipeline.publishing.columns import CELLS, INCIDENTS
from voipwatch.pipeline.publishing.world import MixedWorldsError, World

ROWS = [row(0), row(1, ok=0, blocked=5), unsplit(0)]
WORLD = World("", MONDAY)


def test_rows_come_back_from_parquet() -> None:
    table = tables.arrow_table(CELLS, tables.cells_columns(ROWS, WORLD))
    content = tables.parquet_bytes(table)
    assert tables.read_cells(content) == ROWS
    assert tables.table_of(content).equals(table)
    for damaged in (b"", b"PAR1", content[:-9], content[:40] + b"x" * 40 + content[80:]):
        with pytest.raises(ValueError, match="no table of cells"):
            tables.read_cells(damaged)


def test_csv_has_a_heading_iso_times_and_empty_nulls() -> None:
    text = (
        tables.csv_bytes(tables.arrow_table(CELLS, tables.cells_columns(ROWS, WORLD))).decode().splitlines()
    )
    assert text[0].split(",")[:2] == ['"synthetic"', '"instance"']
    assert text[1].split(",")[0] == "false"
    assert '"2016-01-04T00:00:00Z","day","2016-01-05T06:00:00Z","ok",6,6,0,0,0,0,3,4' in text[1]
    assert text[3].endswith('"insufficient",5,,,,,,3,4')


def test_a_row_of_another_world_enters_no_table() -> None:
    emulated = msgspec.structs.replace(
        ROWS[0], series=msgspec.structs.replace(ROWS[0].series, instance="lab")
    )
    with pytest.raises(MixedWorldsError):
        tables.cells_columns([*ROWS, emulated], WORLD)
    incident = Incident(
        id="LAB-MA-2016-01-a",
        revision=1,
        country="MA",
        status=IncidentStatus.DETECTED,
        as_of="",
        instance="lab",
    )
    with pytest.raises(MixedWorldsError):
        tables.incidents_columns([incident], WORLD)
    assert tables.incidents_columns([incident], World("lab", 0))["synthetic"] == [True]


def test_sqlite_holds_the_same_rows(tmp_path: Path) -> None:
    parts = [(CELLS, tables.cells_columns(ROWS, WORLD)), (INCIDENTS, tables.incidents_columns([], WORLD))]
    tables.sqlite_file(tmp_path / "a", parts)
    tables.sqlite_file(tmp_path / "b", parts)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert tables.same_sqlite(tmp_path / "a", parts)
    assert not tables.same_sqlite(tmp_path / "a", [(CELLS, tables.cells_columns(ROWS[:2], WORLD))])
    with pytest.raises(OSError, match="SQLite"):
        tables.sqlite_file(tmp_path / "nowhere/a", parts)


def test_the_end_of_a_rows_time() -> None:
    assert tables.end_of(ROWS[0]) == MONDAY + 86_400
