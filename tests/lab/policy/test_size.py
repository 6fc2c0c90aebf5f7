import pytest

from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS


def test_large_datagrams_die_whatever_they_say() -> None:
    box = Box({"policy": "size-drop", "over": 200})
    assert [box.up(control(4, n)) for n in (200, 201)] == [PASS, DROP]
    assert [box.down(rtp(8, n)) for n in (200, 201)] == [PASS, DROP]


def test_or_a_part_of_them(seed: bytes) -> None:
    box = Box({"policy": "size-drop", "over": 200, "ratio": 0.5}, seed)
    assert sum(box.up(control(4, 300)) is DROP for _ in range(2_000)) == pytest.approx(1_000, abs=112)
    assert {box.up(control(4, 200)) for _ in range(100)} == {PASS}


def test_small_datagrams_over_the_count_die_and_large_ones_pass() -> None:
    box = Box({"policy": "pps-cap", "pps": 10, "burst": 3})
    assert [box.up(control(4, 90)) for _ in range(4)] == [PASS] * 3 + [DROP]
    assert box.down(rtp(8, 90), sport=7) is DROP, "one count for the line"
    assert [box.up(control(4, n)) for n in (39, 321)] == [PASS, PASS]
    box.now = 0.1
    assert [box.up(control(4, n)) for n in (40, 320)] == [PASS, DROP]


def test_a_count_for_each_direction_of_each_recognised_flow() -> None:
    box = Box({"policy": "pps-cap", "pps": 10, "burst": 2, "signatures": ["rtp"], "per_flow": True})
    media = rtp(8, 90)
    assert [box.up(media) for _ in range(3)] == [PASS, PASS, DROP]
    assert [box.down(media) for _ in range(3)] == [PASS, PASS, DROP]
    assert box.up(media, sport=1) is PASS
    assert {box.up(p) for p in (stun(1, bytes(60)), control(4, 90)) for _ in range(9)} == {PASS}
