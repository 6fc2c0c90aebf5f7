"""Write what a difference costs to be found, at the level that `check` uses, into docs/benchmarks.md.

python scripts/power_table.py                # prints the tables
python scripts/power_table.py --write        # puts them into the page, and the picture into docs/images
python scripts/power_table.py --checks 50    # quicker
"""

import re
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import power
from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.page import PAGE, write
from voipwatch.inference import judge
from voipwatch.lab.drive import Simulation
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.ruleset import BLOCKS, BLOCKS_MAX, HELD_S
from voipwatch.model.vocabulary import PRIVATE, Verdict
from voipwatch.reflector.core.private import read_private

PICTURE = PAGE.parent / "images" / "power.svg"
BUDGET_BYTES = 60_000_000


def longer(app: str, media_s: float) -> str:
    """A packaged profile as a private one whose short media lasts `media_s`: what a person may do by hand."""
    text = (files("voipwatch.apps") / "catalogue" / f"{app}.toml").read_text(encoding="utf-8")
    text = re.sub(rf'^id = "{app}"$', f'id = "{PRIVATE}"', text, count=1, flags=re.MULTILINE)
    return re.sub(r"^short_s = .*$", f"short_s = {media_s:g}", text, flags=re.MULTILINE)


def whole(app: str, voice: power.Voice, blocks: int, media_s: float, *, checks: int) -> power.Point:
    """The same as whole simulated checks."""
    profile = read_private(longer(app, media_s))
    policy = {"policy": "media-loss", "ratio": power.FIVE_POINTS.loss}
    world = msgspec.structs.replace(load_worlds().get("media-loss-80"), policy=policy)
    found, spent = 0, 0
    for seed in range(1, checks + 1):
        simulation = Simulation(
            world,
            apps=[PRIVATE],
            seed=seed,
            line="burst-10",
            blocks=blocks,
            budget_bytes=BUDGET_BYTES,
            private=profile,
        )
        measurement = simulation.run()
        found += judge(measurement).results[0].verdict is Verdict.THROTTLED
        spent += measurement.costs[PRIVATE].bytes
    return power.Point(
        voice.name, blocks, media_s, blocks * media_s, spent / max(1, checks) / 1e6, found, checks
    )


def main(argv: list[str] | None = None) -> int:
    """Run everything, print or write."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--checks", type=at_least(1), default=400, help="drawn, of each size")
    parser.add_argument(
        "--whole", type=at_least(0), default=40, help="whole simulated checks, of each of three sizes"
    )
    asked = parser.parse_args(argv)
    began, machine = datetime.now(tz=UTC), this_machine()

    def say(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    points = power.curve(checks=asked.checks, say=say)
    cuts = power.cuts(checks=asked.checks, say=say)
    simulated = []
    for blocks, media_s in ((BLOCKS, power.SIP.short_s), (20, HELD_S), (BLOCKS_MAX, HELD_S)):
        if asked.whole:
            simulated.append(whole("sip", power.SIP, blocks, media_s, checks=asked.whole))
            say(f"whole, {blocks} x {media_s:g} s: {simulated[-1].found} of {asked.whole}")
    text = power.render(
        points,
        cuts,
        simulated,
        command="make power",
        machine=f"{began:%Y-%m-%d %H:%M} UTC, {machine.cores} cores of {machine.cpu}",
    )
    if asked.write:
        write("power", text)
        PICTURE.write_text(power.picture(points), encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
