"""Tables out of the store as Parquet or CSV, with the data dictionary."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from voipwatch.store.columns import BY_NAME, Table
from voipwatch.store.engine import Engine
from voipwatch.store.series import plain
from voipwatch.store.views import CONTEXT_DAYS, Span, series_by_line

EXPORTED: Final[dict[str, tuple[str, str]]] = {
    "cells": ("hour", "instance, source, country, operator, access, app, stage, hour"),
    "changepoints": ("latest", "instance, country, operator, access, app, stage, latest, changepoint_id"),
    "series": ("hour", "instance, country, operator, access, app, stage, hour"),
    "influence": ("hour", "instance, country, operator, access, app, stage, hour"),
    "arrivals": ("last_received", "instance, country, operator, access"),
    "context": ("observed_at", "source, country, asn, test, part, target, observed_at, measurement_id"),
    "context_days": ("day", "source, country, asn, test, part, day"),
    "votes": ("hour", "instance, country, operator, access, app, stage, hour, pseudonym, report_id"),
    "reports": ("observed_at", "instance, country, operator, access, observed_at, report_id"),
    "observations": (
        "observed_at",
        "instance, country, operator, access, app, observed_at, report_id, flow, direction, part",
    ),
}
"""Table or view -> the column of its time, and its total order."""
PERSONAL: Final = frozenset({"votes", "reports", "observations"})
"""Tables with report ids or pseudonyms: for whoever runs the store, not for publication."""
INTERNAL: Final = frozenset({"version", "deleted", "segment"})
"""Columns that say how a row is kept, not what it says."""
ROW_GROUP: Final = 1 << 18
"""Rows of a Parquet row group; fixed, so that the same rows give the same bytes."""

_REPLACED: Final = frozenset({"cells", "changepoints", "context", "influence", "arrivals"})
Told = Callable[[float], None]
"""Called with the share that is written, 0 to 1."""


class Exported(NamedTuple):
    """What was written."""

    rows: int
    dictionary: Path | None
    """Beside a CSV file; a Parquet file carries it in its columns' metadata."""


class Selection(NamedTuple):
    """Which rows; `until` is not in it. Times are Unix seconds, None is no border, an empty country all."""

    country: str = ""
    since: int | None = None
    until: int | None = None


def export(
    engine: Engine,
    table: str,
    out: Path,
    selection: Selection | None = None,
    *,
    told: Told = lambda _: None,
) -> Exported:
    """Write one of `EXPORTED` to `out`, by its suffix `.parquet` or `.csv`, in the table's total order.

    Raises:
        ValueError: another table or suffix.
        StoreError: from the engine.
        OSError: where `out` cannot be written.
    """
    if table not in EXPORTED:
        raise ValueError(f"no table {table!r} is exported: {', '.join(EXPORTED)}")
    if out.suffix not in {".parquet", ".csv"}:
        raise ValueError(f"{out.name}: .parquet or .csv")
    described = BY_NAME[table]
    schema = _schema(described)
    pieces = _pieces(engine, table, schema, selection or Selection(), told)
    if out.suffix == ".parquet":
        return Exported(_write_parquet(out, schema, pieces), None)
    dictionary = out.with_name(f"{out.stem}.columns.csv")
    with dictionary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("column", "type", "meaning"))
        writer.writerows((c.name, c.sql_type, c.meaning) for c in described.columns if c.name not in INTERNAL)
    return Exported(_write_csv(out, schema, pieces), dictionary)


def _schema(table: Table) -> pa.Schema:
    types: dict[str, Any] = {"second": pa.timestamp("s", tz="UTC"), "word": pa.string()}
    fields = [
        pa.field(
            column.name,
            types.get(column.kind.rstrip("?"), column.arrow_type),
            nullable=column.nullable,
            metadata={"meaning": column.meaning},
        )
        for column in table.columns
        if column.name not in INTERNAL
    ]
    return pa.schema(fields, metadata={"table": table.name, "meaning": table.meaning})


def _pieces(
    engine: Engine, table: str, schema: pa.Schema, selection: Selection, told: Told
) -> Iterator[pa.Table]:
    of_table = (
        series_by_line(engine, Span(*selection))
        if table == "series"
        else _by_month(engine, table, schema, selection)
    )
    for done, rows in of_table:
        yield pa.table([_as(plain(rows[field.name]), field.type) for field in schema], schema=schema)
        told(done)


def _by_month(
    engine: Engine, table: str, schema: pa.Schema, selection: Selection
) -> Iterator[tuple[float, pa.Table]]:
    """Rows by month of their time, months ascending: a year of raw rows would not fit into memory."""
    time, order = EXPORTED[table]
    source = f"({CONTEXT_DAYS})" if table == "context_days" else table
    if table in _REPLACED:
        source += " FINAL"
    where, values = _where(time, selection)
    months = engine.select(
        f"SELECT toYYYYMM({time}) AS month FROM {source} WHERE {where} GROUP BY month ORDER BY month",
        values,
    )["month"].to_pylist()
    for number, month in enumerate(months, 1):
        rows = engine.select(
            f"SELECT {', '.join(schema.names)} FROM {source} "
            f"WHERE {where} AND toYYYYMM({time}) = {{month:UInt32}} ORDER BY {order}",
            values | {"month": month},
        )
        yield number / len(months), rows


def _as(column: Any, wanted: pa.DataType) -> Any:  # noqa: ANN401 -- Arrow has no types
    if pa.types.is_uint32(column.type) and pa.types.is_timestamp(wanted):
        return column.cast(pa.int64()).cast(wanted)
    return column.cast(wanted)


def _where(time: str, selection: Selection) -> tuple[str, dict[str, Any]]:
    clauses = ["1"]
    values: dict[str, Any] = {}
    if selection.country:
        clauses.append("country = {country:String}")
        values["country"] = selection.country
    for name, sign in (("since", ">="), ("until", "<")):
        border = getattr(selection, name)
        if border is not None:
            clauses.append(f"{time} {sign} toDateTime({{{name}:UInt32}}, 'UTC')")
            values[name] = border
    return " AND ".join(clauses), values


def _write_parquet(out: Path, schema: pa.Schema, pieces: Iterator[pa.Table]) -> int:
    rows = 0
    with pq.ParquetWriter(out, schema, compression="zstd", version="2.6") as writer:
        for piece in pieces:
            writer.write_table(piece, row_group_size=ROW_GROUP)
            rows += piece.num_rows
    return rows


def _write_csv(out: Path, schema: pa.Schema, pieces: Iterator[pa.Table]) -> int:
    rows = 0
    with arrow_csv.CSVWriter(out, schema) as writer:
        for piece in pieces:
            writer.write_table(piece)
            rows += piece.num_rows
    return rows
