"""Measure the loader, and write the section "Loader" of docs/benchmarks.md.

python scripts/bench_loader.py            # 1,500 reports of two apps: 800,000 rows
python scripts/bench_loader.py --reports 40 --print
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.loading import measure
from scripts.benchmarks.page import write

GOAL = 200_000


TRIED = """
Ways that were measured on the same reports, each beside what it would replace; milliseconds of CPU a
report:

- JSON by pyarrow's reader with a schema: 5.2, where typed records took 4.6. By the engine's own reader
  (chDB, `JSONEachRow` into typed columns): 2.9 beside the same 4.6, before anything is counted; and it
  takes "7" for a number, which the collector does not. By simdjson, its lists as buffers: 1.2, where
  finding the lists took 1.0 and reading them 0.7; of two fields of one name it takes the first, where
  all else here takes the last.
- Reading the lists by loops that numba compiles: sizes in JSON 0.11 instead of 0.38, sizes in
  MessagePack 0.04 instead of 0.58; a fifth of the whole, for 208 MB of libraries and 2.5 s at every
  start of a worker. Not taken.
- Several processes: taken. Packet by packet with typed records: kept for odd reports, and as the tests'
  second way.
- Not tried: columns in binary beside the body. The collector would pay for them while a probe awaits its
  receipt.
"""


def section(reports: int, workers: int) -> str:
    """The section, measured now."""
    machine = this_machine()
    figures = list(measure(reports, workers))
    whole = figures[-2]
    verdict = "met" if whole.rows_a_second >= GOAL else "not met"
    lines = [
        f"`python scripts/bench_loader.py --reports {reports} --workers {workers}`, {machine.date} UTC,",
        f"{machine.cpu}, {machine.cores} cores, load {machine.load_1min} before it began.",
        "Reports are of two apps on a clean line: 400 kB of JSON, 150 flows, 10,000 packets, 542 rows each.",
        f"The goal is {GOAL:,} rows a second from spool segments into the store, on two cores: {verdict}",
        f"({whole.rows_a_second:,.0f}). It leaves 10 us of CPU a row; {whole.cpu_us_a_row:.1f} were spent:",
        f"two cores with nothing else to do would give {2e6 / whole.cpu_us_a_row:,.0f} at most.",
        "",
        "| what | observation rows a second | CPU, us a row |",
        "| --- | ---: | ---: |",
        *(f"| {f.what} | {f.rows_a_second:,.0f} | {f.cpu_us_a_row:.1f} |" for f in figures),
    ]
    return "\n".join(lines) + "\n" + TRIED


def main() -> None:
    """Measure, and write or print."""
    parser = Parser(description=__doc__)
    parser.add_argument("--reports", type=at_least(1), default=1500)
    parser.add_argument("--workers", type=at_least(1), default=os.cpu_count() or 1)
    parser.add_argument("--print", action="store_true")
    options = parser.parse_args()
    text = section(options.reports, options.workers)
    if options.print:
        print(text)
        return
    write("loader", text)


if __name__ == "__main__":
    main()
