"""Mutants of a dead leg: beside what they are set, how many must agree, and which end lost what died."""

import pytest

from tests.inference.build import Check, Packet, Shape, both, drops, loses
from voipwatch.inference import judge
from voipwatch.inference.join import join_session
from voipwatch.inference.mutants import answers_lost, mutant_view
from voipwatch.inference.stages import State
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Direction

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def is_stun(p: Packet) -> bool:
    """The app's set-up and the generic Binding."""
    return not p.media and (p.treatment or p.mutant == "stun-binding")


def answer(p: Packet) -> bool:
    return is_stun(p) and not p.up


def label(measurement: Measurement) -> tuple[str | None, Direction | None]:
    (row,) = judge(measurement).results
    return row.mechanism, row.direction


def test_answers_that_die_while_the_requests_arrive() -> None:
    assert label(Check(drops(answer), (SMALL,)).run()) == ("stun.reply", Direction.DOWN)


def test_requests_that_die_are_no_lost_answers() -> None:
    assert label(Check(drops(is_stun), (SMALL,)).run())[0] == "stun.drop"


def test_a_binding_that_dies_on_its_way_up_is_no_lost_answer_whatever_the_app_lost() -> None:
    """A matcher that the app's request slips through, and its answer does not."""
    world = drops(lambda p: answer(p) or (p.mutant == "stun-binding" and p.up))
    assert label(Check(world, (SMALL,)).run()) == ("stun.drop", Direction.DOWN)


def test_an_app_whose_requests_die_beside_a_binding_without_answers() -> None:
    world = drops(lambda p: (p.treatment and not p.media) or (p.mutant == "stun-binding" and not p.up))
    assert label(Check(world, (SMALL,)).run()) == ("stun.drop", Direction.UP)


@pytest.mark.parametrize("seed", range(5))
def test_a_line_that_loses_some_requests_hides_no_lost_answers(seed: int) -> None:
    assert label(Check(both(drops(answer), loses(0.03, seed)), (SMALL,)).run())[0] == "stun.reply"


@pytest.mark.parametrize("seed", range(5))
def test_as_many_requests_may_die_as_the_line_loses_of_its_controls(seed: int) -> None:
    """One in eight: where the controls lose as many it is the line, where they lose none the box."""
    lossy = loses(0.12, seed)
    alone = loses(0.5, seed, lambda p: is_stun(p) and p.up)
    assert label(Check(both(drops(answer), lossy), (SMALL,)).run())[0] == "stun.reply"
    assert label(Check(both(drops(answer), alone), (SMALL,)).run())[0] == "stun.drop"


def test_a_living_generic_answer_leaves_it_to_the_app() -> None:
    world = drops(lambda p: p.treatment and not p.media and not p.up)
    assert label(Check(world, (SMALL,)).run())[0] == "app.drop"


def test_a_mutant_speaks_for_its_own_leg_with_two_flows_or_more() -> None:
    measurement = Check(drops(is_stun), (SMALL,)).run()
    session = join_session(measurement, 0)
    assert mutant_view(session, "whatsapp", "stun-binding", legs={"relay"}).state is State.DEAD
    assert mutant_view(session, "whatsapp", "turn-allocate", legs={"relay"}).state is State.ALIVE
    assert mutant_view(session, "whatsapp", "stun-binding", legs={"another"}).state is State.ABSENT
    assert mutant_view(session, "viber", "stun-binding", legs={"relay"}).state is State.ABSENT
    measurement.flows = [f for f in measurement.flows if f.kind.arm is not Arm.D or f.replicate == 0]
    alone = join_session(measurement, 0)
    assert mutant_view(alone, "whatsapp", "stun-binding", legs={"relay"}).state is State.ABSENT


def test_one_flow_without_an_answer_shows_no_lost_answers() -> None:
    measurement = Check(drops(answer), (SMALL,)).run()
    session = join_session(measurement, 0)
    view = mutant_view(session, "whatsapp", "stun-binding", legs={"relay"})
    assert answers_lost(session, view.dead)
    assert not answers_lost(session, view.dead[:1])
    assert not answers_lost(session, [])
