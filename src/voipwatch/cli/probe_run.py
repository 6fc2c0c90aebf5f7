"""`voipwatch probe run`: the schedule, in the foreground or one turn at a time."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

from cyclopts import Parameter

from voipwatch.cli import machinery
from voipwatch.cli.context import Context, wall_s
from voipwatch.cli.errors import CLEAR
from voipwatch.cli.language import Size
from voipwatch.cli.probe_place import Busy, held, open_setup, open_state, probe_folder, unusable
from voipwatch.cli.scheduled import scheduled_report
from voipwatch.cli.values import shown
from voipwatch.model.instants import iso
from voipwatch.model.results import Report
from voipwatch.probe.agent import Agent, Run, TurnReport
from voipwatch.probe.loop import LOOK_S, keep_turning
from voipwatch.probe.schedule import Turn


def run(*, context: Annotated[Context, Parameter(parse=False)], once: bool = False, now: bool = False) -> int:
    """Take turns until SIGTERM or Ctrl-C; with `--once` one, for a timer; with `--now` one manual run."""
    folder = probe_folder(context)
    open_setup(folder)  # refused at once, before anything is said
    with _ended_by_sigterm() as ended:
        if now:
            _turn(context, folder, ended, quiet=True, manual=True)
            return CLEAR
        keep_turning(
            lambda: _turn(context, folder, ended, quiet=once),
            now_s=wall_s,
            wait=lambda left_s: not ended.wait(left_s),
            once=once,
        )
    return CLEAR


def _turn(
    context: Context, folder: Path, ended: threading.Event, *, quiet: bool, manual: bool = False
) -> TurnReport:
    """One turn, said in lines. The set-up is read each time: it may have changed, or gone."""
    setup, secret = open_setup(folder)
    interrupted = False

    def check(what: Run) -> Report:
        nonlocal interrupted
        report = scheduled_report(context, what)
        early = report.measurement.interrupted
        interrupted = early is not None and early.reason == "user"
        return report

    world = machinery.surroundings(check)
    try:
        with held(folder):
            state = open_state(context, folder, setup, now_s=world.now_s())
            agent = Agent(folder, setup, secret, world)
            if manual:
                context.say("probe.turn.manual")
            told = agent.run_now(state) if manual else agent.turn(state)
    except Busy:
        now_s = world.now_s()
        if quiet:
            context.say("probe.turn.busy", style="dim")
        return TurnReport(Turn.WAIT, now_s + LOOK_S, now_s + LOOK_S)
    except OSError as error:
        raise unusable(folder, error) from error
    _say(context, told, quiet=quiet and (not manual or state.due is not None))
    if interrupted and not ended.is_set():
        raise KeyboardInterrupt
    return told


def _say(context: Context, told: TurnReport, *, quiet: bool) -> None:
    if told.run is not None:
        apps, cost = ", ".join(told.run.apps), Size(told.run.bytes)
        outcome = context.texts(f"probe.outcome.{told.run.outcome}")
        context.say("probe.turn.run", apps=apps, outcome=outcome, size=cost)
    elif told.turn in (Turn.MISSED, Turn.CLOCK_BACK):
        context.say(f"probe.turn.{told.turn}", style="yellow")
    for count, key in ((told.sent, "sent"), (told.refused, "refused"), (told.dropped, "dropped")):
        if count:
            context.say(f"probe.turn.{key}", count=count)
    if told.damaged:
        context.say("probe.turn.damaged", count=told.damaged, style="yellow")
    if told.trouble:
        context.say("probe.turn.trouble", reason=reason_text(context, told.trouble), style="yellow")
    for problem in told.problems:
        context.say("probe.turn.disk", reason=shown(problem), style="bold red")
    if quiet or told.turn is not Turn.WAIT:
        context.say("probe.turn.next", time=iso(told.due_at_s), style="dim")


def reason_text(context: Context, reason: str) -> str:
    """Why a try failed, in words where there are some."""
    for key in (f"failure.{reason}", f"probe.trouble.{reason}"):
        if context.texts.has(key):
            return context.texts(key)
    return shown(reason, longest=200)


def new_event() -> threading.Event:
    """What ends the waits; a test has waits that take no time."""
    return threading.Event()


@contextmanager
def _ended_by_sigterm() -> Iterator[threading.Event]:
    """An event that SIGTERM sets; a check that runs is ended with what it has, as by Ctrl-C."""
    ended = new_event()
    if threading.current_thread() is not threading.main_thread():
        yield ended
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()
        handler: Callable[..., object] | int | None = signal.getsignal(signal.SIGINT)
        if callable(handler) and handler is not signal.default_int_handler:
            signal.raise_signal(signal.SIGINT)  # a check has it now

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield ended
    finally:
        signal.signal(signal.SIGTERM, before)
