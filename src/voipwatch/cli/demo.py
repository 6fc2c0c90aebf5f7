"""`voipwatch demo`: the main job in about a minute.

Six checks of three apps, each through an emulated operator whose truth is known, each judged from its
own packets like any other. Nothing is canned: another seed gives other packets. Over the kernel a check
lasts and costs what it does on a real line, so that a small machine carries a few at a time: the other
lines, and whatever would not be done in time, are measured in user space. The table says which. What is slow
over the kernel is begun in user space before it is given up there: nobody waits for one after the other.
"""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from threading import Lock, Timer
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from cyclopts import Parameter

from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import Context
from voipwatch.cli.demo_board import APPS, LINES, Board, LineResult, live_board, messages_pass, show_board
from voipwatch.cli.demo_site import demo_site, show_demo_site
from voipwatch.cli.errors import CLEAR, INTERRUPTED, OUR_FAULT, Misuse, Trouble
from voipwatch.cli.interrupt import ended_by_ctrl_c
from voipwatch.cli.kernel import CHECK_S, KernelCheckError, kernel_problem, report_from_kernel
from voipwatch.cli.language import texts as texts_of
from voipwatch.cli.machinery import judge, measure_world
from voipwatch.cli.values import parse_count, shown
from voipwatch.lab.worlds import load_worlds

if TYPE_CHECKING:
    from voipwatch.cli.demo_year import Year

NETWORKS: Final = ("auto", "kernel", "sim")
SEED_MAX: Final = 2**31
BUDGET_BYTES: Final = 1_000_000
"""Per app: half of a check's own, which decides every line here and takes the bad one under a minute."""
KERNEL_FIRST: Final = ("clean", "morocco-3g-2016", "throttled", "wifi-blocked", "wifi-calm")
"""Lines for the kernel, most telling first. The bad line is none: its check alone takes nearly a minute."""
KERNEL_LINES_PER_CORE: Final = 1.0
"""A check with its reflector and its line takes a quarter of a core, most of it at the beginning; more, and
they would get in each other's way, for all of them keep time."""
SPARE_S: Final = 30.0
"""When a line that is not done over the kernel is begun in user space too. Two of them side by side are done
half a minute after the demo began on two calm cores."""
KERNEL_S: Final = 42.0
"""When the kernel's checks are given up: what stands in for them has had twelve seconds by then, which is
three times what it takes on a calm core."""
LOAD_MAX: Final = 1.0
"""Waiting processes a core, over the last minute, beyond which nothing keeps time here."""
POLITE: Final = 5
"""Niceness of simulated checks beside those that keep time; more, and on a loaded machine they starve."""


def demo(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    network: Annotated[str, Parameter(metavar="auto|kernel|sim")] = "auto",
    seed: Annotated[int | None, Parameter(metavar="N")] = None,
    bundle: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    site: Annotated[Path | None, Parameter(metavar="DIR")] = None,
    json: bool = False,
) -> int:
    """Measure all lines, then show the table and the sentences; then the year, where its bundle is wanted. 0
    unless a line could not be measured.
    """
    if network not in NETWORKS:
        raise Misuse("error.network", value=shown(network), known=", ".join(NETWORKS))
    drawn = secrets.randbelow(SEED_MAX)
    if seed is not None:
        drawn = parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    problem = _problem(network)
    if network == "kernel" and problem is not None:
        raise Trouble("error.kernel", reason=problem)
    if site is not None and bundle is None:
        raise Misuse("demo.site_alone")
    if bundle is not None:
        from voipwatch.cli.demo_year import make_room  # noqa: PLC0415 -- slow, and seldom needed

        make_room(bundle)
    board = Board(plan(network, possible=problem is None, cores=os.cpu_count() or 1))
    if not json:
        context.tell("demo.title", style="bold")
        tried = list(board.plan.values()).count("kernel")
        if problem is None:
            context.tell("demo.kernel", count=tried, total=len(LINES))
        else:
            context.tell("demo.user_space", reason=problem)
    started = time.monotonic()
    with ended_by_ctrl_c(), live_board(context, board) as refresh:
        for name in _measure_all(board, drawn, context.texts.lang):
            refresh(name)
    took_s = time.monotonic() - started
    if not json:
        show_board(context, board, drawn, took_s)
    year = None if bundle is None else _year(context, bundle, drawn, told=not json)
    rendered = demo_site(context, bundle, site, told=not json)
    if json:
        context.print_json(_json(board, drawn, took_s, year, rendered))
    else:
        context.tell("demo.next")
        show_demo_site(context, site)
    return OUR_FAULT if board.problems else CLEAR


def _year(context: Context, bundle: Path, seed: int, *, told: bool) -> "Year":
    from voipwatch.cli.demo_year import run_year, show_year  # noqa: PLC0415 -- slow, and seldom needed

    if told:
        context.tell("demo.year", style="bold")
    year = run_year(context, seed, bundle)
    if told:
        show_year(context, year)
    return year


def _problem(network: str) -> str | None:
    """Why no line is to be measured over the kernel, or None."""
    if network == "sim":
        return "--network sim"
    problem = kernel_problem()
    if (
        problem is None
        and network == "auto"
        and (load := os.getloadavg()[0]) > LOAD_MAX * (os.cpu_count() or 1)
    ):
        return f"the machine is busy, load {load:.1f}"
    return problem


def plan(network: str, *, possible: bool, cores: int) -> dict[str, str]:
    """Where each line is measured: all in the kernel if that was asked for, else as many as it can carry."""
    if not possible:
        return dict.fromkeys(LINES, "sim")
    if network == "kernel":
        return dict.fromkeys(LINES, "kernel")
    kernel = KERNEL_FIRST[: int(cores * KERNEL_LINES_PER_CORE)]
    return {name: "kernel" if name in kernel else "sim" for name in LINES}


def _measure_all(board: Board, seed: int, lang: str) -> Iterator[str]:
    """Measure every line, side by side, and yield its name when it is done."""
    in_kernel = list(board.plan.values()).count("kernel")
    now = time.monotonic()
    patient = in_kernel == len(LINES)  # all over the kernel was asked for, however long it takes
    spare_at, give_up_at = (now + CHECK_S,) * 2 if patient else (now + SPARE_S, now + KERNEL_S)
    cores = os.cpu_count() or 1
    # A kernel check is programs of its own, which a thread waits for; a simulated one fills a process.
    threads = ThreadPoolExecutor(max(1, in_kernel))
    processes = _simulators(max(1, cores - in_kernel // 2), niceness=POLITE if in_kernel else 0)
    # Of their own, so that they queue behind no other line; none is started before it is needed.
    spares = _simulators(cores, niceness=0)
    try:
        running: dict[Future[LineResult], str] = {}
        for number, (name, network) in enumerate(board.plan.items()):
            if network == "kernel":
                work = _InKernel(name, seed + number, lang, spare_at, give_up_at)
                running[threads.submit(work, spares)] = name
            else:
                running[processes.submit(measure_line, name, seed + number, lang)] = name
        for done in as_completed(running):
            name = running[done]
            try:
                board.done[name] = done.result()
            except (OSError, RuntimeError, ValueError, ArithmeticError, LookupError, TypeError) as error:
                board.problems[name] = shown(f"{type(error).__name__}: {error}", longest=160)
            yield name
    finally:
        processes.shutdown(cancel_futures=True)
        threads.shutdown(cancel_futures=True)
        spares.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _InKernel:
    """One line over the kernel; called in a thread."""

    name: str
    seed: int
    lang: str
    spare_at: float
    """Monotonic time at which it is begun in user space too."""
    give_up_at: float
    """Monotonic time at which the kernel's network is given up for the simulated one."""

    def __call__(self, processes: Executor) -> LineResult:
        """Measure it, in user space if the kernel fails or is slow. `processes`: who simulates."""
        spare = _Spare(processes, self)
        timer = Timer(max(0.0, self.spare_at - time.monotonic()), spare.begin)
        timer.daemon = True
        timer.start()
        try:
            report = report_from_kernel(
                load_worlds().get(LINES[self.name]),
                APPS,
                seed=self.seed,
                budget_bytes=BUDGET_BYTES,
                timeout_s=self.give_up_at - time.monotonic(),
                lang=self.lang,
            )
        except KernelCheckError as error:
            slow = time.monotonic() >= self.give_up_at
            reason = texts_of(self.lang)("demo.too_slow") if slow else shown(str(error), longest=160)
            return msgspec.structs.replace(spare.result(), instead=reason)
        finally:
            timer.cancel()
            spare.drop()
        return LineResult("kernel", report.check)


class _Spare:
    """The same line in user space, begun once, by the clock or by whoever needs it first. For any thread."""

    def __init__(self, processes: Executor, line: _InKernel) -> None:
        self._processes = processes
        self._line = line
        self._lock = Lock()
        self._dropped = False
        self._work: Future[LineResult] | None = None

    def begin(self) -> None:
        """Begin, unless it has begun or is not wanted any more."""
        with self._lock:
            if self._work is None and not self._dropped:
                line = self._line
                self._work = self._processes.submit(measure_line, line.name, line.seed, line.lang)

    def result(self) -> LineResult:
        """Wait for it."""
        self.begin()
        assert self._work is not None
        return self._work.result()

    def drop(self) -> None:
        """It is not wanted: nothing begins from now on, and what only waits for a process never does."""
        with self._lock:
            self._dropped = True
            if self._work is not None:
                self._work.cancel()


def _simulators(count: int, *, niceness: int) -> ProcessPoolExecutor:
    """Processes that simulate, started when needed; nice only where something beside them keeps time."""
    context = get_context("spawn")
    return ProcessPoolExecutor(count, mp_context=context, initializer=_begin, initargs=(niceness,))


def _begin(niceness: int) -> None:
    """In a simulating process: be as polite as that, and let Ctrl-C end it without a word."""

    def end(_number: int, _frame: object) -> None:
        raise SystemExit(INTERRUPTED)

    signal.signal(signal.SIGINT, end)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(niceness)


def measure_line(name: str, seed: int, lang: str) -> LineResult:
    """One line of the demo in user space, measured and judged."""
    world = load_worlds().get(LINES[name])
    measurement = measure_world(world, APPS, seed=seed, network="sim", budget_bytes=BUDGET_BYTES)
    return LineResult("sim", conclude(measurement, judge, texts_of(lang)))


def _json(
    board: Board, seed: int, took_s: float, year: "Year | None", rendered: dict[str, Any] | None
) -> bytes:
    lines = []
    for name, world in LINES.items():
        done = board.done.get(name)
        lines.append(
            {
                "line": name,
                "world": world,
                "network": done.network if done else None,
                "instead": done.instead if done else None,
                "messages_pass": messages_pass(done.check) if done else None,
                "problem": board.problems.get(name),
                "check": msgspec.to_builtins(done.check) if done else None,
            }
        )
    document: dict[str, Any] = {
        "schema": "voipwatch.demo/1",
        "seed": seed,
        "seconds": round(took_s, 1),
        "lines": lines,
    }
    if year is not None:
        from voipwatch.cli.demo_year import year_json  # noqa: PLC0415 -- loaded by now

        document["year"] = year_json(year)
    if rendered is not None:
        document["site"] = rendered
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
