"""Matched pairs and effects: who is compared with whom, and how sure an interval can be."""

import pytest

from tests.inference.build import Check, Shape, clean, loses
from voipwatch.inference.join import join_session
from voipwatch.inference.pairs import (
    blocks_of,
    effect_of,
    interval_confidence,
    paired,
    paired_across_ports,
    pairs_of,
)
from voipwatch.model.vocabulary import Arm, Direction

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def test_pairs_are_of_one_block_and_question() -> None:
    session = join_session(Check(clean, (SMALL,), blocks=6, held=True).run(), 0)
    blocks = blocks_of(session.of_app("whatsapp"))
    pairs = paired(blocks)
    assert len(pairs) == 6
    for pair in pairs:
        assert pair.treatment.arm is Arm.A
        assert pair.treatment.record.block == pair.control.record.block
        assert pair.treatment.record.question == pair.control.record.question
    assert len(pairs_of(blocks, Arm.A, Arm.C)) == 8
    assert len(paired_across_ports(blocks)) == 6


def test_only_what_was_drawn_is_swapped() -> None:
    """In the set-up questions A and C go first: a burst that C' misses must not count against A."""
    session = join_session(Check(clean, (SMALL,), blocks=6, held=True).run(), 0)
    controls = {
        (p.treatment.record.question, p.control.arm) for p in paired(blocks_of(session.of_app("whatsapp")))
    }
    assert controls == {("setup", Arm.C), ("media", Arm.C_NEUTRAL)}


def test_a_block_of_another_question_is_another_block() -> None:
    measurement = Check(clean, (SMALL,), blocks=8).run()
    kept = []
    for flow in measurement.flows:
        if flow.question == "media":
            flow.block -= 4
        if not (flow.question == "setup" and flow.kind.arm is Arm.C):
            kept.append(flow)
    measurement.flows = kept
    pairs = paired(blocks_of(join_session(measurement, 0).of_app("whatsapp")))
    assert [p.treatment.record.question for p in pairs] == ["media"] * 4


def test_the_port_s_own_control_is_taken_where_there_is_no_other() -> None:
    measurement = Check(clean, (SMALL,), blocks=6).run()
    measurement.flows = [f for f in measurement.flows if f.kind.arm is not Arm.C_NEUTRAL]
    blocks = blocks_of(join_session(measurement, 0).of_app("whatsapp"))
    assert {p.control.arm for p in paired(blocks)} == {Arm.C}
    assert len(paired(blocks)) == len(paired_across_ports(blocks)) == 6


def test_an_effect_is_in_points_with_the_interval_that_n_allows() -> None:
    session = join_session(Check(loses(0.5, 1, lambda p: p.arm is Arm.A and p.media), (SMALL,)).run(), 0)
    effect = effect_of(paired(blocks_of(session.of_app("whatsapp"))), Direction.UP, media=True, family_size=6)
    assert effect is not None
    assert effect.loss_points == pytest.approx(50.0, abs=8.0)
    assert effect.low is not None
    assert effect.high is not None
    assert effect.loss_points is not None
    assert effect.low < effect.loss_points < effect.high
    assert effect.n_flows == 14
    assert effect.n_packets == 14 * 15
    assert effect.confidence == pytest.approx(1 - 2 * 0.0025 / 6)


def test_confidence_is_what_the_pairs_can_bear() -> None:
    assert interval_confidence(14, 18) == pytest.approx(1 - 2 * 0.0025 / 18)
    assert interval_confidence(4, 18) == 0.875
    assert interval_confidence(1, 18) == 0.0


def test_one_pair_has_no_interval_and_none_has_no_effect() -> None:
    session = join_session(Check(clean, (SMALL,), setup_blocks=1, blocks=0).run(), 0)
    pairs = paired(blocks_of(session.of_app("whatsapp")))
    effect = effect_of(pairs, Direction.UP, media=True, family_size=6)
    assert effect is not None
    assert (effect.loss_points, effect.low, effect.high, effect.confidence) == (0.0, None, None, None)
    assert effect_of([], Direction.UP, media=True, family_size=6) is None
