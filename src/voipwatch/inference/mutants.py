"""What the mutants of a dead leg did (arm D): their outcomes, and which end of an exchange they lost.

A mutant is set beside what died on its own leg, and beside nothing else.

Decision: docs/design/0029-triggers.md.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import comb
from typing import Final

from voipwatch.inference.agreement import CONCORDANT
from voipwatch.inference.join import Session
from voipwatch.inference.stages import ABSENT, ArmView, Outcome, State, arm_view, of_arm, outcomes_at
from voipwatch.inference.track import total
from voipwatch.model.vocabulary import Arm, Stage

LINE_SHARE_MIN: Final = 0.01
"""Chance that the line by itself loses so many requests, below which something dropped the requests too."""
ARRIVED_SHARE_MIN: Final = 0.5
"""Of the unanswered requests: on a line that loses more of them nothing is said of answers alone."""
QUIET_LOSS_RATIO: Final = 0.005
"""What a line may lose though its controls lost nothing: a few hundred packets show no less."""


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


def answers_lost(session: Session, dead: Iterable[Outcome]) -> bool:
    """Whether the requests of these dead flows arrived and what was lost is their answers.

    Two flows or more must show it. A request dies on its way up now and then where the line loses some by
    itself: no more of them may have died than the controls of the session let expect. Tries of a request are
    half a second apart, longer than bursts last, so that they are counted as independent.
    """
    listed = list(dead)
    up, down = sum(o.fate_up for o in listed), sum(o.fate_down for o in listed)
    if sum(o.fate_down > 0 for o in listed) < CONCORDANT or down < ARRIVED_SHARE_MIN * (up + down):
        return False
    return _at_least(up, up + down, _loss_up(session)) >= LINE_SHARE_MIN


def _loss_up(session: Session) -> float:
    """Share of what all the controls of the session sent that was lost on its way up."""
    controls = [f for f in (*session.warmup, *session.flows) if f.is_control]
    ratio = total(f.up.counted for f in dict.fromkeys(controls)).ratio
    return max(QUIET_LOSS_RATIO, ratio or 0.0)


def _at_least(hits: int, n: int, chance: float) -> float:
    """P(X >= hits) of a binomial X."""
    return sum(comb(n, k) * chance**k * (1.0 - chance) ** (n - k) for k in range(hits, n + 1))
