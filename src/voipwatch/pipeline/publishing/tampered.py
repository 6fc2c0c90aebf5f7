"""Where a file was changed: the line of the first row that differs, where another file bears witness."""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa

from voipwatch.chronicle.log import LogError, complete_lines
from voipwatch.pipeline.publishing import chronology
from voipwatch.pipeline.publishing.tables import csv_bytes, table_of


def changed_line(folder: Path, path: str, changed: Collection[str]) -> int | None:
    """Number of the line, from 1; of a Parquet file the line of its CSV. None where it cannot be told.

    Args:
        folder: the bundle.
        path: of the file that was changed.
        changed: all files that were: none of them bears witness.
    """
    try:
        if path == chronology.LOG_FILE:
            return _of_log((folder / path).read_bytes())
        stem, _, suffix = path.rpartition(".")
        beside = {"csv": f"{stem}.parquet", "parquet": f"{stem}.csv"}.get(suffix)
        if beside is None or beside in changed:
            return None
        return _first_difference(_as_csv(folder / path), _as_csv(folder / beside))
    except (OSError, ValueError, pa.ArrowException):
        return None


def _of_log(content: bytes) -> int | None:
    lines, rest = complete_lines(content)
    try:
        chronology.read_public_log([*lines, rest] if rest else lines)
    except LogError as error:
        return error.line
    return None


def _as_csv(path: Path) -> bytes:
    content = path.read_bytes()
    return content if path.suffix == ".csv" else csv_bytes(table_of(content))


def _first_difference(one: bytes, other: bytes) -> int | None:
    ours, theirs = one.split(b"\n"), other.split(b"\n")
    for number, (mine, their) in enumerate(zip(ours, theirs, strict=False), start=1):
        if mine != their:
            return number
    return None if len(ours) == len(theirs) else min(len(ours), len(theirs)) + 1
