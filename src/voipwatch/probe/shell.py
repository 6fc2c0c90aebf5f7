"""The probe's shell: real sockets and a clock around the check's core, in one thread.

It does what the core says and tells it what came of it. Signed logs are fetched in threads, so that
nothing waits for them; everything else never blocks.
"""

import gc
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Final

from voipwatch.experiment import LineCheck
from voipwatch.experiment.events import (
    AskCanary,
    AskHost,
    CloseSocket,
    FetchLog,
    Finished,
    HostOutcome,
    LogOutcome,
    OpenSocket,
    Outgoing,
    Progress,
    ProviderAsk,
    ProviderOutcome,
    ResolveName,
    StartTcp,
    TcpOutcome,
)
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.carrier import Carrier, FlowSocket
from voipwatch.probe.clock import PreciseSelector
from voipwatch.probe.failures import failure_of_errno
from voipwatch.probe.hops import HopSocket
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path
from voipwatch.probe.tcp import TcpTrial

IDLE_S: Final = 0.5
"""The longest wait: a signal that asks to stop is seen within it even where it does not wake us."""
READY_BATCH: Final = 3
"""Sockets read before what is due is sent: recognising a datagram takes about 0.1 ms."""
FetchLogs = Callable[[FetchLog], LogOutcome]
AskProviders = Callable[[ProviderAsk], ProviderOutcome]


@dataclass(slots=True)
class SendTimes:
    """How late datagrams left, against when the core wanted them: for `make bench`."""

    late_s: list[float] = field(default_factory=list)
    """One a datagram, against the earliest due of those that left in one go."""


class Shell:
    """Runs one check to its end."""

    def __init__(
        self,
        core: LineCheck,
        paths: Sequence[Path | None],
        *,
        fetch_log: FetchLogs,
        on_progress: Callable[[Progress], None] | None = None,
        carrier: Carrier | None = None,
        ask_provider: AskProviders | None = None,
        networks: Networks | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._core = core
        self._paths = paths
        self._fetch_log = fetch_log
        self._on_progress = on_progress
        self._carrier = carrier or Carrier()
        self._ask_provider = ask_provider
        self._networks = networks or Networks()
        self._clock = clock
        self._selector = PreciseSelector(clock)
        self._sockets: dict[int, FlowSocket] = {}
        self._trials: dict[int, TcpTrial] = {}
        self._logs: SimpleQueue[tuple[int, LogOutcome]] = SimpleQueue()
        self._provided: SimpleQueue[tuple[int, ProviderOutcome]] = SimpleQueue()
        self._wake_in, self._wake_out = socket.socketpair()
        for each in (self._wake_in, self._wake_out):
            each.setblocking(False)
        self._selector.register(self._wake_in, 1, None)
        self._interrupt: str | None = None
        self._measurement: Measurement | None = None
        self._turns = 0
        self._served: dict[int, int] = {}
        """Socket number, or identity of what is none -> the turn in which it was last looked at."""
        self.send_times = SendTimes()

    def interrupt(self, reason: str) -> None:
        """End the check early; may be called by a signal handler or another thread."""
        self._interrupt = reason
        self._wake()

    def run(self) -> Measurement:
        """Until the core has finished."""
        gc.collect()
        gc.freeze()  # what is there already need not be looked at again while datagrams are paced
        try:
            self._core.start(self._clock())
            while True:
                finished = self._settle()
                if finished is not None:
                    return finished
                self._turn()
        finally:
            gc.unfreeze()
            self._close()

    def _settle(self) -> Measurement | None:
        """Do everything that the core wants done now."""
        if self._interrupt is not None:
            reason, self._interrupt = self._interrupt, None
            self._core.interrupt(reason, self._clock())
        while True:
            finished = self._obey()
            if finished is not None:
                return finished
            due = self._core.get_timer()
            now = self._clock()
            out = self._core.datagrams_to_send(now)
            if not out:
                return None
            self._send(out, now if due is None else due)

    def _turn(self) -> None:
        """Wait for the next thing and tell the core of it."""
        now = self._clock()
        timers = [trial.deadline for trial in self._trials.values()]
        due = self._core.get_timer()
        if due is not None:
            timers.append(due)
        ready = self._selector.wait(min([now + IDLE_S, *timers]))
        now = self._clock()
        batch: list[tuple[int, bytes]] = []
        for each in self._first_served(ready):
            if isinstance(each, int):
                batch += [(each, data) for data in self._sockets[each].receive()]
            elif isinstance(each, TcpTrial):
                each.ready(now)
                self._after(each)
            else:
                self._drain_wakes()
        if batch:
            self._core.receive_datagrams(batch, now)
        ended = self._carrier.ended(waiting=bool(self._trials))
        if ended is not None:
            self._core.interrupt(ended, now)
        self._tell_errors(now)
        for trial in [trial for trial in self._trials.values() if trial.deadline <= now]:
            trial.expire()
            self._after(trial)
        self._take_logs(now)
        if due is not None and due <= now:
            self._core.handle_timer(now)

    def _first_served(self, ready: list[object]) -> list[object]:
        """A few of what is ready, those first that were served longest ago: what is due to be sent should not
        wait for all of them, and none may keep the others waiting, however much comes to it.
        """
        ready.sort(key=lambda each: self._served.get(_name(each), 0))
        chosen = ready[:READY_BATCH]
        self._turns += 1
        self._served.update((_name(each), self._turns) for each in chosen)
        return chosen

    def _send(self, out: list[Outgoing], due: float) -> None:
        for each in out:
            found = self._sockets.get(each.socket)
            if found is not None:
                if each.ttl is not None and isinstance(found, HopSocket):
                    found.limit(each.ttl)
                found.send(each.port, each.data)
                self.send_times.late_s.append(max(0.0, self._clock() - due))

    def _tell_errors(self, now: float) -> None:
        for number, each in self._sockets.items():
            if isinstance(each, HopSocket):
                for said in each.take_said():
                    self._core.hop_answered(number, said, now)
            elif each.failures:
                for failure in each.take_failures():
                    self._core.receive_failure(number, failure, now)

    # --- commands -------------------------------------------------------------------------------------

    def _obey(self) -> Measurement | None:
        while (event := self._core.next_event()) is not None:
            if isinstance(event, Finished):
                return event.measurement
            if isinstance(event, OpenSocket):
                self._open(event)
            elif isinstance(event, CloseSocket):
                self._close_socket(event.socket)
            elif isinstance(event, StartTcp):
                self._start_trial(event)
            elif isinstance(event, FetchLog):
                threading.Thread(target=self._fetch, args=(event,), name="log", daemon=True).start()
            elif isinstance(event, ResolveName | AskHost | AskCanary):
                threading.Thread(target=self._provide, args=(event,), name="provider", daemon=True).start()
            elif self._on_progress is not None:
                self._on_progress(event)
        return None

    def _open(self, event: OpenSocket) -> None:
        path = self._paths[event.reflector]
        if path is None:
            return
        opened: FlowSocket | None
        try:
            traced = event.traced
            opened = HopSocket.open(path, self._networks) if traced else self._carrier.open(path)
        except OSError as error:
            self._core.receive_failure(event.socket, failure_of_errno(error.errno), self._clock())
            return
        if opened is None:
            return
        self._sockets[event.socket] = opened
        self._selector.register(opened.sock, 1, event.socket)

    def _close_socket(self, number: int) -> None:
        found = self._sockets.pop(number, None)
        if found is not None:
            self._selector.unregister(found.sock)
            found.close()

    def _start_trial(self, event: StartTcp) -> None:
        path = self._paths[event.reflector]
        now = self._clock()
        if path is None:
            self._core.tcp_finished(event.trial, TcpOutcome(None, b"", Failure.UNKNOWN), now)
            return
        try:
            trial = TcpTrial(event, path, now)
        except OSError as error:
            outcome = TcpOutcome(None, b"", failure_of_errno(error.errno))
            self._core.tcp_finished(event.trial, outcome, now)
            return
        if trial.outcome is not None:
            self._core.tcp_finished(event.trial, trial.outcome, now)
            return
        self._trials[event.trial] = trial
        self._selector.register(trial.sock, trial.interest, trial)

    def _after(self, trial: TcpTrial) -> None:
        """Look at a trial that something happened to."""
        if trial.outcome is None:
            self._selector.modify(trial.sock, trial.interest, trial)
            return
        # the trial has closed its socket, which takes it out of an epoll by itself
        with suppress(KeyError, ValueError):
            self._selector.unregister(trial.sock)
        del self._trials[trial.trial]
        self._core.tcp_finished(trial.trial, trial.outcome, self._clock())

    # --- logs -----------------------------------------------------------------------------------------

    def _fetch(self, event: FetchLog) -> None:
        try:
            outcome = self._fetch_log(event)
        except Exception:  # noqa: BLE001 -- a thread's exception would vanish and the check would wait for it
            outcome = LogOutcome(None, Failure.UNKNOWN)
        self._logs.put((event.reflector, outcome))
        self._wake()

    def _provide(self, event: ProviderAsk) -> None:
        outcome: ProviderOutcome = HostOutcome(None, "", Failure.UNKNOWN)
        # a thread's exception would vanish, and the question would wait for it: a failure without a name
        with suppress(Exception):
            if self._ask_provider is not None:
                outcome = self._ask_provider(event)
        self._provided.put((event.ask, outcome))
        self._wake()

    def _take_logs(self, now: float) -> None:
        with suppress(Empty):
            while True:
                ask, provided = self._provided.get_nowait()
                self._core.provider_answered(ask, provided, now)
        with suppress(Empty):
            while True:
                reflector, outcome = self._logs.get_nowait()
                self._core.log_finished(reflector, outcome, now)

    def _wake(self) -> None:
        with suppress(OSError):
            self._wake_out.send(b"\0")

    def _drain_wakes(self) -> None:
        with suppress(OSError):
            self._wake_in.recv(4096)

    def _close(self) -> None:
        for number in list(self._sockets):
            self._close_socket(number)
        for trial in self._trials.values():
            trial.sock.close()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()


def _name(ready: object) -> int:
    """Numbers of sockets are small, identities of objects are not."""
    return ready if isinstance(ready, int) else id(ready)
