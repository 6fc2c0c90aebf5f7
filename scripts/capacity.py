"""The capacity model: from what was measured on this machine to machines, disk and money, for three sizes.

python scripts/capacity.py           # prints it
python scripts/capacity.py --write   # puts it into docs/scale.md

Costs are read from docs/benchmarks.md, each from the table that its script writes: measured anew, the model
changes. What is no measurement stands in `ASSUMED`.
"""

import re
import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.page import PAGE, table, write

SCALE: Final = PAGE.with_name("scale.md")
MONTH_S: Final = 30 * 86_400
SIZES: Final = (
    ("one country: 1,000 probes, 4 checks a day", 120_000),
    ("a continent: 54 countries of that", 6_480_000),
    ("50 million checks a month", 50_000_000),
)
"""Name -> checks a month."""


class Assumed(NamedTuple):
    """What nobody measured: change it to what you know."""

    peak: float = 3.0
    """Busiest hour over the mean: taking and answering must follow it."""
    queue: float = 1.5
    """The same for what waits in the stream meanwhile: judging."""
    use: float = 0.5
    """Share of a core that is counted on."""
    packets: int = 10_000
    """Datagrams of one check of two apps, both ways; as in the loader's reports."""
    pages: int = 20
    """Page views a check."""
    months: int = 13
    """That raw rows are kept in the store."""
    stream_months: int = 2
    """That the stream and the collectors' spools keep reports."""
    cores_a_machine: int = 2
    core_eur: float = 8.0
    """A month."""
    terabyte_eur: float = 40.0
    """A month, of fast disk."""


ASSUMED: Final = Assumed()


HEAD: Final = (
    "`python scripts/capacity.py --write`, from the tables of [benchmarks.md](benchmarks.md): {sizes}."
)
DISK: Final = (
    "On disk: {spool:,.1f} kB a report in a spool and in each of the stream's three copies, {store:,.1f} kB "
    "in the store. What a report costs the collector, and its bytes, are those of its table, by the JSON of "
    "two apps."
)
ASSUMPTIONS: Final = (
    "Assumed, not measured: the busiest hour has {peak:g} times the mean, what may wait in the stream "
    "{queue:g}; a core is used to {use:.0%}; a check of two apps has {packets:,} datagrams and {pages} page "
    "views; the store keeps {months} months, stream and spools {stream_months}; machines have "
    "{cores_a_machine} cores at {core_eur:g} € each, a TB costs {terabyte_eur:g} €, a month. Each role has a "
    "machine at least; what stands twice for safety, the stream's three and the database's own servers come "
    "on top."
)
CALL_PACKETS: Final = 6_000
"""Of a minute of a voice call: 50 a second each way."""


class Costs(NamedTuple):
    """Seconds of one core, and bytes, of one check of two apps; of a page."""

    taken_s: float
    loaded_s: float
    judged_s: float
    packet_s: float
    page_s: float
    cell_s: float
    spool_bytes: float
    store_bytes: float


class MissingError(Exception):
    """A figure is not where its script writes it."""


def costs(page: str) -> Costs:
    """Read from the text of docs/benchmarks.md. Raises MissingError."""
    taken = _row(page, "ingest", r"\| a whole check \| one by one \|")
    # The collector's reports are of one app, the loader's of two: by their JSON.
    larger = _number(_find(page, "loader", r"(\d[\d,]*) kB of JSON")) / taken[0]
    rows = _number(_find(page, "loader", r"(\d[\d,]*) rows each"))
    loaded_us = _row(page, "loader", r"\| `Loader\.load`, spool to rows in the store, one process \|")[-1]
    judged_ms = _number(_find(page, "loader", r"judging, (\d[\d,.]*) ms of CPU a report"))
    packet_us = _row(page, "against", r"\| CPU a datagram, µs: reflector \|")[0]
    a_second = _row(page, "site", r"\| page: home \|")[1]
    stored = _row(page, "store", r"\| 19,999,980 \|")
    return Costs(
        taken_s=larger * taken[4] / 1e3,
        loaded_s=rows * loaded_us / 1e6,
        judged_s=judged_ms / 1e3,
        packet_s=packet_us / 1e6,
        page_s=2 / a_second,  # two cores served them
        cell_s=_after_slash(page, "store", r"\| 19,999,980 \|") / stored[1],
        spool_bytes=larger * taken[1] * 1e3,
        store_bytes=rows * stored[2] * 1e6 / 19_999_980,
    )


class Need(NamedTuple):
    """Of one size: cores by role, terabytes, machines, euros a month."""

    reflect: float
    collect: float
    load: float
    judge: float
    serve: float
    stream_tb: float
    store_tb: float
    machines: int
    eur: float


def need(checks: int, cost: Costs, assumed: Assumed = ASSUMED) -> Need:
    """What so many checks a month ask for."""
    mean = checks / MONTH_S / assumed.use
    busy, queued = mean * assumed.peak, mean * assumed.queue
    cores = (
        busy * assumed.packets * cost.packet_s,
        busy * cost.taken_s,
        queued * cost.loaded_s,
        queued * cost.judged_s,
        busy * assumed.pages * cost.page_s,
    )
    copies = 4  # a spool, and three of the stream
    stream_tb = copies * checks * cost.spool_bytes * assumed.stream_months / 1e12
    store_tb = checks * cost.store_bytes * assumed.months / 1e12
    machines = sum(max(1, ceil(each / assumed.cores_a_machine)) for each in cores)
    disk_eur = (stream_tb + store_tb) * assumed.terabyte_eur
    eur = machines * assumed.cores_a_machine * assumed.core_eur + disk_eur
    return Need(*cores, stream_tb, store_tb, machines, eur)


def render(cost: Costs, assumed: Assumed = ASSUMED) -> str:
    """The part of the page."""
    measured = [
        [
            "a check at the reflector",
            f"{1e3 * assumed.packets * cost.packet_s:,.0f}",
            "`scripts/bench_against.py`",
        ],
        [
            "a minute of a call at the reflector",
            f"{1e3 * CALL_PACKETS * cost.packet_s:,.0f}",
            "`scripts/bench_against.py`",
        ],
        ["a report taken by the collector", f"{1e3 * cost.taken_s:,.1f}", "`scripts/bench_collector.py`"],
        ["a report into the store", f"{1e3 * cost.loaded_s:,.1f}", "`scripts/bench_loader.py`"],
        ["a report judged", f"{1e3 * cost.judged_s:,.0f}", "`scripts/bench_loader.py`"],
        ["a cell, made anew", f"{1e3 * cost.cell_s:,.3f}", "`scripts/bench_store.py`"],
        ["a page", f"{1e3 * cost.page_s:,.2f}", "`scripts/bench_site.py`"],
    ]
    heads = ["what", "one country", "a continent", "50 million"]
    needs = [need(checks, cost, assumed) for _, checks in SIZES]
    names = ("cores: reflectors", "cores: collectors", "cores: loading", "cores: judging", "cores: site",
             "TB: spools and stream", "TB: store", "machines", "€ a month")  # fmt: skip
    rows = [["checks a month", *(f"{checks:,}" for _, checks in SIZES)]]
    for place, name in enumerate(names):
        digits = 0 if place > 6 else 2
        rows.append([name, *(f"{each[place]:,.{digits}f}" for each in needs)])
    parts = [
        HEAD.format(sizes="; ".join(name for name, _ in SIZES)),
        table(["one of", "ms of a core", "measured by"], measured),
        DISK.format(spool=cost.spool_bytes / 1e3, store=cost.store_bytes / 1e3),
        table(heads, rows),
        ASSUMPTIONS.format(**assumed._asdict()),
    ]
    return "\n\n".join(parts)


def _part(page: str, name: str) -> str:
    found = re.search(rf"<!-- {name}: begin -->(.*?)<!-- {name}: end -->", page, re.DOTALL)
    if found is None:
        raise MissingError(f"docs/benchmarks.md has no part {name!r}")
    return found[1]


def _find(page: str, name: str, pattern: str) -> str:
    found = re.search(pattern, _part(page, name))
    if found is None:
        raise MissingError(f"docs/benchmarks.md, part {name!r}: nothing like {pattern!r}")
    return found[1] if found.groups() else found[0]


def _row(page: str, name: str, start: str) -> list[float]:
    """Numbers of a table's row behind its first cells."""
    rest = _find(page, name, rf"(?m)^{start}(.*)\|$")
    return [_number(cell) for cell in rest.split("|") if re.match(r"\s*[\d,.]+\s*($|\()", cell)]


def _after_slash(page: str, name: str, start: str) -> float:
    """The CPU time of the first `wall / CPU` in a table's row."""
    return float(_find(page, name, rf"(?m)^{start}[^/]*/ ([\d.]+)"))


def _number(text: str) -> float:
    return float(text.split("(", maxsplit=1)[0].strip().replace(",", ""))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the model, or write it."""
    parser = Parser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    try:
        text = render(costs(PAGE.read_text("utf-8")))
    except MissingError as error:
        sys.stderr.write(f"capacity: {error}; the script that writes it puts it there.\n")
        return 1
    if asked.write:
        write("capacity", text, SCALE)
    else:
        sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
