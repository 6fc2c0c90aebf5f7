"""The shell around a scripted core: it does what it is told, tells what came of it, and always ends."""

import socket
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from voipwatch.experiment import LineCheck
from voipwatch.experiment.events import (
    CloseSocket,
    Event,
    FetchLog,
    Finished,
    LogOutcome,
    OpenSocket,
    Outgoing,
    Progress,
    StartTcp,
    TcpOutcome,
)
from voipwatch.model.measurement import Line, Measurement
from voipwatch.model.sweeps import HopAnswer
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import udp
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path
from voipwatch.probe.shell import READY_BATCH, Shell

WAIT_S = 10.0
DONE = Measurement("", "", "", [], {}, Line(), [])


class Script:
    """A core that says what a test wants said, and keeps what it is told."""

    def __init__(self) -> None:
        self.events: deque[Event] = deque()
        self.out: deque[tuple[float, Outgoing]] = deque()
        self.told: list[tuple[Any, ...]] = []
        self.begun_at = 0.0
        self.give_up_at = float("inf")
        self.on_told: Callable[[tuple[Any, ...]], None] = lambda _: None

    def _tell(self, *what: Any) -> None:
        self.told.append(what)
        self.on_told(what)

    def finish(self) -> None:
        self.events.append(Finished(DONE))

    def start(self, now: float) -> None:
        self.begun_at = now
        self.give_up_at = now + WAIT_S
        self.out = deque((now + at, each) for at, each in self.out)

    def receive_datagrams(self, batch: Any, now: float) -> None:
        for each in batch:
            self._tell("datagram", *each)

    def receive_failure(self, number: int, failure: Failure, now: float) -> None:
        self._tell("failure", number, failure)

    def hop_answered(self, number: int, said: HopAnswer, now: float) -> None:
        self._tell("hop", number, said)

    def tcp_finished(self, trial: int, outcome: TcpOutcome, now: float) -> None:
        self._tell("tcp", trial, outcome)

    def log_finished(self, reflector: int, outcome: LogOutcome, now: float) -> None:
        self._tell("log", reflector, outcome)

    def interrupt(self, reason: str, now: float) -> None:
        self._tell("interrupt", reason)

    def datagrams_to_send(self, now: float) -> list[Outgoing]:
        due = []
        while self.out and self.out[0][0] <= now:
            due.append(self.out.popleft()[1])
        return due

    def get_timer(self) -> float | None:
        return min([self.give_up_at, *(at for at, _ in list(self.out)[:1])])

    def handle_timer(self, now: float) -> None:
        if now >= self.give_up_at:
            self._tell("gave up")
            self.finish()

    def next_event(self) -> Event | None:
        return self.events.popleft() if self.events else None


def shell_of(core: Script, *paths: Path | None, **more: Any) -> Shell:
    more.setdefault("fetch_log", lambda event: LogOutcome(None, Failure.UNKNOWN))
    return Shell(cast("LineCheck", core), paths or (Path("127.0.0.1"),), **more)


@contextmanager
def echo() -> Iterator[int]:
    """Sends every datagram back, until one says "end"."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(WAIT_S)

        def serve() -> None:
            while (got := far.recvfrom(2048))[0] != b"end":
                far.sendto(got[0].upper(), got[1])

        thread = threading.Thread(target=serve)
        thread.start()
        yield far.getsockname()[1]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", far.getsockname())
        thread.join(WAIT_S)


@pytest.mark.skipif(sys.platform != "linux", reason="the error queue is Linux's")
def test_a_traced_socket_tells_who_answered_and_sends_with_the_life_that_is_asked_for() -> None:
    core = Script()
    core.events += [OpenSocket(9, 0, traced=True)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    core.out += [(0.0, Outgoing(9, port, b"x", ttl=1))]
    core.on_told = lambda _: core.finish()
    networks = Networks.parse("127.0.0.0/8 Home")
    assert shell_of(core, networks=networks).run() is DONE
    assert core.told == [("hop", 9, HopAnswer(False, "127.0.0.1", "other", "Home"))]


@pytest.mark.skipif(sys.platform != "linux", reason="IP_RECVTTL as Linux numbers it")
def test_only_a_datagram_that_says_so_has_few_hops_to_live() -> None:
    core = Script()
    core.events += [OpenSocket(9, 0, traced=True)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind(("127.0.0.1", 0))
        far.settimeout(WAIT_S)
        far.setsockopt(socket.IPPROTO_IP, 12, 1)  # IP_RECVTTL
        port = far.getsockname()[1]
        core.out += [(0.0, Outgoing(9, port, b"whole")), (0.001, Outgoing(9, port, b"limited", ttl=5))]
        shell = shell_of(core)
        thread = threading.Thread(target=shell.run)
        thread.start()
        lives = []
        for _ in range(2):
            _, ancillary, _, _ = far.recvmsg(100, 200)
            lives += [int.from_bytes(data[:4], sys.byteorder) for _, _, data in ancillary]
        core.finish()
        shell.interrupt("enough")
        thread.join(WAIT_S)
    assert lives == [64, 5]


def test_datagrams_go_out_on_their_sockets_and_come_back_under_their_numbers() -> None:
    core = Script()
    core.events += [OpenSocket(7, 0), OpenSocket(8, 0)]
    expected = {("datagram", 7, b"SEVEN"), ("datagram", 8, b"EIGHT")}

    def stop(_: object) -> None:
        if set(core.told) >= expected:
            core.finish()

    core.on_told = stop
    with echo() as port:
        core.out += [(0.0, Outgoing(7, port, b"seven")), (0.001, Outgoing(8, port, b"eight"))]
        assert shell_of(core).run() is DONE
    assert set(core.told) == expected


def test_a_closed_port_is_told_as_a_failure() -> None:
    core = Script()
    core.events.append(OpenSocket(0, 0))
    core.on_told = lambda _: core.finish()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        port = gone.getsockname()[1]
    core.out.append((0.0, Outgoing(0, port, b"x")))
    shell_of(core).run()
    assert core.told == [("failure", 0, Failure.PORT_UNREACHABLE)]


def test_a_datagram_for_a_closed_socket_or_a_lost_path_is_dropped() -> None:
    core = Script()
    core.events += [OpenSocket(0, 0), CloseSocket(0), CloseSocket(0), OpenSocket(1, 1)]
    core.out += [(0.0, Outgoing(0, 9, b"x")), (0.0, Outgoing(1, 9, b"x"))]
    core.give_up_at = 0.0
    original = core.start

    def start(now: float) -> None:
        original(now)
        core.give_up_at = now + 0.05

    core.start = start  # type: ignore[method-assign]  # a shorter life for this one test
    assert shell_of(core, Path("127.0.0.1"), None).run() is DONE
    assert core.told == [("gave up",)]


def test_no_sockets_left_is_a_failure_of_the_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> udp.UdpSocket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(udp.UdpSocket, "open", refuse)
    core = Script()
    core.events.append(OpenSocket(3, 0))
    core.on_told = lambda _: core.finish()
    shell_of(core).run()
    assert core.told == [("failure", 3, Failure.UNKNOWN)]


def test_a_tcp_trial_is_run_and_told() -> None:
    core = Script()
    core.on_told = lambda _: core.finish()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            client, _ = listener.accept()
            with client:
                client.sendall(client.recv(100)[::-1])
                client.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        core.events.append(StartTcp(5, 0, listener.getsockname()[1], b"abc", 3, WAIT_S))
        shell_of(core).run()
        thread.join(WAIT_S)
    [(kind, trial, outcome)] = core.told
    assert (kind, trial, outcome.data, outcome.failure) == ("tcp", 5, b"cba", None)


def test_tcp_trials_that_cannot_begin_are_told_too() -> None:
    core = Script()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        core.events += [
            StartTcp(1, 1, 443, b"x", 1, WAIT_S),
            StartTcp(2, 0, unused.getsockname()[1], b"x", 1, WAIT_S),
        ]
        core.on_told = lambda _: core.finish() if len(core.told) == 2 else None
        shell_of(core, Path("127.0.0.1"), None).run()
    assert [(trial, outcome.failure) for _, trial, outcome in core.told] == [
        (1, Failure.UNKNOWN),
        (2, Failure.CONNECTION_REFUSED),
    ]


def test_a_silent_tcp_port_ends_at_its_time() -> None:
    core = Script()
    core.on_told = lambda _: core.finish()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        core.events.append(StartTcp(5, 0, listener.getsockname()[1], b"abc", 3, 0.05))
        shell_of(core).run()
    [(_, _, outcome)] = core.told
    assert outcome.failure is Failure.READ_TIMEOUT


def test_logs_are_fetched_beside_the_pacing_and_told() -> None:
    core = Script()
    may_end = threading.Event()
    event = FetchLog(0, 9, "VW x")
    core.events += [event, OpenSocket(0, 0)]
    core.on_told = lambda what: may_end.set() if what[0] == "datagram" else core.finish()

    def fetch(asked: FetchLog) -> LogOutcome:
        assert asked is event
        assert may_end.wait(WAIT_S)  # a datagram goes and comes while the log is on its way
        return LogOutcome(None, Failure.READ_TIMEOUT, 7)

    with echo() as port:
        core.out.append((0.01, Outgoing(0, port, b"x")))
        shell_of(core, fetch_log=fetch).run()
    assert core.told[-1] == ("log", 0, LogOutcome(None, Failure.READ_TIMEOUT, 7))


def test_a_fetch_that_breaks_is_a_failure() -> None:
    core = Script()
    core.events.append(FetchLog(0, 9, "VW x"))
    core.on_told = lambda _: core.finish()

    def fetch(_: FetchLog) -> LogOutcome:
        raise RuntimeError("a bug")

    shell_of(core, fetch_log=fetch).run()
    assert core.told == [("log", 0, LogOutcome(None, Failure.UNKNOWN))]


def test_progress_is_passed_on_in_order() -> None:
    core = Script()
    steps = [Progress("a", "leg", 0.1), Progress("b", "leg", 0.2)]
    core.events += steps
    core.finish()
    seen: list[Progress] = []
    shell_of(core, on_progress=seen.append).run()
    assert seen == steps


def test_an_interrupt_from_another_thread_wakes_it() -> None:
    core = Script()
    core.on_told = lambda _: core.finish()
    shell = shell_of(core)
    core.events.append(Progress("", "", 0.0))
    threading.Thread(target=shell.interrupt, args=("user",)).start()
    shell.run()
    assert core.told == [("interrupt", "user")]


def test_how_late_datagrams_leave_is_measured() -> None:
    core = Script()
    core.events.append(OpenSocket(0, 0))
    with echo() as port:
        for n in range(20):
            core.out.append((0.005 * n, Outgoing(0, port, b"x")))
        core.on_told = lambda _: core.finish() if len(core.told) == 20 else None
        shell = shell_of(core)
        shell.run()
    assert len(shell.send_times.late_s) == 20
    assert all(0 <= late < WAIT_S for late in shell.send_times.late_s)


def test_sockets_that_never_run_dry_keep_no_other_waiting() -> None:
    """Whoever floods a few sockets of a check must not make it deaf on the others: they would look dead."""
    shell = shell_of(Script())
    trial = object()
    ready: list[object] = [1, 2, 3, 4, 5, 6, 7, trial]
    served: list[object] = []
    turns = 2 * -(-len(ready) // READY_BATCH)
    for _ in range(turns):
        served += shell._first_served(list(ready))
    assert {served.count(each) for each in ready} <= {2, 3}
    assert len(served) == READY_BATCH * turns
    assert shell._first_served([1, 2, 3, 4, 9])[0] == 9, "a new one has waited longest"
    shell._close()
