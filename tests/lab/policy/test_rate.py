import pytest

from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy.packet import DROP, PASS


def test_loss_on_media_is_as_planted_and_spares_set_up_and_control(seed: bytes) -> None:
    box = Box({"policy": "media-loss", "ratio": 0.8}, seed)
    lost = sum(box.up(rtp(111, 90, n)) is DROP for n in range(5_000))
    # 5,000 draws at 0.8: standard deviation 0.57 points; four of them.
    assert lost / 5_000 == pytest.approx(0.8, abs=0.023)
    assert {box.up(p) for p in (stun(1), control(4, 90), control(0x50, 90)) for _ in range(50)} == {PASS}


def test_each_direction_of_a_recognised_flow_has_its_own_bucket() -> None:
    box = Box({"policy": "police", "bytes_per_s": 1_000, "burst_bytes": 400})
    media = rtp(8, 172)  # 200 bytes with its headers
    assert [box.up(media) for _ in range(3)] == [PASS, PASS, DROP]
    assert [box.down(media) for _ in range(3)] == [PASS, PASS, DROP]
    assert box.up(media, sport=40_001) is PASS
    box.now = 0.199
    assert box.up(media) is DROP
    box.now = 0.2
    assert [box.up(media) for _ in range(2)] == [PASS, DROP], "200 bytes have come back in 0.2 s"
    box.now = 100.0
    assert [box.up(media) for _ in range(3)] == [PASS, PASS, DROP], "the bucket holds the burst and no more"


def test_a_shared_bucket_is_one_for_all_flows_that_bear_the_signature() -> None:
    box = Box({"policy": "police", "bytes_per_s": 1_000, "burst_bytes": 400, "shared": True})
    media = rtp(8, 172)  # 200 bytes with its headers
    assert [box.up(media), box.up(media, sport=40_001), box.up(media, sport=40_002)] == [PASS, PASS, DROP]
    assert [box.down(media) for _ in range(3)] == [PASS, PASS, DROP], "each way has its own"
    assert box.up(control(4, 172), sport=40_003) is PASS


def test_a_policed_voice_gets_the_bucket_s_rate() -> None:
    box = Box({"policy": "police", "bytes_per_s": 2_000, "burst_bytes": 2_000})
    passed = 0
    for n in range(500):  # 10 s of G.711: 10,000 bytes a second
        box.now = n * 0.02
        passed += box.up(rtp(8, 172, n)) is PASS
    assert passed == (2_000 + 2_000 * 499 * 0.02) // 200


def test_a_flow_without_a_signature_is_not_policed() -> None:
    box = Box({"policy": "police", "bytes_per_s": 1, "burst_bytes": 1})
    assert {box.up(control(first, 172)) for first in (0x04, 0x0F, 0x50, 0x7F) for _ in range(20)} == {PASS}


def test_a_port_loses_a_part_of_whatever_it_carries_both_ways(seed: bytes) -> None:
    box = Box({"policy": "port-loss", "ports": [[3478, 3480]], "ratio": 0.3}, seed)
    for push in (box.up, box.down):
        for payload in (rtp(111, 90), control(4, 90)):
            lost = sum(push(payload, dport=3479) is DROP for _ in range(2_000))
            assert lost / 2_000 == pytest.approx(0.3, abs=0.052)  # five standard deviations
    assert {box.up(rtp(111, 90), sport=3479, dport=443) for _ in range(99)} == {PASS}, "not a client's own"
