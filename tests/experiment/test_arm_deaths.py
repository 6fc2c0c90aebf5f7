"""What a scout and a leg remember of dead arms, and how an arm is stopped."""

from collections import deque

import pytest

from tests.experiment.questions.support import Puppet, kinds, plan
from tests.experiment.support import START_S
from voipwatch.experiment.arm_deaths import ArmDeaths, stop_arm
from voipwatch.experiment.question import FlowWish
from voipwatch.model.vocabulary import Arm, Media, Stage

LINE_WELL = (200, 216)


def wish(arm: Arm, question: str = "setup", number: int = 0) -> FlowWish:
    return FlowWish(kinds(Media.VOICE)[arm], number, question, number)


def again(deaths: ArmDeaths) -> bool:
    return deaths.again


def take(
    deaths: ArmDeaths, question: str, *, dead: tuple[Arm, ...], index: int = 0
) -> list[tuple[Arm, Stage, tuple[int, int]]]:
    """Four flows of A, C and C' each, two requests a flow: unanswered in the dead arms."""
    flows: list[Puppet] = []
    for arm in (Arm.A, Arm.C, Arm.C_NEUTRAL):
        for number in range(4):
            flow = Puppet.of(wish(arm, question, number), len(flows))
            flow.answer(*[arm not in dead] * 2, index=index)
            flows.append(flow)
    found = deaths.take([flow.as_flow for flow in flows], question)
    assert not any(flow.outcomes for flow in flows), "what was taken is not taken again"
    return found


@pytest.mark.parametrize(("index", "stage"), [(0, Stage.SETUP), (1, Stage.HANDSHAKE)])
def test_a_silent_arm_is_found_at_the_stage_of_its_round_and_noted_only_when_reported(
    index: int, stage: Stage
) -> None:
    deaths = ArmDeaths(plan())
    ((arm, where, (packets, flows)),) = take(deaths, "setup", dead=(Arm.A,), index=index)
    assert (arm, where) == (Arm.A, stage)
    assert 4 <= packets <= 8, "as many as the test needed of the eight"
    assert 3 <= flows <= 4
    assert deaths.dead == {}
    assert deaths.decisions == []
    deaths.report("setup", arm, where, START_S, (packets, flows))
    assert deaths.dead == {Arm.A: stage}
    (decision,) = deaths.decisions
    assert (decision.app, decision.question, decision.arm) == ("whatsapp", "setup", "A")
    assert (decision.stage, decision.outcome) == (stage.value, "dead")
    assert (decision.packets, decision.flows) == (packets, flows)


def test_arms_are_found_in_the_plans_order_and_the_living_not_at_all() -> None:
    found = take(ArmDeaths(plan()), "setup", dead=(Arm.C, Arm.A))
    assert [arm for arm, *_ in found] == [Arm.C], "whose control is dead is not dead itself"
    assert take(ArmDeaths(plan()), "setup", dead=()) == []


def test_an_arm_is_reported_once_a_question() -> None:
    deaths = ArmDeaths(plan())
    take(deaths, "setup", dead=(Arm.A,))
    deaths.report("setup", Arm.A, Stage.SETUP, START_S, (4, 3))
    assert deaths.reported("setup", Arm.A)
    assert not deaths.reported("repeat", Arm.A)
    assert not deaths.reported("setup", Arm.C)
    assert take(deaths, "setup", dead=(Arm.A,)) == []
    assert [arm for arm, *_ in take(deaths, "repeat", dead=(Arm.A,))] == [Arm.A]


def test_without_news_nothing_is_looked_for() -> None:
    deaths = ArmDeaths(plan())
    assert take(deaths, "setup", dead=(Arm.A,))
    silent = Puppet.of(wish(Arm.A), 0)
    assert deaths.take([silent.as_flow], "setup") == []
    silent.answer(False)
    assert [arm for arm, *_ in deaths.take([silent.as_flow], "setup")] == [Arm.A], "nobody reported it"


def test_every_flows_outcomes_are_taken_though_the_first_has_none() -> None:
    deaths = ArmDeaths(plan())
    quiet, last = Puppet.of(wish(Arm.A), 90), Puppet.of(wish(Arm.A), 91)
    last.answer(False)
    deaths.take([quiet.as_flow, last.as_flow, quiet.as_flow], "setup")
    assert not last.outcomes


def test_what_was_heard_before_the_repeat_is_forgotten_in_it() -> None:
    deaths = ArmDeaths(plan())
    take(deaths, "setup", dead=(Arm.A,))
    deaths.test_afresh()
    one = Puppet.of(wish(Arm.A, "repeat"), 50)
    one.answer(False)
    assert deaths.take([one.as_flow], "repeat") == []


@pytest.mark.parametrize(("line", "found"), [(LINE_WELL, [Arm.C]), ((0, 216), []), ((0, 0), [])])
def test_the_line_speaks_for_a_neutral_control_that_has_not_spoken(
    line: tuple[int, int], found: list[Arm]
) -> None:
    deaths = ArmDeaths(plan())
    deaths.test_afresh(line=line)
    flows = [Puppet.of(wish(Arm.C, number=n), n) for n in range(4)]
    for flow in flows:
        flow.answer(False, False)
    assert [arm for arm, *_ in deaths.take([f.as_flow for f in flows], "setup")] == found


def test_dead_again_is_the_same_arm_in_first_blocks_and_repeat() -> None:
    deaths = ArmDeaths(plan())
    deaths.report("repeat", Arm.C, Stage.SETUP, START_S, (4, 3))
    assert deaths.dead == {}, "the first blocks alone say who is dead"
    deaths.report("setup", Arm.A, Stage.SETUP, START_S, (4, 3))
    assert not again(deaths)
    deaths.report("repeat", Arm.A, Stage.HANDSHAKE, START_S, (4, 3))
    assert again(deaths)
    assert deaths.dead == {Arm.A: Stage.SETUP}


def test_a_decisions_time_counts_from_its_questions_first_flow() -> None:
    deaths = ArmDeaths(plan())
    deaths.note("held", "all", "voice", "budget", START_S, (0, 7))
    deaths.started("setup", START_S)
    deaths.started("setup", START_S + 1)
    deaths.started("repeat", START_S + 3)
    deaths.note("setup", "A", "voice", "done", START_S + 2.00006, (90, 4))
    deaths.note("repeat", "A", "setup", "dead", START_S + 3.5, (4, 3))
    assert [d.at_s for d in deaths.decisions] == [0.0, 2.0001, 0.5]
    assert [(d.packets, d.flows) for d in deaths.decisions] == [(0, 7), (90, 4), (4, 3)]


def test_an_arm_that_is_stopped_loses_its_flows_and_wishes_of_that_question_alone() -> None:
    running = [
        Puppet.of(wish(*each), number)
        for number, each in enumerate([(Arm.A, "setup"), (Arm.A, "media"), (Arm.C, "setup")])
    ]
    wishes = deque([wish(Arm.C), wish(Arm.A), wish(Arm.A, "media"), wish(Arm.A, "setup", 3)])
    left = stop_arm(Arm.A, "setup", wishes=wishes, flows=[f.as_flow for f in running], now=START_S)
    assert [flow.aborted for flow in running] == [True, False, False]
    assert [(w.kind.arm, w.question) for w in left] == [(Arm.C, "setup"), (Arm.A, "media")]
