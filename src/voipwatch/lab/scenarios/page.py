"""docs/scenarios.md, written from the tables: `python -m voipwatch.lab.scenarios.page >
docs/scenarios.md`.
"""

import sys
from collections.abc import Iterable
from typing import Final

from voipwatch.lab.scenarios.calendar import kinds
from voipwatch.lab.scenarios.reading import NAMES, load_scenario
from voipwatch.lab.scenarios.table import END_PHASE, Block, Canary, Noise, Press, Scenario

HEAD: Final = """# The scenarios of the lab

Written from `src/voipwatch/lab/scenarios/*.toml` by `python -m voipwatch.lab.scenarios.page`; a test checks
that it is current. How they are run and why so: [design/0022](design/0022-scenario.md); how well what is
planted is found: [benchmarks](benchmarks.md#scenario).

A scenario puts [worlds](worlds.md) on a calendar: who measures on which line when, who interferes where from
when until when, and what else goes wrong. **It is an emulation.** Its operators are nobody's, with numbers
and addresses for documentation (RFC 5398, RFC 5737, RFC 3849); every row that comes of it says which scenario
it is of; nothing in it is a statement about a real network.

    voipwatch lab scenario morocco-2016            # the weeks about the changes
    voipwatch lab scenario morocco-2016 --full     # the whole year

With `--data DIR` the observatory is kept, and what it tells can be read and published. It is of a world of
its own, so that each of these asks for its name:

    voipwatch lab scenario morocco-2016 --data year
    voipwatch chronicle list --data year --instance morocco-2016
    voipwatch publish --out bundle --data year --instance morocco-2016
    voipwatch chronicle list --bundle bundle
"""


def scenarios_page(scenarios: Iterable[Scenario]) -> str:
    """The page."""
    return HEAD + "".join(_section(each) for each in scenarios)


def _section(scenario: Scenario) -> str:
    name = {operator.id: operator.name for operator in scenario.operators}
    days = f"From {scenario.since:%Y-%m-%d} until {scenario.until:%Y-%m-%d}, UTC"
    operators = [
        f"| {o.name} | AS{o.asn} | {o.mobile} | {o.fixed} | `{o.world}` | {o.why} |"
        for o in scenario.operators
    ]
    accesses = [f"| {line.id.value} | `{line.line}` | {line.nat.value} |" for line in scenario.accesses]
    press = [f"| {_phase(press.phase)} | {_claims(press)} |" for press in scenario.press]
    lines = [
        f"\n## {scenario.id}",
        "",
        f"{scenario.title}. {scenario.why}",
        f"{days}; apps: {', '.join(scenario.apps)}.",
        "",
        *_table(("operator", "number", "behind carrier NAT", "households", "blocks by", "how"), operators),
        *_table(("access", "line condition", "behind"), accesses),
        _canary(scenario.canary),
        "",
        "### Planted",
        "",
        *_table(
            ("phase", "operators", "accesses", "from (UTC)", "until", "hours"),
            [_block(block, name) for block in scenario.blocks],
        ),
        "### What was said of the real block",
        "",
        *_table(("phase", "claims (`voipwatch chronicle claims`)"), press),
        "### Innocent noise",
        "",
        *_table(
            ("kind", "operators", "accesses", "from", "until", "how much", "what"),
            [_noise(noise, name) for noise in scenario.noise],
        ),
        "### Sizes",
        "",
        *_table(
            ("size", "apps", "probes", "runs a day", "distinct checks", "closer looks", "what"),
            _sizes(scenario),
        ),
    ]
    return "\n".join(lines)


def _table(columns: Iterable[str], rows: Iterable[str]) -> list[str]:
    names = list(columns)
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|", *rows, ""]


def _phase(name: str) -> str:
    return "the end" if name == END_PHASE else name


def _canary(canary: Canary) -> str:
    return (
        f"Our own end is vouched for by a canary: {canary.runs_a_day:g} runs a day from {canary.name} "
        f"(AS{canary.asn}, {canary.fixed}, line `{canary.line}`). {canary.why}"
    )


def _claims(press: Press) -> str:
    return ", ".join(f"`{name.rpartition('/')[2]}`" for name in press.claims)


def _block(block: Block, name: dict[str, str]) -> str:
    hours = ""
    if block.hours is not None:
        days = "every day" if block.every_days == 1 else f"every {block.every_days} days"
        hours = f"{block.hours[0]}:00 to {block.hours[1]}:00, {days}"
    return (
        f"| {block.phase} | {', '.join(name[each] for each in block.operators)} "
        f"| {', '.join(each.value for each in block.accesses)} "
        f"| {block.since:%Y-%m-%d %H:%M} | {block.until:%Y-%m-%d %H:%M} | {hours} |"
    )


def _noise(noise: Noise, name: dict[str, str]) -> str:
    amount = [f"{noise.share:.0%}"] if noise.share < 1.0 else []
    amount += [f"{noise.reports} reports"] if noise.reports else []
    amount += [f"{noise.probes} probe of each line"] if noise.probes else []
    amount += [f"line `{noise.line}`"] if noise.line else []
    amount += [f"world `{noise.world}`"] if noise.world else []
    return (
        f"| {noise.kind.value} | {', '.join(name[each] for each in noise.operators) or 'all'} "
        f"| {', '.join(each.value for each in noise.accesses) or 'all'} | {noise.since:%Y-%m-%d %H:%M} "
        f"| {noise.until:%Y-%m-%d %H:%M} | {', '.join(amount)} | {noise.why} |"
    )


def _sizes(scenario: Scenario) -> Iterable[str]:
    for name, size in scenario.sizes.items():
        windows = "; ".join(
            f"{window.since:%Y-%m-%d} to {window.until:%Y-%m-%d}"
            + (f" {'/'.join(each.value for each in window.accesses)}" if window.accesses else "")
            + f": {window.runs_a_day:g} a day"
            + (f", {window.probes} probes" if window.probes is not None else "")
            for window in size.windows
        )
        yield (
            f"| `{name}` | {', '.join(size.apps) or 'all'} | {size.probes} | {size.runs_a_day:g} "
            f"| {sum(kinds(scenario.sized(name), size).values()):,} "
            f"| {windows} | {size.why} |"
        )


if __name__ == "__main__":
    sys.stdout.write(scenarios_page(load_scenario(name) for name in NAMES))
