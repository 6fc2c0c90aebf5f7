"""What the store costs: rows in, cells made, questions answered, at 1, 5 and 20 million observation rows.

python scripts/bench_store.py                  # prints the tables: some minutes, 3 GB of disk
python scripts/bench_store.py --write          # puts them into docs/benchmarks.md
python scripts/bench_store.py --millions 1     # only the smallest

A year of one country grows: 5 operators by 4 access types, 12 probes each, 4 runs a day of 2 apps of 14. The
raw rows are made by the engine from a counter and a hash; the way in is timed apart, of Python records.
"""

import argparse
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, above_zero, at_least
from scripts.benchmarks.figures import Machine, this_machine
from scripts.benchmarks.page import table, write
from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import APP_IDS, Access, Verdict
from voipwatch.model.votes import Vote
from voipwatch.store.cache import Cached
from voipwatch.store.engine import ClickHouse, Engine
from voipwatch.store.migrate import migrate
from voipwatch.store.rows import FlowRow, PartRow, ReportRow, SegmentRows
from voipwatch.store.series import SeriesKey
from voipwatch.store.store import Store

START: Final = 1_451_606_400
"""2016-01-01 UTC."""
PANEL: Final = 5 * 4 * 12
"""Probes: operators, access types, probes of each."""
ROWS_PER_REPORT: Final = 60
"""Observation rows: 2 apps, 15 flows of each, 2 directions."""
STAGES: Final = ("call", "setup", "voice")
SIZES: Final = (1, 5, 20)
"""Million observation rows."""
TARGETS_MS: Final = {
    "matrix": 50.0,
    "series": 20.0,
    "series after a write": 20.0,
    "country-year as Arrow": 2000.0,
}
INSERT_TARGET: Final = 200_000
"""Observation rows a second of the whole way from a spool segment; the insert is a part of it."""

_REPORT: Final = f"""
    lower(leftPad(hex(sipHash64(0, r)), 32, 'abcdef01234567')) AS report_id,
    intDiv(r, {PANEL}) AS run, r % {PANEL} AS seat,
    concat('AS', toString(64500 + seat % 5)) AS operator,
    ['3g', '4g', 'adsl', 'wifi'][intDiv(seat, 5) % 4 + 1] AS access, intDiv(seat, 20) AS probe,
    {START} + run * 21600 + sipHash64(seat, run) % 21600 AS at,
    toYYYYMM(toDateTime(at, 'UTC')) AS month"""
_APPS: Final = "[" + ", ".join(f"'{app}'" for app in APP_IDS) + "]"
VOTES: Final = f"""INSERT INTO votes
SELECT report_id, lower(leftPad(hex(sipHash64(seat, month)), 32, 'abcdef01234567')),
    lower(hex(sipHash64(seat, intDiv(at, 86400)))),
    if(access IN ('3g', '4g'), 'carrier', 'fixed'), 'MA', operator, access,
    {_APPS}[(run * 2 + n % 2 + probe) % {len(APP_IDS)} + 1] AS app,
    {list(STAGES)}[intDiv(n, 2) % {len(STAGES)} + 1],
    toStartOfHour(toDateTime(at, 'UTC')), toDateTime64(at, 3, 'UTC'), toDateTime64(at + 60, 3, 'UTC'),
    'scheduled', true, 'panel',
    multiIf(sipHash64(r, n) % 50 = 0, 'insufficient', at > {START} + 5000000 AND app < 'm', 'blocked', 'ok')
        AS said,
    concat(said, '.rule'), '2026.1', if(said = 'blocked', 'stun.drop.cookie', ''),
    if(said = 'blocked', 'both', ''),
    if(said = 'blocked', 99, 0), NULL, NULL, if(said = 'blocked', 99, 0), NULL, NULL, 12, '',
    toString(intDiv(r, 2000))
FROM (SELECT number % {2 * len(STAGES)} AS n, intDiv(number, {2 * len(STAGES)}) AS r, {_REPORT}
    FROM numbers({{first:UInt64}} * {2 * len(STAGES)}, {{count:UInt64}} * {2 * len(STAGES)}))"""
OBSERVATIONS: Final = f"""INSERT INTO observations
SELECT report_id, toDateTime64(at + 60, 3, 'UTC'), toDateTime64(at, 3, 'UTC'), 'MA', operator, access,
    {_APPS}[(run * 2 + n % 2 + probe) % {len(APP_IDS)} + 1], 'stun', 'media',
    ['A', 'C', 'A\\'', 'C\\''][intDiv(n, 4) % 4 + 1],
    '', 'voice', '', 'setup', intDiv(n, 16), intDiv(n, 2), 0, 3478, n * 40000, false, '',
    if(n % 4 < 2, 'up', 'down'), 'media',
    75 + sipHash64(r, n) % 3, 12000, 74, 11900, n * 40000, n * 40000 + 1500000, NULL, '',
    toString(intDiv(r, 2000))
FROM (SELECT number % {ROWS_PER_REPORT} AS n, intDiv(number, {ROWS_PER_REPORT}) AS r, {_REPORT}
    FROM numbers({{first:UInt64}} * {ROWS_PER_REPORT}, {{count:UInt64}} * {ROWS_PER_REPORT}))"""
REPORTS: Final = f"""INSERT INTO reports (report_id, received_at, observed_at, country, operator, access,
    kind, enrolled, pseudonym, prefix, prefix_kind, segment)
SELECT report_id, toDateTime64(at + 60, 3, 'UTC'), toDateTime64(at, 3, 'UTC'), 'MA', operator, access,
    'scheduled', true, lower(leftPad(hex(sipHash64(seat, month)), 32, 'abcdef01234567')),
    lower(hex(sipHash64(seat, intDiv(at, 86400)))), 'fixed', toString(intDiv(r, 2000))
FROM (SELECT number AS r, {_REPORT} FROM numbers({{first:UInt64}}, {{count:UInt64}}))"""

SAYS: Final = (
    "Milliseconds of repeated runs in one process: median (largest) / median CPU time of all threads. "
    "*Series*: one of them for the whole time, silence, lag and `as_of` in it. *Country-year*: all cells of "
    "the country in the order of keys. *After a write*: an owner's first series after it wrote something, "
    "and every one where nothing is kept: how late reports come is asked for too. *Refresh*: all cells of "
    "the time made anew from the votes, and those of one hour. Memory is the process's largest."
)
WAY_IN_SAYS: Final = (
    "The way in, one segment, best of three; the ledger, the check for known reports and fsync are in it:"
)


class Timed(NamedTuple):
    """Milliseconds of several runs of one question."""

    median: float
    worst: float
    cpu: float
    """Of all threads, the median: what a busy machine does not lengthen as much."""
    rows: int


class Size(NamedTuple):
    """One size of the store."""

    observations: int
    votes: int
    cells: int
    disk_mb: float
    refresh_s: float
    refresh_cpu_s: float
    refresh_hour: Timed
    asked: dict[str, Timed]
    memory_mb: float


class WayIn(NamedTuple):
    """One segment from Python records into the store, rows a second."""

    rows: int
    build: float
    insert: float
    insert_cpu: float


def timed(question: Callable[[], int], runs: int) -> Timed:
    """A question asked once to warm up, then `runs` times."""
    rows = question()
    took, spent = [], []
    for _ in range(runs):
        begun, cpu = time.perf_counter(), time.process_time()
        question()
        took.append((time.perf_counter() - begun) * 1000)
        spent.append((time.process_time() - cpu) * 1000)
    return Timed(statistics.median(took), max(took), statistics.median(spent), rows)


def after_a_write(found: pa.Table, engine: Engine) -> int:
    """The rows; the next question is the first after a statement that writes, here nothing."""
    engine.insert("arrivals", pa.table({}))
    return int(found.num_rows)


def grow(engine: Engine, first: int, count: int) -> None:
    """Add reports `first` to `first + count`, 20,000 at once."""
    for start in range(first, first + count, 20_000):
        some = {"first": start, "count": min(20_000, first + count - start)}
        engine.command(OBSERVATIONS, some)
        engine.command(VOTES, some)
        engine.command(REPORTS, some)


def measure(store: Store, engine: Engine, reports: int, *, folder: Path, runs: int) -> Size:
    """All figures of the store as it is."""
    span = reports // PANEL * 21_600
    hours = [START + 3600 * n for n in range(span // 3600 + 7)]
    begun, cpu = time.perf_counter(), time.process_time()
    store.refresh_cells(hours)
    refresh_s, refresh_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
    until = hours[-1] + 3600
    key = SeriesKey("MA", "AS64501", "4g", "whatsapp")
    questions: dict[str, Callable[[], int]] = {
        "matrix": lambda: store.matrix("MA", "AS64501", as_of=until - 7200).num_rows,
        "series": lambda: store.series(key, since=START, until=until).num_rows,
        "series after a write": lambda: after_a_write(store.series(key, since=START, until=until), engine),
        "country-year as Arrow": lambda: store.cells(country="MA", since=START, until=until).num_rows,
    }
    # Before the questions: as beside a loader, the table has parts that are not merged yet.
    one_hour = timed(lambda: store.refresh_cells([hours[len(hours) // 2]]), 5)
    asked = {name: timed(question, runs) for name, question in questions.items()}
    told = store.status()["tables"]
    used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Size(
        told["observations"]["rows"],
        told["votes"]["rows"],
        asked["country-year as Arrow"].rows,
        used / 1e6,
        refresh_s,
        refresh_cpu_s,
        one_hour,
        asked,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    )


def segment(reports: int) -> SegmentRows:
    """A segment of made-up reports, from Python records as a loader makes them."""
    rows = SegmentRows()
    for number in range(reports):
        name = f"{number:032x}"
        at = (START + number) * 1000
        rows.report(
            ReportRow(name, at, at, "MA", "AS64501", "4g", "scheduled", True, name, name[:16], "carrier")
        )
        for flow in range(ROWS_PER_REPORT // 2):
            start = flow * 40_000
            rows.flow(FlowRow("whatsapp", "stun", "media", "A", flow, "setup", flow // 4, started_us=start))
            rows.parts([PartRow(way, "media", 75, 12_000, 74, 11_900, 5, 90) for way in ("up", "down")])
        rows.votes(
            Vote(
                name, name, name[:16], PrefixKind.CARRIER, "MA", "AS64501", Access.G4, app, stage, at, at,
                RunKind.SCHEDULED, True, Verdict.OK, "ok.rule", "2026.1",
            )
            for app in ("whatsapp", "viber")
            for stage in STAGES
        )  # fmt: skip
    return rows


def way_in(folder: Path, reports: int) -> WayIn:
    """Build one segment and insert it; the better of three."""
    engine = ClickHouse(folder / "engine", database="way_in")
    migrate(engine)
    store = Store(engine)
    best: list[WayIn] = []
    for number in range(3):
        begun = time.perf_counter()
        rows = segment(reports)
        built = time.perf_counter()
        # Other ids, so that nothing is refused: the segment before is emptied out.
        for name in ("reports", "observations", "votes"):
            engine.command(f"TRUNCATE TABLE {name}")
        cpu, started = time.process_time(), time.perf_counter()
        done = store.insert_segment(f"s{number}", rows)
        took, spent = time.perf_counter() - started, time.process_time() - cpu
        best.append(
            WayIn(
                done.observations,
                done.observations / (built - begun),
                done.observations / took,
                done.observations / spent,
            )
        )
    store.close()
    return max(best, key=lambda each: each.insert)


def shown(told: Timed) -> str:
    """Median, largest, CPU."""
    return f"{told.median:.0f} ({told.worst:.0f}) / {told.cpu:.0f}"


def page(sizes: Sequence[Size], entry: WayIn, *, machine: Machine, took_s: float) -> str:
    """The section of docs/benchmarks.md."""
    head = (
        f"`python scripts/bench_store.py --write`, {machine.date} UTC, {took_s:.0f} s. "
        f"{machine.cores} cores of {machine.cpu}, {machine.kernel}, Python {machine.python}; load average at "
        f"the start {machine.load_1min or 0:.2f}."
    )
    ways = [
        ["observation rows of the segment", f"{entry.rows:,}", ""],
        ["records to columns, rows a second", f"{entry.build:,.0f}", ""],
        ["columns into the store, on disk, rows a second", f"{entry.insert:,.0f}", f"{INSERT_TARGET:,}"],
        ["the same, a second of CPU (driver, engine, both cores)", f"{entry.insert_cpu:,.0f}", ""],
    ]
    names = list(sizes[0].asked)
    grown = [
        [
            f"{size.observations:,}", f"{size.votes:,}", f"{size.cells:,}", f"{size.disk_mb:,.0f}",
            f"{size.refresh_s:.1f} / {size.refresh_cpu_s:.1f}", shown(size.refresh_hour),
            *(shown(size.asked[name]) for name in names),
            f"{size.memory_mb:,.0f}",
        ]
        for size in sizes
    ]  # fmt: skip
    largest = sizes[-1]
    verdicts = [
        [
            name,
            f"{largest.asked[name].median:.0f}",
            f"{target:.0f}",
            "yes" if largest.asked[name].median <= target else "**no**",
        ]
        for name, target in TARGETS_MS.items()
    ]
    return "\n\n".join([
        head,
        f"Asked of {largest.observations:,} observation rows, median ms:",
        table(["question", "measured", "asked for", "met"], verdicts),
        SAYS,
        table(
            [
                *("observations", "votes", "cells", "MB on disk", "refresh, s", "one hour, ms"),
                *(f"{name}, ms" for name in names),
                "MB of memory",
            ],
            grown,
        ),
        WAY_IN_SAYS,
        table(["what", "measured", "asked of the whole way"], ways),
    ])  # fmt: skip


def main() -> None:
    """The command line."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=above_zero, nargs="+", default=list(SIZES))
    parser.add_argument("--segment", type=at_least(1), default=4000, help="reports of the timed segment")
    parser.add_argument("--runs", type=at_least(1), default=20)
    parser.add_argument("--folder", type=Path, help="where the store lies meanwhile")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    arguments = parser.parse_args()
    machine, begun = this_machine(), time.perf_counter()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        entry = way_in(folder, arguments.segment)
        engine = Cached(ClickHouse(folder / "engine", database="bench"))  # as `opening` opens it
        migrate(engine)
        store = Store(engine)
        sizes, have = [], 0
        for millions in sorted(arguments.millions):
            reports = round(millions * 1e6) // ROWS_PER_REPORT
            grow(engine, have, reports - have)
            have = reports
            print(f"{reports:,} reports are in after {time.perf_counter() - begun:.0f} s", file=sys.stderr)
            sizes.append(measure(store, engine, reports, folder=folder, runs=arguments.runs))
            print(sizes[-1], file=sys.stderr)
        store.close()
    finally:
        shutil.rmtree(folder)
    text = page(sizes, entry, machine=machine, took_s=time.perf_counter() - begun)
    if arguments.write:
        write("store", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
