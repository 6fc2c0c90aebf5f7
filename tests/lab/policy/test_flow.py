from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS

ALLOCATE = stun(0x0003)


def test_a_recognised_flow_is_cut_once_more_than_n_packets_came_up() -> None:
    box = Box({"policy": "cut-after", "packets": 3})
    assert [box.up(p) for p in (ALLOCATE, rtp(120, 90), rtp(120, 90))] == [PASS] * 3
    assert box.down(rtp(120, 90)) is PASS, "downlink packets are not counted"
    assert box.up(rtp(120, 90)) is DROP
    assert box.down(rtp(120, 90)) is DROP, "both directions die"
    assert box.up(rtp(120, 90), sport=40_001) is PASS, "another flow is another matter"


def test_a_flow_without_a_signature_is_never_cut() -> None:
    box = Box({"policy": "cut-after", "packets": 3})
    for first in (0x04, 0x7F):
        assert [box.up(control(first, 90), sport=first) for _ in range(20)] == [PASS] * 20


def test_packets_before_the_signature_count_too() -> None:
    box = Box({"policy": "cut-after", "packets": 3})
    assert [box.up(control(4, 20)) for _ in range(3)] == [PASS] * 3
    assert box.up(ALLOCATE) is DROP


def test_rtp_alone_gives_a_flow_away() -> None:
    box = Box({"policy": "cut-after", "packets": 2})
    assert [box.up(rtp(8, 172)) for _ in range(4)] == [PASS, PASS, DROP, DROP]


def test_the_matched_packet_passes_and_the_rest_dies_for_a_minute() -> None:
    box = Box({"policy": "match-then-kill"})
    assert box.up(control(4, 100)) is PASS
    assert box.up(ALLOCATE) is PASS
    assert box.down(stun(0x0103)) is DROP
    assert box.up(control(4, 100)) is DROP, "whatever the flow says then"
    assert box.up(ALLOCATE, sport=40_001) is PASS
    box.now = 59.9
    assert box.up(ALLOCATE) is DROP
    box.now = 60.0
    assert box.up(control(4, 100)) is PASS, "forgiven"
    assert box.up(ALLOCATE) is PASS, "and recognised anew"
    assert box.up(ALLOCATE) is DROP


def test_a_downlink_signature_kills_too() -> None:
    box = Box({"policy": "match-then-kill"})
    assert box.down(stun(0x0101)) is PASS
    assert box.up(control(4, 100)) is DROP


def test_the_first_to_the_third_packet_may_settle_it() -> None:
    box = Box({"policy": "match-then-kill", "packets": 3})
    assert [box.up(ALLOCATE), box.up(control(4, 90)), box.down(ALLOCATE), box.up(ALLOCATE)] == [PASS] * 4
    assert [box.up(control(4, 90)), box.down(ALLOCATE)] == [DROP, DROP]
    box.now = 60.0
    assert [box.up(ALLOCATE) for _ in range(4)] == [PASS, PASS, PASS, DROP], "it counts anew"


def test_a_recognised_flow_is_cut_after_so_many_bytes_from_the_line() -> None:
    box = Box({"policy": "cut-bytes", "bytes": 300})
    assert box.up(control(4, 72)) is PASS  # 100 bytes with its headers
    assert box.down(rtp(8, 2_000)) is PASS, "what comes down is not counted"
    assert [box.up(rtp(8, 72)) for _ in range(3)] == [PASS, PASS, DROP]
    assert box.down(rtp(8, 72)) is DROP
    assert {box.up(control(4, 900), sport=1) for _ in range(9)} == {PASS}


def test_a_recognised_flow_is_cut_by_its_age() -> None:
    box = Box({"policy": "cut-seconds", "seconds": 4})
    assert box.up(control(4, 72)) is PASS
    box.now = 3.0
    assert box.up(rtp(8, 72)) is PASS
    box.now = 4.0
    assert box.down(rtp(8, 72)) is PASS
    box.now = 4.1
    assert [box.up(rtp(8, 72)), box.down(control(4, 9))] == [DROP, DROP], "from its first packet of all"
    assert box.up(rtp(8, 72), sport=1) is PASS
    assert {box.up(control(4, 90), sport=2) for _ in range(9)} == {PASS}
