"""Late cuts: held flows of two, short flows that must not outvote them, and what is no cut."""

import pytest
from msgspec.structs import replace

from tests.inference.build import Check, Shape, World, clean, drops, loses, paths
from voipwatch.inference.controls import line_state
from voipwatch.inference.join import join_session
from voipwatch.inference.judge import judge
from voipwatch.inference.latecut import Cut, is_lone_cut, late_cut
from voipwatch.inference.pairs import HELD, blocks_of
from voipwatch.inference.verdict import Case, _lucky_cut
from voipwatch.model.vocabulary import Arm, Direction

LONG = Shape(media_s=1.6, spacing_s=0.04)
"""Short flows of four windows: long enough to be asked, too short to be cut."""


def cut(world: World, *, held: bool = True, logged: bool = True) -> Cut | None:
    measurement = Check(world, (LONG,), held=held, blocks=8, logged=logged).run()
    session = join_session(measurement, 0)
    return late_cut(blocks_of(session.of_app("whatsapp")))


def test_two_held_flows_are_enough_whatever_the_short_ones_say() -> None:
    found = cut(drops(lambda p: p.arm is Arm.A and p.nth > 150))
    assert found is not None
    assert (found.direction, found.flows, found.of) == (Direction.BOTH, 2, 2)
    assert found.packets == pytest.approx(75, abs=5)
    assert found.seconds == pytest.approx(3.0, abs=0.6)


def test_short_flows_can_be_cut_too() -> None:
    world = drops(lambda p: p.arm is Arm.A and p.media and p.at_s - p.flow_started_s > 0.3)
    longer = Shape(media_s=2.6, spacing_s=0.04)
    session = join_session(Check(world, (longer,), blocks=8).run(), 0)
    assert late_cut(blocks_of(session.of_app("whatsapp"))) is not None


@pytest.mark.parametrize("up", [True, False])
def test_a_cut_of_one_direction(up: bool) -> None:
    world = drops(lambda p: p.arm is Arm.A and p.up is up and p.media and p.seq > 1024 + 80)
    found = cut(world)
    assert found is not None
    assert found.direction is (Direction.UP if up else Direction.DOWN)


def test_one_held_flow_alone_is_no_claim() -> None:
    first: list[int] = []

    def world(p: object) -> bool:
        number = getattr(p, "flow", 0)
        if getattr(p, "arm", None) is Arm.A and getattr(p, "question", "") == "held" and not first:
            first.append(number)
        return number in first and getattr(p, "nth", 0) > 100

    assert cut(drops(world)) is None


def lone(world: World, *, pairs: int = 1) -> bool:
    """Of a check that held so many of its two pairs."""
    session = join_session(Check(world, (LONG,), held=True, blocks=8).run(), 0)
    blocks = blocks_of(session.of_app("whatsapp"))
    held = [b for b in blocks if b.question == HELD]
    assert len(held) == 2
    return is_lone_cut([*(b for b in blocks if b.question != HELD), *held[:pairs]])


def test_one_held_pair_that_is_cut_is_no_call_that_held() -> None:
    late = drops(lambda p: p.arm is Arm.A and p.nth > 150)
    assert lone(late)
    assert not lone(late, pairs=2)  # those make a claim
    assert not lone(late, pairs=0)
    assert not lone(clean)
    assert not lone(drops(lambda p: p.nth > 150))  # its control was cut too
    assert not lone(loses(0.8, 1, lambda p: p.treatment and p.media))


@pytest.mark.parametrize(("pairs", "rule"), [(1, "insufficient.not-repeated"), (2, "blocked.cut")])
def test_a_held_call_that_was_cut_once_is_not_said_to_be_well(pairs: int, rule: str) -> None:
    late = drops(lambda p: p.arm is Arm.A and p.question == HELD and p.nth > 150)
    measurement = Check(late, (LONG,), held=True, blocks=14).run()
    kept = [f for f in measurement.flows if f.question == HELD][: 2 * pairs]
    others = [f for f in measurement.flows if f.question != HELD]
    (row,) = judge(replace(measurement, flows=[*others, *kept])).results
    assert row.rule == rule


def test_a_cut_that_hits_the_control_alike_is_no_claim() -> None:
    assert cut(drops(lambda p: p.nth > 150)) is None


def test_heavy_loss_is_no_cut() -> None:
    assert cut(loses(0.8, 1, lambda p: p.treatment and p.media)) is None


def test_a_clean_line_is_not_cut() -> None:
    assert cut(clean) is None


def test_dead_from_the_start_is_no_late_cut() -> None:
    assert cut(drops(lambda p: p.treatment and p.media)) is None


def test_luck_of_the_path_is_asked_where_flows_are_enough() -> None:
    """Two held flows stand on the run rule where controls do not break; a dozen must exclude luck."""

    def lucky(world: World, cut_flows: int, of: int) -> bool:
        session = join_session(Check(world, (LONG,), blocks=8).run(), 0)
        case = Case(session, line_state(session), "whatsapp", session.of_app("whatsapp"), 1)
        return _lucky_cut(case, Cut(Direction.UP, cut_flows, of, 50, 1.0))

    assert not lucky(clean, 2, 2)
    assert lucky(paths(1), 2, 2), "a fourth of its controls is gone too"
    assert not lucky(paths(1, of=40), 2, 2), "one in forty is not enough to explain two of two"
    assert not lucky(clean, 12, 12)
    assert lucky(paths(1), 7, 12)
