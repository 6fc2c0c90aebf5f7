"""Write what a check of all apps says where nDPI decides into docs/benchmarks.md.

Every world of the family `ndpi`, simulated, all 14 apps side by side; once with nDPI's caches off, as the
worlds have it, and once with them on, as nDPI has them by itself.

    python scripts/ndpi_table.py                    # prints the tables
    python scripts/ndpi_table.py --write            # puts them into the page
    python scripts/ndpi_table.py --budget 2000000   # with the whole budget an app, fifteen times as long
"""

import argparse
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.page import NONE, table, write
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.matrixrows import ACCUSATIONS
from voipwatch.lab.ndpi import NdpiClassifier
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import APP_IDS, Verdict

SET_UP_BYTES = 100_000
"""An app: enough for its scout and its first blocks, so that what lives is `insufficient` in most cases."""
HEADS = (
    "world",
    "nDPI's names",
    "blocked, as it must be",
    "not, and must be",
    "accused, and has no such name",
    "others",
)


class Said(msgspec.Struct, frozen=True):
    """What one check said, against what its world expects."""

    world: World
    rows: dict[str, AppResult]

    @property
    def meant(self) -> list[str]:
        """The apps that nDPI calls by one of the names."""
        return [app for app, told in self.world.expected.items() if Verdict.BLOCKED in told.verdicts]

    @property
    def missed(self) -> list[str]:
        """Of those, the apps that the check did not call blocked."""
        return [app for app in self.meant if self.rows[app].verdict not in ACCUSATIONS]

    @property
    def wronged(self) -> list[str]:
        """Accused, though nDPI has another name for them."""
        return [app for app, row in self.rows.items() if row.verdict in ACCUSATIONS and app not in self.meant]


def ask(world: World, *, caches: bool, seed: int, budget_bytes: int) -> Said:
    """One simulated check of all apps."""
    place = msgspec.structs.replace(world, policy={**world.policy, "caches": caches})
    measurement = run_simulated(place, apps=APP_IDS, seed=seed, budget_bytes=budget_bytes)
    return Said(world, {row.app: row for row in judge(measurement).results})


def cells(said: Said) -> list[str]:
    """One row of a table."""
    blocked = [_told(said, app) for app in said.meant if app not in said.missed]
    rest = Counter(str(row.verdict) for app, row in said.rows.items() if app not in said.meant + said.wronged)
    return [
        f"`{said.world.id}`",
        ", ".join(said.world.policy["names"]),
        "; ".join(blocked) or NONE,
        "; ".join(f"**{_told(said, app)}**" for app in said.missed) or NONE,
        "; ".join(f"**{_told(said, app)}**" for app in said.wronged) or NONE,
        ", ".join(f"{count} {word}" for word, count in sorted(rest.items())),
    ]


def _told(said: Said, app: str) -> str:
    row = said.rows[app]
    words = [
        app,
        str(row.verdict),
        *(str(word) for word in (row.stage, row.mechanism, row.direction) if word),
    ]
    expected = said.world.expected[app]
    right = expected.accepts(row.verdict, row.stage, row.mechanism, row.direction)
    odd = app in said.meant and row.verdict in ACCUSATIONS and not right
    return " ".join(words) + (" (another mechanism than expected)" if odd else "")


def main(argv: list[str] | None = None) -> int:
    """Run, print, write if asked; 1 if with the caches off an app was missed or wronged."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--seed", type=at_least(0), default=1)
    parser.add_argument("--budget", type=at_least(1), default=SET_UP_BYTES, help="bytes an app")
    asked = parser.parse_args(argv)
    worlds = load_worlds().of_family("ndpi")
    wrong = 0
    machine = this_machine()
    for caches, section in ((False, "ndpi"), (True, "ndpi-caches")):
        told = []
        for number, world in enumerate(worlds, 1):
            print(f"{section}: {number} of {len(worlds)}, {world.id}", file=sys.stderr, flush=True)
            told.append(ask(world, caches=caches, seed=asked.seed, budget_bytes=asked.budget))
        missed, wronged = sum(len(s.missed) for s in told), sum(len(s.wronged) for s in told)
        wrong += 0 if caches else missed + wronged
        head = (
            f"`python scripts/ndpi_table.py --write --seed {asked.seed} --budget {asked.budget}`, "
            f"{datetime.now(tz=UTC):%Y-%m-%d %H:%M} UTC, {machine.cores} cores of {machine.cpu}; nDPI "
            f"{NdpiClassifier().version}, its caches {'on' if caches else 'off'}. {len(APP_IDS)} apps in "
            f"each of {len(told)} worlds: {missed} missed, {wronged} accused that have another name."
        )
        text = f"{head}\n\n{table(HEADS, [cells(said) for said in told], left=len(HEADS))}"
        if asked.write:
            write(section, text)
        else:
            print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
