"""Measure how many readers the public site's server carries, and write it into docs/benchmarks.md.

python scripts/bench_site.py --site DIR            # about a minute on two idle cores
python scripts/bench_site.py --site DIR --write    # the page too
"""

import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import page
from scripts.benchmarks.arguments import Parser, present
from scripts.benchmarks.figures import load as machine_load
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.siteload import BARE, SITE, Loaded, load, memory_mb, running

ROUNDS = 3
REQUESTS = 20_000
AT_ONCE = 64
EMBEDS = 10_000
EMBEDS_AT_ONCE = 500
PROCESSES = 2
SAYS = (
    "Served by Granian with two processes on two cores, asked by `ab` on the same two cores: 64 kept "
    "connections, 20,000 requests a round, rounds of all rows in turn, the median round of three. *Against "
    "bare*: to a bare Starlette answer of one line under the same server, in the same run. *Midnight*: "
    "10,000 embedded counters ask a server that has rendered nothing yet, 500 at once, each on a connection "
    "of its own; really they spread over ten minutes."
)
COLUMNS = ("what", "bytes sent", "a second", "target", "against bare", "wait, ms: median", "99 %", "failed")


class Row(NamedTuple):
    """One thing that readers ask for."""

    name: str
    path: str
    target: float


def rows_of(site: Path) -> list[Row]:
    """What there is of it in this site: the largest country, the newest incident."""
    country = next(iter(sorted(path.name for path in (site / "en/countries").glob("*"))), "MA")
    return [
        Row("page: home", "/en/", 3000.0),
        Row("page: country", f"/en/countries/{country}/", 3000.0),
        Row("counter: document", f"/counter/{country}.json", 10_000.0),
        Row("counter: badge", f"/counter/ar/{country}.svg", 10_000.0),
        Row("counter: frame", f"/counter/fr/{country}/", 10_000.0),
    ]


def median(found: list[Loaded]) -> Loaded:
    """The round in the middle, by speed."""
    return sorted(found, key=lambda each: each.per_second)[len(found) // 2]


def main() -> int:
    """Exit status 1 where a target is missed."""
    parser = Parser(description=__doc__)
    parser.add_argument("--site", type=present, required=True, help="a rendered site (voipwatch publish)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    rows, before = rows_of(given.site), machine_load()
    found: dict[str, list[Loaded]] = {row.name: [] for row in rows}
    bare: list[Loaded] = []
    with running(SITE, given.site, PROCESSES) as (address, _):
        midnight = load(f"{address}{rows[2].path}", requests=EMBEDS, at_once=EMBEDS_AT_ONCE, keep=False)
    with (
        running(SITE, given.site, PROCESSES) as (address, process),
        running(BARE, given.site, PROCESSES) as (
            plain,
            _,
        ),
    ):
        for _round in range(ROUNDS):
            bare.append(load(f"{plain}/", requests=REQUESTS, at_once=AT_ONCE, keep=True))
            for row in rows:
                one = load(f"{address}{row.path}", requests=REQUESTS, at_once=AT_ONCE, keep=True)
                found[row.name].append(one)
                print(row.name, one, file=sys.stderr, flush=True)
        memory = memory_mb(process.pid)
    text = section(rows, found, median(bare), midnight, memory, before)
    print(text)
    if given.write:
        page.write("site", text)
    missed = [
        row.name
        for row in rows
        if (one := median(found[row.name])).per_second < row.target or one.p99_ms >= 50 or one.failed
    ]
    return 1 if missed else 0


def section(
    rows: list[Row],
    found: dict[str, list[Loaded]],
    bare: Loaded,
    midnight: Loaded,
    memory: float,
    before: float | None,
) -> str:
    """The section of the page."""
    machine = this_machine()
    where = (
        f"`python scripts/bench_site.py --site DIR --write`, {machine.date} UTC, {machine.cpu}, "
        f"{machine.cores} cores, Python {machine.python}, load before it {before}."
    )
    lines = [
        where,
        "",
        SAYS,
        "",
        f"| {' | '.join(COLUMNS)} |",
        "| " + " | ".join(["---"] * len(COLUMNS)) + " |",
    ]
    lines.append(_row("bare Starlette", bare, "–", "1.00"))
    for row in rows:
        one = median(found[row.name])
        lines.append(_row(row.name, one, f"{row.target:,.0f}", f"{one.per_second / bare.per_second:.2f}"))
    lines.append(_row("midnight", midnight, "–", "–"))
    lines += ["", f"All processes of the site together: {memory:.0f} MB resident."]
    return "\n".join(lines)


def _row(name: str, one: Loaded, target: str, ratio: str) -> str:
    cells = (
        name, f"{one.body_bytes:,}", f"{one.per_second:,.0f}", target, ratio, f"{one.median_ms:.1f}",
        f"{one.p99_ms:.1f}", str(one.failed),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
