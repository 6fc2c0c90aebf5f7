"""`voipwatch lab scenario`: worlds on a calendar, run through the whole observatory, beside what was
planted.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.interrupt import ended_by_ctrl_c
from voipwatch.cli.scenario_show import Found, scenario_json, show_edges, show_series, show_story
from voipwatch.cli.values import parse_count, shown, shown_path
from voipwatch.lab.scenarios.reading import NAMES, load_scenario
from voipwatch.lab.scenarios.score import score
from voipwatch.lab.scenarios.story import judge_story

if TYPE_CHECKING:
    from voipwatch.cli.scenario_run import Outcome

FIFTHS: Final = 5
FULL: Final = "full"
DEMO: Final = "demo"
SEED_MAX: Final = 2**31
JOBS_MAX: Final = 64
CACHE: Final = "voipwatch/checks"
"""Of kept checks, in the user's cache folder (XDG Base Directory Specification 0.8)."""


def scenario(  # noqa: PLR0913 -- one keyword for each option of the command
    name: Annotated[str, Parameter(metavar="NAME")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    size: Annotated[str, Parameter(metavar="demo|full")] = DEMO,
    full: bool = False,
    seed: Annotated[int, Parameter(metavar="N")] = 1,
    data: Annotated[str | None, Parameter(metavar="DIR")] = None,
    checks: Annotated[str | None, Parameter(metavar="DIR")] = None,
    jobs: Annotated[int | None, Parameter(metavar="N")] = None,
    json: bool = False,
) -> int:
    """Run a scenario; 0 when what was found and told is what was planted, else 1."""
    if name not in NAMES:
        raise Misuse("error.scenario", value=shown(name), known=", ".join(NAMES))
    chosen = load_scenario(name)
    size = FULL if full else size
    if size not in chosen.sizes:
        raise Misuse("error.scenario_size", value=shown(size), known=", ".join(chosen.sizes))
    chosen = chosen.sized(size)
    parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    wanted = (os.cpu_count() or 1) if jobs is None else jobs
    processes = parse_count(wanted, option="--jobs", low=1, high=JOBS_MAX)
    started = time.monotonic()
    with ExitStack() as stack:
        folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voipwatch-")))
            if data is None
            else Path(data)
        )
        kept = Path(checks) if checks is not None else cache_folder(os.environ)
        outcome = outcome_of(context, (name, size, seed), folder, kept, processes=processes, every=full)
    found = Found(
        score(chosen, outcome.changes),
        judge_story(chosen, chosen.sizes[size], outcome.incidents),
        chosen.sizes[size].interval_h,
    )
    run = {"size": size, "seed": seed, "took_s": time.monotonic() - started}
    if json:
        context.print_json(scenario_json(chosen, found, outcome, run))
        return CLEAR if found.right else INTERFERENCE
    show_story(context, chosen, found.story, outcome.incidents)
    show_series(context, chosen, found.series)
    show_edges(context, found.series)
    context.tell(
        "scenario.counts",
        runs=outcome.runs,
        checks=outcome.checks,
        reports=outcome.handed.taken,
        refused=sum(outcome.handed.refused.values()),
        seconds=f"{run['took_s']:.0f}",
    )
    if data is not None:
        context.say("scenario.kept", path=shown_path(folder))
        context.say("scenario.published", path=shown_path(folder), instance=chosen.instance)
    return CLEAR if found.right else INTERFERENCE


def outcome_of(
    context: Context,
    run: tuple[str, str, int],
    data: Path,
    checks: Path,
    *,
    processes: int,
    every: bool = False,
) -> "Outcome":
    """Run a scenario with its progress shown. Raises Trouble, Stop.

    Args:
        context: of the command.
        run: name, size and seed.
        data: folder of spool, store and chronicle, made anew.
        checks: folder of kept checks.
        processes: for the checks.
        every: run the distinct checks too that this calendar does not draw.
    """
    from voipwatch.chronicle.log import LogError  # noqa: PLC0415 -- slow, and seldom needed, as all of these
    from voipwatch.cli.scenario_run import NotOursError, Order, run_scenario  # noqa: PLC0415
    from voipwatch.pipeline.chronicle_folder import ChronicleKeysError  # noqa: PLC0415
    from voipwatch.store.errors import StoreError  # noqa: PLC0415

    name, size, seed = run
    order = Order(name, size, seed, data, checks, processes, every)
    try:
        with ended_by_ctrl_c(), _bars(context) as step:
            return run_scenario(order, step)
    except NotOursError as error:
        raise Trouble("error.scenario_folder", path=shown_path(Path(str(error)))) from error
    except (OSError, StoreError, LogError, ChronicleKeysError, RuntimeError) as error:
        raise Trouble("error.scenario_run", reason=shown(str(error), longest=300)) from error


def cache_folder(environment: "os._Environ[str] | dict[str, str]") -> Path:
    """Where checks are kept unless told otherwise."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / CACHE


def _lines(context: Context) -> Callable[[str, int, int], None]:
    told: dict[str, int] = {}

    def step(name: str, done: int, total: int) -> None:
        fifth = FIFTHS * done // max(1, total)
        if fifth > told.get(name, 0):
            told[name] = fifth
            context.say(
                "scenario.so_far", step=context.texts(f"scenario.step.{name}"), done=done, total=total
            )

    return step


@contextmanager
def _bars(context: Context) -> Iterator[Callable[[str, int, int], None]]:
    """A bar a step on a terminal; elsewhere a line for each fifth of a step, for who reads a log."""
    if not context.stderr.isatty():
        yield _lines(context)
        return
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=context.err,
        transient=True,
    )
    tasks: dict[str, TaskID] = {}

    def step(name: str, done: int, total: int) -> None:
        if name not in tasks:
            tasks[name] = bars.add_task(context.texts(f"scenario.step.{name}"), total=total)
        bars.update(tasks[name], completed=done, total=total)

    with bars:
        yield step
