"""`voipwatch lab worlds | run | matrix`: emulated operators with a known truth."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.status import Status
from rich.text import Text

from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.interrupt import ended_by_ctrl_c
from voipwatch.cli.kernel import KernelCheckError, kernel_problem
from voipwatch.cli.machinery import judge_in_english, measure_in_kernel, measure_world
from voipwatch.cli.matrixshow import show_matrix
from voipwatch.cli.reportfile import read_file, require_writable, write_file
from voipwatch.cli.show import show_check, table
from voipwatch.cli.values import parse_apps, parse_count, shown, shown_path
from voipwatch.cli.working import shown_wait
from voipwatch.lab import ndpi
from voipwatch.lab.matrix import (
    GUILTY_SEEDS,
    INNOCENT_RUNS,
    named,
    once_each,
    plan,
    run_matrix,
    simulated,
)
from voipwatch.lab.matrixpicture import picture as draw_matrix
from voipwatch.lab.owntable import own_worlds
from voipwatch.lab.worlds import Expected, World, WorldsError, load_worlds
from voipwatch.model.measurement import OVERTIME
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import Verdict

NETWORKS: Final = ("sim", "kernel")
SEED_MAX: Final = 2**63 - 1
TABLE_BYTES_MAX: Final = 1 << 20
RUNS_MAX: Final = 1_000_000
JOBS_MAX: Final = 256
SILENT: Final = frozenset({Verdict.OK, Verdict.INSUFFICIENT})
"""A world that expects no more than these of an app is not about that app."""


def worlds(*, context: Annotated[Context, Parameter(parse=False)], json: bool = False) -> int:
    """The table of worlds."""
    found = load_worlds().worlds
    if json:
        rows = [
            {
                "world": world.id,
                "title": world.title,
                "guilty": world.guilty,
                "line": world.line_name,
                "demo": world.demo,
                "group": world.group,
                "kernel": world.kernel,
                "policy": world.policy,
                "draw": msgspec.to_builtins(dict(world.draw)),
                "expected": msgspec.to_builtins(dict(world.expected)),
            }
            for world in found
        ]
        context.print_json(_json({"schema": "voipwatch.worlds/1", "worlds": rows}))
        return CLEAR
    texts = context.texts
    columns = [texts(f"column.{name}") for name in ("world", "about", "expected")]
    cells: list[list[Text | str]] = [[world.id, world.title, _expected_text(world)] for world in found]
    context.out.print(table(texts, columns, cells))
    return CLEAR


def _expected_text(world: World) -> str:
    """One word when all apps expect the same, else the apps that differ from `ok`."""
    words = {app: "/".join(expected.verdicts) for app, expected in world.expected.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{app} {word}" for app, word in words.items() if word != "ok")


def run_world(
    world: Annotated[str, Parameter(metavar="WORLD")],
    /,
    *,
    context: Annotated[Context, Parameter(parse=False)],
    app: Annotated[str | None, Parameter(metavar="A,B")] = None,
    seed: Annotated[int, Parameter(metavar="N")] = 1,
    network: Annotated[str, Parameter(metavar="sim|kernel")] = "sim",
    table: Annotated[str | None, Parameter(metavar="FILE.toml")] = None,
    json: bool = False,
) -> int:
    """One check in one world; 0 when every app got what the world expects, else 1."""
    place = find_world(world, read_table(table))
    apps = parse_apps(app, every=False, profiled=tuple(place.expected))
    if app is None:
        apps = _telling(place, apps)
    strange = [name for name in apps if name not in place.expected]
    if strange:
        raise Misuse(
            "error.world_app", world=place.id, app=", ".join(strange), known=", ".join(place.expected)
        )
    parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    _check_network(network)
    if place.needs_ndpi and not ndpi.is_installed():
        raise Trouble("error.ndpi", world=place.id)
    try:
        with shown_wait(context, "lab.measuring"):
            measurement = measure_world(place, apps, seed=seed, network=network)
    except KernelCheckError as error:
        raise Trouble("error.kernel", reason=shown(str(error), longest=300)) from error
    verdicts = conclude(measurement, context.judging(), context.texts)
    wrong = [row.app for row in verdicts.results if not accepted(place.expected[row.app], verdicts, row.app)]
    if json:
        context.print_json(_run_json(place, verdicts, wrong, seed=seed, network=network))
        return INTERFERENCE if wrong else CLEAR
    context.say("lab.network", name=context.texts(f"network.{network}"), style="dim")
    show_check(context, verdicts, emulated=network == "sim")
    right = [name for name in apps if name not in wrong]
    if right:
        context.tell("lab.as_expected", names=", ".join(right), style="green")
    if wrong:
        context.tell("lab.not_expected", names=", ".join(_wanted(place, wrong)), style="bold red")
    return INTERFERENCE if wrong else CLEAR


def _telling(world: World, few: tuple[str, ...]) -> tuple[str, ...]:
    """The few of every check; where the world is about other apps those first, and no more in all."""
    meant = [app for app, expected in world.expected.items() if not SILENT.issuperset(expected.verdicts)]
    if few and (not meant or set(meant) & set(few)):
        return few
    meant = meant or list(world.expected)
    return tuple(dict.fromkeys([*meant, *few]))[: max(len(few), len(meant))]


def _check_network(network: str) -> None:
    if network not in NETWORKS:
        raise Misuse("error.network", value=shown(network), known=", ".join(NETWORKS))
    if network == "kernel" and (reason := kernel_problem()) is not None:
        raise Trouble("error.kernel", reason=reason)


def read_table(file: str | None) -> str:
    """The text of a file of one's own worlds, looked through; empty for none. Raises Misuse."""
    if file is None:
        return ""
    try:
        text = read_file(Path(file), most_bytes=TABLE_BYTES_MAX).decode()
        own_worlds(text)
    except (UnicodeDecodeError, WorldsError) as error:
        raise Misuse("error.table", path=shown_path(file), reason=shown(str(error), longest=900)) from error
    return text


def find_world(name: str, text: str = "") -> World:
    """The world of this name, of the packaged table or of a file's text. Raises Misuse."""
    found = own_worlds(text) if text else load_worlds()
    try:
        return found.get(name)
    except WorldsError:
        if text:
            known = ", ".join(world.id for world in found.worlds)
            raise Misuse("error.table_world", value=shown(name), known=known) from None
        raise Misuse("error.world", value=shown(name)) from None


def accepted(expected: Expected, check: Check, app: str) -> bool:
    """True when a check says of `app` what its world expects."""
    row = next(row for row in check.results if row.app == app)
    told = expected.accepts(row.verdict, row.stage, row.mechanism, row.direction)
    return told and check.interrupted != OVERTIME  # somebody waited for a check that never came to its end


def _wanted(world: World, apps: Iterable[str]) -> list[str]:
    return [f"{app} ({'/'.join(world.expected[app].verdicts)})" for app in apps]


def _run_json(world: World, check: Check, wrong: list[str], *, seed: int, network: str) -> bytes:
    return _json(
        {
            "schema": "voipwatch.lab-run/1",
            "world": world.id,
            "seed": seed,
            "network": network,
            "as_expected": not wrong,
            "unexpected": wrong,
            "expected": msgspec.to_builtins(dict(world.expected)),
            "check": msgspec.to_builtins(check),
        }
    )


def _json(document: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def matrix(  # noqa: PLR0913 -- one keyword for each option of the command
    *,
    context: Annotated[Context, Parameter(parse=False)],
    runs: Annotated[int, Parameter(metavar="N")] = INNOCENT_RUNS,
    seeds: Annotated[int | None, Parameter(metavar="N")] = None,
    first_seed: Annotated[int, Parameter(metavar="N")] = 1,
    world: Annotated[str | None, Parameter(metavar="A,B")] = None,
    table: Annotated[str | None, Parameter(metavar="FILE.toml")] = None,
    network: Annotated[str, Parameter(metavar="sim|kernel")] = "sim",
    jobs: Annotated[int | None, Parameter(metavar="N")] = None,
    json: bool = False,
    out: Annotated[str | None, Parameter(metavar="FILE")] = None,
    picture: Annotated[str | None, Parameter(metavar="FILE.svg")] = None,
) -> int:
    """Every world; 0 when every verdict was the expected one, else 1."""
    parse_count(runs, option="--runs", low=0, high=RUNS_MAX)
    if seeds is not None:
        parse_count(seeds, option="--seeds", low=0, high=RUNS_MAX)
    parse_count(first_seed, option="--first-seed", low=1, high=RUNS_MAX)
    _check_network(network)
    # In real time two checks would wait for each other's processor, and what waits is late on the line.
    by_default = 1 if network == "kernel" else os.cpu_count() or 1
    processes = parse_count(jobs or by_default, option="--jobs", low=1, high=JOBS_MAX)
    text = read_table(table)
    only, others = _chosen(context, world, text)
    if network == "kernel":
        todo = once_each(seeds=1 if seeds is None else seeds, table=text)
        todo = [job for job in todo if only is None or job.world in only]
    else:
        guilty_seeds = GUILTY_SEEDS if seeds is None else seeds
        todo = plan(runs=runs, guilty_seeds=guilty_seeds, first_seed=first_seed, only=only, table=text)
    todo += named(others, seeds=1 if seeds is None else seeds, all_apps=network == "sim")
    if not todo:
        raise Misuse("error.no_jobs")
    if only is not None and (unrun := only - {job.world for job in todo}):
        context.say("lab.no_run", names=", ".join(sorted(unrun)))
    path = None if out is None else Path(out)
    drawn = None if picture is None else Path(picture)
    for file in (path, drawn):
        if file is not None:
            require_writable(file)
    measure = measure_in_kernel if network == "kernel" else simulated
    try:
        with ended_by_ctrl_c(), _counted(context) as step:
            result = run_matrix(
                todo, judge=judge_in_english, measure=measure, processes=processes, on_progress=step
            )
    except KernelCheckError as error:
        raise Trouble("error.kernel", reason=shown(str(error), longest=300)) from error
    document = msgspec.json.format(msgspec.json.encode(result), indent=2)
    # Files first: whoever reads what is printed may leave before its end.
    if path is not None:
        write_file(path, document + b"\n")
        context.say("lab.written", path=shown_path(path))
    if drawn is not None:
        write_file(drawn, draw_matrix(result, context.texts).encode())
        context.say("lab.drawn", path=shown_path(drawn))
    if json:
        context.print_json(document)
    else:
        show_matrix(context, result)
    wrong = any(not row.verdict_right or (row.guilty and not row.mechanism_right) for row in result.rows)
    return INTERFERENCE if wrong else CLEAR


def _chosen(context: Context, world: str | None, text: str) -> tuple[set[str] | None, list[World]]:
    """Ids of the worlds that are named (None: all), and those of them that the matrix does not count."""
    if world is None:
        return None, []
    names = [name.strip() for name in world.split(",")]
    chosen = _runnable(context, [place for name in names for place in _worlds(name, text)])
    counted = {place.id for place in (own_worlds(text).worlds if text else load_worlds().matrix)}
    return {place.id for place in chosen}, [place for place in chosen if place.id not in counted]


def _worlds(name: str, text: str) -> tuple[World, ...]:
    """The world with this name, or all of a family."""
    found = own_worlds(text) if text else load_worlds()
    return (found.of_family(name) if name else ()) or (find_world(name, text),)


def _runnable(context: Context, places: list[World]) -> list[World]:
    """Those that this machine can run; of the others it says so."""
    left_out = [place.id for place in places if place.needs_ndpi and not ndpi.is_installed()]
    if left_out:
        context.say("lab.left_out", names=", ".join(left_out))
    return [place for place in places if place.id not in left_out]


@contextmanager
def _counted(context: Context) -> Iterator[Callable[[int, int], None]]:
    """How many runs are done: live on a terminal, nothing elsewhere."""
    if not context.stderr.isatty():
        yield lambda _done, _total: None
        return
    with Status("", console=context.err) as status:
        yield lambda done, total: status.update(context.texts("lab.progress", done=done, total=total))
