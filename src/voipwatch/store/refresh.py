"""Cells of votes, in SQL; `inference.cells` is the same in plain Python, and a test holds them together."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from voipwatch.model import cells as numbers
from voipwatch.model.votes import PANEL
from voipwatch.store.engine import Engine, Parameters, scalar

HOURS_AT_ONCE: Final = 500
"""Hours in one statement: three weeks; a parameter of 6 kB, which a server's URL line still takes."""

KEY: Final = "instance, source, country, operator, access, app, stage, hour"

VOICE: Final = {
    "reports": ("uniqExact", "report_id"),
    "last_received": ("max", "received_at"),
    "said": (
        "argMax",
        "tuple(verdict, mechanism, prefix, prefix_kind), tuple(observed_at, received_at, report_id)",
    ),
}
"""What a pseudonym's votes of an hour come to: name -> aggregate function and of what."""


def voices(combinator: str = "") -> str:
    """Every pseudonym's voice; with `State`, the aggregates' states in place of values. Needs `where`."""
    parts = ", ".join(f"{function}{combinator}({of}) AS {name}" for name, (function, of) in VOICE.items())
    return f"SELECT {KEY}, pseudonym, {parts} FROM votes WHERE {{where}} GROUP BY {KEY}, pseudonym"


_PREFIXES: Final = f"""
SELECT {KEY}, said.3 AS prefix,
    if(min(said.4 = 'carrier'), {{carrier:UInt64}}, {{fixed:UInt64}}) AS cap,
    countIf(said.1 = 'ok') AS ok, countIf(said.1 = 'blocked') AS blocked,
    countIf(said.1 = 'throttled') AS throttled, countIf(said.1 = 'down') AS down,
    countIf(said.1 = 'insufficient') AS undecided, ok + blocked + throttled + down AS decided,
    least({{vote:UInt64}}, intDiv(cap, greatest(decided, 1))) AS weight,
    least({{vote:UInt64}}, intDiv(cap, greatest(undecided, 1))) AS undecided_weight,
    sum(reports) AS reports, max(last_received) AS last_received,
    groupArrayIf(said.2, said.1 IN ('blocked', 'throttled') AND said.2 != '') AS blamed
FROM ({{voices}})
GROUP BY {KEY}, prefix"""
_SUMS: Final = f"""
SELECT {KEY},
    sum(ok * weight) AS ok_micro, sum(blocked * weight) AS blocked_micro,
    sum(throttled * weight) AS throttled_micro, sum(down * weight) AS down_micro,
    sum(undecided * undecided_weight) AS insufficient_micro,
    sum(decided + undecided) AS probes, count() AS prefixes, sum(reports) AS all_reports,
    groupArrayArray(blamed) AS blames, max(last_received) AS latest
FROM ({_PREFIXES})
GROUP BY {KEY}"""
OF_VOICES: Final = f"""
SELECT {KEY},
    ok_micro + blocked_micro + throttled_micro + down_micro AS decided_micro,
    {{majority:Float64}} * decided_micro - {{slack:UInt64}} AS needed,
    multiIf(
        source != {{panel:String}} OR decided_micro + {{slack:UInt64}} < {{enough:UInt64}}, 'insufficient',
        ok_micro >= needed, 'ok',
        blocked_micro >= needed, 'blocked',
        throttled_micro >= needed, 'throttled',
        down_micro >= needed, 'down',
        'intermittent') AS state,
    ok_micro, blocked_micro, throttled_micro, down_micro, insufficient_micro,
    probes, prefixes, all_reports AS reports,
    arraySort(word -> (-countEqual(blames, word), word), arrayDistinct(blames)) AS blamed,
    arrayStringConcat(blamed, ',') AS mechanisms,
    toDateTime(latest, 'UTC') AS last_received
FROM ({_SUMS})"""
"""Cells of the voices that take the place of `voices`; needs the parameters of `parameters`."""
CELLS: Final = OF_VOICES.replace("{voices}", voices())
"""Needs `where`, and the parameters of `parameters`."""

COLUMNS: Final = (
    f"{KEY}, state, ok_micro, blocked_micro, throttled_micro, down_micro, insufficient_micro, probes, "
    "prefixes, reports, mechanisms, last_received"
)
"""Of a cell, in the table's order."""
OF_HOURS: Final = (
    "toUnixTimestamp(hour) IN {hours:Array(UInt32)} "
    "AND hour >= toDateTime({first:UInt32}, 'UTC') AND hour <= toDateTime({last:UInt32}, 'UTC')"
)


OF_COUNTRIES: Final = "({all:UInt8} OR country IN {countries:Array(String)})"
"""Where several loaders work, each makes the cells of its own countries; `of_countries` fills it."""
MADE: Final = f"{OF_HOURS} AND {OF_COUNTRIES} AND version = {{version:UInt64}} AND NOT deleted"
"""Cells that a refresh just made. Without FINAL: merging costs a hundred times the reading of an hour."""
LINE: Final = "instance, country, operator, access"
NEWEST: Final = f"""
SELECT {LINE}, max(at) AS newest FROM (
    SELECT {LINE}, max(last_received) AS at FROM cells WHERE {MADE} GROUP BY {LINE}
    UNION ALL
    SELECT {LINE}, last_received AS at FROM arrivals FINAL
    WHERE ({LINE}) IN (SELECT DISTINCT {LINE} FROM cells WHERE {MADE})
)
GROUP BY {LINE}"""
"""Of each line whose cells were just made, the last arrival that is in any of its cells."""
ARRIVALS: Final = f"""
SELECT {LINE}, any(newest) AS last_received,
    countIf(counts AND received_at > newest - INTERVAL {{days:UInt8}} DAY
        AND received_at < newest + INTERVAL 1 SECOND) AS reports,
    if(reports < {{least:UInt32}}, {{unknown:UInt32}},
        toUInt32(quantileExactIf({numbers.LAG_QUANTILE})(
            greatest(0, dateDiff('second', observed_at, received_at)),
            counts AND received_at > newest - INTERVAL {{days:UInt8}} DAY
                AND received_at < newest + INTERVAL 1 SECOND))) AS lag_s
FROM ({NEWEST}) AS lines
LEFT JOIN (
    SELECT {LINE}, observed_at, received_at, true AS counts FROM reports
    WHERE kind = 'scheduled' AND enrolled AND received_at > toDateTime64({{floor:UInt32}}, 3, 'UTC')
) AS panel USING ({LINE})
GROUP BY {LINE}"""
"""Of the lines whose cells were just made: a line is country x operator x access. The lag is that of
`inference.lag`: quantileExact takes the value at floor(level * n) of the sorted ones."""


def parameters() -> dict[str, Any]:
    """The numbers of `model.cells`, as the SQL wants them."""
    return {
        "vote": numbers.VOTE_MICRO,
        "carrier": round(numbers.PREFIX_WEIGHT_CARRIER * numbers.VOTE_MICRO),
        "fixed": round(numbers.PREFIX_WEIGHT_FIXED * numbers.VOTE_MICRO),
        "enough": numbers.PROBES_MIN * numbers.VOTE_MICRO,
        "majority": numbers.MAJORITY_RATIO,
        "slack": numbers.ROUNDING_MICRO,
        "panel": PANEL,
    }


def of_countries(countries: Sequence[str] | None) -> dict[str, Any]:
    """Parameters of `OF_COUNTRIES`; None: all."""
    return {"all": int(countries is None), "countries": list(countries or ())}


def countries_of(engine: Engine, hours: Sequence[int]) -> list[str]:
    """Countries that have votes or cells in these hours (Unix seconds), sorted."""
    found: set[str] = set()
    for start in range(0, len(hours), HOURS_AT_ONCE):
        some = sorted(hours)[start : start + HOURS_AT_ONCE]
        table = engine.select(
            f"SELECT DISTINCT country FROM votes WHERE {OF_HOURS} "
            f"UNION DISTINCT SELECT DISTINCT country FROM cells WHERE {OF_HOURS}",
            {"hours": some, "first": some[0], "last": some[-1]},
        )
        found.update(table["country"].to_pylist())
    return sorted(found)


def refresh_cells(engine: Engine, hours: Sequence[int], countries: Sequence[str] | None = None) -> int:
    """Make the cells of these hours anew from the votes; returns how many there are.

    Twice the same call leaves the same cells; a cell whose votes are gone goes too. Hours are Unix seconds;
    `countries`: theirs alone, None: all.
    """
    cells = CELLS.replace("{where}", f"{OF_HOURS} AND {OF_COUNTRIES}")
    made = 0
    for of_hours in stretches(hours, countries):
        made_now = make_cells(engine, cells, of_hours)
        _refresh_arrivals(engine, made_now)
        made += count_made(engine, made_now)
    settle(engine, hours)
    return made


def stretches(hours: Sequence[int], countries: Sequence[str] | None = None) -> Iterator[Parameters]:
    """Hours (Unix seconds), as `OF_HOURS` wants them, at most `HOURS_AT_ONCE` each, ascending; with the
    countries, as `OF_COUNTRIES` wants them.
    """
    wanted = sorted(set(hours))
    for start in range(0, len(wanted), HOURS_AT_ONCE):
        some = wanted[start : start + HOURS_AT_ONCE]
        yield {"hours": some, "first": some[0], "last": some[-1], **of_countries(countries)}


def make_cells(engine: Engine, cells: str, of_hours: Parameters) -> Parameters:
    """Write what the query `cells` says of one of `stretches`; cells that it does not say any more go.

    Returns the parameters of `MADE`.
    """
    version = scalar(engine, "SELECT greatest(max(version) + 1, toUnixTimestamp64Micro(now64(6))) FROM cells")
    stamp = {"version": version, "ruleset": numbers.CELLS_RULESET}
    engine.command(
        f"INSERT INTO cells SELECT {COLUMNS}, {{ruleset:String}}, {{version:UInt64}}, 0 FROM ({cells})",
        {**parameters(), **of_hours, **stamp},
    )
    made_now = {**of_hours, "version": version}
    engine.command(
        "INSERT INTO cells SELECT * REPLACE ({version:UInt64} AS version, 1 AS deleted) FROM "
        f"(SELECT * FROM (SELECT * FROM cells WHERE {OF_HOURS} AND {OF_COUNTRIES} "
        f"ORDER BY version DESC LIMIT 1 BY {KEY}) "
        "WHERE version < {version:UInt64} AND NOT deleted)",
        made_now,
    )
    return made_now


def count_made(engine: Engine, made: Parameters) -> int:
    """How many cells `make_cells` just made."""
    return int(scalar(engine, f"SELECT count() FROM cells WHERE {MADE}", made))


def settle(engine: Engine, hours: Sequence[int]) -> None:
    """After many stretches: their parts overlap all others; a series costs 2 to 3 ms more for each."""
    if len(set(hours)) > HOURS_AT_ONCE:
        engine.command("OPTIMIZE TABLE cells FINAL SETTINGS optimize_skip_merged_partitions = 1")


def _refresh_arrivals(engine: Engine, made: Parameters) -> None:
    """How late reports come on the lines of the cells just made, up to the newest of each."""
    oldest = scalar(engine, f"SELECT toUnixTimestamp(min(newest)) FROM ({NEWEST})", made)
    window: Parameters = {
        "days": numbers.LAG_DAYS,
        "floor": max(0, oldest - numbers.LAG_DAYS * 86_400),
        "least": numbers.LAG_REPORTS_MIN,
        "unknown": numbers.LAG_UNKNOWN_S,
    }
    engine.command(
        f"INSERT INTO arrivals SELECT {LINE}, last_received, reports, lag_s, {{version:UInt64}} "
        f"FROM ({ARRIVALS})",
        {**made, **window},
    )
    # A few rows, read with every series: in one part.
    engine.command("OPTIMIZE TABLE arrivals FINAL")
