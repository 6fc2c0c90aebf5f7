"""What a bundle costs: a year of one country published, and again after one new day.

python scripts/bench_publish.py                # prints the table: a minute or two
python scripts/bench_publish.py --write        # puts it into docs/benchmarks.md

The votes are those of `bench_store`: 5 operators by 4 access types, 12 probes each, 4 runs a day of 2 apps of
14. The chronicle's log is empty: the figures are of rows, tables and files.
"""

import argparse
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scripts.bench_store import PANEL, START, VOTES
from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import Machine, this_machine
from scripts.benchmarks.page import table, write
from voipwatch.pipeline.publishing.checking import check_bundle
from voipwatch.pipeline.publishing.publish import Published, Request, publish
from voipwatch.store.engine import ClickHouse
from voipwatch.store.migrate import migrate
from voipwatch.store.store import Store

DAY_S: Final = 86_400
YEAR_DAYS: Final = 365
TARGETS_S: Final = {"a year, from nothing": 60.0, "after one new day": 10.0}


class Run(NamedTuple):
    """One publish."""

    what: str
    took_s: float
    cpu_s: float
    done: Published


def grow(engine: ClickHouse, days: int) -> None:
    """Put the votes of so many days into the store."""
    reports = PANEL * 4 * days
    for start in range(0, reports, 20_000):
        engine.command(VOTES, {"first": start, "count": min(20_000, reports - start)})
    engine.command(
        "INSERT INTO segments SELECT DISTINCT segment, 2, 1, 0, 0, 0, 0, [], now64(3), 1 FROM votes"
    )


def timed(what: str, store: Store, request: Request) -> Run:
    """One publish, measured."""
    begun, cpu = time.perf_counter(), time.process_time()
    done = publish(store, request)
    run = Run(what, time.perf_counter() - begun, time.process_time() - cpu, done)
    print(run, file=sys.stderr)
    return run


def measure(folder: Path, days: int) -> tuple[list[Run], dict[str, object], float]:
    """A year but a day, the whole year from nothing, and the last day on top; shares; seconds of a check."""
    engine = ClickHouse(folder / "engine", database="bench")
    migrate(engine)
    grow(engine, days)
    store = Store(engine)
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    end = START + days * DAY_S
    request = Request(folder / "bundle", folder / "memory", end - DAY_S, key)
    first = timed("a year, from nothing", store, request)
    day = timed("after one new day", store, request._replace(as_of=end))
    again = timed("the same again", store, request._replace(as_of=end))
    begun = time.perf_counter()
    found = check_bundle(folder / "bundle")
    checked_s = time.perf_counter() - begun
    bad = [finding for finding in found if finding.holds is False]
    if bad:
        raise SystemExit(f"the bundle does not hold: {bad}")
    store.close()
    privacy = msgspec.json.decode((folder / "bundle/privacy.json").read_bytes())
    return [first, day, again], privacy["cells_percent"], checked_s


def page(
    runs: list[Run],
    shares: dict[str, object],
    checked_s: float,
    *,
    machine: Machine,
    days: int,
    took_s: float,
) -> str:
    """The section of docs/benchmarks.md."""
    head = (
        f"`python scripts/bench_publish.py --write`, {machine.date} UTC, {took_s:.0f} s. "
        f"{machine.cores} cores of {machine.cpu}, {machine.kernel}, Python {machine.python}; load average at "
        f"the start {machine.load_1min or 0:.2f}. {days} days; `voipwatch verify` of the bundle takes "
        f"{checked_s:.1f} s."
    )
    rows = [
        [
            run.what, f"{run.took_s:.1f} / {run.cpu_s:.1f}",
            f"{TARGETS_S[run.what]:.0f}" if run.what in TARGETS_S else "",
            ("yes" if run.took_s <= TARGETS_S[run.what] else "**no**") if run.what in TARGETS_S else "",
            f"{run.done.rows:,}", f"{run.done.fresh:,}", f"{run.done.files:,}",
            f"{run.done.bytes / 1e6:,.1f}",
        ]
        for run in runs
    ]  # fmt: skip
    heading = ["what", "s / s of CPU", "asked for, s", "met", "rows", "new rows", "files", "MB"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    left = [[name, "–" if share is None else f"{share} %"] for name, share in shares.items()]
    return "\n\n".join([
        head,
        table(heading, rows),
        f"Memory: at most {memory:,.0f} MB. What privacy leaves of this panel, as the bundle says it:",
        table(["cells published by", "share"], left),
    ])  # fmt: skip


def main() -> None:
    """The command line."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=at_least(1), default=YEAR_DAYS)
    parser.add_argument("--folder", type=Path, help="where store and bundle lie meanwhile")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    arguments = parser.parse_args()
    machine, begun = this_machine(), time.perf_counter()
    folder = Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        runs, shares, checked_s = measure(folder, arguments.days)
    finally:
        shutil.rmtree(folder)
    took_s = time.perf_counter() - begun
    text = page(runs, shares, checked_s, machine=machine, days=arguments.days, took_s=took_s)
    if arguments.write:
        write("publish", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
