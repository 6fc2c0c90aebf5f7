"""Questions exported like tables: every series with what must stand beside it, context by day."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from voipwatch.model.votes import PANEL
from voipwatch.store.engine import Engine, Parameters
from voipwatch.store.retention import kept_from
from voipwatch.store.series import FIGURES, HOUR_S, STALE_S, SeriesKey, arrivals, plain, with_silence

DAY_S: Final = 24 * HOUR_S
PANEL_COLUMNS: Final = ("panel_probes", "panel_joined", "panel_left")
INFLUENCE: Final = (
    "fixed_to_move", "fixed_to_blocked", "fixed_to_ok", "carrier_to_move", "carrier_to_blocked",
    "carrier_to_ok",
)  # fmt: skip
_OF_LINE: Final = (
    "instance = {instance:String} AND country = {country:String} AND operator = {operator:String} "
    "AND access = {access:String}"
)
_HOURS: Final = "hour >= toDateTime({before:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC')"
_PANEL: Final = f"""
SELECT app, stage, toUnixTimestamp(toDateTime(seen, 'UTC')) AS day, count() AS panel_probes,
    countIf(seen = first) AS panel_joined, countIf(seen = last) AS panel_left
FROM (
    SELECT app, stage, pseudonym, arrayJoin(groupUniqArray(toDate(hour, 'UTC')) AS days) AS seen,
        arrayMin(days) AS first, arrayMax(days) AS last
    FROM votes
    WHERE {_OF_LINE} AND source = {{source:String}} AND {_HOURS}
    GROUP BY app, stage, pseudonym, toYYYYMM(hour)
)
GROUP BY app, stage, seen ORDER BY app, stage, seen"""
CONTEXT_DAYS: Final = """
SELECT source, country, asn, test, part, toStartOfDay(toDateTime(observed_at, 'UTC'), 'UTC') AS day,
    toUInt32(countIf(outcome = 'ok')) AS ok, toUInt32(countIf(outcome = 'anomaly')) AS anomaly,
    toUInt32(countIf(outcome = 'stale')) AS stale, toUInt32(countIf(outcome = 'failed')) AS failed,
    toDateTime(max(received_at), 'UTC') AS as_of
FROM context FINAL GROUP BY source, country, asn, test, part, day"""
"""By network, test and part; which target it was does not matter here."""


class Span(NamedTuple):
    """Unix seconds; None: from the first cell, to the newest report."""

    country: str
    since: int | None
    until: int | None


def series_by_line(engine: Engine, span: Span) -> Iterator[tuple[float, pa.Table]]:
    """(share that is done, rows of the view `series`) of one country x operator x access after the other."""
    lines = engine.select(
        "SELECT instance, country, operator, access, toUnixTimestamp(min(hour)) AS first FROM cells FINAL "
        "WHERE source = {source:String} AND (country = {country:String} OR {country:String} = '') "
        "GROUP BY ALL ORDER BY ALL",
        {"source": PANEL, "country": span.country},
    ).to_pylist()
    for number, line in enumerate(lines, 1):
        yield number / len(lines), _of_line(engine, line, span)


def _of_line(engine: Engine, line: dict[str, Any], span: Span) -> pa.Table:
    key = SeriesKey(line["country"], line["operator"], line["access"], "", instance=line["instance"])
    known = arrivals(engine, key)
    since = line["first"] if span.since is None else span.since
    until = (known.as_of // HOUR_S + 1) * HOUR_S if span.until is None else span.until
    asked: Parameters = {
        "instance": key.instance, "country": key.country, "operator": key.operator, "access": key.access,
        "source": PANEL, "before": max(since - STALE_S, 0), "until": until,
    }  # fmt: skip
    cells = engine.select(
        f"SELECT app, stage, {FIGURES} FROM cells FINAL WHERE {_OF_LINE} AND source = {{source:String}} "
        f"AND {_HOURS} ORDER BY app, stage, hour",
        asked,
    )
    # The panel joins and leaves by calendar month, whichever hours are asked for: whole months are read.
    panel = _by_series(engine.select(_PANEL, {**asked, "before": max(since - 31 * DAY_S, 0),
                                              "until": until + 31 * DAY_S}))  # fmt: skip
    influence = _by_series(
        engine.select(
            f"SELECT app, stage, hour, {', '.join(INFLUENCE)} FROM influence FINAL "
            f"WHERE {_OF_LINE} AND {_HOURS} ORDER BY app, stage, hour",
            asked,
        )
    )
    floor = kept_from(engine)
    parts = []
    for (app, stage), found in _by_series(cells).items():
        rows = with_silence(found, since=since, until=until, arrivals=known)
        words = {**line, "app": app, "stage": stage}
        for name in ("instance", "country", "operator", "access", "app", "stage"):
            rows = rows.append_column(name, pa.repeat(words[name], rows.num_rows))
        hours = rows["hour"].to_numpy().astype(np.int64)
        rows = _beside(rows, panel.get((app, stage)), hours // DAY_S * DAY_S, PANEL_COLUMNS, since=floor)
        parts.append(_beside(rows, influence.get((app, stage)), hours, INFLUENCE))
    return pa.concat_tables(parts)


def _by_series(rows: pa.Table) -> dict[tuple[str, str], pa.Table]:
    """(app, stage) -> its rows, of rows in that order."""
    names = list(zip(plain(rows["app"]).to_pylist(), plain(rows["stage"]).to_pylist(), strict=True))
    found = {}
    for name, group in groupby(enumerate(names), key=itemgetter(1)):
        places = [place for place, _ in group]
        found[name] = rows.slice(places[0], len(places)).drop_columns(["app", "stage"]).combine_chunks()
    return found


def _beside(
    rows: pa.Table,
    other: pa.Table | None,
    at: npt.NDArray[np.int64],
    names: tuple[str, ...],
    *,
    since: int | None = None,
) -> pa.Table:
    """`rows` with columns of `other`, found by its first column (times) at `at`.

    Where nothing is found: null; with `since`, 0 from then on.
    """
    times = np.zeros(0, np.int64) if other is None else other.column(0).to_numpy().astype(np.int64)
    place = np.searchsorted(times, at)
    there = np.isin(at, times)
    index = pa.array(place, mask=~there)
    for name in names:
        kind = pa.uint32() if since is not None else pa.uint16()
        column = pa.nulls(len(at), kind) if other is None else other[name].take(index).cast(kind)
        if since is not None:
            column = pa.array(
                np.where(there, column.fill_null(0).to_numpy(), 0).astype(np.uint32),
                mask=~there & (at < since),
            )
        rows = rows.append_column(name, column)
    return rows
