"""The probe's UDP sockets on loopback: datagrams, and the errors that the network reports."""

import resource
import socket
import sys

import pytest

from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import udp
from voipwatch.probe.path import Path
from voipwatch.probe.udp import UdpSocket

WAIT_S = 10.0
IPS = ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)]


def server(ip: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM)
    made.settimeout(WAIT_S)
    made.bind((ip, 0))
    return made


def dead_port(ip: str) -> int:
    with server(ip) as gone:
        port: int = gone.getsockname()[1]
        return port


@pytest.mark.parametrize("ip", IPS)
@pytest.mark.parametrize("queue", [True, False])
def test_datagrams_go_and_come(ip: str, queue: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udp, "HAS_ERROR_QUEUE", queue and sys.platform == "linux")
    near = UdpSocket.open(Path(ip))
    with near.sock, server(ip) as far:
        assert near.receive() == []
        near.send(far.getsockname()[1], b"ask")
        data, source = far.recvfrom(100)
        assert data == b"ask"
        for n in range(3):
            far.sendto(bytes([n]), source)
        ready_of([near.sock], WAIT_S)
        assert near.receive() == [b"\0", b"\1", b"\2"]
        assert near.take_failures() == []


@pytest.mark.parametrize("ip", IPS)
@pytest.mark.parametrize("queue", [True, False])
def test_a_closed_port_is_told_and_the_next_datagram_still_leaves(
    ip: str, queue: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udp, "HAS_ERROR_QUEUE", queue and sys.platform == "linux")
    near = UdpSocket.open(Path(ip))
    port = dead_port(ip)
    with near.sock:
        near.send(port, b"x")
        ready_of([near.sock], WAIT_S)
        assert near.receive() == []
        assert near.take_failures() == [Failure.PORT_UNREACHABLE]
        assert near.take_failures() == []


@pytest.mark.skipif(sys.platform != "linux", reason="the error queue is Linux's")
def test_an_error_that_waits_does_not_cost_the_next_datagram() -> None:
    near = UdpSocket.open(Path("127.0.0.1"))
    with near.sock, server("127.0.0.1") as far:
        near.send(dead_port("127.0.0.1"), b"into the void")
        near.send(far.getsockname()[1], b"second")  # the pending error surfaces here
        assert far.recvfrom(100)[0] == b"second"
        near.receive()
        assert near.take_failures() == [Failure.PORT_UNREACHABLE]


def test_a_datagram_that_is_too_long_is_told() -> None:
    near = UdpSocket.open(Path("127.0.0.1"))
    with near.sock:
        near.send(9, bytes(70_000))
        assert near.take_failures() == [Failure.MESSAGE_TOO_LONG]


def test_every_datagram_asks_for_expedited_forwarding() -> None:
    near = UdpSocket.open(Path("127.0.0.1"))
    with near.sock:
        assert near.sock.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) == 46 << 2


def test_a_batch_is_bounded() -> None:
    near = UdpSocket.open(Path("127.0.0.1"))
    with near.sock, server("127.0.0.1") as far:
        near.send(far.getsockname()[1], b"ask")
        source = far.recvfrom(100)[1]
        for n in range(udp.BATCH_MAX + 5):
            far.sendto(bytes([n]), source)
        ready_of([near.sock], WAIT_S)
        assert len(near.receive()) == udp.BATCH_MAX
        assert len(near.receive()) == 5


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize(
    ("soft", "hard", "expected"), [(1024, 100_000, 4096), (1024, 2000, 2000), (5000, 9000, None)]
)
def test_room_for_many_sockets_is_asked_for(
    soft: int, hard: int, expected: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    udp.allow_many_sockets()
    assert asked == ([] if expected is None else [(expected, hard)])
