"""One series hour by hour: its cells, silence where none is, and what is provisional yet.

Planning a query costs the engine more than reading a year of one series: there are two plain ones, of the
table of arrivals, a row a line, and of the cells, whose conditions are said to be those of the sorting key.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from voipwatch.model.cells import CALL_STAGE, LAG_UNKNOWN_S, STALE_AFTER_H, CellState
from voipwatch.model.votes import PANEL
from voipwatch.store.engine import Engine
from voipwatch.store.sorting import latest_by_key

HOUR_S: Final = 3600
STALE_S: Final = STALE_AFTER_H * HOUR_S


class SeriesKey(NamedTuple):
    """One series of cells."""

    country: str
    operator: str
    access: str
    app: str
    stage: str = CALL_STAGE
    source: str = PANEL
    instance: str = ""


class Arrivals(NamedTuple):
    """What silence waits for."""

    as_of: int
    """Unix seconds of the newest report that is in any cell of the instance; 0 without any."""
    lag_s: int
    """95 % of the line's reports came sooner."""


OF_SERIES: Final = (
    "instance = {instance:String} AND source = {source:String} AND country = {country:String} "
    "AND operator = {operator:String} AND access = {access:String} AND app = {app:String} "
    "AND stage = {stage:String}"
)
FIGURES: Final = (
    "hour, state, ok_micro, blocked_micro, throttled_micro, down_micro, insufficient_micro, "
    "probes, prefixes, reports, mechanisms, last_received"
)
_SERIES: Final = (
    f"SELECT {FIGURES}, version, deleted FROM cells PREWHERE {OF_SERIES} "
    "AND hour >= toDateTime({before:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC')"
)
_ARRIVALS: Final = "SELECT instance, country, operator, access, last_received, lag_s, version FROM arrivals"
"""All of it: a row a line and what is not merged yet. Each condition costs more than the rows."""


def series(engine: Engine, key: SeriesKey, *, since: int, until: int, as_of: int | None) -> pa.Table:
    """One series with `since` <= hour < `until` (Unix seconds), one row an hour.

    An hour without a vote is `silent` while the series had a deciding cell within the `STALE_AFTER_H` hours
    before it; after that, and before the first cell, the series is not measured and has no row. A row is
    provisional until the lag of the line's panel has passed since the hour's end.

    Args:
        engine: that reads.
        key: which series.
        since: first hour.
        until: hour after the last.
        as_of: Unix seconds up to which everything that was received is in the cells. None: the newest report
            in a cell, which is what the store itself knows.

    Returns:
        hour (Unix seconds), state, the five weights in millionths, probes, prefixes, reports, mechanisms,
        last_received; all figures 0 where silent; provisional, lag_s, as_of.
    """
    known = arrivals(engine, key)
    # Not FINAL: a table of several parts is merged for longer than it is read.
    found = engine.select(_SERIES, key._asdict() | {"before": max(since - STALE_S, 0), "until": until})
    return with_silence(
        latest_by_key(found, ("hour",)),
        since=since,
        until=until,
        arrivals=known if as_of is None else known._replace(as_of=as_of),
    )


def arrivals(engine: Engine, key: SeriesKey) -> Arrivals:
    """Of the line of a series; the lag of one that nothing is known of is `LAG_UNKNOWN_S`."""
    found = engine.select(_ARRIVALS)
    mine = _equal(plain(found["instance"]), key.instance)
    as_of = int(found["last_received"].to_numpy()[mine].max(initial=0))
    for name in ("country", "operator", "access"):
        mine &= _equal(plain(found[name]), getattr(key, name))
    if not mine.any():
        return Arrivals(as_of, LAG_UNKNOWN_S)
    newest = np.argmax(np.where(mine, found["version"].to_numpy(), 0))
    return Arrivals(as_of, int(found["lag_s"].to_numpy()[newest]))


def with_silence(found: pa.Table, *, since: int, until: int, arrivals: Arrivals) -> pa.Table:
    """Rows of `FIGURES` of one series by hour, those of a week before `since` too -> rows of `series`.

    Silence is filled in here: in SQL it costs three times the reading.
    """
    hours = found["hour"].to_numpy().astype(np.int64)
    said = plain(found["state"])
    decided = hours[~_equal(said, CellState.INSUFFICIENT.value)]
    grid = np.arange(-(-since // HOUR_S) * HOUR_S, until, HOUR_S, dtype=np.int64)
    place = np.searchsorted(hours, grid)
    there = np.isin(grid, hours, assume_unique=True)
    last = np.concatenate([[-STALE_S - HOUR_S], decided])[np.searchsorted(decided, grid)]
    kept = there | (grid - last <= STALE_S)
    grid, there, place = grid[kept], there[kept], place[kept]
    columns: dict[str, Any] = {"hour": pa.array(grid, pa.uint32())}
    columns["state"] = _filled(said, place, there, CellState.SILENT.value)
    taken = np.where(there, place, 0)
    for name in found.column_names:
        if name in columns:
            continue
        column = found[name]
        if pa.types.is_integer(column.type):
            values = column.to_numpy()
            filled = np.where(there, values[taken], 0) if len(values) else np.zeros(len(grid))
            columns[name] = pa.array(filled.astype(values.dtype))
        else:
            columns[name] = _filled(plain(column), taken, there, "")
    columns["provisional"] = pa.array(grid + HOUR_S + arrivals.lag_s > arrivals.as_of)
    columns["lag_s"] = pa.array(np.full(len(grid), arrivals.lag_s, np.uint32))
    columns["as_of"] = pa.array(np.full(len(grid), arrivals.as_of, np.uint32))
    return pa.table(columns)


def plain(column: Any) -> Any:  # noqa: ANN401 -- Arrow has no types
    """Words as strings in one piece."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _filled(words: Any, place: npt.NDArray[np.int64], there: npt.NDArray[np.bool_], fill: str) -> Any:  # noqa: ANN401 -- the same
    return pc.fill_null(words.take(pa.array(place, mask=~there)), fill)


def _equal(words: Any, word: str) -> npt.NDArray[np.bool_]:  # noqa: ANN401 -- the same
    return np.array(pc.equal(words, word).to_numpy(zero_copy_only=False), np.bool_)
