"""A direct leg's turn: after its relay leg has shown that it lives, and never where that is dead."""

from dataclasses import replace

import msgspec
import pytest

from tests.experiment.questions.support import Stagehand, plan
from tests.experiment.support import START_S
from voipwatch.experiment.leg_order import LIVING_FLOWS_MIN, Turn, turn_of
from voipwatch.experiment.leg_plan import LegPlan
from voipwatch.experiment.near_flow import Phase
from voipwatch.experiment.questions.leg import Leg, LegPhase
from voipwatch.model.vocabulary import Arm, Stage


def direct(of: LegPlan | None = None) -> Leg:
    of = plan() if of is None else of
    own = plan(brief=True, secondary=True)
    kinds = {arm: msgspec.structs.replace(kind, leg="peer") for arm, kind in own.kinds.items()}
    return Leg(replace(own, kinds=kinds, relay=of.leg), 10_000_000)


def relay_of(passed: int) -> Leg:
    """A relay leg of whose treatment flows so many passed their set-up."""
    leg = Leg(plan(), 10_000_000)
    hand = Stagehand(leg)
    treatment = [f for f in hand.start() if f.record.kind.arm is Arm.A]
    for flow in treatment[:passed]:
        flow.play(START_S)
    for flow in treatment[passed:]:
        flow.phase, flow.failed_round = Phase.ENDED, 0
    leg.phase = LegPhase.MEDIA
    return leg


def test_a_leg_that_comes_after_none_may_begin_at_once() -> None:
    leg = Leg(plan(), 10_000_000)
    assert turn_of(leg, [leg]) is Turn.NOW


def test_a_direct_leg_waits_for_its_relay_leg_and_follows_it() -> None:
    relay, leg = relay_of(4), direct()
    relay.phase = LegPhase.FIRST
    assert turn_of(leg, [relay, leg]) is Turn.WAIT
    relay.phase = LegPhase.REPEAT
    assert turn_of(leg, [relay, leg]) is Turn.WAIT
    for phase in (LegPhase.MEDIA, LegPhase.DONE):
        relay.phase = phase
        assert turn_of(leg, [relay, leg]) is Turn.NOW


def test_a_relay_leg_that_ended_on_hold_keeps_nobody_waiting() -> None:
    relay, leg = relay_of(4), direct()
    relay.on_hold, relay.phase = True, LegPhase.DONE
    assert turn_of(leg, [relay, leg]) is Turn.NOW
    relay.dead[Arm.A] = Stage.SETUP
    assert turn_of(leg, [relay, leg]) is Turn.NEVER


def test_on_hold_it_waits() -> None:
    relay, leg = relay_of(4), direct()
    relay.on_hold = True
    assert turn_of(leg, [relay, leg]) is Turn.WAIT


@pytest.mark.parametrize("arm", list(Arm)[:4])
def test_a_relay_leg_whose_treatment_is_dead_has_none_after_it(arm: Arm) -> None:
    relay, leg = relay_of(4), direct()
    relay.dead[arm] = Stage.SETUP
    assert turn_of(leg, [relay, leg]) is (Turn.NEVER if arm is Arm.A else Turn.NOW)


@pytest.mark.parametrize("passed", range(5))
def test_too_few_living_flows_of_the_relay_are_no_living_relay(passed: int) -> None:
    relay, leg = relay_of(passed), direct()
    assert turn_of(leg, [relay, leg]) is (Turn.NOW if passed >= LIVING_FLOWS_MIN else Turn.NEVER)


def test_a_relay_leg_that_is_not_asked_or_was_dropped_has_none_after_it() -> None:
    relay, leg = Leg(plan(), 10_000_000), direct()
    relay.drop()
    assert turn_of(leg, [relay, leg]) is Turn.NEVER
    assert turn_of(leg, [leg]) is Turn.NEVER


def test_a_relay_leg_of_another_app_reflector_or_dialect_is_none_of_its() -> None:
    relay, leg = relay_of(4), direct()
    for name, value in (("app", "imo"), ("reflector", 1)):
        setattr(relay, name, value)
        assert turn_of(leg, [relay, leg]) is Turn.NEVER
        setattr(relay, name, getattr(leg, name))
    assert turn_of(leg, [relay, leg]) is Turn.NOW
