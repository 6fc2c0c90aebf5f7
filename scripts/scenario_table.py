"""Run the scenario over many seeds, by its votes, and write the section "Scenario" of docs/benchmarks.md.

python scripts/scenario_table.py                      # 20 seeds of the whole year, an hour on two cores
python scripts/scenario_table.py --seeds 3 --size demo --print
python scripts/scenario_table.py --checks FOLDER      # verdicts of kept checks instead of planted ones
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.arguments import Parser, at_least
from scripts.benchmarks.page import write
from voipwatch.cli.scenario_votes import observe_votes, said_as_planted, said_by_checks
from voipwatch.lab.scenarios.calendar import calendar
from voipwatch.lab.scenarios.drawing import Library
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import score
from voipwatch.lab.scenarios.story import Story, judge_story
from voipwatch.store.opening import open_store

NAME = "morocco-2016"


class Seed(msgspec.Struct, frozen=True):
    """What one seed gave."""

    seed: int
    runs: int
    edges: int
    missed: int
    wrong: int
    widths_h: tuple[float, ...]
    story: Story
    silences: int
    seconds: float


def run_seed(seed: int, size_name: str, checks: str | None) -> Seed:
    """One calendar, by votes, in an empty store."""
    started = perf_counter()
    scenario = load_scenario(NAME).sized(size_name)
    runs = calendar(scenario, scenario.sizes[size_name], seed)
    said = said_as_planted(scenario) if checks is None else said_by_checks(scenario, Library(Path(checks)))
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"chdb://{folder}/store", create=True, threads=1) as store,
    ):
        changes, incidents = observe_votes(scenario, runs, seed, store=store, data=Path(folder), said=said)
    result = score(scenario, changes)
    return Seed(
        seed,
        len(runs),
        len(result.edges),
        len(result.missed),
        len(result.wrong),
        tuple(edge.width_h for edge in result.edges if edge.width_h is not None),
        judge_story(scenario, scenario.sizes[size_name], incidents),
        result.silences,
        perf_counter() - started,
    )


def section(seeds: Sequence[Seed], command: str, size_name: str, load: float) -> str:
    """The section."""
    widths = sorted(width for seed in seeds for width in seed.widths_h)
    good = sum(not seed.missed and not seed.wrong for seed in seeds)
    named = sum(hours.right for seed in seeds for hours in seed.story.hours)
    lines = sum(len(seed.story.hours) for seed in seeds)
    one = sum(seed.story.one for seed in seeds)
    phases = sum(seed.story.phases_right for seed in seeds)
    order = sum(seed.story.order_right for seed in seeds)
    told = sum(seed.story.right for seed in seeds)
    size = load_scenario(NAME).sizes[size_name]
    return "\n".join(
        [
            f"`{command}`, {datetime.now(tz=UTC):%Y-%m-%d}, {os.cpu_count()} cores,",
            f"load {load:.1f} before it began.",
            f"`{NAME}`, size `{size_name}`: {size.why}",
            "Each seed draws its own calendar; its votes go into the store as the loader would put them, and",
            "through detector and chronicle ([scenarios](scenarios.md),",
            "[design/0022](design/0022-scenario.md)).",
            "An emulation: the figures say how well what was planted is found.",
            "",
            "| what | found |",
            "| --- | --- |",
            f"| seeds with every onset and end in its interval, and none false | {good} of {len(seeds)} |",
            f"| onsets and ends planted | {sum(seed.edges for seed in seeds):,} |",
            f"| missed | {sum(seed.missed for seed in seeds)} |",
            f"| false onsets and ends, noise and all | {sum(seed.wrong for seed in seeds)} |",
            f"| width of an interval, median | {_at(widths, 0.5):.1f} h |",
            f"| the same, 99 of 100 below | {_at(widths, 0.99):.1f} h |",
            f"| the same, widest | {_at(widths, 1.0):.1f} h |",
            f"| seeds told as one incident | {one} of {len(seeds)} |",
            f"| with its phases right, and no other | {phases} of {len(seeds)} |",
            f"| with its order of spread right | {order} of {len(seeds)} |",
            f"| lines whose intermittence is named with its hours | {named} of {lines} |",
            f"| seeds in which all of that is right | {told} of {len(seeds)} |",
            f"| silences of the panel that were told | {sum(seed.silences for seed in seeds)} |",
            f"| runs of a calendar | {min(s.runs for s in seeds):,} to {max(s.runs for s in seeds):,} |",
            f"| time of a seed | {sum(s.seconds for s in seeds) / len(seeds):.0f} s |",
            "",
        ]
    )


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure, and write or print."""
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=at_least(1), default=20)
    parser.add_argument("--size", default="full")
    parser.add_argument("--checks")
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1)
    parser.add_argument("--print", action="store_true")
    options = parser.parse_args(None if arguments is None else list(arguments))
    load = os.getloadavg()[0]
    done: list[Seed] = []
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(run_seed, seed, options.size, options.checks) for seed in range(1, options.seeds + 1)
        ]
        for future in futures:
            seed = future.result()
            done.append(seed)
            story = seed.story
            print(
                f"seed {seed.seed}: missed {seed.missed}, false {seed.wrong}, "
                f"widest {max(seed.widths_h):.1f} h, {seed.seconds:.0f} s; one {story.one}, "
                f"phases {story.phases_right}, order {story.order_right}, "
                f"hours {[hours.right for hours in story.hours]}",
                file=sys.stderr,
                flush=True,
            )
    text = section(done, " ".join(["python", *sys.argv]), options.size, load)
    if options.print:
        print(text)
    else:
        write("scenario", text)


if __name__ == "__main__":
    main()
