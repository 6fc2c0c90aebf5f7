"""One series hour by hour: its cells, silence where none is, and what is provisional yet.

Planning a query costs the engine more than reading a year of one series: there are two plain ones, of the
table of arrivals, a row a line, which the owner of an embedded store keeps in memory (`cache`), and of the
cells, whose conditions are said to be those of the sorting key.
"""

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
OF_FEW_ROWS: Final = (
    " SETTINGS max_threads = 1, max_block_size = 1000000, preferred_block_size_bytes = 0, "
    "enable_multiple_prewhere_read_steps = 0, output_format_arrow_compression_method = 'none'"
)
"""Of a query that finds its few rows by the key: one more thread, block or step of filtering takes the engine
longer to set up than it then saves, and packing the answer takes a sixth of the time. Of millions of rows
an answer that is packed comes sooner, and in less memory."""
_SERIES: Final = (
    f"SELECT {FIGURES}, version, deleted FROM cells PREWHERE {OF_SERIES} "
    "AND hour >= toDateTime({before:UInt32}, 'UTC') AND hour < toDateTime({until:UInt32}, 'UTC')"
)
OF_SOME_YEARS: Final = OF_FEW_ROWS.replace("max_threads = 1", "max_threads = 2")
"""Each year has parts of its own: of three and more a second thread reads some meanwhile."""
LONG_S: Final = 2 * 366 * 86_400
ARRIVALS: Final = "SELECT instance, country, operator, access, last_received, lag_s, version FROM arrivals"
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
    sql = _SERIES + (OF_SOME_YEARS if until - since > LONG_S else OF_FEW_ROWS)
    found = engine.select(sql, key._asdict() | {"before": max(since - STALE_S, 0), "until": until})
    return with_silence(
        latest_by_key(found, ("hour",)),
        since=since,
        until=until,
        arrivals=known if as_of is None else known._replace(as_of=as_of),
    )


def arrivals(engine: Engine, key: SeriesKey) -> Arrivals:
    """Of the line of a series; the lag of one that nothing is known of is `LAG_UNKNOWN_S`."""
    found = engine.select(ARRIVALS)
    mine = _equal(found["instance"], key.instance)
    as_of = _newest(found, mine)
    for name in ("country", "operator", "access"):
        mine &= _equal(found[name], getattr(key, name))
    if not mine.any():
        return Arrivals(as_of, LAG_UNKNOWN_S)
    newest = np.argmax(np.where(mine, found["version"].to_numpy(), 0))
    return Arrivals(as_of, int(found["lag_s"].to_numpy()[newest]))


def newest_report(engine: Engine, instance: str | None = None) -> int:
    """Unix seconds of the newest report that is in a cell (of an instance); 0 without any."""
    found = engine.select(ARRIVALS)
    return _newest(found, slice(None) if instance is None else _equal(found["instance"], instance))


def _newest(found: pa.Table, mine: slice | npt.NDArray[np.bool_]) -> int:
    return int(found["last_received"].to_numpy()[mine].max(initial=0))


def with_silence(found: pa.Table, *, since: int, until: int, arrivals: Arrivals) -> pa.Table:
    """Rows of `FIGURES` of one series by hour, those of a week before `since` too -> rows of `series`.

    Silence is filled in here: in SQL it costs three times the reading.
    """
    hours = found["hour"].to_numpy().astype(np.int64)
    decided = hours[~_equal(found["state"], CellState.INSUFFICIENT.value)]
    grid = np.arange(-(-since // HOUR_S) * HOUR_S, until, HOUR_S, dtype=np.int64)
    place = np.searchsorted(hours, grid)
    there = np.append(hours, -1)[place] == grid
    last = np.concatenate([[-STALE_S - HOUR_S], decided])[np.searchsorted(decided, grid)]
    kept = there | (grid - last <= STALE_S)
    grid, there, place = grid[kept], there[kept], place[kept]
    # A row after the last one stands for silence.
    place[~there] = len(hours)
    columns: dict[str, Any] = {"hour": pa.array(grid.astype(np.uint32))}
    columns["state"] = _filled(found["state"], place, CellState.SILENT.value)
    for name in found.column_names:
        if name in columns:
            continue
        column = found[name]
        if pa.types.is_integer(column.type):
            values = column.to_numpy()
            columns[name] = pa.array(np.append(values, values.dtype.type(0))[place])
        else:
            columns[name] = _filled(column, place, "")
    columns["provisional"] = pa.array(grid + HOUR_S + arrivals.lag_s > arrivals.as_of)
    columns["lag_s"] = pa.array(np.full(len(grid), arrivals.lag_s, np.uint32))
    columns["as_of"] = pa.array(np.full(len(grid), arrivals.as_of, np.uint32))
    return pa.table(columns)


def plain(column: Any) -> Any:  # noqa: ANN401 -- Arrow has no types
    """Words as strings in one piece."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(pa.string())
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _filled(words: Any, place: npt.NDArray[np.int64], fill: str) -> Any:  # noqa: ANN401 -- the same
    """The words at these places; `fill` at the place after the last."""
    dictionary, codes = coded(words)
    return pa.array([*dictionary, fill], pa.string()).take(pa.array(np.append(codes, len(dictionary))[place]))


def _equal(words: Any, word: str) -> npt.NDArray[np.bool_]:  # noqa: ANN401 -- the same
    dictionary, codes = coded(words)
    # A dictionary that was filtered may hold a word twice.
    wanted = [code for code, each in enumerate(dictionary) if each == word]
    return codes == wanted[0] if len(wanted) == 1 else np.isin(codes, wanted)


def coded(words: Any) -> tuple[list[str], npt.NDArray[np.int32]]:  # noqa: ANN401 -- the same
    """The different words of a column, and which of them each row has: Arrow's cost is by the call."""
    if not pa.types.is_dictionary(words.type):
        words = words.dictionary_encode()
    if isinstance(words, pa.ChunkedArray):
        words = words.chunk(0) if words.num_chunks == 1 else words.unify_dictionaries().combine_chunks()
    codes: npt.NDArray[np.int32] = words.indices.to_numpy()
    return words.dictionary.to_pylist(), codes
