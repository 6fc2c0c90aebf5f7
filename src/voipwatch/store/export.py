"""Tables out of the store as Parquet or CSV, with the data dictionary."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from voipwatch.store.columns import BY_NAME, Table
from voipwatch.store.engine import Engine

EXPORTED: Final[dict[str, tuple[str, str]]] = {
    "cells": ("hour", "instance, source, country, operator, access, app, stage, hour"),
    "changepoints": ("latest", "instance, country, operator, access, app, stage, latest, changepoint_id"),
    "context": ("observed_at", "source, country, asn, test, target, observed_at, measurement_id"),
    "votes": ("hour", "instance, country, operator, access, app, stage, hour, pseudonym, report_id"),
    "reports": ("observed_at", "instance, country, operator, access, observed_at, report_id"),
    "observations": (
        "observed_at",
        "instance, country, operator, access, app, observed_at, report_id, flow, direction, part",
    ),
}
"""Table -> the column of its time, and its total order."""
PERSONAL: Final = frozenset({"votes", "reports", "observations"})
"""Tables with report ids or pseudonyms: for whoever runs the store, not for publication."""
INTERNAL: Final = frozenset({"version", "deleted", "segment"})
"""Columns that say how a row is kept, not what it says."""
ROW_GROUP: Final = 1 << 18
"""Rows of a Parquet row group; fixed, so that the same rows give the same bytes."""

_REPLACED: Final = frozenset({"cells", "changepoints", "context"})


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


def export(engine: Engine, table: str, out: Path, selection: Selection | None = None) -> Exported:
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
    pieces = _pieces(engine, table, schema, selection or Selection())
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


def _pieces(engine: Engine, table: str, schema: pa.Schema, selection: Selection) -> Iterator[pa.Table]:
    """Rows by month of their time, months ascending: a year of raw rows would not fit into memory."""
    time, order = EXPORTED[table]
    final = " FINAL" if table in _REPLACED else ""
    where, values = _where(time, selection)
    months = engine.select(
        f"SELECT toYYYYMM({time}) AS month FROM {table}{final} WHERE {where} GROUP BY month ORDER BY month",
        values,
    )
    for month in months["month"].to_pylist():
        rows = engine.select(
            f"SELECT {', '.join(schema.names)} FROM {table}{final} "
            f"WHERE {where} AND toYYYYMM({time}) = {{month:UInt32}} ORDER BY {order}",
            values | {"month": month},
        )
        yield pa.table(
            [_as(rows[field.name].combine_chunks(), field.type) for field in schema], schema=schema
        )


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
