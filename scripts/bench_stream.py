"""Collectors and loaders over JetStream: two of each on two cores, beside one of each on one core.

python scripts/bench_stream.py            # into docs/benchmarks.md: about five minutes, on an idle machine
python scripts/bench_stream.py --reports 60 --print
"""

import os
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import Distribution, distribution, this_machine
from scripts.benchmarks.page import write
from scripts.benchmarks.streaming import Bodies, Machine, only_on, send

RATIO: Final = 0.7
LAG_S: Final = 5.0
LAG_LASTS_S: Final = 60.0
WARM: Final = 40
"""Reports sent before anything is counted: imports, connections, the first look-ups."""


class Rates(NamedTuple):
    """Reports a second."""

    collecting: float
    """Acknowledged, while no loader runs."""
    loading: float
    """From when the loaders are started until all is in the cells, while no collector has work."""
    together: float
    """From the first byte sent to the last report in the cells, everything at once."""


def rates(machine: Machine, bodies: Bodies, reports: int, first: int) -> Rates:
    """Of one machine whose loaders are not started yet; `reports` twice over."""
    send(machine.ports, bodies.requests(first, WARM))
    requests = bodies.requests(first + WARM, reports)
    sent = send(machine.ports, requests)
    began_s = time.monotonic()
    machine.start_loaders()
    loading = (WARM + reports) / (max(machine.loaded(sent.acknowledged).values()) - began_s)
    requests = bodies.requests(first + WARM + reports, reports)
    both = send(machine.ports, requests)
    last_s = max(machine.loaded(both.acknowledged).values())
    return Rates(sent.rate, loading, reports / (last_s - both.began_s))


def lag(machine: Machine, bodies: Bodies, rate: float, first: int, seconds: float) -> Distribution:
    """Seconds from a report's acknowledgement until it is found in the cells, at `rate` reports a second."""
    requests = bodies.requests(first, max(20, int(rate * seconds)))
    with machine.watched() as seen:
        sent = send(machine.ports, requests, rate=rate)
        seen.wait(sent.acknowledged)
    found = distribution(max(0.0, seen.at_s[name] - at_s) for name, at_s in sent.acknowledged.items())
    assert found is not None
    return found


SAYS: Final = (
    "Real: `voipwatch collector`, `voipwatch serve --role loader`, nats-server with `sync_interval: always`. "
    "The database server is chDB's engine behind the tests' HTTP front, one for all loaders. Reports of one "
    "app, {kb:.0f} kB of JSON, sent one by one and packed, from Morocco and Algeria, one partition each. "
    "Everything is on the cores named: sender, stream and database server too, which on a real site have "
    "machines of their own. *Acknowledged*: on disk and on the stream, while no loader runs. *Loaded*: "
    "judged and in the cells, from the loaders' start on, while no report comes. *Both at once*: from "
    "the first byte sent to the last report in the cells."
)


def section(one: Rates, two: Rates, waits: Distribution, command: str, servers: int, bodies: Bodies) -> str:
    """The section of the page."""
    machine = this_machine()
    where = (
        f"`{command}`, {machine.date} UTC, {machine.cores} cores of {machine.cpu}, {machine.kernel}, Python "
        f"{machine.python}; stream servers: {servers}; load {machine.load_1min} at the end."
    )
    share = two.together / (2 * one.together)
    wanted = f"under {LAG_S:g}"
    judged = [
        ("both at once, of the sum of the single rates", f"{share:.2f}", f"{RATIO}", share >= RATIO),
        (f"lag at half of that load, s: 95 % of {waits.n:,}", f"{waits.p95:.1f}", wanted, waits.p95 < LAG_S),
        (f"the longest, s (median {waits.p50:.1f})", f"{waits.max:.1f}", wanted, waits.max < LAG_S),
    ]
    rows = zip(("acknowledged", "loaded", "both at once"), one, two, strict=True)
    lines = [
        where,
        "",
        "| reports a second | one of each, one core | two of each, two cores | of twice the single rate |",
        "| --- | --: | --: | --: |",
        *(
            f"| {name} | {single:,.0f} | {both:,.0f} | {both / (2 * single):.2f} |"
            for name, single, both in rows
        ),
        "",
        "| what | measured | asked for | met |",
        "| --- | --: | --: | --: |",
        *(
            f"| {what} | {found} | {asked} | {'yes' if met else '**no**'} |"
            for what, found, asked, met in judged
        ),
        "",
        SAYS.format(kb=bodies.report_bytes / 1000),
    ]
    return "\n".join(lines)


def measured(reports: int, servers: int, seconds: float) -> tuple[Rates, Rates, Distribution, Bodies]:
    """One of each on the first core, then two of each on two; the lag with the two."""
    bodies = Bodies()
    cores = sorted(os.sched_getaffinity(0))[:2]
    with only_on(cores[:1]), Machine(1, 1, servers=servers) as machine:
        _say("one collector, one loader, on one core")
        one = rates(machine, bodies, reports, 0)
        _say(f"  {one}")
    with only_on(cores), Machine(2, 2, servers=servers) as machine:
        _say("two collectors, two loaders, on two cores")
        two = rates(machine, bodies, 2 * reports, 1_000_000)
        _say(f"  {two}; now at half of that for {seconds:g} s")
        waits = lag(machine, bodies, two.together / 2, 2_000_000, seconds)
        _say(f"  {waits}")
    return one, two, waits, bodies


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Measure, and write or print."""
    parser = Parser(description=__doc__)
    parser.add_argument(
        "--reports", type=at_least(20), default=2000, help="on one core; twice as many on two"
    )
    parser.add_argument("--servers", type=at_least(1), default=1, help="of the stream")
    parser.add_argument("--print", action="store_true", help="and leave the page alone")
    options = parser.parse_args()
    seconds = LAG_LASTS_S if options.reports >= 1000 else 5.0
    one, two, waits, bodies = measured(options.reports, options.servers, seconds)
    command = f"python scripts/bench_stream.py --reports {options.reports}"
    text = section(one, two, waits, command, options.servers, bodies)
    print(text)
    if not options.print:
        write("stream", text)


if __name__ == "__main__":
    main()
