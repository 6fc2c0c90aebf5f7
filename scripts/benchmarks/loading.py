"""How fast spool segments go into the store, way by way, on this machine as it is."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from time import perf_counter, process_time
from typing import Final

import msgspec
import zstandard

from voipwatch.collector.spool import SpoolWriter, Stored, list_segments, read_segment
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.resign import emulated_submission
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Report
from voipwatch.model.submission import Intake, PrefixKind
from voipwatch.pipeline.ballots import votes_of
from voipwatch.pipeline.loader import Loader
from voipwatch.pipeline.rows import add_report
from voipwatch.pipeline.slim import decode_submission, inflate
from voipwatch.store.opening import open_store
from voipwatch.store.rows import SegmentRows

APPS: Final = ("whatsapp", "sip")
START_S: Final = 1_793_491_200.0


class Figure(msgspec.Struct, frozen=True):
    """One line of the table."""

    what: str
    rows_a_second: float
    cpu_us_a_row: float


def records(count: int) -> list[Intake]:
    """Reports of two apps on a clean line, each its own session."""
    measurement = run_simulated(load_worlds().get("clean"), apps=list(APPS), seed=1)
    report = Report(judge(measurement), measurement, "bench")
    made = []
    for number in range(count):
        body = msgspec.json.encode(
            emulated_submission(report, bytes(range(32)), number, "2026-11-01T00:00:00Z")
        )
        name = sha256(str(number).encode()).hexdigest()[:32]
        made.append(
            Intake(
                name, [name], START_S + number, zstandard.ZstdCompressor(level=1).compress(body),
                sha256(body).hexdigest(), "MA", 64500, "bench", f"{number:016x}", "2026-11-01",
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


def measure(count: int) -> Iterator[Figure]:
    """Every way, once."""
    intakes = records(count)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder / "spool", intakes)
        _columns(intakes[:2])  # what is imported once is not counted
        yield _timed("decoding alone (zstd, JSON into typed records)", intakes, _decode)
        yield _timed("rows in Python, one process", intakes, _rows)
        yield _timed("the same, then Arrow columns", intakes, _columns)
        yield _in_processes(folder / "spool", os.cpu_count() or 1)
        yield _whole(folder)
        yield _judging(intakes[: max(1, count // 20)])


def _decode(intakes: Sequence[Intake]) -> int:
    return sum(2 * len(decode_submission(inflate(each)).report.measurement.flows) for each in intakes)


def _rows(intakes: Sequence[Intake]) -> int:
    rows = SegmentRows()
    return sum(add_report(rows, each) for each in intakes)


def _columns(intakes: Sequence[Intake]) -> int:
    rows = SegmentRows()
    for each in intakes:
        add_report(rows, each)
    rows.reports_table()
    return int(rows.observations_table().num_rows)


def _timed(what: str, intakes: Sequence[Intake], work: "object") -> Figure:
    wall, cpu = perf_counter(), process_time()
    count = work(intakes)  # type: ignore[operator]  # one of the three above
    wall, cpu = perf_counter() - wall, process_time() - cpu
    return Figure(what, count / wall, 1e6 * cpu / count)


def _whole(folder: Path) -> Figure:
    with open_store(f"chdb://{folder}/store", create=True) as store:
        loader = Loader(store, folder / "spool")
        wall, cpu = perf_counter(), process_time()
        loader.load()
        wall, cpu = perf_counter() - wall, process_time() - cpu
        count = loader.tally.observations
    return Figure("`Loader.load`: spool to rows in the store", count / wall, 1e6 * cpu / count)


def _in_processes(spool: Path, processes: int) -> Figure:
    """Rows and columns on every core at once, not inserted: what more processes could give at most."""
    code = f"from scripts.benchmarks.loading import share; print(share({str(spool)!r}))"
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    said = [process.communicate()[0].split() for process in running]
    rate = sum(float(words[0]) for words in said)
    return Figure(f"rows and Arrow columns, {processes} processes at once", rate, float(said[0][1]))


def share(spool: str) -> str:
    """Of one process: rows a second, microseconds of CPU a row."""
    intakes = [
        item.record
        for segment in list_segments(Path(spool))
        for item in read_segment(segment.path)
        if isinstance(item, Stored) and isinstance(item.record, Intake)
    ]
    _columns(intakes[:2])
    figure = _timed("", intakes, _columns)
    return f"{figure.rows_a_second} {figure.cpu_us_a_row}"


def _judging(intakes: Sequence[Intake]) -> Figure:
    rows = _rows(intakes)
    wall, cpu = perf_counter(), process_time()
    for each in intakes:
        votes_of(each)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    milliseconds = 1000 * cpu / len(intakes)
    return Figure(f"judging, {milliseconds:.0f} ms of CPU a report", rows / wall, 1e6 * cpu / rows)
