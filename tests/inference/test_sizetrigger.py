"""The size above which datagrams die: the world's own lies at the edge, and lossy lines have none."""

from dataclasses import replace
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.inference import judge
from voipwatch.inference.join import FlowView, join_session
from voipwatch.inference.sizetrigger import FLOWS_MIN, Edge, edge_of
from voipwatch.inference.track import Fate, Packet, Track
from voipwatch.lab.matrix import Job, simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import FlowRecord
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Direction

SIZES = [60, 172, 172, 172, 172, 172, 300, 700, 1200, 90, 172, 172]


@pytest.fixture(scope="module")
def views() -> list[FlowView]:
    """Real controls of a clean line, whose packets are replaced."""
    measurement = simulated(load_worlds().get("clean"), Job("clean", "clean", 1, ("sip",)))
    return [flow for flow in join_session(measurement, 0).flows if flow.arm in CONTROL_ARMS]


def planted(views: list[FlowView], passes: list[list[bool]]) -> list[FlowView]:
    """Each flow sends SIZES once; what passes is said of each packet of each."""
    out = []
    for view, fates in zip(views, passes, strict=False):
        packets = [
            Packet(seq, 1_000 * seq, 2_000 * seq if passed else None, Fate(int(passed)), size)
            for seq, (size, passed) in enumerate(zip(SIZES, fates, strict=True))
        ]
        out.append(replace(view, up=Track(tuple(packets))))
    return out


@given(st.integers(172, 1199))
def test_the_edge_is_around_the_box_s_own_size(views: list[FlowView], over: int) -> None:
    flows = planted(views, [[size <= over for size in SIZES]] * len(views))
    edge = edge_of(flows, Direction.UP)
    assert edge is not None
    assert edge.low <= over < edge.high
    assert edge.low == max(size for size in SIZES if size <= over)
    assert edge.high == min(size for size in SIZES if size > over)
    assert edge.flows == len(flows)


@given(st.data())
def test_one_large_datagram_that_passes_anywhere_moves_the_edge_above_it(
    views: list[FlowView], data: st.DataObject
) -> None:
    passes = [[size <= 200 for size in SIZES] for _ in views]
    at = data.draw(st.integers(0, len(views) - 1))
    large = data.draw(st.sampled_from([n for n, size in enumerate(SIZES) if size > 200]))
    passes[at][large] = True
    edge = edge_of(planted(views, passes), Direction.UP)
    assert edge is None or edge.low == SIZES[large]


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.6))
def test_dice_have_no_edge(views: list[FlowView], seed: int, loss: float) -> None:
    """Whatever their share up to 60 %: of all flows with a datagram of 1,200 bytes one gets through."""
    dice = Random(seed)
    passes = [[dice.random() >= loss for _ in SIZES] for _ in views]
    largest = [fates[SIZES.index(1200)] for fates in passes]
    if any(largest):
        assert edge_of(planted(views, passes), Direction.UP) is None


CUT = [size <= 200 for size in SIZES]


def test_too_few_large_ones_and_dead_flows_say_nothing(views: list[FlowView]) -> None:
    assert edge_of(planted(views, [CUT] * len(views)), Direction.UP) == Edge(172, 300, len(views))
    assert edge_of(planted(views[: FLOWS_MIN - 1], [CUT] * FLOWS_MIN), Direction.UP) is None
    assert edge_of(planted(views, [[False] * len(SIZES)] * len(views)), Direction.UP) is None
    half = [[size <= 200 and n % 2 == 0 for n, size in enumerate(SIZES)]] * len(views)
    assert edge_of(planted(views, half), Direction.UP) is None
    assert edge_of([], Direction.DOWN) is None


def test_the_apps_own_flows_show_nothing_and_what_they_get_through_counts_against_it(
    views: list[FlowView],
) -> None:
    own = [replace(view, record=replaced(view.record, Arm.A)) for view in views]
    assert edge_of(planted(own, [CUT] * len(own)), Direction.UP) is None
    through = [*planted(views, [CUT] * len(views)), *planted(own[:1], [[True] * len(SIZES)])]
    assert edge_of(through, Direction.UP) is None


def replaced(record: FlowRecord, arm: Arm) -> FlowRecord:
    return msgspec.structs.replace(record, kind=msgspec.structs.replace(record.kind, arm=arm))


def test_a_hole_in_time_is_no_size(views: list[FlowView]) -> None:
    """Larger ones that were sent last of all died of whatever ended the line."""
    order = sorted(range(len(SIZES)), key=lambda n: SIZES[n])
    flows = planted(views, [CUT] * len(views))
    late = [
        replace(
            flow,
            up=Track(tuple(flow.up.packets[n]._replace(sent_us=1_000 * at) for at, n in enumerate(order))),
        )
        for flow in flows
    ]
    assert edge_of(late, Direction.UP) is None


@pytest.mark.parametrize("line", ["clean", "lossy5", "nated"])
@pytest.mark.parametrize(
    ("world", "apps"), [("size-over-200", ("sip", "webrtc")), ("size-over-600", ("sip",))]
)
def test_the_judge_names_the_size_of_the_world(world: str, line: str, apps: tuple[str, ...]) -> None:
    found = load_worlds().get(world)
    for seed in (1, 2):
        check = judge(simulated(found, Job(world, line, seed, apps)))
        true = found.drawn(seed).values["policy.over"]
        for row in check.results:
            assert row.verdict in {"down", "insufficient"}
            assert row.mechanism == "udp.size"
            assert row.trigger is not None
            assert row.trigger.properties == ["size"]
            assert row.trigger.low is not None
            assert row.trigger.high is not None
            assert row.trigger.low <= true < row.trigger.high
            assert "bytes in a datagram" in row.explanation


@pytest.mark.parametrize(
    ("world", "line"),
    [
        ("clean", "lossy5"),
        ("cafe-firewall", "clean"),
        ("mtu-1200", "clean"),
        ("size-half", "clean"),
        ("port-drop", "clean"),
    ],
)
def test_other_worlds_have_no_size(world: str, line: str) -> None:
    for seed in (1, 2):
        check = judge(simulated(load_worlds().get(world), Job(world, line, seed, ("sip",))))
        told = [(row.mechanism, row.trigger) for row in check.results if row.mechanism == "udp.size"]
        assert told == []
