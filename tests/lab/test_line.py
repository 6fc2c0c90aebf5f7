from itertools import pairwise
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.lab.line import (
    LOST,
    Bursts,
    Latency,
    Line,
    LineCondition,
    Link,
    LinkCondition,
    Paths,
    Queue,
    Radio,
)

KEY = ("udp", "192.0.2.2", 40_000, "203.0.113.2", 3478)


def link(seed: bytes = b"seed", **fields: float) -> Link:
    return Link(LinkCondition(**fields), seed, None)  # type: ignore[arg-type]  # every field takes a number


def losses(element: Bursts, spacing_s: float, count: int) -> list[bool]:
    return [element(n * spacing_s, 100, KEY) == LOST for n in range(count)]


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.3])
def test_bursts_lose_what_is_planted_in_spells_as_long_as_planted(ratio: float, seed: bytes) -> None:
    lost = losses(Bursts(ratio, 0.08, seed), 0.005, 200_000)  # 1,000 s: 600 to 3,750 spells
    runs = "".join("x" if gone else " " for gone in lost).split()
    # Means of exponential spells: three standard deviations are 3 / sqrt(n of spells), 12 % at the worst.
    assert mean(lost) == pytest.approx(ratio, rel=0.12)
    assert mean(len(run) for run in runs) * 0.005 == pytest.approx(0.08, rel=0.12)


def test_bursts_hit_every_flow_of_the_line_at_once(seed: bytes) -> None:
    element = Bursts(0.3, 0.2, seed)
    other = ("udp", "192.0.2.2", 40_001, "203.0.113.2", 5060)
    for n in range(2_000):
        assert element(n * 0.02, 100, KEY) == element(n * 0.02, 900, other)


def test_a_queue_serialises_and_drops_what_would_wait_too_long() -> None:
    queue = Queue(1_000.0, 0.25)
    assert [queue(0.0, 100, KEY) for _ in range(4)] == pytest.approx([0.1, 0.2, 0.3, LOST])
    assert queue(0.3, 100, KEY) == pytest.approx(0.4)


def test_jitter_is_late_by_its_mean_and_never_reorders(seed: bytes) -> None:
    latency = Latency(0.05, 0.01, seed)
    sent = [n * 0.1 for n in range(5_000)]
    out = [latency(at, 100, KEY) for at in sent]
    assert mean(b - a for a, b in zip(sent, out, strict=True)) == pytest.approx(0.06, rel=0.03)
    dense = [latency(600.0 + n * 0.001, 100, KEY) for n in range(5_000)]
    assert all(a <= b for a, b in pairwise(dense))


def test_a_sleeping_radio_delays_by_its_promotion_and_an_awake_one_not_at_all() -> None:
    radio = Radio(2.0, 5.0)
    assert radio(0.0, 100, KEY) == 2.0
    assert radio(0.5, 100, KEY) == 2.0, "waits with the first"
    assert radio(2.5, 100, KEY) == 2.5
    assert radio(7.5, 100, KEY) == 7.5, "five seconds of silence are not more than five"
    assert radio(12.6, 100, KEY) == 14.6


def test_both_directions_share_the_radio() -> None:
    line = Line(LineCondition(promotion_s=2.0, idle_s=5.0), b"seed")
    assert line.up.arrivals(0.0, 100, KEY) == (2.0,)
    assert line.down.arrivals(2.1, 100, KEY) == (2.1,)


def test_one_path_of_four_loses_and_a_flow_stays_on_its_path(seed: bytes) -> None:
    paths = Paths(4, 1, 0.5, seed)
    keys = [("udp", "192.0.2.2", port, "203.0.113.2", 3478) for port in range(40_000, 42_000)]
    bad = [key for key in keys if paths.path(key) == 0]
    # 2,000 flows at a quarter: standard deviation 19.4.
    assert len(bad) == pytest.approx(500, abs=78)
    assert all(paths(0.0, 100, key) == 0.0 for key in keys if key not in set(bad))
    lost = sum(paths(0.0, 100, bad[0]) == LOST for _ in range(1_000))
    assert lost == pytest.approx(500, abs=64)


def test_two_of_eight_paths_lose_everything(seed: bytes) -> None:
    paths = Paths(8, 2, 1.0, seed)
    keys = [("udp", "192.0.2.2", port, "203.0.113.2", 3478) for port in range(40_000, 42_000)]
    dead = [key for key in keys if paths(0.0, 100, key) == LOST]
    assert {paths.path(key) for key in dead} == {0, 1}
    # 2,000 flows at a quarter: standard deviation 19.4.
    assert len(dead) == pytest.approx(500, abs=78)


def test_where_the_far_port_picks_the_path_all_flows_to_it_share_their_luck(seed: bytes) -> None:
    paths = Paths(4, 1, 1.0, seed, by_port=True)
    for port in range(200):
        ways = {paths.path(("udp", "192.0.2.2", near, "203.0.113.2", port)) for near in range(40_000, 40_020)}
        assert len(ways) == 1
    assert {paths.path(("udp", "192.0.2.2", 40_000, "203.0.113.2", p)) for p in range(200)} == {0, 1, 2, 3}
    condition = LinkCondition(paths=4, bad_path_loss_ratio=1.0, paths_by_port=True)
    line = Link(condition, seed, None)
    met = {bool(line.arrivals(0.0, 100, (*KEY[:2], near, *KEY[3:]))) for near in range(40_000, 40_100)}
    assert len(met) == 1


def test_a_silence_spares_no_direction_and_ends() -> None:
    line = Line(LineCondition(gaps_s=((3.0, 1.0), (8.0, 2.0))), b"seed")
    for way in (line.up, line.down):
        alive = [t / 2 for t in range(24) if way.arrivals(t / 2, 100, KEY)]
        assert alive == [t / 2 for t in range(24) if t / 2 not in {3.0, 3.5, 8.0, 8.5, 9.0, 9.5}]


def test_reordering_and_duplicates_come_as_planted(seed: bytes) -> None:
    line = link(seed, delay_ms=10, reorder_ratio=0.1, reorder_ms=30, duplicate_ratio=0.05)
    arrivals = [line.arrivals(n * 0.02, 100, KEY) for n in range(10_000)]
    late = sum(a[0] > n * 0.02 + 0.035 for n, a in enumerate(arrivals))
    assert late == pytest.approx(1_000, abs=120)
    assert sum(len(a) == 2 for a in arrivals) == pytest.approx(500, abs=88)
    assert all(len(a) in {1, 2} for a in arrivals)


def test_a_full_queue_swings_between_half_and_all_of_its_crest(seed: bytes) -> None:
    line = link(seed, bloat_ms=800)
    waits = [a[0] - n * 0.02 for n in range(5_000) if (a := line.arrivals(n * 0.02, 100, KEY))]
    assert min(waits) == pytest.approx(0.43, abs=0.03), "the tail of the crest drains first"
    assert max(waits) == pytest.approx(0.8, abs=0.01)
    assert 0 < 5_000 - len(waits) < 150


def test_a_lost_packet_leaves_the_later_elements_alone() -> None:
    line = link(b"seed", loss_ratio=0.5, burst_ms=50, delay_ms=10, jitter_ms=5)
    arrivals = [line.arrivals(n * 0.02, 100, KEY) for n in range(1_000)]
    assert 300 < sum(map(len, arrivals)) < 700
    assert all(LOST not in a for a in arrivals)


@given(
    st.builds(
        LinkCondition,
        delay_ms=st.floats(0, 500),
        jitter_ms=st.floats(0, 100),
        rate_kbit_s=st.sampled_from([0, 8, 384, 1e4]),
        loss_ratio=st.sampled_from([0.0, 0.01, 0.5]),
        bloat_ms=st.floats(0, 1000),
        reorder_ratio=st.floats(0, 1),
        duplicate_ratio=st.floats(0, 1),
        paths=st.integers(1, 5),
        bad_path_loss_ratio=st.floats(0, 1),
    ),
    st.lists(st.floats(0, 2), max_size=30),
    st.binary(min_size=1, max_size=8),
)
def test_nothing_arrives_before_it_was_sent_and_the_seed_repeats_it(
    condition: LinkCondition, gaps_s: list[float], seed: bytes
) -> None:
    first, second = Link(condition, seed, None), Link(condition, seed, None)
    now = 0.0
    for gap_s in gaps_s:
        now += gap_s
        out = first.arrivals(now, 100, KEY)
        assert all(at >= now for at in out)
        assert out == second.arrivals(now, 100, KEY)
