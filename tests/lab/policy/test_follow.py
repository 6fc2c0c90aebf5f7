from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.follow import FOLLOW_S
from voipwatch.lab.policy.packet import DROP, PASS

ALLOCATE, BINDING = stun(0x0003), stun(0x0001)


def followed() -> Box:
    box = Box({"policy": "follow-caller"})
    assert box.up(ALLOCATE, dport=3478) is PASS
    return box


def test_the_flow_to_the_relay_goes_on() -> None:
    box = followed()
    assert [box.up(p, dport=3478) for p in (BINDING, rtp(120, 90), ALLOCATE)] == [PASS] * 3
    assert box.down(rtp(120, 90), dport=3478) is PASS


def test_checks_and_voice_from_the_same_socket_to_elsewhere_die_both_ways() -> None:
    box = followed()
    assert [box.up(p, dport=9344) for p in (BINDING, rtp(120, 90))] == [DROP] * 2
    assert box.down(BINDING, dport=9344) is DROP


def test_control_bytes_and_other_sockets_are_let_be() -> None:
    box = followed()
    for first in (0x04, 0x7F):
        assert box.up(control(first, 90), dport=9344) is PASS
    assert box.up(BINDING, sport=40_001, dport=9344) is PASS


def test_who_asked_no_relay_is_not_followed() -> None:
    box = Box({"policy": "follow-caller"})
    assert [box.up(p, dport=9344) for p in (BINDING, rtp(120, 90))] == [PASS] * 2


def test_it_forgets() -> None:
    box = followed()
    box.now += FOLLOW_S + 1
    assert box.up(BINDING, dport=9344) is PASS
