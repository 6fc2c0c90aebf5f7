"""Reading: an operator's status, a series, a country's cells, the votes as they came."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from voipwatch.model.cells import CALL_STAGE, STALE_AFTER_H, CellState
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict
from voipwatch.model.votes import PANEL, Vote
from voipwatch.store import parts, refresh
from voipwatch.store.columns import TABLES
from voipwatch.store.engine import Engine, scalar
from voipwatch.store.migrate import version_of
from voipwatch.store.rows import records_table
from voipwatch.store.series import FIGURES, OF_FEW_ROWS, OF_SERIES, SeriesKey, coded, newest_report, plain
from voipwatch.store.sorting import latest_by_key

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


_CELL: Final = f"instance, source, country, operator, access, app, stage, {FIGURES}"
"""Of a cell; in Arrow an hour is its Unix seconds."""
_IN_ORDER: Final = f" ORDER BY {refresh.KEY}"
_LARGE_BLOCKS: Final = " SETTINGS max_block_size = 1000000, preferred_block_size_bytes = 0"
"""Each block becomes a piece of Arrow with dictionaries of its own: 228 of them cost more than reading."""


_WEEK: Final = (
    "SELECT access, app, hour, state, probes, mechanisms, version, deleted FROM cells "
    "PREWHERE instance = {instance:String} AND source = {source:String} AND country = {country:String} "
    "AND operator = {operator:String} AND stage = {stage:String} "
    "AND hour > toDateTime({since:UInt32}, 'UTC') AND hour <= toDateTime({until:UInt32}, 'UTC')" + OF_FEW_ROWS
)


def matrix(engine: Engine, country: str, operator: str, *, as_of: int | None, instance: str) -> pa.Table:
    """An operator's status matrix, one row an access and app.

    Args:
        engine: that reads.
        country: ISO 3166.
        operator: as in the cells.
        as_of: Unix seconds; the newest hour looked at is the one that holds it. None: now, as the
            store knows it.
        instance: of emulated rows, else empty.

    Returns:
        access, app, state (the latest that decides something, or insufficient), hour (Unix seconds, of that
        state), probes and mechanisms then, measured_hours (with a state, within `STALE_AFTER_H`),
        last_hour (newest with any vote), as_of.
    """
    now = newest_report(engine, instance) if as_of is None else as_of
    since = max(now - STALE_AFTER_H * HOUR_S, 0)
    found = engine.select(
        _WEEK,
        {
            "country": country,
            "operator": operator,
            "instance": instance,
            "source": PANEL,
            "stage": CALL_STAGE,
            "since": since,
            "until": now,
        },
    )
    # The newest versions and their last hours are taken here: the engine groups for as long as it reads.
    return _latest_states(latest_by_key(found, ("access", "app", "hour")), now)


def _latest_states(week: pa.Table, now: int) -> pa.Table:
    """Rows of `matrix` of its cells in the order of access, app and hour."""
    hours, said = week["hour"].to_numpy(), plain(week["state"])
    access, app = coded(week["access"])[1], coded(week["app"])[1]
    changes = np.flatnonzero((np.diff(access) != 0) | (np.diff(app) != 0)) + 1
    begins = np.concatenate([np.zeros(min(len(hours), 1), np.int64), changes])
    ends = np.append(begins, len(hours))[1:]
    decided = np.flatnonzero(pc.not_equal(said, CellState.INSUFFICIENT.value).to_numpy(zero_copy_only=False))
    before, after = np.searchsorted(decided, begins), np.searchsorted(decided, ends)
    measured = after - before
    # The place of the last cell that decides something, none where there is no such cell.
    last = pa.array(np.append(decided, 0)[after - 1], mask=measured == 0)
    return pa.table({
        "access": week["access"].take(pa.array(begins)),
        "app": week["app"].take(pa.array(begins)),
        "state": pc.fill_null(said.take(last), CellState.INSUFFICIENT.value),
        "hour": pc.fill_null(pa.array(hours).take(last), 0),
        "probes": pc.fill_null(week["probes"].take(last), 0),
        "mechanisms": pc.fill_null(plain(week["mechanisms"]).take(last), ""),
        "measured_hours": pa.array(measured.astype(np.uint64)),
        "last_hour": pa.array(hours[ends - 1]),
        "as_of": pa.array(np.full(len(begins), now, np.uint64)),
    })  # fmt: skip


def panel(engine: Engine, key: SeriesKey, *, since: int, until: int) -> pa.Table:
    """Who stood behind a series, one row a day with votes.

    A pseudonym lasts a calendar month, so that joining and leaving are told inside one month only: on its
    first and last day everybody joins and leaves.

    Returns:
        day (Unix seconds), probes (distinct pseudonyms), joined (seen that day first in the month), left
        (seen that day last in the month; provisional in the current month), month_turn (first or last day
        of a month).
    """
    return engine.select(
        f"""
        SELECT toUnixTimestamp(toDateTime(seen, 'UTC')) AS day, count() AS probes,
            countIf(seen = first) AS joined,
            countIf(seen = last) AS left,
            seen = toStartOfMonth(seen) OR seen = toLastDayOfMonth(seen) AS month_turn
        FROM (
            SELECT pseudonym, arrayJoin(groupUniqArray(toDate(hour, 'UTC')) AS days) AS seen,
                arrayMin(days) AS first, arrayMax(days) AS last
            FROM votes
            WHERE {OF_SERIES} AND hour >= toDateTime({{since:UInt32}}, 'UTC')
                AND hour < toDateTime({{until:UInt32}}, 'UTC')
            GROUP BY pseudonym, toYYYYMM(hour)
        )
        GROUP BY seen ORDER BY seen""",
        key._asdict() | {"since": since, "until": until},
    )


def cells(engine: Engine, *, country: str, since: int, until: int, source: str, instance: str) -> pa.Table:
    """All cells of a country in a time, in the order of keys, without version and deleted."""
    found = engine.select(
        f"SELECT {_CELL}, version, deleted FROM cells "
        "PREWHERE instance = {instance:String} AND source = {source:String} AND country = {country:String} "
        "AND hour >= toDateTime({since:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC')"
        + _LARGE_BLOCKS,
        {"country": country, "since": since, "until": until, "source": source, "instance": instance},
    )
    # Not FINAL: the engine merges and then sorts again, which takes four times the reading.
    return latest_by_key(found, ("operator", "access", "app", "stage", "hour"))


def cells_as_of(engine: Engine, at: int, *, country: str, since: int, until: int, instance: str) -> pa.Table:
    """The panel's cells, made of the votes that had been received by `at` (Unix seconds)."""
    where = (
        "instance = {instance:String} AND source = {panel:String} AND country = {country:String} "
        "AND hour >= toDateTime({since:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC') "
        "AND received_at < toDateTime64({at:UInt32} + 1, 3, 'UTC')"
    )
    return engine.select(
        f"SELECT {_CELL} FROM ({refresh.CELLS.replace('{where}', where)}){_IN_ORDER}",
        refresh.parameters()
        | {"country": country, "since": since, "until": until, "instance": instance, "at": at},
    )


VOTE_FIELDS: Final = (
    "report_id, pseudonym, prefix, prefix_kind, country, operator, access, app, stage, "
    "toUnixTimestamp64Milli(observed_at) AS observed_at_ms, "
    "toUnixTimestamp64Milli(received_at) AS received_at_ms, "
    "kind, enrolled, verdict, rule, ruleset, mechanism, direction, loss_up_points, loss_up_low, "
    "loss_up_high, loss_down_points, loss_down_low, loss_down_high, flows, instance"
)


def votes_since(
    engine: Engine, after: tuple[int, str], *, limit: int, source: str, instance: str
) -> Iterator[Vote]:
    """Votes in the order of arrival; see `Store.votes_since`."""
    found = engine.select(
        f"""
        SELECT {VOTE_FIELDS} FROM votes
        WHERE source = {{source:String}} AND instance = {{instance:String}}
            AND received_at >= fromUnixTimestamp64Milli({{ms:Int64}}, 'UTC')
            AND (received_at, report_id) > (fromUnixTimestamp64Milli({{ms:Int64}}, 'UTC'),
                {{report_id:String}})
            AND segment IN (SELECT segment FROM segments FINAL WHERE step >= 2)
        ORDER BY received_at, report_id, app, stage LIMIT {{limit:UInt32}}""",
        {"ms": after[0], "report_id": after[1], "limit": limit + 1, "source": source, "instance": instance},
    )
    rows = found.num_rows
    if rows > limit:
        cut = found["report_id"][rows - 1].as_py()
        while rows and found["report_id"][rows - 1].as_py() == cut:
            rows -= 1
        if rows == 0:
            raise ValueError(f"one report has more than {limit} votes")
    yield from votes_from(found.slice(0, rows))


def votes_from(found: pa.Table) -> Iterator[Vote]:
    """Votes of rows of `VOTE_FIELDS`."""
    columns = {name: found[name].to_pylist() for name in found.column_names}
    columns["prefix_kind"] = [PrefixKind(word) for word in columns["prefix_kind"]]
    columns["access"] = [Access(word) for word in columns["access"]]
    columns["kind"] = [RunKind(word) for word in columns["kind"]]
    columns["verdict"] = [Verdict(word) for word in columns["verdict"]]
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield Vote(**dict(zip(names, values, strict=True)))


def save_state(engine: Engine, detector: str, payload: str) -> None:
    """Keep `payload` for `detector`."""
    version = _next_version(engine, "detector_state")
    record = {"detector": detector, "payload": payload, "version": version}
    engine.insert("detector_state", records_table("detector_state", [record]))


def load_state(engine: Engine, detector: str) -> str | None:
    """What was kept last, or None."""
    found = engine.select(
        "SELECT payload FROM detector_state FINAL WHERE detector = {detector:String}", {"detector": detector}
    )
    return found["payload"][0].as_py() if found.num_rows else None


def save_changepoints(engine: Engine, records: Sequence[dict[str, Any]]) -> None:
    """Keep changepoints under one new version."""
    version = _next_version(engine, "changepoints")
    engine.insert(
        "changepoints", records_table("changepoints", [record | {"version": version} for record in records])
    )


def changepoints(engine: Engine, *, country: str, instance: str) -> pa.Table:
    """Newest version of each changepoint."""
    return engine.select(
        "SELECT changepoint_id, instance, country, operator, access, app, stage, kind, "
        "toUnixTimestamp(earliest) AS earliest, toUnixTimestamp(latest) AS latest, "
        "toUnixTimestamp(detected_at) AS detected_at, payload FROM changepoints FINAL "
        "WHERE instance = {instance:String} AND (country = {country:String} OR {country:String} = '') "
        "ORDER BY country, operator, access, app, stage, latest, changepoint_id",
        {"country": country, "instance": instance},
    )


def status(engine: Engine) -> dict[str, Any]:
    """Versions, rows and bytes of each table, the ledger, the newest report, damaged parts."""
    sizes = parts.sizes(engine)
    for name in {"cells", "influence"} & sizes.keys():
        # a row that was replaced or taken back stays in the files until the engine merges them
        sizes[name]["rows"] = scalar(engine, f"SELECT count() FROM {name} FINAL WHERE NOT deleted")
    ledger = engine.select(
        "SELECT step, count() AS n FROM segments FINAL GROUP BY step ORDER BY step"
    ).to_pylist()
    return {
        "version": version_of(engine),
        "engine": scalar(engine, "SELECT version()"),
        "tables": {table.name: sizes[table.name] for table in TABLES if table.name in sizes},
        "segments": {{1: "begun", 2: "in", 3: "celled"}[row["step"]]: row["n"] for row in ledger},
        "as_of": newest_report(engine),
        "damaged_parts": parts.damaged(engine),
    }


def countries(engine: Engine, table: str) -> list[str]:
    """Codes of the countries that a table, or a view that is exported, has rows of; sorted."""
    made_of = {
        "cells": "cells FINAL WHERE NOT deleted",
        "series": f"cells FINAL WHERE NOT deleted AND source = '{PANEL}'",
        "influence": "influence FINAL WHERE NOT deleted",
        "context_days": "context WHERE 1",
    }
    source = made_of.get(table, f"{table} WHERE 1")
    found = engine.select(f"SELECT DISTINCT toString(country) AS country FROM {source} ORDER BY country")
    return [str(code) for code in found["country"].to_pylist()]


def _next_version(engine: Engine, table: str) -> int:
    return int(scalar(engine, f"SELECT max(version) + 1 FROM {table}"))
