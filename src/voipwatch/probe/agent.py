"""One turn of a probe on its schedule: measure if it is time, send what waits, say when to look again.

Clock, dice, network, check and way to the collector are handed in, so that a year passes in a test within
a second. Everything that is learnt is on disk before the next step that could kill the process.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from voipwatch.model.instants import iso
from voipwatch.model.measurement import Line
from voipwatch.model.results import Report, may_be_submitted
from voipwatch.model.submission import ProbeWord, RunKind, Submission
from voipwatch.model.vocabulary import Access
from voipwatch.probe.network import Network
from voipwatch.probe.pseudonym import deletion_hash, network_mark, pseudonym
from voipwatch.probe.queue import Queue, Queued
from voipwatch.probe.schedule import DRAW_BYTES, Turn, apps_of_run, few_of, take_turn
from voipwatch.probe.settings import KnownReflector, Setup
from voipwatch.probe.spending import day_of, fits, month_of
from voipwatch.probe.state import RunNote, State, noted, write_state
from voipwatch.probe.upload import Uploader, Ways

LOOK_AGAIN_S: Final = 3_600.0
"""However far off the next run: receipts expire, networks change."""
TICKETS: Final = "tickets"


class RunOutcome(StrEnum):
    """What became of a time that was drawn."""

    QUEUED = "queued"
    STOPPED = "stopped"
    """The collector said stop."""
    CAP = "cap"
    """The run might have cost more than was left of the day's data."""
    OFFLINE = "offline"
    TUNNEL = "tunnel"
    """The way out is a tunnel: it would have measured the tunnel."""
    UNSIGNED = "unsigned"
    """No reflector signed a log: there is nothing that a collector would believe."""
    FAILED = "failed"
    """Our fault, or interrupted."""
    MOVED = "moved"
    """The network changed during the check."""
    DISK = "disk"
    """The report could not be written."""
    DROPPED = "dropped"
    """Measured through a tunnel all the same, or larger than the whole queue."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a scheduled check is to do."""

    apps: tuple[str, ...]
    reflectors: tuple[KnownReflector, ...]
    line: Line
    budget_bytes: int
    tickets: Path
    """Folder of the kept tickets; the probe's own, so that it goes with the rest."""
    stand_ins: tuple[KnownReflector, ...] = ()
    """For when one of them does not answer."""


@dataclass(frozen=True, slots=True)
class World:
    """What a probe needs from outside."""

    check: Callable[[Run], Report]
    network: Callable[[], Network]
    ways: Ways
    """To the collector."""
    now_s: Callable[[], float] = lambda: datetime.now(tz=UTC).timestamp()
    draw: Callable[[int], bytes] = secrets.token_bytes


@dataclass(slots=True)
class TurnReport:
    """What happened in one turn."""

    turn: Turn
    due_at_s: float
    """When the next run is; Unix seconds."""
    next_at_s: float
    """When to look again: at the latest then."""
    run: RunNote | None = None
    sent: int = 0
    refused: int = 0
    dropped: int = 0
    damaged: int = 0
    trouble: str = ""
    """Why sending stopped; empty where nothing stopped it."""
    problems: list[str] = field(default_factory=list)
    """What the disk refused."""


class Agent:
    """A probe that was set up. Its folder is ours alone while a turn lasts (`files.locked`)."""

    def __init__(self, folder: Path, setup: Setup, secret: bytes, world: World) -> None:
        self._folder, self._setup, self._secret, self._world = folder, setup, secret, world
        self._queue = Queue(folder)

    def turn(self, state: State) -> TurnReport:
        """Do what is due; `state` is changed and kept. Raises OSError where not even the state can be kept:
        a probe that forgets what it spent must not go on.
        """
        self._queue.prepare()
        now_s = self._world.now_s()
        dropped = self._queue.expire(now_s)
        state.due, turn = take_turn(self._setup.rhythm, state.due, now_s, self._world.draw(DRAW_BYTES))
        report = TurnReport(turn, state.due.next_at_s, state.due.next_at_s, dropped=dropped)
        if turn is not Turn.WAIT:
            write_state(self._folder, state)
        if turn is Turn.RUN:
            report.run = self._run(state, now_s, report)
            state.runs = noted(state.runs, report.run)
            write_state(self._folder, state)
        Uploader(self._folder, self._setup, self._secret, self._queue).send(state, self._world, report)
        now_s = self._world.now_s()
        wake_s = min(state.due.next_at_s, now_s + LOOK_AGAIN_S)
        if self._queue.names() and state.backoff.not_before_s > now_s:
            wake_s = min(wake_s, state.backoff.not_before_s)
        report.next_at_s = wake_s
        return report

    def run_now(self, state: State) -> TurnReport:
        """One run because somebody asks, and send what waits. It goes out as `RunKind.MANUAL`: whoever asks
        may ask because something is broken, so that it counts in no state. The schedule, and whose turn it
        is, stay as they are. Raises OSError as `turn` does.
        """
        self._queue.prepare()
        now_s = self._world.now_s()
        dropped = self._queue.expire(now_s)
        due_s = now_s if state.due is None else state.due.next_at_s
        report = TurnReport(Turn.WAIT, due_s, due_s, dropped=dropped)
        report.run = self._run(state, now_s, report, manual=True)
        state.runs = noted(state.runs, report.run)
        write_state(self._folder, state)
        Uploader(self._folder, self._setup, self._secret, self._queue).send(state, self._world, report)
        return report

    def _run(self, state: State, now_s: float, told: TurnReport, *, manual: bool = False) -> RunNote:
        apps = apps_of_run(self._setup.apps, state.turn)
        network = self._world.network()
        kept_from = self._kept_from(state, network, now_s)
        if kept_from is not None:
            return RunNote(now_s, list(apps), kept_from)
        state.turn += not manual
        day = day_of(now_s)
        before = state.spending
        # the most that it can cost, on disk before a byte is sent: a kill does not make the run free
        state.spending = before.plus(day, self._setup.run_bytes)
        write_state(self._folder, state)
        line, access_from = self._line(network)
        few, stand_ins = self._reflectors()
        run = Run(apps, few, line, self._setup.budget_bytes, self._folder / TICKETS, stand_ins)
        report = self._world.check(run)
        cost = sum(each.bytes for each in report.measurement.costs.values())
        state.spending = before.plus(day, cost)
        outcome = self._outcome(report, network)
        if outcome is RunOutcome.QUEUED:
            outcome = self._keep(
                report, self._word(network, month_of(now_s), access_from, manual=manual), told
            )
        return RunNote(now_s, list(apps), outcome, cost)

    def _kept_from(self, state: State, network: Network, now_s: float) -> RunOutcome | None:
        if state.halt is not None and now_s < state.halt.until_s:
            return RunOutcome.STOPPED
        if not network.connected:
            return RunOutcome.OFFLINE
        if network.tunnel is True:
            return RunOutcome.TUNNEL
        if not fits(state.spending, now_s, self._setup.run_bytes, cap_bytes=self._setup.day_bytes):
            return RunOutcome.CAP
        return None

    def _reflectors(self) -> tuple[tuple[KnownReflector, ...], tuple[KnownReflector, ...]]:
        """Those of this probe, and its one stand-in: that too is always the same."""
        known = self._setup.reflectors
        names = [each.name for each in known]
        few = few_of(names, self._secret)
        more = few_of(names, self._secret, few=len(few) + 1)
        return tuple(known[n] for n in few), tuple(known[n] for n in more if n not in few)

    def _line(self, network: Network) -> tuple[Line, str]:
        """What was declared, on the network where it was, else what the system tells; and who said so."""
        at_home = self._setup.network_mark == network_mark(self._secret, network.name)
        if at_home and self._setup.access is not Access.UNKNOWN:
            return Line(access=self._setup.access, operator_declared=self._setup.operator), "declared"
        operator = self._setup.operator if at_home else None
        told = "system" if network.access is not Access.UNKNOWN else ""
        return Line(access=network.access, operator_declared=operator), told

    def _outcome(self, report: Report, network: Network) -> RunOutcome:
        measurement = report.measurement
        if not may_be_submitted(report) or measurement.line.tunnel is True:
            return RunOutcome.DROPPED
        if measurement.invalid is not None or measurement.interrupted is not None:
            return RunOutcome.FAILED
        if all(facts.log is None for facts in measurement.reflectors):
            return RunOutcome.UNSIGNED
        if self._world.network().name != network.name:
            return RunOutcome.MOVED
        return RunOutcome.QUEUED

    def _word(self, network: Network, month: str, access_from: str, *, manual: bool) -> ProbeWord:
        on_schedule = RunKind.CANARY if self._setup.canary else RunKind.SCHEDULED
        return ProbeWord(
            kind=RunKind.MANUAL if manual else on_schedule,
            pseudonym=pseudonym(self._secret, network.name, month),
            month=month,
            deletion_hash="",
            queued_at=iso(self._world.now_s()),
            sent_at="",
            access_from=access_from,
        )

    def _keep(self, report: Report, word: ProbeWord, told: TurnReport) -> RunOutcome:
        key = self._world.draw(32)
        word = msgspec.structs.replace(word, deletion_hash=deletion_hash(key))
        queued = Queued(Submission(word, report), key.hex())
        before = set(self._queue.names())
        try:
            told.dropped += self._queue.put(queued, self._world.now_s())
        except OSError as error:
            told.problems.append(error.strerror or type(error).__name__)
            return RunOutcome.DISK
        return RunOutcome.QUEUED if set(self._queue.names()) - before else RunOutcome.DROPPED
