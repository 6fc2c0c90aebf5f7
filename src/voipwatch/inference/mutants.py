"""What the mutants of a dead leg did (arm D): their outcomes, and which end of an exchange they lost.

A mutant is set beside what died on its own leg, and beside nothing else.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import Session
from voipwatch.inference.stages import ABSENT, ArmView, Outcome, State, arm_view, of_arm, outcomes_at
from voipwatch.model.vocabulary import Arm, Stage

DOWN_SHARE_MIN: Final = 0.9
"""Share of the unanswered requests that arrived and lost their answers, where answers are what is dropped."""


def mutant_view(
    session: Session, app: str, name: str, *, legs: Collection[str], stage: Stage = Stage.SETUP
) -> ArmView:
    """One mutant of these legs at a stage. Fewer than two flows that can be told say nothing: ABSENT."""
    of_app = session.of_app(app)
    outcomes: list[Outcome] = []
    for shape in dict.fromkeys(f.shape for f in of_app if f.arm is Arm.D and f.record.kind.leg in legs):
        # The controls go along: by them it is known which rounds have answers, and a mutant may die at any.
        every = outcomes_at(session, [f for f in of_app if f.shape == shape], stage)
        outcomes += [o for o in every if o.flow.record.kind.mutant == name]
    view = arm_view(of_arm(outcomes, Arm.D))
    if len(view.outcomes) < CONCORDANT:
        return ABSENT
    # The arm itself was repeated two seconds apart; its mutants only have to agree with each other.
    return replace(view, state=State.DEAD) if view.state is State.UNREPEATED else view


def answers_lost(dead: Iterable[Outcome]) -> bool:
    """Whether the requests of these dead flows arrived and what was lost is their answers.

    Two flows or more must show it, and nearly all requests that died do: on a line that loses some by itself
    a request dies on its way up now and then.
    """
    listed = list(dead)
    up, down = sum(o.fate_up for o in listed), sum(o.fate_down for o in listed)
    return sum(o.fate_down > 0 for o in listed) >= CONCORDANT and down >= DOWN_SHARE_MIN * (up + down)
