"""What is done to media: the cases by hand of docs/methods/slowing.md, and planted flows."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.inference.build import Check, Shape, World
from voipwatch.inference.join import join_session
from voipwatch.inference.slowing import Delays, counts_packets, delays_of, label_of
from voipwatch.inference.throttle import media_flows
from voipwatch.model.vocabulary import Arm, Direction, Media
from voipwatch.stats import SentFlow

UP, DOWN = Direction.UP, Direction.DOWN


def sent(delays: list[float | None], *, every_ms: int = 20, size: int = 200) -> SentFlow:
    times = [n * every_ms * 1000 for n in range(len(delays))]
    return SentFlow(times, [size] * len(delays), [d is None for d in delays], delays)


def queue(n: int, *, every_ms: float = 20.0, takes_ms: float = 30.0) -> list[float | None]:
    """A FIFO that takes so long for each packet."""
    free, delays = 0.0, []
    for index in range(n):
        free = max(free, index * every_ms) + takes_ms
        delays.append(free - index * every_ms)
    return list(delays)


def test_a_queue_keeps_order_and_grows() -> None:
    assert delays_of(sent(queue(20)), 0.0) is Delays.QUEUED


def test_one_delay_for_all_does_not_grow() -> None:
    assert delays_of(sent([400.0] * 20), 20.0) is Delays.HELD


def test_what_is_not_late_shows_nothing() -> None:
    assert delays_of(sent([40.0] * 20), 20.0) is Delays.UNSEEN
    assert delays_of(sent([40.0] * 20), -20.0) is Delays.HELD


def test_what_is_overtaken_is_in_no_queue() -> None:
    assert delays_of(sent([320.0 if n % 3 == 0 else 20.0 for n in range(20)]), 20.0) is Delays.HELD


def test_few_arrivals_show_nothing() -> None:
    assert delays_of(sent([*queue(7), None, None]), 0.0) is Delays.UNSEEN
    assert delays_of(sent(queue(8)), 0.0) is not Delays.UNSEEN
    assert delays_of(SentFlow([0, 1], [9, 9], [False, False]), 0.0) is Delays.UNSEEN


@given(st.integers(0, 10_000), st.floats(20.0, 60.0), st.integers(40, 80))
def test_a_queue_with_lost_packets_is_one_still(seed: int, takes_ms: float, n: int) -> None:
    dice = Random(seed)
    delays = [None if dice.random() < 0.1 else d for d in queue(n, takes_ms=takes_ms + 5.0)]
    assert delays_of(sent(delays), 0.0) is Delays.QUEUED


@given(st.integers(0, 10_000), st.floats(60.0, 200.0))
def test_a_time_of_its_own_for_each_is_no_queue(seed: int, mean_ms: float) -> None:
    dice = Random(seed)
    assert delays_of(sent([dice.expovariate(1 / mean_ms) for _ in range(75)]), 0.0) is Delays.HELD


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30))
def test_any_delays_are_taken(delays: list[float | None]) -> None:
    assert delays_of(sent(delays), 0.0) in Delays


def bucket(*, size: int, every_ms: int, n: int, packets_s: float = 0.0, bytes_s: float = 0.0) -> SentFlow:
    """What comes through a bucket of two packets, filled by packets, or by bytes, a second."""
    cost, rate = (1.0, packets_s) if packets_s else (float(size), bytes_s)
    tokens, lost = cost, []
    for _ in range(n):
        tokens = min(2 * cost, tokens + rate * every_ms / 1000.0)
        lost.append(tokens < cost)
        tokens -= 0.0 if lost[-1] else cost
    return SentFlow([k * every_ms * 1000 for k in range(n)], [size] * n, lost)


def test_packets_or_bytes_by_hand() -> None:
    counted = [bucket(size=s, every_ms=e, n=n, packets_s=10) for s, e, n in ((100, 20, 500), (300, 50, 200))]
    policed = [bucket(size=s, every_ms=e, n=n, bytes_s=1500) for s, e, n in ((100, 20, 500), (300, 50, 200))]
    assert counts_packets(counted)
    assert not counts_packets(policed)


def test_packets_of_one_size_say_nothing_of_the_unit() -> None:
    flows = [bucket(size=200, every_ms=20, n=200, packets_s=10)] * 3
    assert not counts_packets(flows)
    assert not counts_packets(flows[:1])
    dice = Random(2)
    assert not counts_packets([with_losses(flow, dice) for flow in flows * 8])


@pytest.mark.parametrize("seed", range(4))
def test_policers_of_other_rates_are_no_counts(seed: int) -> None:
    """Each flow with a rate of its own: neither unit is common to them."""
    dice = Random(seed)
    flows = [
        bucket(size=dice.choice((100, 200, 300)), every_ms=20, n=300, bytes_s=dice.uniform(800, 4000))
        for _ in range(6)
    ]
    assert not counts_packets(flows)


def with_losses(flow: SentFlow, dice: Random) -> SentFlow:
    """The same flow behind a line that loses bursts of three packets by itself."""
    lost, left = [], 0
    for gone in flow.lost:
        left = 3 if left == 0 and dice.random() < 0.03 else max(0, left - 1)
        lost.append(gone or left > 0)
    return SentFlow(flow.time_us, flow.size_bytes, lost, None)


@pytest.mark.parametrize("seed", range(6))
def test_a_line_that_loses_by_itself_hides_neither_count(seed: int) -> None:
    """Sizes of 90 to 120 bytes, as of one voice: both units spread by about as much as the line's losses."""
    dice = Random(seed)
    sizes = [dice.choice((90, 100, 110, 120)) for _ in range(32)]
    counted = [with_losses(bucket(size=s, every_ms=20, n=60, packets_s=10), dice) for s in sizes]
    policed = [with_losses(bucket(size=s, every_ms=20, n=60, bytes_s=1000), dice) for s in sizes]
    assert counts_packets(counted)
    assert not counts_packets(policed)


def test_packets_of_uneven_size_say_nothing_of_the_slope() -> None:
    """A policer lets the small ones through: how large they are is what it chose."""
    dice = Random(1)
    flows = [with_losses(bucket(size=90 + n, every_ms=20, n=60, packets_s=10), dice) for n in range(32)]
    assert counts_packets(flows)
    mixed = [
        SentFlow(
            f.time_us, [s * (4 if lost else 1) for s, lost in zip(f.size_bytes, f.lost, strict=True)], f.lost
        )
        for f in flows
    ]
    assert not counts_packets(mixed)


# --- whole flows ------------------------------------------------------------------------------------------


def label(world: World, *, lossy: tuple[Direction, ...] = (), late: tuple[Direction, ...] = ()) -> str:
    session = join_session(Check(world, (Shape(media_s=1.6, spacing_s=0.02),), blocks=14).run(), 0)
    flows = media_flows(session, "whatsapp", Media.VOICE)
    treatment = [f for f in flows if f.arm is Arm.A]
    assert len(treatment) >= 10
    return label_of(treatment, [f for f in flows if f.is_control], lossy=lossy, late=late)


def grows(up: bool) -> World:
    return lambda p: 8.0 * min(p.nth, 40) if p.treatment and p.media and p.up is up else 0.0


def test_directions_that_agree_are_one_label() -> None:
    assert label(lambda p: 300.0 if p.treatment and p.media else 0.0, late=(UP, DOWN)) == "rtp.delay"


def test_directions_that_differ_are_none() -> None:
    def world(p: object) -> float:
        if not (getattr(p, "treatment", False) and getattr(p, "media", False)):
            return 0.0
        return 8.0 * min(getattr(p, "nth", 0), 40) if getattr(p, "up", False) else 300.0

    assert label(world, late=(UP,)) == "flow.shape"
    assert label(world, late=(DOWN,)) == "rtp.delay"
    assert label(world, late=(UP, DOWN)) == "rtp.throttle"


def test_a_direction_without_a_way_abstains() -> None:
    assert label(grows(up=True), late=(UP,), lossy=(DOWN,)) == "flow.shape"  # down lost nothing at all
    assert label(grows(up=True), lossy=(DOWN,)) == "rtp.throttle"
