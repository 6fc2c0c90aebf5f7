"""At which count a cut call dies: the box's own count is named, within its bounds, and never another."""

from dataclasses import replace

import pytest

from tests.inference.build import Check, Packet, Shape, World, clean, drops
from voipwatch.inference import judge
from voipwatch.inference.cutcount import NAMED, bounds_of, count_of
from voipwatch.inference.explain import LANGUAGES, Facts, explain
from voipwatch.inference.join import join_session
from voipwatch.inference.track import IP_UDP_BYTES, Track
from voipwatch.lab.matrix import Job, simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Arm, Stage

CALL = Shape(media_s=1.6, spacing_s=0.04)
SLOW = replace(CALL, leg="other", spacing_s=0.08, size=171)
"""The same call with another rate and size; its flows are read as if they were of one shape."""


class Box:
    """Kills recognised flows both ways by a count of its own."""

    def __init__(self, *, packets: int = 10**9, octets: int = 10**9, seconds: float = 1e9) -> None:
        self.limits = (packets, octets, seconds)
        self.seen: dict[int, tuple[int, int]] = {}

    def __call__(self, p: Packet) -> bool:
        count, octets = self.seen.get(p.flow, (0, 0))
        if p.up:
            count, octets = count + 1, octets + p.size + IP_UDP_BYTES
            self.seen[p.flow] = count, octets
        over = zip((count, octets, p.at_s - p.flow_started_s), self.limits, strict=True)
        return p.arm is Arm.A and any(value > limit for value, limit in over)


def thinned(track: Track, number: int) -> Track:
    """Less one packet of two, three or four: as if the flows' ways had spoken at rates of their own."""
    return Track(tuple(p for p in track.packets if p.seq % (2 + number % 3)))


def named(
    world: World, *shapes: Shape, logged: bool = True, thin_up: bool = False, thin_down: bool = True
) -> Trigger | None:
    """The count that all flows of these shapes agree on."""
    check = Check(world, shapes or (CALL, SLOW), held=True, blocks=4, logged=logged)
    flows = join_session(check.run(), 0).of_app("whatsapp")
    return count_of(
        replace(
            f,
            up=thinned(f.up, n) if thin_up else f.up,
            down=thinned(f.down, n) if thin_down else f.down,
        )
        for n, f in enumerate(flows)
    )


@pytest.mark.parametrize(
    ("box", "name", "limit"),
    [
        (Box(packets=25), "flow-packets", 25),
        (Box(octets=4400), "flow-bytes", 4400),
        (Box(seconds=1.7), "flow-seconds", 1.7),
    ],
)
def test_the_count_that_the_box_keeps_is_named_within_its_bounds(box: Box, name: str, limit: float) -> None:
    found = named(drops(box))
    assert found is not None
    assert found.properties == [name]
    assert found.low is not None
    assert found.high is not None
    assert found.low <= limit <= found.high <= 1.25 * limit
    assert found.repeats == found.of >= 2


def test_flows_that_are_all_alike_tell_no_count() -> None:
    assert named(drops(Box(packets=25)), CALL, thin_down=False) is None


def test_where_each_flow_dies_at_another_count_none_is_named() -> None:
    first: dict[int, int] = {}

    def world(p: Packet) -> bool:
        at = first.setdefault(p.flow, len(first))
        return p.arm is Arm.A and p.nth > 30 + 9 * (at % 4)

    assert named(drops(world)) is None


def test_no_count_without_a_cut_or_without_the_log() -> None:
    assert named(clean) is None
    assert named(drops(Box(packets=25)), CALL, SLOW, logged=False) is None


def test_a_cut_within_the_first_media_is_how_they_behave_and_no_count() -> None:
    assert named(drops(Box(packets=12))) is None


def test_a_count_of_what_comes_down_is_given_to_nobody_else() -> None:
    down: dict[int, int] = {}

    def world(p: Packet) -> bool:
        down[p.flow] = down.get(p.flow, 0) + (not p.up)
        return p.arm is Arm.A and down[p.flow] > 25

    assert named(drops(world), thin_up=True, thin_down=False) is None


def test_a_packet_that_the_line_lost_at_the_cut_widens_the_bounds() -> None:
    session = join_session(Check(drops(Box(packets=25)), (CALL,), held=True, blocks=4).run(), 0)
    flow = next(f for f in session.of_app("whatsapp") if f.arm is Arm.A)
    strict, wide = bounds_of(flow), bounds_of(flow, 3)
    assert strict is not None
    assert wide is not None
    assert (strict["flow-packets"].low, strict["flow-packets"].high) == (25, 25)
    assert (wide["flow-packets"].low, wide["flow-packets"].high) == (25, 28)
    assert wide["flow-seconds"].high > strict["flow-seconds"].high
    assert bounds_of(replace(flow, up=Track())) is None


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_count_is_told_in_every_language(lang: str) -> None:
    for name in NAMED:
        facts = Facts("whatsapp", "blocked.cut", Stage.VOICE, mechanism="flow.cut")
        told = explain(replace(facts, trigger=Trigger([name], 4, 4, 31, 33)), lang=lang)
        assert "31\u201333" in told
        assert "31\u2013" not in explain(replace(facts, trigger=Trigger([name], 4, 4, 31, 31)), lang=lang)


def test_the_judge_names_the_seconds_that_the_world_was_made_with() -> None:
    world = load_worlds().get("cut-seconds")
    (row,) = judge(simulated(world, Job("cut-seconds", None, 5, ("whatsapp",)))).results
    assert row.trigger is not None
    assert row.trigger.properties == ["flow-seconds"]
    assert (row.trigger.low or 0) <= world.drawn(5).values["policy.seconds"] <= (row.trigger.high or 0)
    assert "2.3\u20132.4 s of one flow" in row.explanation


def test_flows_without_a_log_tell_no_count() -> None:
    """What a receipt shows lags behind what arrived: its last packets read as if the box had dropped them."""
    check = Check(drops(Box(packets=25)), (CALL, SLOW), held=True, blocks=4)
    flows = [
        replace(f, down=thinned(f.down, n))
        for n, f in enumerate(join_session(check.run(), 0).of_app("whatsapp"))
    ]
    assert count_of(flows) is not None
    assert count_of(replace(f, logged=False) for f in flows) is None
