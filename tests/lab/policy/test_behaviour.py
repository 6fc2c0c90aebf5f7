from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS


def media(number: int, source: int = 7) -> bytes:
    return rtp(111, 80, number & 0xFFFF)[:8] + source.to_bytes(4) + bytes(68)


def test_three_in_a_row_condemn_the_flow_whatever_it_says_then() -> None:
    box = Box({"policy": "rtp-behaviour"})
    assert [box.up(media(n)) for n in (5, 6, 7)] == [PASS] * 3
    assert [box.up(media(8)), box.down(media(1)), box.up(stun(1))] == [DROP] * 3
    assert box.up(media(9), sport=40_001) is PASS


def test_numbers_wrap_and_directions_count_by_themselves() -> None:
    box = Box({"policy": "rtp-behaviour", "packets": 2})
    assert [box.up(media(0xFFFF)), box.up(media(0x10000)), box.up(media(1))] == [PASS, PASS, DROP]
    box = Box({"policy": "rtp-behaviour"})
    assert [box.up(media(1)), box.down(media(2)), box.up(media(3)), box.up(media(5))] == [PASS] * 4


def test_what_does_not_count_up_is_no_rtp() -> None:
    box = Box({"policy": "rtp-behaviour"})
    assert {box.up(media(n, source=n)) for n in range(50)} == {PASS}
    assert {box.up(control(4, 80), sport=2) for _ in range(50)} == {PASS}


def test_a_part_of_it_may_live(seed: bytes) -> None:
    box = Box({"policy": "rtp-behaviour", "ratio": 0.6}, seed)
    lost = sum(box.up(media(n)) is DROP for n in range(4_000))
    assert abs(lost / 4_000 - 0.6) < 0.04  # five standard deviations
