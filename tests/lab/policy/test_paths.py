"""Paths that break: by the five-tuple alone, after packets, bytes or seconds, both ways and for good."""

import pytest

from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS, TCP, Packet
from voipwatch.model.vocabulary import Direction

ALL = 1.0


def test_it_breaks_whatever_a_flow_carries_after_so_many_packets() -> None:
    for number, payload in enumerate((stun(1), rtp(120, 90), control(4, 90))):
        box = Box({"policy": "paths-break", "share": ALL, "packets": 2})
        assert [box.up(payload, sport=number), box.down(payload, sport=number)] == [PASS, PASS]
        assert [box.up(payload, sport=number) for _ in range(2)] == [PASS, DROP]
        assert box.down(payload, sport=number) is DROP, "both ways"


def test_bytes_are_those_of_ip_from_the_line() -> None:
    box = Box({"policy": "paths-break", "share": ALL, "bytes": 200})
    assert box.down(control(4, 900)) is PASS, "what comes down is not counted"
    assert [box.up(control(4, 72)) for _ in range(3)] == [PASS, PASS, DROP]


def test_seconds_are_from_the_first_packet() -> None:
    box = Box({"policy": "paths-break", "share": ALL, "seconds": 2.0})
    box.now = 5.0
    assert box.up(control(4, 72)) is PASS
    box.now = 7.0
    assert box.up(control(4, 72)) is PASS
    box.now = 7.1
    assert [box.up(control(4, 72)), box.down(control(4, 72))] == [DROP, DROP]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5])
def test_the_share_is_of_five_tuples_and_each_keeps_its_luck(share: float) -> None:
    def broken(seed: bytes) -> list[bool]:
        box = Box({"policy": "paths-break", "share": share, "packets": 0}, seed)
        return [box.up(control(4, 72), sport=port) is DROP for port in range(1_000)]

    first = broken(b"one")
    # Five sigma of a binomial of 1,000.
    assert abs(sum(first) - 1_000 * share) <= 5 * (1_000 * share * (1 - share)) ** 0.5
    assert first == broken(b"one"), "the same five-tuple fares alike again"
    assert (first != broken(b"two")) is (share > 0.0), "another balancer hashes otherwise"


def test_without_a_count_nothing_breaks_and_tcp_is_left_alone() -> None:
    box = Box({"policy": "paths-break", "share": ALL})
    assert {box.up(control(4, 1_000)) for _ in range(200)} == {PASS}
    box = Box({"policy": "paths-break", "share": ALL, "packets": 0})
    segment = Packet(TCP, "192.0.2.2", 1, "203.0.113.2", 443, b"", 40)
    assert box.policy(Direction.UP, segment, box.state, 0.0) is PASS
