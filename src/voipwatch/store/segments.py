"""The ledger: rows of a spool segment go in once, whatever dies in between.

A segment's line says `begun` before its first row, `in` after the last, `celled` when its cells are made.
Found begun, it is begun again: what an earlier try left is removed first, so that a loader whose rules
changed in between leaves no mixture. Tokens (segment, try, table, piece) guard against the driver's own
repetitions only: the engine notes a token a moment before the part is there, so that they alone would lose
rows at that moment.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
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

LINES_AT_ONCE: Final = 1000
"""Names of segments in one statement: 80 kB at most, where a server takes an address of 1 MB."""

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


def insert_segment(
    engine: Engine,
    segment: str,
    rows: SegmentRows | SegmentTables,
    owns_country: Callable[[str], bool] | None = None,
) -> Inserted:
    """Insert one segment's rows; exactly once in effect, from the one loader that owns the segment.

    Args:
        engine: that writes.
        segment: its id, 1 to 80 of `A-Za-z0-9._-`.
        rows: what is in it; every report once.
        owns_country: whose deletions are this loader's, where several work on a store; None: all.

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
    doomed_ids = _doomed(engine, deletions["report_id"].to_pylist(), owns_country)
    hours = {*known.hours, *_hours(tables["votes"]), *_hours_of(engine, doomed_ids)}
    begun = _Line(BEGUN, attempt, tuple(sorted(hours)))
    _write(engine, {segment: begun})
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
    if deletions.num_rows:
        engine.insert("deletions", with_segment(deletions, segment))
    if doomed_ids:
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
    _write(engine, {segment: done})
    return Inserted(True, done.reports, done.observations, done.votes, done.deletions, refused, [*done.hours])


def pending_hours(engine: Engine) -> dict[str, list[int]]:
    """Segments whose rows are in and whose cells are not yet, with the hours they touch."""
    found = engine.select("SELECT segment, hours FROM segments FINAL WHERE step = 2 ORDER BY segment")
    return dict(zip(found["segment"].to_pylist(), found["hours"].to_pylist(), strict=True))


def mark_celled(engine: Engine, segments: Iterable[str]) -> None:
    """Note that the cells of these segments are made."""
    names = sorted(segments)
    for start in range(0, len(names), LINES_AT_ONCE):
        lines = _lines(engine, names[start : start + LINES_AT_ONCE])
        _write(engine, {name: line._replace(step=CELLED) for name, line in lines.items()})


def known_segments(engine: Engine) -> dict[str, int]:
    """Every segment in the ledger with its step."""
    found = engine.select("SELECT segment, step FROM segments FINAL ORDER BY segment")
    return dict(zip(found["segment"].to_pylist(), found["step"].to_pylist(), strict=True))


def _line(engine: Engine, segment: str) -> _Line:
    return _lines(engine, [segment])[segment]


def _lines(engine: Engine, names: Sequence[str]) -> dict[str, _Line]:
    """Of each name; one that is not there has a line with nothing in it."""
    found = engine.select(
        "SELECT segment, step, attempt, hours, reports, observations, votes, deletions FROM segments FINAL "
        "WHERE segment IN {segments:Array(String)}",
        {"segments": list(names)},
    ).to_pylist()
    known = {row.pop("segment"): _Line(**row | {"hours": tuple(row["hours"])}) for row in found}
    return {name: known.get(name, _Line()) for name in names}


def _write(engine: Engine, lines: Mapping[str, _Line]) -> None:
    at = scalar(engine, "SELECT now64(3, 'UTC')")
    records = [
        line._asdict()
        | {
            "segment": segment,
            "hours": list(line.hours),
            "written_at": at,
            "version": line.attempt * 10 + line.step,
        }
        for segment, line in lines.items()
    ]
    engine.insert("segments", records_table("segments", records))


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
    """Reports of the segment that are in by another one, or were deleted.

    Of two segments that go in at the same moment, by two loaders, the one that comes first by its name keeps
    a report that both have: that neither had it would lose it.
    """
    mine = "report_id IN (SELECT report_id FROM reports WHERE segment = {segment:String})"
    found = engine.select(
        f"SELECT DISTINCT report_id, segment FROM reports WHERE segment != {{segment:String}} AND {mine} "
        f"UNION DISTINCT SELECT report_id, '' AS segment FROM deletions WHERE {mine}",
        {"segment": segment},
    ).to_pylist()
    going_in = {row["segment"] for row in found if row["segment"] > segment}
    going_in = {other for other in going_in if _line(engine, other).step < IN}
    return sorted({row["report_id"] for row in found if row["segment"] not in going_in})


def _doomed(engine: Engine, report_ids: list[str], owns_country: Callable[[str], bool] | None) -> list[str]:
    """Reports that are to be deleted here. A deletion goes to all partitions of a stream, and only the loader
    of the report's country makes the cells anew that it was in.
    """
    if owns_country is None:
        return report_ids
    doomed: set[str] = set()
    for ids in _quoted(report_ids):
        for name in RAW_TABLES:
            found = engine.select(
                f"SELECT DISTINCT report_id, country FROM {name} WHERE report_id IN ({ids})"
            )
            doomed |= {row["report_id"] for row in found.to_pylist() if owns_country(row["country"])}
    return sorted(doomed)


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
