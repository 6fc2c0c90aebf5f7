"""The reflector's UDP sockets: batches, answers from the address that was asked, errors that do no harm."""

import socket

import pytest

from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.reflector.batches import Batches, make_batches
from voipwatch.reflector.steering import steer
from voipwatch.reflector.udp import BATCH_MAX, BATCH_MIN, SOURCES_MAX, UdpSocket, send_all

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


def test_what_leaves_goes_by_its_own_socket_and_what_did_not_is_named_by_its_place() -> None:
    one, other = (UdpSocket.bind("127.0.0.1", 0, batches=make_batches(BATCH_MAX)) for _ in range(2))
    with one.sock, other.sock, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(WAIT_S)
        client.bind(("127.0.0.1", 0))
        sources = []
        for served in (one, other):
            client.sendto(b"x", ("127.0.0.1", served.port))
            readable(served.sock)
            sources.append(served.receive()[0][0])
        said: list[tuple[object, int, bytes]] = [(sources[n % 2], 0, bytes([n])) for n in range(12)]
        said[3] = (sources[1], 0, bytes(70_000))
        said[4] = (("127.0.0.1", 9), 0, b"to no Source")
        assert sorted(send_all(said)) == [3, 4]
        heard: dict[int, list[int]] = {one.port: [], other.port: []}
        for _ in range(10):
            data, source = client.recvfrom(100)
            heard[source[1]].append(data[0])
        assert heard == {one.port: [0, 2, 6, 8, 10], other.port: [1, 5, 7, 9, 11]}


def test_made_up_senders_are_forgotten_and_known_again() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock:
        names = [bytes.fromhex("0200") + n.to_bytes(2, "big") + bytes(12) for n in range(SOURCES_MAX + 1)]
        met = [served._meet(name, b"") for name in names]
        assert len(served._sources) == 1
        assert served._meet(names[0], b"") == met[0]


def test_a_port_that_is_taken_is_an_error() -> None:
    served = UdpSocket.bind("127.0.0.1", 0)
    with served.sock, pytest.raises(OSError, match="in use"):
        UdpSocket.bind("127.0.0.1", served.port)


@pytest.mark.parametrize("batches", [None, make_batches(BATCH_MAX)], ids=["plain", "batches"])
@pytest.mark.parametrize(
    ("bind", "asked_at"), [("0.0.0.0", "127.77.1.1"), pytest.param("::", "::1", marks=needs_ipv6)]
)
def test_a_sender_that_another_worker_met_is_answered_from_where_he_asked(
    bind: str, asked_at: str, batches: Batches | None
) -> None:
    met = UdpSocket.bind(bind, 0, batches=batches, shared=True)
    own = UdpSocket.bind(bind, met.port, batches=batches, shared=True)
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with met.sock, own.sock, socket.socket(family, socket.SOCK_DGRAM) as client:
        steer(met.sock, 1)  # all to the first
        client.settimeout(WAIT_S)
        client.sendto(b"ask", (asked_at, met.port))
        readable(met.sock)
        [(source, _, _)] = met.receive()
        again = own.source_of(source.raw, source.ancillary, source.name)
        assert again == source
        assert again.socket is own
        assert own.send_many([(n, again, b"answer") for n in range(BATCH_MIN)]) == []
        for _ in range(BATCH_MIN):
            answer, came_from = client.recvfrom(100)
            assert (answer, came_from[:2]) == (b"answer", (asked_at, met.port))
