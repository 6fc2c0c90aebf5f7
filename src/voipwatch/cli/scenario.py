"""`voipwatch lab scenario`: worlds on a calendar, run through the whole observatory, beside what was
planted.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from cyclopts import Parameter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, INTERFERENCE, Misuse, Trouble
from voipwatch.cli.interrupt import ended_by_ctrl_c
from voipwatch.cli.show import table
from voipwatch.cli.values import parse_count, shown, shown_path
from voipwatch.lab.scenarios.score import PhaseLine, Score, phase_lines, score
from voipwatch.lab.scenarios.table import NAMES, Scenario, load_scenario
from voipwatch.lab.scenarios.truth import Series
from voipwatch.model.instants import iso

SCHEMA: Final = "voipwatch.lab-scenario/1"
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
    """Run a scenario; 0 when what was found is what was planted, else 1."""
    if name not in NAMES:
        raise Misuse("error.scenario", value=shown(name), known=", ".join(NAMES))
    chosen = load_scenario(name)
    size = FULL if full else size
    if size not in chosen.sizes:
        raise Misuse("error.scenario_size", value=shown(size), known=", ".join(chosen.sizes))
    parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    by_default = os.cpu_count() or 1
    processes = parse_count(by_default if jobs is None else jobs, option="--jobs", low=1, high=JOBS_MAX)
    started = time.monotonic()
    from voipwatch.cli.scenario_run import (  # noqa: PLC0415 -- slow, and seldom needed
        NotOursError,
        Order,
        run_scenario,
    )
    from voipwatch.store.errors import StoreError  # noqa: PLC0415 -- the same

    with ExitStack() as stack:
        folder = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="voipwatch-")))
            if data is None
            else Path(data)
        )
        order = Order(
            scenario=name,
            size=size,
            seed=seed,
            data=folder,
            checks=Path(checks) if checks is not None else cache_folder(os.environ),
            processes=processes,
            every_check=full,
        )
        try:
            with ended_by_ctrl_c(), _bars(context) as step:
                outcome = run_scenario(order, step)
        except NotOursError as error:
            raise Trouble("error.scenario_folder", path=shown_path(Path(str(error)))) from error
        except (OSError, StoreError, RuntimeError) as error:
            raise Trouble("error.scenario_run", reason=shown(str(error), longest=300)) from error
    result = score(chosen, outcome.changes, outcome.schedules)
    took_s = time.monotonic() - started
    if json:
        context.print_json(
            _json(
                chosen, result, {"size": size, "seed": seed, "outcome": outcome, "took_s": round(took_s, 1)}
            )
        )
    else:
        show_result(context, chosen, result)
        context.tell(
            "scenario.counts",
            runs=outcome.runs,
            checks=outcome.checks,
            reports=outcome.handed.taken,
            refused=sum(outcome.handed.refused.values()),
            seconds=f"{took_s:.0f}",
        )
        if data is not None:
            context.say("scenario.kept", path=shown_path(folder))
    return CLEAR if result.right else INTERFERENCE


def cache_folder(environment: "os._Environ[str] | dict[str, str]") -> Path:
    """Where checks are kept unless told otherwise."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path.home() / ".cache") / CACHE


def show_result(context: Context, chosen: Scenario, result: Score) -> None:
    """The press's chronology, the planted one, and what was found; then what is wrong."""
    texts = context.texts
    context.tell("scenario.emulated", title=chosen.title, style="bold")
    rows: list[list[Text | str]] = []
    told = {source.phase: source for source in chosen.press}
    for line in phase_lines(chosen, result):
        source = told.get(line.phase)
        style = "green" if line.found == line.of else "bold red"
        rows.append(
            [
                texts(f"scenario.phase.{line.phase}"),
                source.date if source is not None else "",
                f"{line.operator} {line.access.value}",
                _minute(line.at_s),
                _interval(line),
                Text(f"{line.found}/{line.of}", style),
            ]
        )
    names = ("phase", "press", "line", "planted", "found", "series_found")
    context.out.print(table(texts, [texts(f"column.{name}") for name in names], rows))
    for hours in result.hours:
        context.tell(
            "scenario.hours",
            line=f"{hours.operator} {hours.access.value}",
            found=_hours(hours.found),
            planted=_hours(hours.planted),
            series=hours.series,
            of=hours.of,
            style="green" if hours.right else "bold red",
        )
    right = len(result.edges) - len(result.missed)
    context.tell(
        "scenario.edges",
        right=right,
        of=len(result.edges),
        widest=f"{result.widest_h:.0f}",
        wrong=len(result.wrong),
        silences=result.silences,
        style="green" if result.right else "bold red",
    )
    for change in result.wrong:
        context.tell(
            "scenario.wrong",
            kind=texts(f"scenario.kind.{change.kind}"),
            series=f"{change.series.operator} {change.series.access.value} {change.series.app}",
            at=_minute(change.latest_s),
            style="red",
        )


def _minute(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _interval(line: PhaseLine) -> str:
    if line.latest_s is None:
        return "-"
    first = "?" if line.earliest_s is None else _minute(line.earliest_s)
    return f"{first} .. {_minute(line.latest_s)}"


def _hours(hours: tuple[int, ...]) -> str:
    """`6-21`, `6-8, 14-21`."""
    spans: list[list[int]] = []
    for hour in hours:
        if spans and hour == spans[-1][1] + 1:
            spans[-1][1] = hour
        else:
            spans.append([hour, hour])
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in spans) or "-"


@contextmanager
def _bars(context: Context) -> Iterator[Callable[[str, int, int], None]]:
    """A bar a step, on a terminal; nothing elsewhere."""
    if not context.stderr.isatty():
        yield lambda _name, _done, _total: None
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


def _json(chosen: Scenario, result: Score, run: dict[str, Any]) -> bytes:
    outcome = run["outcome"]
    document = {
        "schema": SCHEMA,
        "scenario": chosen.id,
        "synthetic": True,
        "instance": chosen.instance,
        "size": run["size"],
        "seed": run["seed"],
        "right": result.right,
        "phases": [_phase_json(line) for line in phase_lines(chosen, result)],
        "press": [msgspec.to_builtins(source) for source in chosen.press],
        "hours": [{**msgspec.to_builtins(hours), "right": hours.right} for hours in result.hours],
        "missed": [
            _series(edge.series) | {"kind": edge.kind, "at": iso(edge.at_s)} for edge in result.missed
        ],
        "wrong": [
            _series(change.series) | {"kind": change.kind, "latest": iso(change.latest_s)}
            for change in result.wrong
        ],
        "edges": len(result.edges),
        "widest_h": round(result.widest_h, 1),
        "silences": result.silences,
        "runs": outcome.runs,
        "checks": outcome.checks,
        "checks_run": outcome.checks_run,
        "taken": outcome.handed.taken,
        "refused": outcome.handed.refused,
        "reports": outcome.reports,
        "observations": outcome.observations,
        "votes": outcome.votes,
        "cells": outcome.cells,
        "judged": outcome.judged,
        "seconds": {name: round(value, 1) for name, value in outcome.seconds.items()},
        "took_s": run["took_s"],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _series(series: Series) -> dict[str, Any]:
    return {"operator": series.operator, "access": series.access.value, "app": series.app}


def _phase_json(line: PhaseLine) -> dict[str, Any]:
    return {
        "phase": line.phase,
        "operator": line.operator,
        "access": line.access.value,
        "planted": iso(line.at_s),
        "earliest": None if line.earliest_s is None else iso(line.earliest_s),
        "latest": None if line.latest_s is None else iso(line.latest_s),
        "found": line.found,
        "of": line.of,
    }
