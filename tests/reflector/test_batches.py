"""Batches by one call: what they say of a datagram is what the plain calls say, byte for byte."""

import socket
import sys
from collections.abc import Iterator

import pytest

from tests.support.environment import require
from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.reflector.batches import (
    Batches,
    decode_controls,
    decode_name,
    encode_controls,
    make_batches,
)
from voipwatch.reflector.udp import BATCH_MAX, Source, UdpSocket

WAIT_S = 10.0


@pytest.fixture(scope="module")
def shared() -> Batches:
    made = make_batches(BATCH_MAX)
    require(made is not None, "recvmmsg and sendmmsg of 64-bit Linux")
    assert made is not None
    return made


@pytest.fixture(
    params=[
        "127.0.0.1",
        "0.0.0.0",
        pytest.param("::1", marks=needs_ipv6),
        pytest.param("::", marks=needs_ipv6),
    ]
)
def pair(
    request: pytest.FixtureRequest, shared: Batches
) -> Iterator[tuple[UdpSocket, UdpSocket, socket.socket]]:
    """Two sockets of one kind, plain and batched, and a client of both."""
    bind: str = request.param
    plain, batched = UdpSocket.bind(bind, 0), UdpSocket.bind(bind, 0, batches=shared)
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with plain.sock, batched.sock, socket.socket(family, socket.SOCK_DGRAM) as client:
        client.settimeout(WAIT_S)
        client.bind(("::1" if ":" in bind else "127.0.0.1", 0))
        yield plain, batched, client


def place(served: UdpSocket) -> tuple[str, int]:
    return "::1" if served.sock.family == socket.AF_INET6 else "127.0.0.1", served.port


def heard(served: UdpSocket) -> list[tuple[Source, int, bytes]]:
    assert ready_of([served.sock], WAIT_S)
    return served.receive()


SIZES = (0, 1, 172, 1200, 9000, 20_000, 3, 0)


def test_both_ways_hear_the_same(pair: tuple[UdpSocket, UdpSocket, socket.socket]) -> None:
    plain, batched, client = pair
    got = []
    for served in (plain, batched):
        for turn, size in enumerate(SIZES):
            client.sendto(bytes([turn]) * size, place(served))
        got.append(heard(served))
    for (one, one_port, one_data), (other, other_port, other_data) in zip(*got, strict=True):
        assert one == other == client.getsockname()[:2]
        assert (one.raw, one.ancillary, one_data) == (other.raw, other.ancillary, other_data)
        assert (one_port, other_port) == (plain.port, batched.port)
    assert [len(data) for _, _, data in got[1]] == list(SIZES)
    assert len({id(source) for source, _, _ in got[1]}) == 1  # one sender is understood once


def test_both_ways_say_the_same_and_in_order(pair: tuple[UdpSocket, UdpSocket, socket.socket]) -> None:
    plain, batched, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    said = [bytes([n % 251]) * SIZES[n % len(SIZES)] for n in range(2 * BATCH_MAX + 5)]
    for served in (plain, batched):
        client.sendto(b"ask", place(served))
        [(source, _, _)] = heard(served)
        for start in range(0, len(said), 50):  # the client's buffer need not hold all of it at once
            part = list(enumerate(said))[start : start + 50]
            assert served.send_many([(n, source, data) for n, data in part]) == []
            for _, data in part:
                answer, came_from = client.recvfrom(65_535)
                assert (answer, came_from[:2]) == (data, place(served))


def test_one_that_the_kernel_does_not_take_is_named_and_the_others_leave(
    pair: tuple[UdpSocket, UdpSocket, socket.socket],
) -> None:
    plain, batched, client = pair
    for served in (plain, batched):
        client.sendto(b"ask", place(served))
        [(source, _, _)] = heard(served)
        datagrams = [(10, source, b"a"), (11, source, bytes(70_000)), (12, source, b"b")]
        assert served.send_many(datagrams) == [11]
        assert [client.recv(10) for _ in range(2)] == [b"a", b"b"]
        assert served.send_many([(5, source, bytes(70_000)), (6, source, bytes(300_000))]) == [5, 6]


def test_more_bytes_than_the_buffer_leave_in_turns(pair: tuple[UdpSocket, UdpSocket, socket.socket]) -> None:
    _, batched, client = pair
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    client.sendto(b"ask", place(batched))
    [(source, _, _)] = heard(batched)
    assert batched.send_many([(n, source, bytes([n]) * 60_000) for n in range(6)]) == []
    assert [client.recv(65_535)[:1] for _ in range(6)] == [bytes([n]) for n in range(6)]


def test_nothing_there_and_a_closed_socket_are_empty(shared: Batches) -> None:
    served = UdpSocket.bind("127.0.0.1", 0, batches=shared)
    assert served.receive() == []
    served.sock.close()
    assert served.receive() == []


def test_names_and_control_messages_are_the_kernels() -> None:
    assert decode_name(bytes.fromhex("02001a0a7f000001" + 16 * "0")) == ("127.0.0.1", 0x1A0A)
    six = bytes.fromhex("0a00" + "1a0a" + "00000007" + 30 * "0" + "01" + "02000000")
    assert decode_name(six) == ("::1", 0x1A0A, 7, 2)
    messages = [(0, 8, bytes(12)), (41, 50, bytes(range(20)))]
    encoded = encode_controls(messages)
    assert len(encoded) == socket.CMSG_SPACE(12) + socket.CMSG_SPACE(20)
    assert decode_controls(encoded) == messages
    assert decode_controls(encoded[:15]) == []
    assert decode_controls(bytes(16)) == []  # no length at all


def test_without_the_layout_or_numpy_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as changed:
        changed.setattr("platform.machine", lambda: "i686")
        assert make_batches(4) is None
    with monkeypatch.context() as changed:
        changed.setitem(sys.modules, "numpy", None)  # what `import numpy` then raises is ImportError
        assert make_batches(4) is None
