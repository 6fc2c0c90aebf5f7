"""A scout's course, with puppets for flows."""

from dataclasses import dataclass

import pytest

from tests.experiment.questions.support import Stagehand, plan
from tests.experiment.support import START_S
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, FIRST_BLOCKS_MIN
from voipwatch.experiment.near_flow import Phase
from voipwatch.experiment.questions.scout import Scout, ScoutPhase
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Media, Stage

TREATED = (Arm.A, Arm.A_NEUTRAL)
LINE_WELL = (200, 216)


@dataclass
class ScoutHand(Stagehand[Scout]):
    """A scout and the flows that were started for it."""

    @property
    def scout(self) -> Scout:
        return self.asked

    def count(self, question: str) -> dict[Arm, int]:
        """Flows of a question that were started, by arm."""
        arms = [f.record.kind.arm for f in self.flows if f.record.question == question]
        return {arm: arms.count(arm) for arm in dict.fromkeys(arms)}

    def play(self, question: str, *, dead: tuple[Arm, ...], later_s: float = 0.5) -> None:
        """Starts what is wished for; every flow of the question is answered or not, and ends."""
        self.start()
        for flow in self.flows:
            if flow.record.question == question and flow.phase is Phase.ROUNDS and not flow.outcomes:
                alive = flow.record.kind.arm not in dead
                flow.answer(alive, alive)
        self.update(later_s)
        for flow in self.flows:
            if flow.phase is Phase.ROUNDS:
                flow.end()
        self.update()


def over(scout: Scout) -> bool:
    return scout.done


def phase(scout: Scout) -> ScoutPhase:
    return scout.phase


def scouting(*, copies: int = 2, line: tuple[int, int] = LINE_WELL) -> ScoutHand:
    return ScoutHand(Scout(plan(Media.NONE, copies=copies), line=line))


def decided(scout: Scout) -> list[tuple[str, str, str, str]]:
    return [(d.question, d.arm, d.stage, d.outcome) for d in scout.decisions]


def test_a_living_set_up_takes_three_flows_of_treatment_and_control() -> None:
    hand = scouting()
    hand.play("setup", dead=())
    assert hand.count("setup") == {Arm.A: FIRST_BLOCKS_MIN, Arm.C: FIRST_BLOCKS_MIN}
    assert hand.scout.done
    assert not hand.scout.confirmed
    assert decided(hand.scout) == []


def test_an_app_that_sends_its_first_request_once_takes_a_fourth_flow() -> None:
    hand = scouting(copies=1)
    hand.start()
    assert hand.count("setup") == {Arm.A: FIRST_BLOCKS, Arm.C: FIRST_BLOCKS_MIN}


def test_a_dead_set_up_is_asked_again_two_seconds_later_and_then_it_is_dead() -> None:
    hand = scouting()
    hand.play("setup", dead=TREATED)
    assert hand.scout.dead == {Arm.A: Stage.SETUP}
    assert not over(hand.scout)
    assert hand.scout.get_timer() == START_S + REPEAT_AFTER_S
    hand.update(REPEAT_AFTER_S - 0.51)
    assert not hand.scout.wishes
    hand.update(0.02)
    assert phase(hand.scout) is ScoutPhase.REPEAT
    hand.play("repeat", dead=TREATED)
    assert hand.count("repeat") == {Arm.A: FIRST_BLOCKS_MIN, Arm.C: FIRST_BLOCKS_MIN}
    fresh = {f.record.replicate for f in hand.flows if f.record.question == "repeat"}
    assert fresh.isdisjoint(range(FIRST_BLOCKS)), "other flows than before"
    assert hand.scout.confirmed
    assert over(hand.scout)
    assert decided(hand.scout) == [("setup", "A", "setup", "dead"), ("repeat", "A", "setup", "dead")]


def test_a_set_up_that_lives_in_the_repeat_leaves_it_to_the_legs() -> None:
    hand = scouting()
    hand.play("setup", dead=TREATED)
    hand.update(REPEAT_AFTER_S)
    hand.play("repeat", dead=())
    assert hand.scout.done
    assert not hand.scout.confirmed


@pytest.mark.parametrize("port", [True, False])
def test_where_the_control_dies_too_the_neutral_port_is_asked(port: bool) -> None:
    """The warm-up on a neutral port stands for C' until that has spoken itself."""
    hand = scouting()
    dead = (Arm.A, Arm.C) if port else (*TREATED, Arm.C, Arm.C_NEUTRAL)
    hand.play("setup", dead=dead)
    assert hand.count("setup").keys() == {Arm.A, Arm.C}
    hand.play("setup", dead=dead)
    assert hand.count("setup")[Arm.A_NEUTRAL] == hand.count("setup")[Arm.C_NEUTRAL] == FIRST_BLOCKS_MIN
    hand.update(REPEAT_AFTER_S)
    hand.play("repeat", dead=dead)
    assert hand.count("repeat").keys() == {Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL}
    assert hand.scout.confirmed is port, "on a dead line nobody's set-up is dead"


def test_silence_of_the_whole_line_is_nobodys_death() -> None:
    hand = scouting(line=(0, 216))
    hand.play("setup", dead=(*TREATED, Arm.C, Arm.C_NEUTRAL))
    assert hand.scout.done
    assert decided(hand.scout) == []
