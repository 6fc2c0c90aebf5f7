"""Our import of OONI files, stored rows included, against OONI's own Python reader: the same file, one core.

python scripts/bench_ooni.py --reference oonienv/bin/python            # prints the section: some minutes
python scripts/bench_ooni.py --reference oonienv/bin/python --write    # puts it into docs/benchmarks.md

The reference needs an environment of its own, since what it depends on is pinned to old versions:

python3.11 -m venv oonienv && oonienv/bin/pip install oonidata==0.3.0 orjson

The file holds real samples, one of each test, again and again under other ids and times. Reader and import
run in turns, each in a process of its own that is pinned to one core.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least, present
from scripts.benchmarks.figures import Machine, this_machine
from scripts.benchmarks.page import table, write

HERE: Final = Path(__file__).resolve()
TARGET: Final = 3.0
PARTS: Final = {
    "whatsapp": 3, "telegram": 3, "facebook_messenger": 2, "signal": 1, "stun_reachability": 1,
}  # fmt: skip
"""Rows of one measurement."""
SAYS: Final = (
    "Measurements a second of wall time, the median of {rounds} rounds in turns, each on the same one core; "
    "in brackets all of them. *OONI's reader*: each line through orjson and `from_dict` of its test's class, "
    "{versions}; nothing is stored. *Our import*: `voipwatch ooni import FILE --store URL` from the call of "
    "the command to its return, rows on disk and synced; *into a new store* makes the store and its tables "
    "first. Starting Python and importing modules is in neither. The rows in the store were counted after "
    "each round."
)


class Run(NamedTuple):
    """One program over the whole file."""

    wall_s: float
    cpu_s: float


def grow(samples: Path, out: Path, each: int) -> int:
    """Write `each` measurements of every sample with ids and times of their own; returns the bytes."""
    documents = [json.loads(path.read_bytes()) for path in sorted(samples.glob("*.json"))]
    start = datetime(2024, 1, 1, tzinfo=UTC)
    with out.open("wb") as file:
        for number in range(each):
            at = (start + timedelta(minutes=7 * number)).strftime("%Y-%m-%d %H:%M:%S")
            for document in documents:
                other = document | {
                    "report_id": f"{document['report_id']}_{number}", "measurement_start_time": at,
                }  # fmt: skip
                file.write(json.dumps(other, separators=(",", ":")).encode() + b"\n")
    return out.stat().st_size


def rows_of(samples: Path, each: int) -> int:
    """Rows that the file must give."""
    names = [json.loads(path.read_bytes())["test_name"] for path in samples.glob("*.json")]
    return each * sum(PARTS[name] for name in names)


def imported(file: str, store: str) -> dict[str, float]:
    """In a process of its own: the command over the file; wall and CPU seconds."""
    import chdb  # noqa: F401, PLC0415 -- loaded before the clock starts
    import clickhouse_connect  # noqa: F401, PLC0415 -- the same
    import pyarrow as pa  # noqa: PLC0415 -- the same

    from voipwatch.cli import main  # noqa: PLC0415 -- the same
    from voipwatch.pipeline import context_keep  # noqa: F401, PLC0415 -- the same

    pa.array([0])  # looks for pandas the first time, and where that is installed imports it for two seconds
    begun, cpu = time.perf_counter(), time.process_time()
    status = main(["ooni", "import", file, "--store", store, "--json"])
    took = {"wall_s": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu}
    if status:
        raise SystemExit(f"the import ended with status {status}")
    return took


def kept(store: str) -> int:
    """Rows in the store, each once."""
    from voipwatch.store.opening import open_store  # noqa: PLC0415 -- an extra

    with open_store(store) as opened:
        count: int = opened.select("SELECT count() AS n FROM context FINAL")["n"][0].as_py()
        return count


def pinned(core: int, *command: str | Path) -> dict[str, Any]:
    """Run a program on one core; the JSON of its last line."""
    ran = subprocess.run(
        ["taskset", "-c", str(core), *map(str, command)], check=True, stdout=subprocess.PIPE, text=True
    )
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


def rounds(arguments: argparse.Namespace, file: Path, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(what, figures) of each program, in turns."""
    expected = rows_of(arguments.samples, arguments.each)
    for number in range(arguments.rounds):
        yield "reader", pinned(arguments.core, arguments.reference, HERE.with_name("ooni_reader.py"), file)
        store = f"chdb://{folder}/store{number}"
        for what in ("new", "there"):
            yield what, pinned(arguments.core, sys.executable, HERE, "--import-only", file, "--into", store)
            if (found := kept(store)) != expected:
                raise SystemExit(f"{found} rows in the store, not {expected}")


def page(found: dict[str, list[Run]], *, n: int, size_mb: float, said: str, machine: Machine) -> str:
    """The section of docs/benchmarks.md."""
    command, versions = said.split("\0")
    load = f"{machine.load_1min or 0:.2f}"
    head = (
        f"`{command}`, {machine.date} UTC. {machine.cores} cores of {machine.cpu}, {machine.kernel}, "
        f"Python {machine.python}; load average at the start {load}. n = {n:,} measurements, a fifth of each "
        f"test, {size_mb:,.0f} MB."
    )
    names = {
        "reader": "OONI's reader",
        "new": "our import into a new store",
        "there": "our import of the same file again",
    }
    median = {what: statistics.median(run.wall_s for run in runs) for what, runs in found.items()}
    rows = []
    for what, name in names.items():
        ratio = median["reader"] / median[what]
        speeds = ", ".join(f"{n / run.wall_s:,.0f}" for run in found[what])
        rows.append([
            name, f"{n / median[what]:,.0f} ({speeds})",
            f"{statistics.median(run.cpu_s for run in found[what]) / n * 1e6:,.0f}",
            "" if what == "reader" else f"{ratio:.1f}", "" if what == "reader" else f"{TARGET:.0f}",
            "" if what == "reader" else ("yes" if ratio >= TARGET else "**no**"),
        ])  # fmt: skip
    heads = ["what", "measurements a second", "CPU, µs each", "times the reader's", "asked for", "met"]
    text = SAYS.format(rounds=len(found["reader"]), versions=versions)
    return "\n\n".join([head, table(heads, rows), text])


def main() -> None:
    """The command line."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="Python of an environment with oonidata and orjson")
    parser.add_argument("--samples", type=present, default=HERE.parents[2] / "shared/ooni")
    parser.add_argument("--each", type=at_least(1), default=2000, help="measurements of each test")
    parser.add_argument("--rounds", type=at_least(1), default=3)
    parser.add_argument("--core", type=at_least(0), default=max(os.sched_getaffinity(0)))
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--import-only", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--into", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.import_only is not None:
        print(json.dumps(imported(str(arguments.import_only), arguments.into)))
        return
    if arguments.reference is None or not list(arguments.samples.glob("*.json")):
        parser.error(
            "--reference PYTHON, and --samples FOLDER with OONI's JSON; --help says how to make both"
        )
    machine = this_machine()
    found: dict[str, list[Run]] = {"reader": [], "new": [], "there": []}
    versions = ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "ooni.jsonl"
        size = grow(arguments.samples, file, arguments.each)
        for what, told in rounds(arguments, file, folder):
            print(what, told, file=sys.stderr)
            found[what].append(Run(told["wall_s"], told["cpu_s"]))
            versions = ", ".join(f"{k} {v}" for k, v in told.get("versions", {}).items()) or versions
    n = arguments.each * len(list(arguments.samples.glob("*.json")))
    command = "python scripts/bench_ooni.py --reference PYTHON --write"
    text = page(found, n=n, size_mb=size / 1e6, said=f"{command}\0{versions}", machine=machine)
    if arguments.write:
        write("ooni", text)
    else:
        print(text)


if __name__ == "__main__":
    main()
