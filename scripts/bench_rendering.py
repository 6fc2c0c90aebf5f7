"""Measure how long a site takes to be written, and what its home page weighs, into docs/benchmarks.md.

python scripts/bench_rendering.py BUNDLE NEXT            # bundles of a year and of a day more: some minutes
python scripts/bench_rendering.py BUNDLE NEXT --write    # the page too
"""

import gzip
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import page
from scripts.benchmarks.arguments import Parser, present
from scripts.benchmarks.figures import load as machine_load
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.siteload import SITE, running
from tests.support.browser import EXECUTABLE, FLAGS
from voipwatch.site.bundle import read_bundle
from voipwatch.site.folder import write_site
from voipwatch.site.parts import PARTS

LANGUAGES = ("en", "fr", "ar")
VISITS = 9
PAINTED = """() => new Promise(done => new PerformanceObserver(list => {
    const all = list.getEntries(); done(all[all.length - 1].startTime)
}).observe({type: 'largest-contentful-paint', buffered: true}))"""
WHOLE_S, NEXT_S, HOME_KB, PAINT_MS = 60.0, 10.0, 60.0, 1000.0


class Row(NamedTuple):
    """One figure against what is asked."""

    what: str
    value: str
    target: str
    met: bool


def timed(bundle: Path, out: Path) -> float:
    """Seconds to read a bundle, check it and bring the site up to date."""
    began = perf_counter()
    write_site(out, read_bundle(bundle), base="https://observatory.example", parts=PARTS)
    return perf_counter() - began


def weight_kb(site: Path, lang: str) -> float:
    """Of a country's page and of what it loads without scripts, packed as the server packs it."""
    country = next(iter(sorted((site / lang / "countries").glob("*"))))
    content = (country / "index.html").read_bytes()
    sheets = [file for file in (site / "assets").glob("*.css") if file.name.encode() in content]
    return (
        sum(len(gzip.compress(each, 9)) for each in (content, *(file.read_bytes() for file in sheets))) / 1000
    )


def paints_ms(address: str, path: str) -> list[float]:
    """Largest contentful paint of so many first visits."""
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=list(FLAGS))
        for _ in range(VISITS):
            context = browser.new_context()
            visit = context.new_page()
            visit.goto(f"{address}{path}", wait_until="load")
            found.append(float(visit.evaluate(PAINTED)))
            context.close()
        browser.close()
    return found


def main() -> int:
    """Exit status 1 where a target is missed."""
    parser = Parser(description=__doc__)
    parser.add_argument("bundle", type=present, help="of a year (voipwatch publish)")
    parser.add_argument("next", type=present, help="of the same and one day more")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    given = parser.parse_args()
    before = machine_load()
    with tempfile.TemporaryDirectory(prefix="voipwatch-") as folder:
        site = Path(folder) / "site"
        whole_s, again_s = timed(given.bundle, site), timed(given.bundle, site)
        pages = len(list(site.resolve().rglob("*.html")))
        next_s = timed(given.next, site)
        heaviest = max(weight_kb(site, lang) for lang in LANGUAGES)
        country = next(iter(sorted(each.name for each in (site / "en/countries").glob("*"))))
        with running(SITE, site, 1) as (address, _):
            paints = {lang: paints_ms(address, f"/{lang}/countries/{country}/") for lang in LANGUAGES}
    slowest = max(median(each) for each in paints.values())
    rows = [
        Row("HTML pages", f"{pages:,}", "about 1,000", met=True),
        Row("all pages written", f"{whole_s:.1f} s", f"{WHOLE_S:.0f} s", whole_s < WHOLE_S),
        Row("written again, nothing new", f"{again_s:.1f} s", "–", met=True),
        Row("after one new day", f"{next_s:.1f} s", f"{NEXT_S:.0f} s", next_s < NEXT_S),
        Row("a country's home, packed, with its sheet", f"{heaviest:.1f} kB", "60 kB", heaviest <= HOME_KB),
        Row("largest paint, median of the slowest language", f"{slowest:.0f} ms", "1 s", slowest < PAINT_MS),
        Row("largest paint, worst", f"{max(map(max, paints.values())):.0f} ms", "–", met=True),
    ]
    text = section(rows, before)
    print(text)
    if given.write:
        page.write("rendering", text)
    return 0 if all(row.met for row in rows) else 1


def section(rows: list[Row], before: float | None) -> str:
    """The section of the page."""
    machine = this_machine()
    where = (
        f"`python scripts/bench_rendering.py BUNDLE NEXT --write`, {machine.date} UTC, {machine.cpu}, "
        f"{machine.cores} cores, Python {machine.python}, load before it {before}."
    )
    says = (
        "Bundles of the emulated year, read, checked and written by one process; the second has a day more. "
        f"Paint: headless Chromium, {VISITS} first visits in each of three languages, one server process."
    )
    lines = [where, "", says, "", "| what | measured | asked |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {row.what} | {row.value} | {row.target} |" for row in rows)])


if __name__ == "__main__":
    sys.exit(main())
