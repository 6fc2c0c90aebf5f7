"""A cut by luck of the path: controls that stop speak of it, controls that merely lose do not."""

from dataclasses import replace as replaced
from itertools import count

import pytest
from msgspec.structs import replace

from tests.inference.build import Check, Packet, Shape, World, both, clean, drops, loses
from voipwatch.inference.controls import Whole, line_state
from voipwatch.inference.cutluck import TAIL_MIN, controls_stop_too, has_stopped
from voipwatch.inference.join import join_session
from voipwatch.inference.judge import judge
from voipwatch.inference.latecut import Cut
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Direction

LONG = Shape(media_s=1.6, spacing_s=0.04)
PACKETS = 40
"""Of each way of its media."""
TWO_OF_TWO = Cut(Direction.BOTH, 2, 2, packets=75, seconds=1.0)
CONTROLS = (Arm.C, Arm.C_NEUTRAL)


def pool(world: World, shape: Shape = LONG, *, logged: bool = True) -> tuple[Whole, ...]:
    measurement = Check(world, (shape,), blocks=8, logged=logged).run()
    planned = [replace(f, planned_down=PACKETS) for f in measurement.flows]
    return line_state(join_session(replace(measurement, flows=planned), 0)).pool


def stopped(
    world: World, shape: Shape = LONG, *, way: Direction = Direction.UP, logged: bool = True
) -> set[bool]:
    return {has_stopped(w, way) for w in pool(world, shape, logged=logged)}


def from_the_end(n: int, *, up: bool = True) -> World:
    return drops(lambda p: p.up is up and p.media and p.arm in CONTROLS and p.seq >= MEDIA_SEQ + PACKETS - n)


@pytest.mark.parametrize("up", [True, False])
def test_a_way_that_is_lost_to_its_end_has_stopped(up: bool) -> None:
    way, other = (Direction.UP, Direction.DOWN) if up else (Direction.DOWN, Direction.UP)
    assert stopped(from_the_end(TAIL_MIN, up=up), way=way) == {True}
    assert stopped(from_the_end(TAIL_MIN - 1, up=up), way=way) == {False}
    assert stopped(from_the_end(TAIL_MIN, up=up), way=other) == {False}, "the cut went the other way"


def test_of_a_cut_both_ways_a_burst_one_way_says_nothing() -> None:
    one, other = (from_the_end(TAIL_MIN, up=up) for up in (True, False))
    assert stopped(one, way=Direction.BOTH) == stopped(other, way=Direction.BOTH) == {False}
    assert stopped(both(one, other), way=Direction.BOTH) == {True}


def test_a_few_packets_at_the_end_of_a_short_call_are_no_stop() -> None:
    short = Shape(media_s=0.8, spacing_s=0.04)  # of twenty packets a fifth is four

    def last(n: int) -> World:
        return drops(lambda p: p.up and p.media and p.arm in CONTROLS and p.seq >= MEDIA_SEQ + 20 - n)

    assert stopped(last(TAIL_MIN - 1), short) == {False}
    assert stopped(last(TAIL_MIN), short) == {True}


def test_a_burst_at_the_end_of_a_long_call_is_no_stop() -> None:
    longer = Shape(media_s=4.0, spacing_s=0.04)

    def last(n: int) -> World:
        return drops(lambda p: p.up and p.media and p.arm in CONTROLS and p.seq >= MEDIA_SEQ + 100 - n)

    assert stopped(last(19), longer) == {False}
    assert stopped(last(20), longer) == {True}


@pytest.mark.parametrize("kept", [0, PACKETS - 1])
def test_what_goes_on_has_not_stopped(kept: int) -> None:
    """All of a way is lost but one packet: broken, dead even, where the one is the last."""
    lost = drops(lambda p: p.up and p.media and p.arm in CONTROLS and p.seq != MEDIA_SEQ + kept)
    assert stopped(lost) == {True}, "nine in ten are gone: dead"
    half = drops(lambda p: p.up and p.media and p.arm in CONTROLS and p.seq < MEDIA_SEQ + PACKETS // 2)
    assert stopped(half) == {False}
    assert all(w.broken for w in pool(half) if w.flow.arm is Arm.C_NEUTRAL)


def test_a_flow_whose_set_up_died_has_stopped() -> None:
    assert stopped(drops(lambda p: p.arm is Arm.C_NEUTRAL)) == {False, True}


def test_it_is_seen_without_the_far_end_s_log() -> None:
    assert stopped(from_the_end(TAIL_MIN, up=False), way=Direction.DOWN, logged=False) == {True}
    assert stopped(clean, way=Direction.DOWN, logged=False) == {False}


@pytest.mark.parametrize(
    ("every", "blocks", "explains"), [(2, 8, True), (4, 8, True), (60, 8, True), (60, 30, False)]
)
def test_two_of_two_are_luck_where_enough_controls_stop(every: int, blocks: int, explains: bool) -> None:
    """Each so many-th control stops, of a sixteen or a sixty; Fisher's two of two by hand below."""
    session = join_session(Check(_nth_stops(every), (LONG,), blocks=blocks).run(), 0)
    line = line_state(session)
    found = sum(has_stopped(w, Direction.BOTH) for w in line.pool)
    controls = len(line.pool)
    # Both of two treatment flows among `found + 2` stopped of `controls + 2`.
    p = (found + 2) * (found + 1) / ((controls + 2) * (controls + 1))
    assert found > 0
    assert (p > 0.005) is explains
    assert controls_stop_too(line, TWO_OF_TWO) is explains


def test_controls_that_were_over_before_the_cut_do_not_count() -> None:
    """One of sixty stops: no luck beside as many that lasted, luck where none did."""
    session = join_session(Check(_nth_stops(60), (LONG,), blocks=30).run(), 0)
    line = line_state(session)
    assert not controls_stop_too(line, replaced(TWO_OF_TWO, seconds=LONG.media_s - 0.1))
    assert controls_stop_too(line, replaced(TWO_OF_TWO, seconds=LONG.media_s + 0.1))


def test_where_none_stops_the_run_rule_stands() -> None:
    session = join_session(Check(clean, (LONG,), blocks=8).run(), 0)
    assert not controls_stop_too(line_state(session), TWO_OF_TWO)


def _nth_stops(every: int) -> World:
    numbers: dict[int, int] = {}
    fresh = count()

    def stops(packet: Packet) -> bool:
        if packet.arm not in CONTROLS:
            return False
        if packet.flow not in numbers:
            numbers[packet.flow] = next(fresh)
        return numbers[packet.flow] % every == 1 and packet.nth > 20

    return drops(stops)


def _judged(world: World) -> AppResult:
    cut = drops(lambda p: p.arm is Arm.A and p.question == "held" and p.nth > 150)
    (row,) = judge(Check(both(world, cut), (LONG,), held=True, blocks=8).run()).results
    return row


def test_a_true_cut_on_a_line_that_loses_is_still_told() -> None:
    """A third of the controls lose three packets of five in their first half, none of them stops."""

    def first_half(packet: Packet) -> bool:
        return packet.arm in CONTROLS and packet.flow % 3 == 0 and packet.seq < MEDIA_SEQ + PACKETS // 2

    row = _judged(loses(0.9, 3, lambda p: p.media and not p.up and first_half(p)))
    assert row.rule == "blocked.cut"


def test_a_cut_beside_controls_that_stop_is_no_claim() -> None:
    row = _judged(_nth_stops(4))
    assert (row.verdict, row.rule) == ("insufficient", "insufficient.control-bad")
