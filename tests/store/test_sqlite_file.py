import sqlite3
from pathlib import Path

import pytest

from voipwatch.store.sqlite_file import SqliteTable, read_sqlite, write_sqlite

TABLES = [
    SqliteTable("one", {"name": "TEXT", "count": "INTEGER"}, [("a'b", 1), (None, 2**40)]),
    SqliteTable("two", {"x": "TEXT"}, []),
]


def test_the_same_rows_give_the_same_bytes_and_come_back(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_sqlite(tmp_path / name, TABLES)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_sqlite(tmp_path / "a", "one") == (["name", "count"], [("a'b", 1), (None, 2**40)])
    assert read_sqlite(tmp_path / "a", "two") == (["x"], [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.Error):
        read_sqlite(tmp_path / "x", "one")
    with pytest.raises(sqlite3.Error):
        read_sqlite(tmp_path / "nothing", "one")
