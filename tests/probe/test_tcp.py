"""One TCP trial against hand-made far ends: every way it can end."""

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from voipwatch.experiment.events import StartTcp, TcpOutcome
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.path import Path
from voipwatch.probe.tcp import TcpTrial

WAIT_S = 10.0
HELLO = b"hello, far end!!"


@contextmanager
def far_end(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(WAIT_S)

        def serve() -> None:
            client, _ = listener.accept()
            client.settimeout(WAIT_S)
            with client, suppress(ConnectionError):
                behave(client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(WAIT_S)


def run(port: int, *, answer_bytes: int = 4, timeout_s: float = WAIT_S) -> TcpOutcome:
    command = StartTcp(1, 0, port, HELLO, answer_bytes, timeout_s)
    trial = TcpTrial(command, Path("127.0.0.1"), time.monotonic())
    with selectors.DefaultSelector() as selector:
        if trial.outcome is None:
            selector.register(trial.sock, trial.interest)
        while trial.outcome is None:
            left_s = trial.deadline - time.monotonic()
            if left_s <= 0:
                trial.expire()
            elif selector.select(left_s):
                trial.ready(time.monotonic())
                if trial.outcome is None:
                    selector.modify(trial.sock, trial.interest)
    return trial.outcome


def answer(client: socket.socket) -> None:
    assert client.recv(100) == HELLO
    client.sendall(b"an")
    client.sendall(b"sw")
    client.recv(1)


def test_an_answer_in_pieces_is_read_to_its_length() -> None:
    with far_end(answer) as port:
        outcome = run(port)
    assert (outcome.data, outcome.failure) == (b"answ", None)
    assert outcome.connect_ms is not None
    assert 0 <= outcome.connect_ms < 1000 * WAIT_S
    assert outcome.sent_bytes > len(HELLO)
    assert outcome.received_bytes > 4


def test_a_far_end_that_closes_gives_what_it_said() -> None:
    def close(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(b"x")

    with far_end(close) as port:
        outcome = run(port)
    assert (outcome.data, outcome.failure) == (b"x", Failure.CONNECTION_CLOSED)


def test_a_reset_is_a_reset() -> None:
    def reset(client: socket.socket) -> None:
        client.recv(100)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with far_end(reset) as port:
        assert run(port).failure is Failure.CONNECTION_RESET


def test_silence_is_a_read_timeout() -> None:
    done = threading.Event()
    with far_end(lambda client: (done.wait(WAIT_S), None)[1]) as port:
        outcome = run(port, timeout_s=0.05)
        done.set()
    assert outcome.failure is Failure.READ_TIMEOUT
    assert outcome.connect_ms is not None


def test_nobody_there_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        outcome = run(unused.getsockname()[1])
    assert (outcome.failure, outcome.connect_ms, outcome.data) == (Failure.CONNECTION_REFUSED, None, b"")
    assert outcome.received_bytes == 0


def test_a_connection_that_never_comes_about_is_a_connect_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        trial = TcpTrial(StartTcp(1, 0, listener.getsockname()[1], HELLO, 4, 1.0), Path("127.0.0.1"), 5.0)
        assert trial.deadline == 6.0
        trial.expire()  # before anybody looked whether it was connected
    outcome = trial.outcome
    assert outcome == TcpOutcome(None, b"", Failure.CONNECT_TIMEOUT, 52, 0)


def test_more_than_was_asked_for_is_not_read() -> None:
    def flood(client: socket.socket) -> None:
        client.recv(100)
        client.sendall(bytes(1000))
        client.recv(1)

    with far_end(flood) as port:
        assert len(run(port).data) == 4
