"""Which sessions were handed in, and where their reports lie: SQLite in the data folder.

The spool is the truth and this is its index. It is written after the spool and may lag behind it by what a
kill or a power cut took; `catch_up` reads the rest of the spool at the start. A damaged index is thrown away
and made again.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import zstandard

from voipwatch.collector.records import Erased
from voipwatch.collector.spool import Damage, Place, Segment, list_segments, read_segment
from voipwatch.model.submission import Deletion, Intake
from voipwatch.wire.spool import HEADER_BYTES

INDEX_FILE: Final = "index.sqlite"
VERSION: Final = 1
ASKED_AT_ONCE: Final = 100
"""Names in one question; SQLite keeps questions of the same length prepared."""
BODY_BYTES_MAX: Final = 64 << 20
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS reports (
  report_id BLOB PRIMARY KEY, body_sha256 BLOB, deletion_hash BLOB, received_at_s REAL,
  segment TEXT, month TEXT, place INTEGER, length INTEGER, deleted INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (session BLOB PRIMARY KEY, report_id BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segments (
  segment TEXT PRIMARY KEY, month TEXT, until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS unfinished ON reports (deleted) WHERE deleted = 1;
"""
_COLUMNS: Final = (
    "report_id, body_sha256, deletion_hash, received_at_s, segment, month, place, length, deleted"
)


@dataclass(frozen=True, slots=True)
class Known:
    """A report that was handed in."""

    report_id: str
    body_sha256: str
    deletion_hash: bytes
    received_at_s: float
    place: Place
    deleted: int
    """0: no; 1: asked for, its bytes may still be there; 2: its bytes are gone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A report that is on disk."""

    intake: Intake
    deletion_hash: bytes
    place: Place


class _Word(msgspec.Struct):
    deletion_hash: str


class _Probe(msgspec.Struct):
    probe: _Word


_BODY: Final = msgspec.json.Decoder(_Probe)


class Index:
    """One connection, one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open or make the index of a data folder. Raises sqlite3.Error, OSError where it cannot be had."""
        self._path = folder / INDEX_FILE
        try:
            self._open()
            whole = self._db.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
        except sqlite3.OperationalError:
            raise  # a full disk, a lock: nothing is wrong with the file
        except sqlite3.DatabaseError:
            whole = False
        if not whole:
            with suppress(sqlite3.Error, AttributeError):
                self._db.close()
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(INDEX_FILE + suffix).unlink(missing_ok=True)
            self._open()

    def _open(self) -> None:
        self._path.touch(0o600)
        self._db = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        # NORMAL: a power cut may take the last transactions and leaves a whole file; `catch_up` has those.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "cache_size=-16384"):
            self._db.execute(f"PRAGMA {pragma}")
        found = self._db.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, VERSION):
            raise sqlite3.DatabaseError("of another version")
        self._db.executescript(_SCHEMA)
        self._db.execute(f"PRAGMA user_version={VERSION}")

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    # --- questions ------------------------------------------------------------------------------------------

    def find_sessions(self, sessions: Sequence[str]) -> set[str]:
        """Those of the sessions that were handed in."""
        rows = self._among("SELECT session FROM sessions WHERE session", sessions)
        return {row[0].hex() for row in rows}

    def find_reports(self, report_ids: Sequence[str]) -> dict[str, Known]:
        """Those of the reports that were handed in, deleted ones too, by their id."""
        rows = self._among(f"SELECT {_COLUMNS} FROM reports WHERE report_id", report_ids)  # noqa: S608 -- a constant
        return {known.report_id: known for known in map(_known, rows)}

    def _among(self, question: str, names: Sequence[str]) -> Iterator[Any]:
        """Rows of a question that ends in IN (...), some names at a time."""
        for start in range(0, len(names), ASKED_AT_ONCE):
            some = names[start : start + ASKED_AT_ONCE]
            marks = ",".join("?" * len(some))
            yield from self._db.execute(f"{question} IN ({marks})", [bytes.fromhex(name) for name in some])

    def find_report(self, report_id: str) -> Known | None:
        """A report that was handed in, deleted ones too."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM reports WHERE report_id = ?",  # noqa: S608 -- a constant of this file
            (bytes.fromhex(report_id),),
        ).fetchone()
        return None if row is None else _known(row)

    def held_after(self, session: bytes, most: int) -> list[tuple[bytes, Known]]:
        """Some sessions in their order, from behind one on (b"": from the first), each with its report."""
        columns = ", ".join(f"r.{name}" for name in _COLUMNS.split(", "))
        rows = self._db.execute(
            f"SELECT s.session, {columns} FROM sessions s JOIN reports r USING (report_id) "  # noqa: S608 -- the same
            "WHERE s.session > ? ORDER BY s.session LIMIT ?",
            (session, most),
        )
        return [(row[0], _known(row[1:])) for row in rows]

    def unfinished(self) -> list[Known]:
        """Reports whose deletion was asked for and whose bytes may still be there."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM reports WHERE deleted = 1")  # noqa: S608 -- the same
        return [_known(row) for row in rows]

    def count(self) -> int:
        """Reports known, deleted ones too."""
        return int(self._db.execute("SELECT count(*) FROM reports").fetchone()[0])

    # --- changes --------------------------------------------------------------------------------------------

    def add(self, entries: Sequence[Entry]) -> None:
        """Remember reports that are on disk. Raises sqlite3.Error: then none of them is remembered."""
        ends: dict[tuple[str, str], int] = {}
        for entry in entries:
            key = entry.place.segment, entry.place.month
            ends[key] = max(entry.place.end, ends.get(key, 0))
        self._begin()
        try:
            self._insert(entries)
            self._mark(ends)
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._rollback()
            raise

    def mark_deleted(self, report_id: str, stage: int) -> None:
        """1: asked for; 2: its bytes are gone."""
        self._db.execute(
            "INSERT INTO reports (report_id, deleted) VALUES (?, ?) "
            "ON CONFLICT (report_id) DO UPDATE SET deleted = max(deleted, excluded.deleted)",
            (bytes.fromhex(report_id), stage),
        )

    def forget_months(self, months: Iterable[str]) -> int:
        """Drop what lies in segments of these months; how many reports that were."""
        gone = 0
        self._begin()
        for month in months:
            self._db.execute(
                "DELETE FROM sessions WHERE report_id IN (SELECT report_id FROM reports WHERE month = ?)",
                (month,),
            )
            gone += self._db.execute("DELETE FROM reports WHERE month = ?", (month,)).rowcount
            self._db.execute("DELETE FROM segments WHERE month = ?", (month,))
        self._db.execute("COMMIT")
        return gone

    def catch_up(self, spool: Path) -> list[tuple[Segment, Damage]]:
        """Read what of the spool is not in here yet; what was damaged. Raises OSError, sqlite3.Error."""
        damages = []
        until = dict(self._db.execute("SELECT segment, until FROM segments").fetchall())
        for segment in list_segments(spool):
            start = until.get(segment.name, HEADER_BYTES)
            if segment.path.stat().st_size <= start:
                continue
            damages += [(segment, damage) for damage in self._read(segment, start)]
        return damages

    def _read(self, segment: Segment, start: int) -> list[Damage]:
        damages, end = [], start
        self._begin()
        for item in read_segment(segment.path, start):
            if isinstance(item, Damage):
                damages.append(item)
                continue
            place = Place(segment.name, segment.month, item.offset, item.length)
            end = place.end
            if isinstance(item.record, Intake):
                try:
                    entry = Entry(item.record, _deletion_hash(item.record.body), place)
                except ValueError as error:
                    damages.append(Damage(item.offset, item.length, str(error)))
                    continue
                self._insert([entry])
            elif isinstance(item.record, Deletion):
                self.mark_deleted(item.record.report_id, 1)
            else:
                assert isinstance(item.record, Erased)
        self._mark({(segment.name, segment.month): end})
        self._db.execute("COMMIT")
        return damages

    def _insert(self, entries: Sequence[Entry]) -> None:
        # A report may be in the spool twice after a failed write: the first place counts.
        self._db.executemany(
            f"INSERT OR IGNORE INTO reports ({_COLUMNS}) "  # noqa: S608 -- the same
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)",
            [
                (
                    bytes.fromhex(entry.intake.report_id),
                    bytes.fromhex(entry.intake.body_sha256),
                    entry.deletion_hash,
                    entry.intake.received_at_s,
                    entry.place.segment,
                    entry.place.month,
                    entry.place.offset,
                    entry.place.length,
                )
                for entry in entries
            ],
        )
        self._db.executemany(
            "INSERT OR IGNORE INTO sessions VALUES (?, ?)",
            [
                (bytes.fromhex(session), bytes.fromhex(entry.intake.report_id))
                for entry in entries
                for session in entry.intake.sessions
            ],
        )

    def _mark(self, ends: dict[tuple[str, str], int]) -> None:
        self._db.executemany(
            "INSERT INTO segments VALUES (?, ?, ?) "
            "ON CONFLICT (segment) DO UPDATE SET until = max(until, excluded.until)",
            [(segment, month, until) for (segment, month), until in ends.items()],
        )

    def _begin(self) -> None:
        if self._db.in_transaction:
            self._rollback()
        self._db.execute("BEGIN IMMEDIATE")

    def _rollback(self) -> None:
        with suppress(sqlite3.Error):
            self._db.execute("ROLLBACK")


def _known(row: tuple[bytes, bytes | None, bytes | None, float | None, str, str, int, int, int]) -> Known:
    report_id, body, deletion, received, segment, month, offset, length, deleted = row
    place = Place(segment or "", month or "", offset or 0, length or 0)
    return Known(report_id.hex(), (body or b"").hex(), deletion or b"", received or 0.0, place, deleted)


def _deletion_hash(body: bytes) -> bytes:
    """Raises ValueError for a body that is no submission."""
    try:
        plain = zstandard.ZstdDecompressor().decompress(body, max_output_size=BODY_BYTES_MAX)
        return bytes.fromhex(_BODY.decode(plain).probe.deletion_hash)
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"a body that is no submission: {error}") from error
