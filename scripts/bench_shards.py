"""Cells of several shards: states exported by processes of their own, and merged; beside one store's refresh.

python scripts/bench_shards.py                 # 1, 2, 4 and 8 shards, 360,000 votes: two minutes
python scripts/bench_shards.py --reports 20000 # fewer: each report gives six votes

Votes lie at random on the shards, by a hash of the report. Every merging is compared with one store's cells.
"""

import argparse
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.bench_store import STAGES, VOTES
from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from voipwatch.store import refresh
from voipwatch.store.engine import ClickHouse
from voipwatch.store.migrate import migrate
from voipwatch.store.opening import DATABASE, ENGINE, open_store
from voipwatch.store.shardprocess import Shard
from voipwatch.store.store import Store

SHARDS: Final = (1, 2, 4, 8)
AT_ONCE: Final = 20_000
"""Reports of one insert."""
CELLS: Final = f"SELECT * EXCEPT (version) FROM cells FINAL ORDER BY {refresh.KEY}"


class Run(NamedTuple):
    """One number of shards."""

    export_s: float
    merge_s: float
    size: int
    """Bytes of their states."""


def fill(folder: Path, reports: int, count: int, place: int) -> None:
    """Make the store of one shard in `folder`, with its share of the votes; in a process of its own."""
    engine = ClickHouse(folder / ENGINE, database=DATABASE)
    with Store(engine):
        migrate(engine)
        for start in range(0, reports, AT_ONCE):
            some = {"first": start, "count": min(AT_ONCE, reports - start), "shards": count, "place": place}
            engine.command(f"{VOTES} WHERE sipHash64(report_id) % {{shards:UInt64}} = {{place:UInt64}}", some)


def main() -> None:
    """Measure and print."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=at_least(1000), default=60_000)
    reports = parser.parse_args().reports
    machine = this_machine()
    print(f"{machine.date}, {machine.cpu}, {machine.cores} cores, load {machine.load_1min}")
    folder = Path(tempfile.mkdtemp(prefix="voipwatch-bench-shards-"))
    try:
        measure(folder, reports)
    finally:
        shutil.rmtree(folder)


def measure(folder: Path, reports: int) -> None:
    """One store's refresh, then each number of shards."""
    # One process after the other: the embedded engine opens one store in a process.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as apart:
        apart.starmap(fill, [(folder / "one", reports, 1, 0)], chunksize=1)
        for count in SHARDS:
            places = [(folder / f"{count}-{place}", reports, count, place) for place in range(count)]
            apart.starmap(fill, places, chunksize=1)
    votes = reports * 2 * len(STAGES)
    with open_store(f"chdb://{folder}/one") as store:
        hours = store.vote_hours()
        begun = time.perf_counter()
        made = store.refresh_cells(hours)
        took = time.perf_counter() - begun
        print(f"one store: {votes:,} votes, {made:,} cells of {len(hours):,} hours: {took:.2f} s")
        expected = store.select(CELLS)
        voices = store.select(f"SELECT uniqExact({refresh.KEY}, pseudonym) AS n FROM votes")["n"][0].as_py()
        print("shards  export s    votes/s     voices     MB  merge s   voices/s")
        for count in SHARDS:
            # A cell that the merging would leave out is marked as gone, and missed in the comparison.
            run = sharded(store, [f"chdb://{folder}/{count}-{place}" for place in range(count)], hours)
            assert store.select(CELLS).equals(expected), f"{count} shards make other cells"
            print(
                f"{count:>6} {run.export_s:>9.2f} {votes / run.export_s:>10,.0f} {voices:>10,} "
                f"{run.size / 1e6:>6.1f} {run.merge_s:>8.2f} {voices / run.merge_s:>10,.0f}"
            )


def sharded(store: Store, urls: Sequence[str], hours: Sequence[int]) -> Run:
    """Export all states and merge them; the start of the processes is not in it."""
    export_s = merge_s = 0.0
    size = 0
    with ExitStack() as ending:
        shards = [ending.enter_context(Shard(url, threads=1)) for url in urls]
        for shard in shards:
            shard.ask("vote_hours")
        assert {hour for shard in shards for hour in shard.answer()} == set(hours)
        for of_hours in refresh.stretches(hours):
            begun = time.perf_counter()
            for shard in shards:
                shard.ask("voices", of_hours["hours"])
            states = [shard.answer() for shard in shards]
            exported = time.perf_counter()
            store.merge_voices(of_hours["hours"], states)
            merge_s += time.perf_counter() - exported
            export_s += exported - begun
            size += sum(map(len, states))
    return Run(export_s, merge_s, size)


if __name__ == "__main__":
    main()
