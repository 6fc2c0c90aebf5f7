"""Health over real HTTP: 200 and 503 as its state says, whoever asks badly or goes away."""

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest

from voipwatch.cli.serve_health import Health, HealthServer

UP = Health(True, False, {"collector": "ready"})


class State:
    health = UP


@pytest.fixture
def state() -> State:
    return State()


@pytest.fixture
def port(state: State) -> Iterator[int]:
    server = HealthServer("127.0.0.1", 0, lambda: state.health)
    yield server.port
    server.close()


def ask(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_ready_and_not(port: int, state: State) -> None:
    status, content = ask(port, "/ready")
    assert (status, msgspec.json.decode(content, type=Health)) == (200, UP)
    state.health = Health(False, True, {"collector": "ready"})
    assert ask(port, "/ready")[0] == 503
    assert ask(port, "/live")[0] == 200
    assert ask(port, "/elsewhere")[0] == 404


def test_who_goes_away_or_says_nonsense_stops_nothing(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    for said in (b"", b"GET /ready", b"\x00\xff\r\n\r\n", b"POST /ready HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as one:
            one.sendall(said)
    assert ask(port, "/ready")[0] == 200
    assert capfd.readouterr().err == ""


def test_a_port_that_is_taken_is_an_error(port: int) -> None:
    with pytest.raises(OSError, match="in use"):
        HealthServer("127.0.0.1", port, lambda: UP)
