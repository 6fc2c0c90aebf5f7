"""The reflector's UDP sockets: batches, answers from the address that was asked, errors that do no harm."""

import socket

import pytest

from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.reflector.udp import BATCH_MAX, UdpSocket

WAIT_S = 10.0


def readable(sock: socket.socket) -> None:
    assert ready_of([sock], WAIT_S)


@pytest.mark.parametrize(
    ("bind", "asked_at"),
    [
        ("0.0.0.0", "127.77.1.1"),
        ("0.0.0.0", "127.88.2.2"),
        pytest.param("::", "::1", marks=needs_ipv6),
        pytest.param("::1", "::1", marks=needs_ipv6),
    ],
)
def test_an_answer_leaves_from_the_address_that_was_asked(bind: str, asked_at: str) -> None:
    served = UdpSocket.bind(bind, 0)
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with served.sock, socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(WAIT_S)
        client.sendto(b"ask", (asked_at, served.port))
        readable(served.sock)
        [(source, port, data)] = served.receive()
        assert (source[1], port, data) == (client.getsockname()[1], served.port, b"ask")
        assert len(source) == 2
        assert source == (source[0], source[1])  # a plain address to the core
        assert source.socket is served
        assert served.send(source, b"answer")
        answer, came_from = client.recvfrom(100)
        assert (answer, came_from[:2]) == (b"answer", (asked_at, served.port))


def test_a_batch_is_bounded_and_nothing_there_is_an_empty_one() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        assert served.receive() == []
        for n in range(BATCH_MAX + 3):
            client.sendto(bytes([n]), ("127.0.0.1", served.port))
        readable(served.sock)
        assert len(served.receive()) == BATCH_MAX
        assert len(served.receive()) == 3
        assert served.receive() == []


def test_an_answer_to_a_port_that_is_closed_does_not_spoil_the_next() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", served.port))
        readable(served.sock)
        [(source, _, _)] = served.receive()
        client.close()
        assert all(served.send(source, b"y") for _ in range(3))
        assert served.receive() == []


def test_what_the_kernel_does_not_take_is_told() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", served.port))
        readable(served.sock)
        [(source, _, _)] = served.receive()
        assert not served.send(source, bytes(70_000))  # longer than any datagram


def test_a_port_that_is_taken_is_an_error() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock, pytest.raises(OSError, match="in use"):
        UdpSocket.bind("127.0.0.1", served.port)
