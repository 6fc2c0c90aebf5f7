"""The line test in Chromium against every rule of its table, and on clean lines: `make linetest`.

    python scripts/linetest_table.py [--runs 3] [--clean 100] [--write]

Each of two processes has a line of its own in network namespaces and a browser of its own. As root, or as
anybody where user namespaces are allowed.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import monotonic
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.sync_api import Error, sync_playwright

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import Machine, this_machine
from scripts.benchmarks.page import PAGE, replace_between
from tests.site.linetest.driving import launch, press
from tests.site.linetest.line_net import LineNet
from tests.site.linetest.rules import RULES

CLEAN = "none"
PROCESSES = 2
ASKED_S = 10.0
"""A visitor waits no longer (docs/site.md)."""


class Outcome(NamedTuple):
    """One run of one rule."""

    rule: str
    said: str
    """Class, and the reason of "insufficient"."""
    took_s: float


def run_share(names: Sequence[str]) -> list[Outcome]:
    """Runs these rules in order on one line, after one uncounted clean run from another
    network, which shows the far end alive.
    """
    outcomes = []
    with LineNet() as net, sync_playwright() as playwright:
        browser = launch(playwright, net.arguments, net.chromium)
        for place, name in enumerate([CLEAN, *names]):
            page = browser.new_page()
            try:
                net.rules("")
                page.goto(net.page)
                net.rules(RULES[name][0])
                data = press(page)
                said = (
                    data["class"] if data["class"] != "insufficient" else f"insufficient ({data['reason']})"
                )
                took_s = float(data["tookMs"]) / 1000
                if said != RULES[name][1]:
                    seen = " ".join(page.inner_text(".line-test-result table").split())
                    print(f"{name}: {seen}", file=sys.stderr)
            except Error as error:
                said, took_s = f"no result: {str(error).splitlines()[0]}", 0.0
            finally:
                net.rules("")
                page.close()
            if place == 0:
                net.move()
            else:
                outcomes.append(Outcome(name, said, took_s))
                print(f"{name}: {said}, {took_s:.1f} s", file=sys.stderr, flush=True)
        browser.close()
    return outcomes


def table(outcomes: Sequence[Outcome], machine: Machine, command: str, took_s: float) -> Iterator[str]:
    """The section of docs/benchmarks.md."""
    load = "unknown" if machine.load_1min is None else f"{machine.load_1min:.2f}"
    yield f"`{command}` on {machine.date} UTC, {machine.cpu}, {machine.cores} cores, {machine.kernel}, Python"
    yield f"{machine.python}, load {load} before it, {PROCESSES} browsers at once, {took_s / 60:.0f} min."
    yield ""
    yield "| rule in the router | class wanted | classes found | longest test |"
    yield "| --- | --- | --- | --- |"
    by_rule = {name: [one for one in outcomes if one.rule == name] for name in RULES}
    for name, found in by_rule.items():
        if found and name != CLEAN:
            counted = Counter(one.said for one in found)
            told = ", ".join(f"{said} {n} of {len(found)}" for said, n in counted.most_common())
            yield f"| {name} | {RULES[name][1]} | {told} | {max(one.took_s for one in found):.1f} s |"
    clean = by_rule[CLEAN]
    if clean:
        counted = Counter(one.said for one in clean)
        told = ", ".join(f"{said} {n}" for said, n in counted.most_common())
        harmless = (
            "ok",
            "poor",
            "insufficient",
            "no result",
        )  # "poor" describes, it names no hand on the way
        accused = sum(not one.said.startswith(harmless) for one in clean)
        times = sorted(one.took_s for one in clean)
        yield ""
        yield f"Clean lines: {len(clean)} runs, {told}; {accused} accuse."
        yield f"A test took {times[len(times) // 2]:.1f} s at the median, {times[-1]:.1f} s at most."


def main() -> int:
    """Runs all, prints, and with --write puts it into docs/benchmarks.md. 1 where a rule or a time missed."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=at_least(1), default=3)
    parser.add_argument("--clean", type=at_least(0), default=100)
    parser.add_argument("--rule", action="append", choices=sorted(RULES), default=None)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    rules = [name for name in chosen.rule or RULES if name != CLEAN]
    jobs = [name for _ in range(chosen.runs) for name in rules] + [CLEAN] * chosen.clean
    shares = [jobs[start::PROCESSES] for start in range(PROCESSES) if jobs[start::PROCESSES]]
    machine, start_s = this_machine(), monotonic()
    with ProcessPoolExecutor(len(shares)) as pool:
        outcomes = [one for share in pool.map(run_share, shares) for one in share]
    command = " ".join(["python", "scripts/linetest_table.py", *sys.argv[1:]])
    text = "\n".join(table(outcomes, machine, command, monotonic() - start_s))
    print(text)
    if chosen.write:
        PAGE.write_text(replace_between(PAGE.read_text("utf-8"), "linetest", text), "utf-8")
    return int(any(one.said != RULES[one.rule][1] or one.took_s > ASKED_S for one in outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
