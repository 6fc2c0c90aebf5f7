import pytest

from tests.lab.payloads import control, rtp, stun
from tests.lab.policy.support import Box
from voipwatch.lab.policy import UnknownPolicyError, make_policy
from voipwatch.lab.policy.packet import DROP, PASS, Action, Delay


def wait(action: Action) -> float:
    """Seconds, 0 for what passes at once."""
    assert action is not DROP
    return action.s if isinstance(action, Delay) else 0.0


TABLE: dict[str, object] = {"policy": "shape", "bytes_per_s": 1_000, "burst_bytes": 400, "queue_s": 0.5}


def test_over_the_bucket_it_waits_and_over_the_queue_it_dies() -> None:
    box = Box(TABLE)
    media = rtp(8, 172)  # 200 bytes with its headers: 0.2 s
    assert [box.up(media) for _ in range(5)] == [PASS, PASS, Delay(0.2), Delay(0.4), DROP]
    assert box.down(media) is PASS, "the other direction has a bucket of its own"
    box.now = 0.3
    assert wait(box.up(media)) == pytest.approx(0.3)
    box.now = 100.0
    assert [wait(box.up(media)) for _ in range(3)] == [0, 0, pytest.approx(0.2)]


def test_what_passes_has_the_shapers_rate_and_its_order() -> None:
    box = Box({**TABLE, "queue_s": 1.0})
    out = []
    for n in range(1_000):
        box.now = n * 0.02
        action = box.up(rtp(8, 172, n))
        if action is not DROP:
            out.append(box.now + (action.s if isinstance(action, Delay) else 0.0))
    assert out == sorted(out)
    assert len(out) * 200 / (20.0 + 1.0 + 0.4) == pytest.approx(1_000, rel=0.02)


def test_only_recognised_flows_are_shaped() -> None:
    box = Box(TABLE)
    assert {box.up(p) for p in (control(4, 500), stun(1)) for _ in range(20)} == {PASS}


@pytest.mark.parametrize("shared", [False, True])
def test_flows_share_a_queue_if_told_to(shared: bool) -> None:
    box = Box({**TABLE, "shared": shared})
    assert [box.up(rtp(8, 172), sport=n) for n in (1, 1)] == [PASS, PASS]
    assert wait(box.up(rtp(8, 172), sport=2)) == pytest.approx(0.2 if shared else 0)


def test_a_shaper_without_a_rate_is_refused() -> None:
    with pytest.raises(UnknownPolicyError, match="rate"):
        make_policy({**TABLE, "bytes_per_s": 0})


def test_lateness_is_as_planted_and_nothing_is_lost(seed: bytes) -> None:
    box = Box({"policy": "late", "delay_s": 0.3, "jitter_s": 0.1}, seed)
    waits = [a.s for n in range(4_000) if isinstance(a := box.up(rtp(111, 80, n)), Delay)]
    assert len(waits) == 4_000
    assert min(waits) >= 0.3
    assert sum(waits) / 4_000 == pytest.approx(0.4, abs=0.008)  # five standard deviations
    assert {box.up(p) for p in (stun(1), control(4, 90))} == {PASS}


def test_some_come_later_still(seed: bytes) -> None:
    box = Box({"policy": "late", "late_ratio": 0.25, "late_s": 0.2}, seed)
    said = [box.down(rtp(111, 80, n)) for n in range(2_000)]
    assert set(map(str, said)) == {str(PASS), str(Delay(0.2))}
    assert sum(isinstance(a, Delay) for a in said) / 2_000 == pytest.approx(0.25, abs=0.05)
