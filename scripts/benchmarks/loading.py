"""How fast spool segments go into the store, way by way, on this machine as it is."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import msgspec
import zstandard

from voipwatch.collector.spool import SpoolWriter
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import emulated_submission
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Report
from voipwatch.model.submission import Intake, PrefixKind
from voipwatch.pipeline.ballots import votes_of
from voipwatch.pipeline.columnar import Columnar
from voipwatch.pipeline.loader import Loader
from voipwatch.pipeline.reading import no_collections
from voipwatch.pipeline.rows import add_report
from voipwatch.pipeline.slim import (
    decode_log,
    decode_raw_log,
    decode_raw_submission,
    decode_submission,
    inflate,
    inflate_log,
)
from voipwatch.store.opening import open_store
from voipwatch.store.rows import SegmentRows, SegmentTables

APPS: Final = ("whatsapp", "sip")
START_S: Final = 1_793_491_200.0
BODIES: Final = 100
LOSSY: Final = "throttled"
"""Two in three media packets are lost: hardly a list of sequence numbers is like another."""
ROWS_A_REPORT: Final = 542
"""Of `records`; where a way makes no rows to be counted."""


class Figure(msgspec.Struct, frozen=True):
    """One line of the table."""

    what: str
    rows_a_second: float
    cpu_us_a_row: float


def records(count: int, world: str = "clean") -> list[Intake]:
    """Reports of two apps, each its own session; more than `BODIES` have the bodies of earlier ones."""
    measurement = run_simulated(load_worlds().get(world), apps=list(APPS), seed=1)
    report = Report(judge(measurement), measurement, "bench")
    bodies = [
        msgspec.json.encode(emulated_submission(report, bytes(range(32)), number, "2026-11-01T00:00:00Z"))
        for number in range(min(count, BODIES))
    ]
    squeezed = [
        (zstandard.ZstdCompressor(level=1).compress(body), sha256(body).hexdigest()) for body in bodies
    ]
    made = []
    for number in range(count):
        name = sha256(str(number).encode()).hexdigest()[:32]
        made.append(
            Intake(
                name, [name], START_S + number, *squeezed[number % len(squeezed)],
                "MA", 64500, "bench", f"{number:016x}", "2026-11-01",
                PrefixKind.FIXED, True,
            )
        )  # fmt: skip
    return made


def fill(folder: Path, intakes: Sequence[Intake]) -> None:
    """A sealed spool."""
    ids = iter(range(1, 10_000))
    writer = SpoolWriter(folder, lambda count: next(ids).to_bytes(count, "big"))
    for start in range(0, len(intakes), 50):
        writer.append(intakes[start : start + 50], START_S)
    writer.seal()


def measure(count: int, workers: int) -> Iterator[Figure]:
    """Every way, once; `workers` processes read ahead in the last of loading."""
    some = records(min(count, 100))
    lossy = records(min(count, 20), LOSSY)
    with no_collections():
        for intakes in (some, lossy):
            _plain(intakes[:2])  # what is imported once is not counted
            _columnar(intakes[:2])
        yield _timed("decoding alone, typed records", some, _decode)
        yield _timed("decoding alone, lists of numbers as they lie", some, _decode_raw)
        yield _timed("packet by packet, to Arrow columns", some, _plain)
        yield _timed("column by column, to Arrow columns", some, _columnar)
        yield _timed(f"packet by packet, a line of world `{LOSSY}`", lossy, _plain)
        yield _timed(f"column by column, a line of world `{LOSSY}`", lossy, _columnar)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "spool", records(count))
        yield _inserting(some, folder)
        yield _whole(folder, "alone", 0)
        yield _whole(folder, "workers", workers)
    yield _judging(some[: max(1, len(some) // 20)])


def _rows(tables: SegmentTables) -> int:
    return int(tables.observations.num_rows)


def _decode(intakes: Sequence[Intake]) -> int:
    for each in intakes:
        for reflector in decode_submission(inflate(each)).report.measurement.reflectors:
            assert reflector.log is not None
            assert decode_log(inflate_log(reflector.log.payload)) is not None
    return ROWS_A_REPORT * len(intakes)


def _decode_raw(intakes: Sequence[Intake]) -> int:
    for each in intakes:
        for reflector in decode_raw_submission(inflate(each)).report.measurement.reflectors:
            assert reflector.log is not None
            assert decode_raw_log(inflate_log(reflector.log.payload)) is not None
    return ROWS_A_REPORT * len(intakes)


def _plain(intakes: Sequence[Intake]) -> int:
    rows = SegmentRows()
    for each in intakes:
        add_report(rows, each)
    return _rows(rows.tables())


def _columnar(intakes: Sequence[Intake]) -> int:
    """Nothing is known of the lists at first, and in batches of 100 reports, as in pieces."""
    rows = SegmentRows()
    columnar = Columnar()
    assert columnar.add(rows, intakes) == [None] * len(intakes)
    assert columnar.odd == 0
    return _rows(rows.tables())


def _timed(what: str, intakes: Sequence[Intake], work: Callable[[Sequence[Intake]], int]) -> Figure:
    wall, cpu = perf_counter(), process_time()
    count = work(intakes)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return Figure(what, count / wall, 1e6 * cpu / count)


def _inserting(intakes: Sequence[Intake], folder: Path) -> Figure:
    """Tables that are ready, four times, as four segments with other reports."""
    made = []
    for part in range(4):
        rows = SegmentRows()
        Columnar().add(
            rows, [msgspec.structs.replace(each, report_id=f"{part}{each.report_id[1:]}") for each in intakes]
        )
        made.append(rows.tables())
    with open_store(f"chdb://{folder}/inserted", create=True) as store:
        wall, cpu = perf_counter(), process_time()
        for part, tables in enumerate(made):
            store.insert_segment(f"s{part}", tables)
        wall, cpu = perf_counter() - wall, process_time() - cpu
    count = sum(_rows(tables) for tables in made)
    return Figure("inserting ready tables, ledger included", count / wall, 1e6 * cpu / count)


def _whole(folder: Path, name: str, workers: int) -> Figure:
    with open_store(f"chdb://{folder}/{name}", create=True) as store:
        loader = Loader(store, folder / "spool", workers=workers)
        loader.load(at_most=max(2, workers))  # the workers are started, and know the lists of an ordinary day
        before = loader.tally.observations
        wall, cpu = perf_counter(), _cpu_s(loader)
        loader.load()
        wall, cpu = perf_counter() - wall, _cpu_s(loader) - cpu
        count = loader.tally.observations - before
        loader.close()
    how = f"{workers} workers read ahead" if workers else "one process"
    return Figure(f"`Loader.load`, spool to rows in the store, {how}", count / wall, 1e6 * cpu / count)


def _cpu_s(loader: Loader) -> float:
    """Of this process and its workers."""
    total = process_time()
    for pid in loader.worker_pids:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def _judging(intakes: Sequence[Intake]) -> Figure:
    rows = ROWS_A_REPORT * len(intakes)
    wall, cpu = perf_counter(), process_time()
    for each in intakes:
        votes_of(each)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    milliseconds = 1000 * cpu / len(intakes)
    return Figure(f"judging, {milliseconds:.0f} ms of CPU a report", rows / wall, 1e6 * cpu / rows)
