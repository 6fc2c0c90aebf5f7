"""The rate at which a call is capped: the box's own lies within the bounds, and no other is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.inference import judge
from voipwatch.inference.ratetrigger import LOSSES_MIN, Bounds, bounds_of
from voipwatch.inference.track import IP_UDP_BYTES, Fate, Packet
from voipwatch.lab.matrix import Job, simulated
from voipwatch.lab.worlds import load_worlds


def bucket(sizes: list[int], gaps_us: list[int], *, rate: float, burst: float, octets: bool) -> list[Packet]:
    """A flow through a token bucket that begins full."""
    tokens, at_us, out = burst, 0, []
    for seq, (size, gap_us) in enumerate(zip(sizes, gaps_us, strict=True)):
        tokens = min(burst, tokens + rate * gap_us / 1e6)
        at_us += gap_us
        cost = size + IP_UDP_BYTES if octets else 1
        passed = tokens >= cost
        tokens -= cost if passed else 0
        out.append(Packet(seq, at_us, at_us + 20_000 if passed else None, Fate(int(passed)), size))
    return out


@given(
    sizes=st.lists(st.integers(60, 200), min_size=150, max_size=150),
    share=st.floats(0.2, 0.7),
    depth=st.floats(2.0, 12.0),
    octets=st.booleans(),
)
def test_the_bucket_s_own_rate_lies_within_the_bounds(
    sizes: list[int], share: float, depth: float, octets: bool
) -> None:
    """Any bucket below what is offered, counting bytes or packets, of any depth from two packets up."""
    each = 228 if octets else 1
    offered = 50 * (60 + IP_UDP_BYTES if octets else 1)
    packets = bucket(sizes, [20_000] * 150, rate=share * offered, burst=depth * each, octets=octets)
    found = bounds_of(packets, count_bytes=octets)
    if found is not None:
        assert found.low <= share * offered <= found.high


def test_by_hand() -> None:
    """A packet each 0.1 s and a bucket of five a second: every second one passes, in two seconds ten."""
    packets = bucket([172] * 41, [100_000] * 41, rate=5.0, burst=1.0, octets=False)
    found = bounds_of(packets, count_bytes=False)
    assert found is not None
    lost = [p for p in packets if p.fate is Fate.LOST]
    span_s = ((lost[-1].sent_us or 0) - (lost[0].sent_us or 0)) / 1e6
    came = sum(p.fate is Fate.ARRIVED for p in packets[lost[0].seq : lost[-1].seq])
    assert found == Bounds((0.9 * came - 1) / (span_s + 0.02), (came + 1) / (span_s - 0.02))
    assert found.low < 5.0 < found.high


def test_a_bucket_that_filled_in_a_pause_bounds_nothing_across_it() -> None:
    """Half a minute of silence lets a bucket fill: counted in, the rate would seem a tenth of what it is."""
    gaps = [20_000] * 100 + [30_000_000] + [20_000] * 99
    packets = bucket([172] * 200, gaps, rate=3_000.0, burst=2_000.0, octets=True)
    found = bounds_of(packets, count_bytes=True)
    assert found is not None
    assert found.low <= 3_000.0 <= found.high


def test_of_few_losses_or_unknown_fates_nothing_is_said() -> None:
    packets = bucket([172] * 150, [20_000] * 150, rate=5_000.0, burst=1_000.0, octets=True)
    lost = [at for at, p in enumerate(packets) if p.fate is Fate.LOST]
    assert len(lost) > LOSSES_MIN
    assert bounds_of(packets[: lost[LOSSES_MIN - 2] + 1], count_bytes=True) is None
    unknown = [*packets[:-1], packets[-1]._replace(fate=Fate.UNKNOWN)]
    assert bounds_of(unknown, count_bytes=True) is None
    assert bounds_of([], count_bytes=True) is None


@pytest.mark.parametrize(
    ("world", "line", "seed", "unit", "path"),
    [
        ("police-drawn", "clean", 3, "byte-rate", "policy.bytes_per_s"),
        ("police-drawn", "nated", 5, "byte-rate", "policy.bytes_per_s"),
        ("police-up", "long", 2, "byte-rate", "policy.of.bytes_per_s"),
        ("pps-media", "clean", 1, "packet-rate", "policy.pps"),
        ("pps-media", "clean", 2, "packet-rate", "policy.pps"),
    ],
)
def test_the_judge_names_the_rate_that_the_world_was_made_with(
    world: str, line: str, seed: int, unit: str, path: str
) -> None:
    found = load_worlds().get(world)
    check = judge(simulated(found, Job(world, line, seed, ("whatsapp", "webrtc"))))
    true = found.drawn(seed).values[path]
    told = [row.trigger for row in check.results if row.trigger is not None]
    assert told
    for trigger in told:
        assert trigger.properties == [unit]
        assert (trigger.low or 0) <= true <= (trigger.high or 0)
    assert "a second of one flow" in next(row.explanation for row in check.results if row.trigger)


@pytest.mark.parametrize(("world", "line"), [("media-loss-80", "clean"), ("police-drawn", "lossy5")])
def test_dice_and_lines_that_lose_by_themselves_name_no_rate(world: str, line: str) -> None:
    found = load_worlds().get(world)
    check = judge(simulated(found, Job(world, line, 1, ("whatsapp",))))
    assert [row.trigger for row in check.results] == [None]
