"""The program by an interpreter of our own, and by the kernel, against the hash in Python."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.reflector.steering import Instruction, share_port, steer, steering_program, worker_of

NETWORK = 0xFFF00000
WORD = 0xFFFFFFFF
WORKERS = st.integers(1, 64)
WAIT_S = 10.0


def interpret(program: list[Instruction], header: bytes) -> int:
    """Classic BPF as bpf(4) has it, for the instructions that are used."""
    a = x = at = 0
    while True:
        code, k, true, false = program[at]
        at += 1
        match code:
            case 0x30:
                a = header[k - NETWORK]
            case 0x20:
                a = int.from_bytes(header[k - NETWORK : k - NETWORK + 4], "big")
            case 0x05:
                at += k
            case 0x15:
                at += true if a == k else false
            case 0x24:
                a = a * k & WORD
            case 0x74:
                a >>= k
            case 0x94:
                a %= k
            case 0x07:
                x = a
            case 0xAC:
                a ^= x
            case 0x16:
                return a
            case _:
                raise AssertionError(hex(code))


@given(WORKERS, st.integers(0, WORD), st.binary(min_size=11, max_size=11), st.binary(min_size=4, max_size=4))
def test_program_and_hash_choose_the_same_worker(workers: int, source: int, head: bytes, far: bytes) -> None:
    address = IPv4Address(source)
    header = b"\x45" + head + address.packed + far
    assert interpret(steering_program(workers), header) == worker_of(str(address), workers)


@given(WORKERS, st.integers(0, (1 << 128) - 1), st.binary(min_size=7, max_size=7))
def test_and_for_ipv6(workers: int, source: int, head: bytes) -> None:
    address = IPv6Address(source)
    header = b"\x60" + head + address.packed + bytes(16)
    assert interpret(steering_program(workers), header) == worker_of(str(address), workers)


def test_prefixes_are_spread_and_neighbours_stay_together() -> None:
    assert len({worker_of(f"198.51.100.{n}", 7) for n in range(256)}) == 1
    counts = [0, 0, 0]
    for n in range(256):
        counts[worker_of(f"198.51.{n}.9", 3)] += 1
    assert min(counts) > 50
    assert worker_of("2001:db8:1:2::1", 7) == worker_of("2001:db8:1:ffff:aaaa:bbbb:cccc:dddd%eth0", 7)
    assert len({worker_of(f"2001:db8:{n:x}::1", 3) for n in range(64)}) == 3


def group_of(kind: socket.SocketKind, ip: str, count: int) -> list[socket.socket]:
    group: list[socket.socket] = []
    port = 0
    for _ in range(count):
        sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind)
        group.append(sock)
        share_port(sock)
        sock.bind((ip, port))
        port = sock.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            sock.listen()
    steer(group[0], count)
    return group


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@pytest.mark.parametrize(
    ("ip", "sources", "wanted"),
    [
        ("127.0.0.1", [f"127.0.{n}.9" for n in range(2, 22)], {0, 1, 2}),
        pytest.param("::1", ["::1"], {worker_of("::1", 3)}, marks=needs_ipv6),
    ],
    ids=["ipv4", "ipv6"],
)
def test_the_kernel_chooses_the_same(
    kind: socket.SocketKind, ip: str, sources: list[str], wanted: set[int]
) -> None:
    group = group_of(kind, ip, 3)
    met = set()
    try:
        for source in sources:
            with socket.socket(group[0].family, kind) as client:
                client.bind((source, 0))
                client.connect(group[0].getsockname()[:2])
                if kind == socket.SOCK_DGRAM:
                    client.send(b"x")
                (chosen,) = ready_of(group, WAIT_S)
                if kind == socket.SOCK_DGRAM:
                    chosen.recv(1)
                else:
                    chosen.accept()[0].close()
                assert group.index(chosen) == worker_of(source, 3)
                met.add(group.index(chosen))
        assert met == wanted
    finally:
        for sock in group:
            sock.close()
