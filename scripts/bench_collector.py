"""Measure how many reports a second the collector takes, and write it into docs/benchmarks.md.

python scripts/bench_collector.py            # under two minutes on two idle cores
python scripts/bench_collector.py --quick    # a tenth of the reports, and the page is left alone
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import ingest, page
from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.figures import distribution, this_machine

REPORT_BYTES = 20_000
TARGETS = {"in batches (lines)": 2_000.0, "in batches (arrays)": 2_000.0, "one by one": 800.0}
NAMES = {
    ingest.Form.LINES: "in batches (lines)",
    ingest.Form.ARRAY: "in batches (arrays)",
    ingest.Form.ALONE: "one by one",
}
MEMORY_MB = 300.0
IDLE_BELOW = 0.1
BUSY_LOAD = 4.0
"""Above what the load itself makes of two cores: collector, two workers, sender."""
IDLE_WAIT_S = 100.0

SAYS = (
    "On disk and acknowledged, over HTTP on loopback, the sender on the same cores. *Sent*: zstd, one "
    "report's share of a request; lines are packed one by one, an array as a whole, in which reports made of "
    "one check shrink more than others would. *Wait*: from a request's first byte to its answer's last. A "
    "report of 20 kB is a check of one app with most flows left out; a whole one has 91 kB of JSON, 15 kB "
    "packed alone."
)
COLUMNS = (
    "report",
    "sent",
    "JSON, kB",
    "sent, kB",
    "a second",
    "n",
    "collector's CPU each, ms",
    "wait, ms: median",
    "95 %",
)


def say(text: str) -> None:
    """On standard error."""
    print(text, file=sys.stderr, flush=True)


def busy_share(seconds: float) -> float:
    """Share of the processors' time that was used, by anybody, for a while."""

    def read() -> tuple[int, int]:
        fields = [int(field) for field in Path("/proc/stat").read_text("utf-8").split("\n")[0].split()[1:]]
        return sum(fields), fields[3] + fields[4]

    total, idle = read()
    time.sleep(seconds)
    after, still = read()
    return 1 - (still - idle) / max(1, after - total)


def wait_until_idle() -> None:
    """Until nobody else uses the machine, for so long and no longer: the page says the load."""
    deadline = time.monotonic() + IDLE_WAIT_S
    while (busy := busy_share(2.0)) > IDLE_BELOW and time.monotonic() < deadline:
        say(f"waiting for an idle machine: {busy:.0%} busy")


def measured(count: int, quiet: Path | None) -> list[tuple[str, str, ingest.Requests, ingest.Run]]:
    """Every load against one collector; (name, what a report is, requests, run)."""
    small, whole = ingest.template(REPORT_BYTES), ingest.template(None)
    lines, array, alone = ingest.Form.LINES, ingest.Form.ARRAY, ingest.Form.ALONE
    plans = [
        (lines, "20 kB", small, count, 100, 4),
        (array, "20 kB", small, count, 100, 4),
        (alone, "20 kB", small, count // 2, 1, 32),
        (lines, "a whole check", whole, count // 4, 50, 4),
        (array, "a whole check", whole, count // 4, 50, 4),
        (alone, "a whole check", whole, count // 4, 1, 32),
    ]
    made = []
    for number, (form, what, template, reports, each, connections) in enumerate(plans):
        say(f"making {reports} reports: {NAMES[form]}, {what}")
        first = number * 1_000_000
        warm = ingest.requests(template, form, first=first + 500_000, count=4 * max(each, 32), each=each)
        load = ingest.requests(template, form, first=first, count=reports, each=each)
        made.append((NAMES[form], what, warm, load, connections))
    if quiet is not None:
        quiet.touch()
    try:
        wait_until_idle()
        with tempfile.TemporaryDirectory(prefix="voipwatch-ingest-") as folder:
            collector = ingest.CollectorProcess(Path(folder))
            runs = []
            for name, what, warm, load, connections in made:
                ingest.load(collector, warm, connections=connections)
                say(f"sending: {name}, {what}")
                runs.append((name, what, load, ingest.load(collector, load, connections=connections)))
            collector.stop()
            return runs
    finally:
        if quiet is not None:
            quiet.unlink(missing_ok=True)


def rendered(runs: list[tuple[str, str, ingest.Requests, ingest.Run]], command: str) -> str:
    """The page's section."""
    machine = this_machine()
    memory = max(run.memory_kb for *_, run in runs) / 1024
    where = (
        f"`{command}`, {machine.date} UTC, {machine.cores} cores of {machine.cpu}, {machine.kernel}, "
        f"Python {machine.python}; load average {os.getloadavg()[0]:.2f} at the end."
    )
    if os.getloadavg()[0] > BUSY_LOAD:
        where += (
            " **The machine was busy with other work: these rates are far below the collector's own, and its "
            "CPU times above.** On an idle machine they must be measured again."
        )
    lines = [
        where,
        "",
        "| what | measured | asked for | met |",
        "| --- | --: | --: | --: |",
    ]
    for name, what, _, run in runs:
        if what == "20 kB":
            met = "yes" if run.rate >= TARGETS[name] else "**no**"
            lines.append(
                f"| reports of 20 kB a second {name} | {run.rate:,.0f} | {TARGETS[name]:,.0f} | {met} |"
            )
    met = "yes" if memory < MEMORY_MB else "**no**"
    lines += [f"| memory of the collector and its workers, MB | {memory:.0f} | under 300 | {met} |", ""]
    lines += [SAYS, "", f"| {' | '.join(COLUMNS)} |", "| --- | --- |" + " --: |" * (len(COLUMNS) - 2)]
    for name, what, load, run in runs:
        waits = distribution(run.waits_ms)
        assert waits is not None
        sent = name if load.each == 1 else f"{name.removeprefix('in ')} of {load.each}"
        lines.append(
            f"| {what} | {sent} | {load.report_bytes / 1000:.1f} "
            f"| {load.sent_bytes / 1000:.1f} | {run.rate:,.0f} | {run.reports:,} "
            f"| {run.collector_cpu_s / run.reports * 1000:.2f} | {waits.p50:.0f} | {waits.p95:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run."""
    parser = Parser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--quiet-file", type=Path, help="exists while it measures, for others to wait")
    options = parser.parse_args()
    runs = measured(800 if options.quick else 8_000, options.quiet_file)
    text = rendered(runs, "python scripts/bench_collector.py")
    print(text)
    if not options.quick:
        page.PAGE.write_text(page.replace_between(page.PAGE.read_text("utf-8"), "ingest", text), "utf-8")


if __name__ == "__main__":
    main()
