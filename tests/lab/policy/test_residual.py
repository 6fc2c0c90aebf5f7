import pytest

from tests.lab.payloads import control, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS


def test_a_call_takes_everything_between_its_hosts_with_it() -> None:
    box = Box({"policy": "residual", "kill_s": 100})
    assert box.up(control(4, 80)) is PASS
    assert box.up(stun(3)) is PASS, "the packet that gave it away"
    assert box.up(control(4, 80), sport=40_001, dport=443) is DROP
    assert box.down(control(4, 80), sport=40_002, dport=9) is DROP
    box.now = 99.9
    assert box.up(stun(3)) is DROP, "which does not lengthen it"
    box.now = 100.0
    assert [box.up(control(4, 80)), box.up(stun(3)), box.up(stun(3))] == [PASS, PASS, DROP]


def test_by_port_it_spares_the_other_ports() -> None:
    box = Box({"policy": "residual", "by_port": True})
    assert box.up(stun(3)) is PASS
    assert box.up(control(4, 80), sport=40_001) is DROP
    assert box.up(control(4, 80), dport=443) is PASS
    assert box.down(stun(3), sport=40_001) is DROP


@pytest.mark.parametrize("kill_s", [60.0, 600.0])
def test_a_long_silence_is_remembered(kill_s: float) -> None:
    box = Box({"policy": "residual", "kill_s": kill_s})
    box.up(stun(3))
    box.now = kill_s - 0.1
    assert box.up(control(4, 80)) is DROP
