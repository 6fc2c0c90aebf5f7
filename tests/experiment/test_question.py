"""What the questions have in common, and who must live for whom to be called dead."""

from collections import deque

import pytest

from tests.experiment.support import START_S, offered, reflector, small_profiles
from voipwatch.apps import kind_table, mutant_kinds
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import CONTROL_OF, FlowWish, Question
from voipwatch.experiment.questions.trigger import Trigger
from voipwatch.experiment.questions.warmup import Warmup
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Stage


def questions() -> list[Question]:
    profiles = small_profiles()
    config = CheckConfig(apps=("whatsapp",), started_at="2016-01-07T12:00:00Z")
    planner = Planner(config, profiles, bytes(32))
    sessions = planner.sessions([offered(reflector(profiles))])
    mutants = planner.mutants("whatsapp", "relay", Stage.SETUP, sessions[0])
    return [
        Warmup(0, planner.warmup_kind(sessions[0])),
        *planner.legs(sessions),
        Trigger("whatsapp", 0, mutants=mutants, now=START_S),
    ]


def test_a_control_chain_ends_at_the_neutral_control_which_has_none() -> None:
    for arm in (Arm.A, Arm.A_NEUTRAL, Arm.C):
        control = CONTROL_OF[arm]
        assert control in CONTROL_ARMS
        assert CONTROL_OF.get(control, Arm.C_NEUTRAL) is Arm.C_NEUTRAL
    assert Arm.C_NEUTRAL not in CONTROL_OF
    assert Arm.D not in CONTROL_OF


@pytest.mark.parametrize("question", questions(), ids=lambda q: type(q).__name__)
def test_a_fresh_question_wants_flows_of_its_own_app(question: Question) -> None:
    assert isinstance(question.wishes, deque)
    assert not question.done
    assert question.reflector == 0
    kinds = (*kind_table(small_profiles()), *mutant_kinds(small_profiles()))
    for wish in question.wishes:
        assert wish.kind in kinds
        assert wish.kind.app == question.app
        assert 0 <= wish.replicate < 32
    before = list(question.wishes)
    question.update(START_S)
    assert list(question.wishes) == before, "time alone changes nothing at the start"


def test_a_wish_that_says_nothing_of_its_rank_comes_last() -> None:
    kind = kind_table(small_profiles())[0]
    assert FlowWish(kind, 0, "media", 0).rank == 2
