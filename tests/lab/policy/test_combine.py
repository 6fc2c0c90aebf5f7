from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS


def test_a_chain_asks_in_order_and_each_rule_keeps_its_own_memory() -> None:
    table = {"policy": "chain", "policies": [{"policy": "rtp-drop"}, {"policy": "cut-after", "packets": 2}]}
    box = Box(table)
    assert box.up(stun(1)) is PASS
    assert [box.up(rtp(8, 50)) for _ in range(5)] == [DROP] * 5
    assert box.up(stun(1)) is PASS, "what the first rule stopped, the second did not count"
    assert box.up(control(4, 50)) is DROP


def test_one_way_lets_the_other_way_pass() -> None:
    box = Box({"policy": "one-way", "direction": "down", "of": {"policy": "rtp-drop"}})
    assert (box.up(rtp(8, 50)), box.down(rtp(8, 50))) == (PASS, DROP)


def test_intermittent_is_in_force_at_the_start_of_each_period() -> None:
    box = Box({"policy": "intermittent", "period_s": 100, "on_s": 40, "of": {"policy": "udp-all"}})
    said = {}
    for now in (0.0, 39.9, 40.0, 99.9, 100.0, 139.9, 140.0):
        box.now = now
        said[now] = box.up(b"")
    assert said == {0.0: DROP, 39.9: DROP, 40.0: PASS, 99.9: PASS, 100.0: DROP, 139.9: DROP, 140.0: PASS}
