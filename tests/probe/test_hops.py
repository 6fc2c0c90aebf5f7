"""Sockets with few hops to live: who says that a datagram died, what kind of address that is."""

import socket
import sys
from ipaddress import ip_address
from typing import Any, cast

import pytest

from tests.support.reflector import needs_ipv6
from tests.support.waiting import ready_of
from voipwatch.model.sweeps import HopAnswer
from voipwatch.model.vocabulary import Failure
from voipwatch.probe import line, udp
from voipwatch.probe.hops import HopSocket, kind_of, sweeps_problem
from voipwatch.probe.networks import Networks
from voipwatch.probe.path import Path
from voipwatch.probe.udp import EXTENDED_ERROR
from voipwatch.probe.via import Tunnel

WAIT_S = 10.0
IPS = ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)]
linux = pytest.mark.skipif(sys.platform != "linux", reason="the error queue is Linux's")


@pytest.mark.parametrize(
    ("ip", "kind"),
    [
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "private"),
        ("100.64.0.1", "shared"),
        ("100.127.255.254", "shared"),
        ("100.128.0.1", "public"),
        ("192.0.2.1", "public"),
        ("127.0.0.1", "other"),
        ("fe80::1", "private"),
        ("fd00::1", "private"),
        ("2001:db8::1", "public"),
        ("::1", "other"),
    ],
)
def test_kinds_of_addresses(ip: str, kind: str) -> None:
    assert kind_of(ip_address(ip)) == kind


@linux
@pytest.mark.parametrize("ip", IPS)
def test_who_refuses_is_named_with_kind_and_network(ip: str) -> None:
    with socket.socket(Path(ip).family, socket.SOCK_DGRAM) as gone:
        gone.bind((ip, 0))
        port: int = gone.getsockname()[1]
    near = HopSocket.open(Path(ip), Networks.parse("127.0.0.0/8 Home\n::1/128 Home\n"))
    near.limit(3)
    near.send(port, b"x")
    ready_of([near.sock], WAIT_S)
    assert near.receive() == []
    assert near.take_said() == [HopAnswer(expired=False, address=ip, kind="other", network="Home")]
    assert near.take_said() == []
    assert near.take_failures() == []
    near.close()


@linux
@pytest.mark.parametrize("ip", IPS)
def test_datagrams_leave_with_the_life_that_was_set_and_come_back(ip: str) -> None:
    near = HopSocket.open(Path(ip), Networks())
    with socket.socket(Path(ip).family, socket.SOCK_DGRAM) as far:
        far.bind((ip, 0))
        far.settimeout(WAIT_S)
        level, option = (
            (socket.IPPROTO_IPV6, 51) if ":" in ip else (socket.IPPROTO_IP, 12)
        )  # IPV6_RECVHOPLIMIT, IP_RECVTTL
        far.setsockopt(level, option, 1)
        source: Any = None
        for life in (None, 7):
            if life is not None:
                near.limit(life)
            near.send(far.getsockname()[1], b"ask")
            _, ancillary, _, source = far.recvmsg(100, 200)
            (got,) = [int.from_bytes(data[:4], sys.byteorder) for _, _, data in ancillary]
            assert got == (64 if life is None else 7)
        far.sendto(b"answer", source)
        ready_of([near.sock], WAIT_S)
        assert near.receive() == [b"answer"]
    near.close()


class Queue:
    """Stands in for a socket whose error queue holds what a test says."""

    def __init__(self, *errors: bytes) -> None:
        self.errors = list(errors)

    def read_errors(self) -> list[bytes]:
        return self.errors


def understood(origin: int, kind: int, sockaddr: bytes = b"") -> list[HopAnswer]:
    error = EXTENDED_ERROR.pack(113, origin, kind, 0, 0, 0, 0) + sockaddr
    near = HopSocket(cast(Any, Queue(error)), Networks())
    near._read_errors()
    return near.take_said()


def test_time_exceeded_names_the_hop_in_both_families() -> None:
    four = socket.AF_INET.to_bytes(2, sys.byteorder) + bytes(2) + bytes([100, 64, 1, 2]) + bytes(8)
    assert understood(2, 11, four) == [HopAnswer(True, "100.64.1.2", "shared")]
    six = socket.AF_INET6.to_bytes(2, sys.byteorder) + bytes(6) + ip_address("fd00::5").packed + bytes(4)
    assert understood(3, 3, six) == [HopAnswer(True, "fd00::5", "private")]


def test_an_error_without_an_offender_is_told_without_one_and_others_are_none() -> None:
    assert understood(2, 11) == [HopAnswer(True)]
    assert understood(2, 11, bytes(16)) == [HopAnswer(True)]
    assert understood(2, 11, socket.AF_INET.to_bytes(2, sys.byteorder) + bytes(3)) == [HopAnswer(True)]
    assert understood(2, 3) == [HopAnswer(False)]
    assert understood(3, 1) == [HopAnswer(False)]
    for origin, kind in ((1, 11), (2, 12), (3, 11), (0, 0)):
        assert understood(origin, kind) == []


def test_where_no_sweep_can_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sweeps_problem(Path("192.0.2.1", via=Tunnel("wg0"))) == "via"
    monkeypatch.setattr(udp, "HAS_ERROR_QUEUE", True)
    for tunnel, problem in ((None, ""), (False, ""), (True, "via")):
        monkeypatch.setattr(line, "tunnel", lambda _, tunnel=tunnel: tunnel)
        assert sweeps_problem(Path("192.0.2.1")) == problem, "a VPN that is the default route"
    monkeypatch.setattr(line, "tunnel", lambda _: None)
    assert sweeps_problem(None) == ""
    monkeypatch.setattr(udp, "HAS_ERROR_QUEUE", False)
    assert sweeps_problem(Path("192.0.2.1")) == "system"


def test_a_send_that_cannot_be_is_given_up() -> None:
    near = HopSocket.open(Path("127.0.0.1"), Networks())
    near.send(9, bytes(70_000))
    assert near.take_said() == []
    assert near.failures == list[Failure]()
    near.close()
