"""What a check of all apps costs and how long it takes, on a clean line and where every call is dead.

python scripts/cost_table.py            # prints the tables: about a minute
python scripts/cost_table.py --write    # puts them into docs/benchmarks.md

Simulated lines of 50 ms round trip, the budget of `check --all`; bytes are IP bytes both ways.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.page import table, write
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import APP_IDS, LINE

ALL_BYTES: Final = 12_000_000
"""What a check of all apps may cost."""
LINE_BYTES: Final = 300_000
"""Of these, for warm-up, TCP trials and log."""
SEED: Final = 1
TARGETS: Final = {"clean": (90.0, 12_000_000), "every-call": (20.0, 1_000_000)}
"""World -> seconds and bytes that a check of all apps may take."""


def on_50_ms(world: World) -> World:
    """The world on a quiet line of 50 ms there and back."""
    link = LinkCondition(delay_ms=25)
    return msgspec.structs.replace(world, line_name="50 ms", line=LineCondition(up=link, down=link))


def lasted_s(measurement: Measurement) -> float:
    """From the first packet to the end of the check."""
    started, ended = (datetime.fromisoformat(t) for t in (measurement.started_at, measurement.ended_at))
    return (ended - started).total_seconds()


def tables(command: str) -> str:
    """Both worlds: in all, and by app."""
    budget = (ALL_BYTES - LINE_BYTES) // len(APP_IDS)
    measured = {
        world: run_simulated(on_50_ms(load_worlds().get(world)), apps=APP_IDS, seed=SEED, budget_bytes=budget)
        for world in TARGETS
    }
    heads = ("line", "flows", "seconds", "asked for", "MB", "asked for")
    whole = []
    for world, measurement in measured.items():
        cost = sum(each.bytes for each in measurement.costs.values())
        seconds, most = TARGETS[world]
        whole.append(
            [world, str(len(measurement.flows)), f"{lasted_s(measurement):.1f}", f"at most {seconds:.0f}",
             f"{cost / 1e6:.2f}", f"at most {most / 1e6:.0f}"]
        )  # fmt: skip
    said = {world: {row.app: row for row in judge(m).results} for world, m in measured.items()}
    rows = []
    for app in APP_IDS:
        cells = [app]
        for world, measurement in measured.items():
            row = said[world][app]
            mechanism = f" {row.mechanism}" if row.mechanism else ""
            cells += [f"{row.verdict}{mechanism}", f"{measurement.costs[app].bytes / 1e3:,.0f}"]
        rows.append(cells)
    rows.append(
        ["the line", *(x for m in measured.values() for x in ("", f"{m.costs[LINE].bytes / 1e3:,.0f}"))]
    )
    machine = this_machine()
    when = datetime.now(tz=UTC).strftime("%Y-%m-%d %H:%M")
    head = (
        f"`{command}`, {when} UTC, {machine.cores} cores of {machine.cpu}; virtual time, seed {SEED}, "
        f"{budget / 1e3:,.0f} kB an app."
    )
    return "\n\n".join(
        [
            head,
            table(heads, whole),
            table(("app", "clean", "kB", "every call dead", "kB"), rows),
        ]
    )


def main(argv: list[str] | None = None) -> int:
    """Print or write."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    asked = parser.parse_args(argv)
    text = tables("python scripts/cost_table.py --write")
    if asked.write:
        write("apps", text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
