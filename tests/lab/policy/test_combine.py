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


def test_daily_is_in_force_at_its_hours_over_midnight_too() -> None:
    told: dict[tuple[float, float], list[float]] = {(8, 17): [8, 12, 16.99], (22, 6): [0, 5.99, 22, 23]}
    for (from_h, to_h), inside in told.items():
        box = Box({"policy": "daily", "from_h": from_h, "to_h": to_h, "of": {"policy": "udp-all"}})
        for hour in (0, 5.99, 6, 7.99, 8, 12, 16.99, 17, 21.9, 22, 23):
            for day in (0, 3):
                box.now = (day * 24 + hour) * 3600
                assert (box.up(b"") is DROP) == (hour in inside), hour


def test_exempt_addresses_pass_both_ways() -> None:
    for networks, action in ((["203.0.113.0/24"], PASS), (["198.51.100.0/24", "2001:db8::/32"], DROP)):
        box = Box({"policy": "except", "networks": networks, "of": {"policy": "rtp-drop"}})
        assert (box.up(rtp(8, 50)), box.down(rtp(8, 50))) == (action, action)
