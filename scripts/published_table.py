"""Write what voipwatch, a test on packets, Wehe and RTR say of the same checks into docs/benchmarks.md.

python scripts/published_table.py            # prints the table
python scripts/published_table.py --write    # puts it into the page
python scripts/published_table.py --checks 5
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks import published
from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.figures import this_machine
from scripts.benchmarks.nulls import ACCUSES
from scripts.benchmarks.page import table, write
from scripts.benchmarks.published import Said
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement

APP: Final = "webrtc"
BUDGET_BYTES: Final = 8_000_000


def _line(**link: float) -> LineCondition:
    way = msgspec.convert({"delay_ms": 40.0, "jitter_ms": 4.0, **link}, LinkCondition)
    return LineCondition(up=way, down=way)


QUIET: Final = _line(loss_ratio=0.002, burst_ms=60.0)
TENTH: Final = _line(loss_ratio=0.10, burst_ms=80.0)
FIVE_POINTS: Final = {"policy": "media-loss", "ratio": 0.05 / 0.9}
CASES: Final[dict[str, tuple[dict[str, Any], LineCondition, bool]]] = {
    "guilty: the set-up dies (`stun-cookie`)": ({"policy": "stun-cookie"}, QUIET, False),
    "guilty: all media dies": ({"policy": "rtp-drop"}, QUIET, False),
    "guilty: 80 % of the media lost": ({"policy": "media-loss", "ratio": 0.8}, QUIET, False),
    "guilty: 40 % of the media lost": ({"policy": "media-loss", "ratio": 0.4}, QUIET, False),
    "guilty: 5 points more over 10 % in bursts": (FIVE_POINTS, TENTH, False),
    "guilty: cut after 40 packets": ({"policy": "cut-after", "packets": 40}, QUIET, False),
    "guilty: cut at 80 % of 60 s, `--long`": ({"policy": "cut-after", "packets": 2400}, QUIET, True),
    "innocent: 10 % in bursts": ({"policy": "open"}, TENTH, False),
    "innocent: 30 % in bursts": ({"policy": "open"}, _line(loss_ratio=0.30, burst_ms=120.0), False),
    "innocent: one path of four loses half": (
        {"policy": "open"},
        _line(paths=4, bad_path_loss_ratio=0.5),
        False,
    ),
}  # fmt: skip
"""What is done, the line, and whether the check is a long one."""
HEAD: Final = (
    "`make published`, {date} UTC, {machine.cores} cores of {machine.cpu}; {checks} checks of webrtc a row."
)
SAYS: Final = (
    "Share of checks in which the rule accuses; in brackets those that it calls inconclusive or leaves "
    "empty, where there are any."
)
RULES: Final[dict[str, Callable[[Measurement], Said]]] = {}


def _rule(name: str) -> Callable[[Callable[[Measurement], Said]], Callable[[Measurement], Said]]:
    def kept(rule: Callable[[Measurement], Said]) -> Callable[[Measurement], Said]:
        RULES[name] = rule
        return rule

    return kept


@_rule("voipwatch")
def ours(measurement: Measurement) -> Said:
    """The check's own verdict."""
    verdict = judge(measurement).results[0].verdict
    if verdict in ACCUSES:
        return Said.ACCUSED
    return Said.NOTHING if verdict == "ok" else Said.INCONCLUSIVE


@_rule("Fisher per packet")
def packets(measurement: Measurement) -> Said:
    """All media of A against all of C, either direction."""
    a, c = published.arms(measurement, held_only=False)
    said = [published.fisher(published.series(a, up=up), published.series(c, up=up)) for up in (True, False)]
    return max(said, key=lambda s: (s is Said.ACCUSED, s is Said.INCONCLUSIVE))


@_rule("Wehe")
def replays(measurement: Measurement) -> Said:
    """The held pairs as its two replays, at the client as it measures."""
    a, c = published.arms(measurement)
    return published.wehe(published.series(a, up=False), published.series(c, up=False))


@_rule("RTR")
def call(measurement: Measurement) -> Said:
    """The treatment alone: it knows no control."""
    a, _ = published.arms(measurement)
    return published.rtr(published.series(a, up=True), published.series(a, up=False))


def main(argv: list[str] | None = None) -> int:
    """Run everything, print or write."""
    parser = Parser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md instead of printing")
    parser.add_argument("--checks", type=at_least(1), default=40, help="of each case, about a second each")
    asked = parser.parse_args(argv)
    began, machine = datetime.now(tz=UTC), this_machine()
    clean = load_worlds().get("clean")
    rows = []
    for case, (policy, line, long) in CASES.items():
        world: World = msgspec.structs.replace(clean, policy=policy, line=line)
        said: dict[str, list[Said]] = {name: [] for name in RULES}
        for seed in range(1, asked.checks + 1):
            measurement = run_simulated(world, apps=[APP], seed=seed, long=long, budget_bytes=BUDGET_BYTES)
            for name, rule in RULES.items():
                said[name].append(rule(measurement))
        rows.append([case, *(_cell(told) for told in said.values())])
        print(rows[-1], file=sys.stderr, flush=True)
    text = "\n\n".join(
        [
            HEAD.format(date=f"{began:%Y-%m-%d %H:%M}", machine=machine, checks=asked.checks),
            SAYS,
            table(("what happens", *RULES), rows),
        ]
    )
    if asked.write:
        write("published", text)
    else:
        print(text)
    return 0


def _cell(told: list[Said]) -> str:
    accused, open_ = (
        sum(s is which for s in told) / len(told) for which in (Said.ACCUSED, Said.INCONCLUSIVE)
    )
    return f"{100 * accused:.0f} %" + (f" ({100 * open_:.0f} %)" if open_ else "")


if __name__ == "__main__":
    sys.exit(main())
