"""Ways behind the operator: what stands on one touches its own reflector's packets alone."""

import pytest

from voipwatch.lab.line import LinkCondition
from voipwatch.lab.policy.packet import UDP, Packet
from voipwatch.lab.simnet import FAR_IPS, SimNet, ToFar
from voipwatch.lab.ways import Stretch, Way
from voipwatch.lab.worlds import WorldsError, load_worlds, read_worlds
from voipwatch.model.vocabulary import Direction

RTP = bytes([0x80, 0x6F]) + bytes(170)


def packet(host: str = FAR_IPS[0]) -> Packet:
    return Packet(UDP, "192.0.2.2", 40_000, host, 3478, RTP, len(RTP) + 28)


def test_a_way_delays_and_drops_by_its_own() -> None:
    late = Stretch(Way(both=LinkCondition(delay_ms=30.0)), b"seed")
    assert late.arrivals(Direction.UP, packet(), 1.0) == [pytest.approx(1.03)]
    closed = Stretch(Way(policy={"policy": "rtp-drop"}), b"seed")
    assert closed.arrivals(Direction.UP, packet(), 1.0) == []


def test_a_packet_goes_to_the_reflector_that_its_socket_is_for() -> None:
    net = SimNet(load_worlds().get("two-one-way"), seed=1)
    net.up(0.0, 1, 3478, RTP, reflector=0)
    net.up(0.0, 2, 3478, b"\x05" + bytes(60), reflector=1)
    arrived = net.pop(1.0) + net.pop(2.0)
    assert [(a.reflector, len(a.data)) for a in arrived if isinstance(a, ToFar)] == [(0, 172), (1, 61)]
    assert len({a.source for a in arrived if isinstance(a, ToFar)}) == 2


@pytest.mark.parametrize("ways", ["[{}]", "[{}, {}, {}]", '[{}, { policy = { policy = "none such" } }]'])
def test_a_table_with_other_ways_is_refused(ways: str) -> None:
    text = f"""
title = "Mine"
about = "x"
[[worlds]]
id = "mine"
title = "Mine"
guilty = false
why = "x"
ways = {ways}
each = {{ verdicts = ["ok"] }}
"""
    with pytest.raises(WorldsError, match="mine"):
        read_worlds(text)
