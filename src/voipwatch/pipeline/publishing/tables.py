"""Public rows as Parquet, CSV and SQLite; the same rows give the same bytes, however many threads there
are.
"""

import io
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from voipwatch.chronicle.acts import still_named
from voipwatch.model.bundle import LEVEL_S, Level, PublicChange, PublicRow, SeriesId
from voipwatch.model.cells import CellState
from voipwatch.model.incidents import Incident
from voipwatch.model.instants import iso
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.publishing.columns import CHANGEPOINTS, INCIDENTS, SQLITE, schema_of
from voipwatch.pipeline.publishing.world import World
from voipwatch.store.columns import Table
from voipwatch.store.sqlite_file import SqliteTable, read_sqlite, write_sqlite

ROW_GROUP: Final = 1 << 16
COMPRESSION_LEVEL: Final = 3
"""Zstandard's own default, said so that another version's default changes nothing."""
_COUNTS: Final = ("ok", "blocked", "throttled", "down", "insufficient")
_OF_ROW: Final = ("start", "level", "state", "votes", *_COUNTS, "probes", "hours")

Columns = dict[str, list[Any]]


def cells_columns(rows: Sequence[PublicRow], world: World) -> Columns:
    """The cells table; raises MixedWorldsError for a row of another world."""
    world.admit({row.series for row in rows})
    columns = _of_series([row.series for row in rows])
    for name in _OF_ROW:
        columns[name] = list(map(attrgetter(name), rows))
    columns["as_of"] = [row.closed_at for row in rows]
    return columns


def changes_columns(changes: Sequence[PublicChange], world: World) -> Columns:
    """The changepoints table."""
    world.admit({change.series for change in changes})
    columns = _of_series([change.series for change in changes])
    for column in CHANGEPOINTS.columns:
        if column.name not in columns and hasattr(PublicChange, column.name):
            columns[column.name] = list(map(attrgetter(column.name), changes))
    columns["as_of"] = [world.as_of] * len(changes)
    columns["valid_until"] = [world.valid_until] * len(changes)
    return columns


def incidents_columns(incidents: Sequence[Incident], world: World) -> Columns:
    """The incidents table."""
    world.admit_instances(incident.instance for incident in incidents)
    records = [
        {
            "synthetic": incident.synthetic,
            "instance": incident.instance,
            "id": incident.id,
            "revision": incident.revision,
            "country": incident.country,
            "status": incident.status.value,
            "kind": incident.kind.value,
            "onset_earliest": (incident.phases[0].earliest or "") if incident.phases else "",
            "onset_latest": incident.phases[0].latest if incident.phases else "",
            "ended": incident.ended,
            "series": len(incident.spread),
            "mechanisms": ",".join(incident.mechanisms),
            "attribution": incident.attribution.state.value,
            "named": ",".join(still_named(incident)),
            "merged_into": incident.merged_into or "",
            "as_of": incident.as_of,
            "valid_until": world.valid_until,
        }
        for incident in incidents
    ]
    return {c.name: [record[c.name] for record in records] for c in INCIDENTS.columns}


def arrow_table(table: Table, columns: Columns) -> pa.Table:
    """The columns in the table's order and types."""
    schema = schema_of(table)
    arrays = [pa.array(columns[field.name], _plain(field.type)).cast(field.type) for field in schema]
    return pa.table(arrays, schema=schema)


def parquet_bytes(rows: pa.Table) -> bytes:
    """One file; one writer is one thread, and every choice that shapes bytes is made here."""
    out = io.BytesIO()
    with pq.ParquetWriter(
        out,
        rows.schema,
        version="2.6",
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        use_dictionary=True,
        write_statistics=True,
    ) as writer:
        writer.write_table(rows, row_group_size=ROW_GROUP)
    return out.getvalue()


def csv_bytes(rows: pa.Table) -> bytes:
    """One file with a heading; times as ISO 8601, whatever the locale."""
    shown = pa.table({field.name: _in_words(rows[field.name], field.type) for field in rows.schema})
    out = io.BytesIO()
    arrow_csv.write_csv(shown, out)
    return out.getvalue()


def sqlite_file(path: Path, tables: Iterable[tuple[Table, Columns]]) -> None:
    """All tables in one file. Raises OSError."""
    try:
        write_sqlite(path, [_sqlite(table, columns) for table, columns in tables])
    except sqlite3.Error as error:
        raise OSError(f"SQLite: {error}") from error


def read_cells(content: bytes) -> list[PublicRow]:
    """The rows of a cells file as Parquet. Raises ValueError where it is none."""
    try:
        rows = pq.read_table(io.BytesIO(content), use_threads=False)
        columns = {
            field.name: (_seconds(column) if pa.types.is_timestamp(field.type) else column).to_pylist()
            for field, column in zip(rows.schema, rows.columns, strict=True)
        }
        series_of: dict[tuple[str, ...], SeriesId] = {}
        names = zip(*(columns[n] for n in ("country", "operator", "access", "app", "instance")), strict=True)
        series = []
        for country, operator, access, app, instance in names:
            key = (country, operator, access, app, instance)
            if key not in series_of:
                series_of[key] = SeriesId(country, operator, Access(access), app, instance)
            series.append(series_of[key])
        values = zip(series, *(columns[n] for n in ("start", "level", "as_of", *_OF_ROW[2:])), strict=True)
        return [
            PublicRow(s, at, Level(how), closed, CellState(said), *rest)
            for s, at, how, closed, said, *rest in values
        ]
    except (pa.ArrowException, OSError, KeyError, TypeError) as error:
        raise ValueError(f"no table of cells: {error}") from error


def table_of(content: bytes) -> pa.Table:
    """A Parquet file's rows, times in whole seconds. Raises ValueError where it is none."""
    try:
        rows = pq.read_table(io.BytesIO(content), use_threads=False)
    except (pa.ArrowException, OSError) as error:  # of bytes that cannot be read, Arrow says OSError
        raise ValueError(f"no Parquet: {error}") from error
    second = pa.timestamp("s", tz="UTC")
    fields = [
        field.with_type(second) if pa.types.is_timestamp(field.type) else field for field in rows.schema
    ]
    return rows.cast(pa.schema(fields, metadata=rows.schema.metadata))


def read_changes(content: bytes) -> list[PublicChange]:
    """The rows of a changepoints file as Parquet. Raises ValueError where it is none."""
    rows = table_of(content)
    found = []
    try:
        columns = {
            name: (_seconds(rows[name]) if pa.types.is_timestamp(rows[name].type) else rows[name]).to_pylist()
            for name in rows.column_names
        }
        for number in range(rows.num_rows):
            row = {name: values[number] for name, values in columns.items()}
            series = SeriesId(
                row["country"], row["operator"], Access(row["access"]), row["app"], row["instance"]
            )
            own = {name: row[name] for name in PublicChange.__struct_fields__[1:]}
            found.append(PublicChange(series, **own))
    except KeyError as error:
        raise ValueError(f"no table of changepoints: {error}") from error
    return found


def same_sqlite(path: Path, tables: Iterable[tuple[Table, Mapping[str, Any]]]) -> bool:
    """Whether a SQLite file holds exactly these tables' rows."""
    for table, columns in tables:
        wanted = _sqlite(table, columns)
        try:
            names, rows = read_sqlite(path, table.name)
        except sqlite3.Error:
            return False
        if names != list(wanted.columns) or rows != [tuple(row) for row in wanted.rows]:
            return False
    return True


def end_of(row: PublicRow) -> int:
    """Unix seconds of the end of the time that a row is about."""
    return row.start + LEVEL_S[row.level]


def _of_series(series: Sequence[SeriesId]) -> Columns:
    return {
        "synthetic": [bool(each.instance) for each in series],
        **{
            name: list(map(attrgetter(name), series))
            for name in ("instance", "country", "operator", "access", "app")
        },
    }


def _in_words(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if not pa.types.is_timestamp(kind):
        return column
    return pa.array([None if t is None else iso(t) for t in _seconds(column).to_pylist()], pa.string())


def _seconds(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Unix seconds: Parquet keeps no unit coarser than milliseconds."""
    return column.cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _unix(value: int | datetime) -> int:
    return int(value.timestamp()) if isinstance(value, datetime) else value


def _sqlite(table: Table, columns: Mapping[str, Any]) -> SqliteTable:
    times = {c.name for c in table.columns if c.kind.rstrip("?") == "time"}
    shown = [
        [None if value is None else iso(_unix(value)) for value in columns[c.name]]
        if c.name in times
        else [int(value) for value in columns[c.name]]
        if c.kind == "flag"
        else columns[c.name]
        for c in table.columns
    ]
    kinds = {c.name: SQLITE[c.kind.rstrip("?")] for c in table.columns}
    return SqliteTable(table.name, kinds, zip(*shown, strict=True))
