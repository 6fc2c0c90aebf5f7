"""Tables as one SQLite file for download: the same rows give the same bytes.

A file is new, written in one transaction, rows in their given order, pages of a fixed size, without a
journal. Its header holds the library's version, so that the bytes are the same for the same version only
(https://www.sqlite.org/fileformat.html, 1.3).
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

PAGE_BYTES: Final = 4096


class SqliteTable(NamedTuple):
    """One table."""

    name: str
    columns: Mapping[str, str]
    """Name -> type as SQLite says it; names are ours and need no escape but quotes."""
    rows: Iterable[Sequence[object]]


def write_sqlite(path: Path, tables: Iterable[SqliteTable]) -> None:
    """Write a file that is not there yet. Raises OSError, sqlite3.Error."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        for table in tables:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in table.columns.items())
            database.execute(f'CREATE TABLE "{table.name}" ({columns})')
            marks = ", ".join("?" * len(table.columns))
            database.executemany(f'INSERT INTO "{table.name}" VALUES ({marks})', table.rows)
        database.execute("COMMIT")


def read_sqlite(path: Path, table: str) -> tuple[list[str], list[tuple[object, ...]]]:
    """Names of the columns and all rows, in their order. Raises sqlite3.Error."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
        found = database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
        return [each[0] for each in found.description], found.fetchall()
