"""The ledger: rows of a spool segment go in once, whatever dies in between.

A segment's line says `begun` before its first row, `in` after the last, `celled` when its cells are made.
Found begun, it is begun again: what an earlier try left is removed first, so that a loader whose rules
changed in between leaves no mixture. Tokens (segment, try, table, piece) guard against the driver's own
repetitions only: the engine notes a token a moment before the part is there, so that they alone would lose
rows at that moment.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from voipwatch.store.engine import Engine, chunks, scalar
from voipwatch.store.errors import StoreError
from voipwatch.store.rows import SegmentRows, SegmentTables, records_table, with_segment

BEGUN: Final = 1
IN: Final = 2
CELLED: Final = 3
ATTEMPTS_MAX: Final = 60_000
"""The ledger counts in 16 bits; the loader gives a segment up long before."""
RAW_TABLES: Final = ("observations", "votes", "reports")
"""Tables with a row's report and segment; `reports` last, so that what is counted is there to the end."""
IDS_AT_ONCE: Final = 1000
"""Report ids in one deletion: 35 kB of SQL, of the 256 kB that the engine reads by default."""

_REPORT_ID: Final = re.compile(r"[0-9a-f]{32}")
_SEGMENT_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,80}")


class Inserted(NamedTuple):
    """What one call of `insert_segment` did."""

    fresh: bool
    """False where the segment was in already: then nothing was done, and the figures are the ledger's."""
    reports: int
    observations: int
    votes: int
    deletions: int
    refused: list[str]
    """Ids of reports that are in by another segment, or were deleted: not inserted."""
    hours: list[int]
    """Unix seconds of the hours whose cells are to be made anew."""


class _Line(NamedTuple):
    step: int = 0
    attempt: int = 0
    hours: tuple[int, ...] = ()
    reports: int = 0
    observations: int = 0
    votes: int = 0
    deletions: int = 0


def insert_segment(engine: Engine, segment: str, rows: SegmentRows | SegmentTables) -> Inserted:
    """Insert one segment's rows; exactly once in effect, from a single loader.

    Args:
        engine: that writes.
        segment: its id, 1 to 80 of `A-Za-z0-9._-`.
        rows: what is in it; every report once.

    Raises:
        StoreError: `segment` for a wrong id, a report that occurs twice, or a segment that never goes in;
            `full`, `unreachable`, `query` from the engine. After any of them the same call may be repeated.
    """
    if not _SEGMENT_ID.fullmatch(segment):
        raise StoreError("segment", f"{segment[:90]!r}: not an id of 1 to 80 letters, digits, dots, dashes")
    known = _line(engine, segment)
    if known.step >= IN:
        return Inserted(
            False, known.reports, known.observations, known.votes, known.deletions, [], [*known.hours]
        )
    made = rows.tables() if isinstance(rows, SegmentRows) else rows
    tables = {"reports": made.reports, "observations": made.observations, "votes": made.votes}
    deletions = made.deletions
    _require_sound(segment, tables["reports"], deletions)
    attempt = known.attempt + 1
    if attempt > ATTEMPTS_MAX:
        raise StoreError("segment", f"{segment}: begun {known.attempt} times and never finished")
    doomed_ids = deletions["report_id"].to_pylist()
    hours = {*known.hours, *_hours(tables["votes"]), *_hours_of(engine, doomed_ids)}
    begun = _Line(BEGUN, attempt, tuple(sorted(hours)))
    _write(engine, segment, begun)
    if attempt > 1:
        _clear(engine, segment)
    _put(engine, "reports", tables["reports"], segment, attempt)
    refused = _refused(engine, segment)
    if refused:
        _delete_reports(engine, refused, only="reports", where=f"segment = '{segment}'")
        for name, table in tables.items():
            mask = pc.invert(pc.is_in(table["report_id"], value_set=pa.array(refused)))
            tables[name] = table.filter(mask)
    for name in ("observations", "votes"):
        _put(engine, name, tables[name], segment, attempt)
    if doomed_ids:
        engine.insert("deletions", with_segment(deletions, segment))
        for name in RAW_TABLES:
            _delete_reports(engine, doomed_ids, only=name)
    done = _Line(
        IN,
        attempt,
        begun.hours,
        tables["reports"].num_rows,
        tables["observations"].num_rows,
        tables["votes"].num_rows,
        deletions.num_rows,
    )
    _write(engine, segment, done)
    return Inserted(True, done.reports, done.observations, done.votes, done.deletions, refused, [*done.hours])


def pending_hours(engine: Engine) -> dict[str, list[int]]:
    """Segments whose rows are in and whose cells are not yet, with the hours they touch."""
    found = engine.select("SELECT segment, hours FROM segments FINAL WHERE step = 2 ORDER BY segment")
    return dict(zip(found["segment"].to_pylist(), found["hours"].to_pylist(), strict=True))


def mark_celled(engine: Engine, segments: Iterable[str]) -> None:
    """Note that the cells of these segments are made."""
    for segment in segments:
        _write(engine, segment, _line(engine, segment)._replace(step=CELLED))


def known_segments(engine: Engine) -> dict[str, int]:
    """Every segment in the ledger with its step."""
    found = engine.select("SELECT segment, step FROM segments FINAL ORDER BY segment")
    return dict(zip(found["segment"].to_pylist(), found["step"].to_pylist(), strict=True))


def _line(engine: Engine, segment: str) -> _Line:
    found = engine.select(
        "SELECT step, attempt, hours, reports, observations, votes, deletions FROM segments FINAL "
        "WHERE segment = {segment:String}",
        {"segment": segment},
    ).to_pylist()
    return _Line(**found[0] | {"hours": tuple(found[0]["hours"])}) if found else _Line()


def _write(engine: Engine, segment: str, line: _Line) -> None:
    record = line._asdict() | {
        "segment": segment,
        "hours": list(line.hours),
        "written_at": scalar(engine, "SELECT now64(3, 'UTC')"),
        "version": line.attempt * 10 + line.step,
    }
    engine.insert("segments", records_table("segments", [record]))


def _put(engine: Engine, name: str, rows: pa.Table, segment: str, attempt: int) -> None:
    for number, piece in enumerate(chunks(with_segment(rows, segment))):
        engine.insert(name, piece, f"{segment}:{attempt}:{name}:{number}")


def _clear(engine: Engine, segment: str) -> None:
    for name in RAW_TABLES:
        parameters = {"segment": segment}
        left = engine.select(
            f"SELECT count() AS n FROM {name} WHERE segment = {{segment:String}}", parameters
        )
        if left["n"][0].as_py():
            engine.command(f"ALTER TABLE {name} DELETE WHERE segment = '{segment}'")


def _refused(engine: Engine, segment: str) -> list[str]:
    mine = "report_id IN (SELECT report_id FROM reports WHERE segment = {segment:String})"
    found = engine.select(
        f"SELECT report_id FROM reports WHERE segment != {{segment:String}} AND {mine} "
        f"UNION DISTINCT SELECT report_id FROM deletions WHERE {mine}",
        {"segment": segment},
    )
    return sorted(found["report_id"].to_pylist())


def _hours(votes: pa.Table) -> list[int]:
    return [int(hour) for hour in pc.unique(votes["hour"]).to_pylist()]


def _hours_of(engine: Engine, report_ids: list[str]) -> set[int]:
    hours: set[int] = set()
    for ids in _quoted(report_ids):
        found = engine.select(
            f"SELECT DISTINCT toUnixTimestamp(hour) AS hour FROM votes WHERE report_id IN ({ids})"
        )
        hours |= set(found["hour"].to_pylist())
    return hours


def _delete_reports(engine: Engine, report_ids: list[str], *, only: str, where: str = "1") -> None:
    for ids in _quoted(report_ids):
        found = engine.select(f"SELECT count() AS n FROM {only} WHERE report_id IN ({ids}) AND {where}")
        if found["n"][0].as_py():
            engine.command(f"ALTER TABLE {only} DELETE WHERE report_id IN ({ids}) AND {where}")


def _quoted(report_ids: list[str]) -> Iterable[str]:
    for start in range(0, len(report_ids), IDS_AT_ONCE):
        yield ", ".join(f"'{report_id}'" for report_id in report_ids[start : start + IDS_AT_ONCE])


def _require_sound(segment: str, reports: pa.Table, deletions: pa.Table) -> None:
    ids = reports["report_id"].to_pylist()
    wrong = [i for i in [*ids, *deletions["report_id"].to_pylist()] if not _REPORT_ID.fullmatch(i)]
    if wrong:
        raise StoreError("segment", f"{segment}: not a report's id: {wrong[0][:40]!r}")
    if len(set(ids)) != len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise StoreError("segment", f"{segment}: report {twice} is in it twice")
