"""How far the spool is on the stream, and where on it each report lies: SQLite in the data folder.

Written after the stream has answered, so that it may lag behind and never runs ahead: what a kill took of
it is published once more, and known by its id. Without the file all of the spool is published again, and the
store knows every report of it.
"""

import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

MARKS_FILE: Final = "relay.sqlite"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS segments (segment TEXT PRIMARY KEY, month TEXT NOT NULL, until INTEGER NOT NULL)
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream (made TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sent (
  report_id BLOB PRIMARY KEY, part INTEGER NOT NULL, seq INTEGER NOT NULL, month TEXT NOT NULL
) WITHOUT ROWID;
"""


class Sent(NamedTuple):
    """Where on the stream a report lies."""

    report_id: str
    partition: int
    seq: int
    """JetStream's, in its partition."""


class Marks:
    """One connection, for any thread. Methods raise sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        path = folder / MARKS_FILE
        path.touch(0o600)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)
        self._lock = threading.Lock()

    def belong_to(self, made: str) -> bool:
        """Forget all of it where it was of another stream: what is lost there lies in the spool still, and is
        published again. False where it was. `made`: of `partitions.made_at`.
        """
        with self._lock:
            known = [row[0] for row in self._db.execute("SELECT made FROM stream")]
            if known == [made]:
                return True
            self._db.executescript(
                "BEGIN; DELETE FROM segments; DELETE FROM sent; DELETE FROM stream; COMMIT"
            )
            self._db.execute("INSERT INTO stream VALUES (?)", (made,))
        return not known

    def reached(self) -> dict[str, int]:
        """Segment -> offset up to which it is on the stream."""
        with self._lock:
            return dict(self._db.execute("SELECT segment, until FROM segments").fetchall())

    def advance(self, segment: str, month: str, until: int, sent: Iterable[Sent]) -> None:
        """All of a segment's records before `until` are on the stream."""
        with self._lock:
            self._advance(segment, month, until, sent)

    def _advance(self, segment: str, month: str, until: int, sent: Iterable[Sent]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(
                "INSERT INTO sent VALUES (?, ?, ?, ?) "
                "ON CONFLICT (report_id) DO UPDATE SET part = excluded.part, seq = excluded.seq",
                [(bytes.fromhex(each.report_id), each.partition, each.seq, month) for each in sent],
            )
            self._db.execute(
                "INSERT INTO segments VALUES (?, ?, ?) "
                "ON CONFLICT (segment) DO UPDATE SET until = max(until, excluded.until)",
                (segment, month, until),
            )
            self._db.execute("COMMIT")
        except sqlite3.Error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def find(self, report_id: str) -> Sent | None:
        """Where a report lies; None for one that this collector never published, or has forgotten."""
        with self._lock:
            row = self._db.execute(
                "SELECT part, seq FROM sent WHERE report_id = ?", (bytes.fromhex(report_id),)
            ).fetchone()
        return None if row is None else Sent(report_id, row[0], row[1])

    def forget_months(self, months: Sequence[str]) -> None:
        """Their segments are removed."""
        with self._lock:
            for month in months:
                self._db.execute("DELETE FROM sent WHERE month = ?", (month,))
                self._db.execute("DELETE FROM segments WHERE month = ?", (month,))

    def close(self) -> None:
        """Give the file back."""
        with self._lock:
            self._db.close()
