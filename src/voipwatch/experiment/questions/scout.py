"""Scout: does an app's first set-up get through at all? Asked before the legs when many apps are.

A check of all apps on a line where calls are dead must not play their controls' media: the scout sends set-up
packets alone. Phases, each entered once (spec: docs/experiments/scout.md)::

    FIRST  3 or 4 blocks of A and C; a dead arm is decided packet by packet
      A dead -> REPEAT 3 fresh blocks at least 2 s later -> DONE: dead if it is dead again
      C dead -> A' and C' are asked too, here and in the repeat: is it the port?
      else   -> DONE: the app's legs are played as usual
"""

from collections import deque
from enum import Enum
from typing import Final

from voipwatch.experiment.arm_deaths import ArmDeaths, stop_arm
from voipwatch.experiment.leg_plan import FIRST_BLOCKS, FIRST_BLOCKS_MIN, LegPlan
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Arm, Stage

TREATED: Final = (Arm.A, Arm.C)
ELSEWHERE: Final = (Arm.A_NEUTRAL, Arm.C_NEUTRAL)
FIRST_REPLICATES: Final = range(16, 16 + FIRST_BLOCKS)
REPEAT_REPLICATES: Final = range(FIRST_REPLICATES.stop, FIRST_REPLICATES.stop + FIRST_BLOCKS_MIN)
"""Not those of a leg: where the leg has no media of its own its flows are of the same kind as the scout's,
and a flow's number is kind and replicate. Two flows of one number would be one flow to the reflector.
"""


class ScoutPhase(Enum):
    """A scout's state; see the picture above."""

    FIRST = "first"
    REPEAT = "repeat"
    DONE = "done"


class Scout:
    """One app at one reflector, by the set-up of its first leg."""

    def __init__(self, plan: LegPlan, *, line: tuple[int, int]) -> None:
        """`line`: (received, sent) of the warm-up, which speaks for C' until that has spoken."""
        self.plan = plan
        self.app = plan.app
        self.reflector = plan.reflector
        self.phase = ScoutPhase.FIRST
        self.wishes: deque[FlowWish] = deque()
        self.confirmed = False
        """A dead arm was dead again in the repeat: the app's legs need not be played."""
        self._line = line
        self._deaths = ArmDeaths(plan)
        self._deaths.test_afresh(line=line)
        self._flows: list[NearFlow] = []
        self._last_first_at = 0.0
        self._repeat_at: float | None = None
        # Four requests on three flows or more decide: an app that sends its first one twice has them sooner.
        self._wish("setup", FIRST_REPLICATES[:FIRST_BLOCKS_MIN], TREATED)
        if plan.copies == 1:
            self._wish("setup", FIRST_REPLICATES[FIRST_BLOCKS_MIN:], (Arm.A,))

    @property
    def decisions(self) -> list[Decision]:
        """What was decided so far."""
        return self._deaths.decisions

    @property
    def dead(self) -> dict[Arm, Stage]:
        """Arms found dead in the first blocks, and where."""
        return self._deaths.dead

    @property
    def done(self) -> bool:
        """True when nothing more will be asked."""
        return self.phase is ScoutPhase.DONE

    def started(self, flow: NearFlow, now: float) -> None:
        """A wish came true."""
        self._flows.append(flow)
        self._deaths.started(flow.record.question, now)
        if flow.record.question == "setup":
            self._last_first_at = now

    def get_timer(self) -> float | None:
        """When the repeat is due, while it is waited for."""
        return None if self.wishes else self._repeat_at

    def update(self, now: float) -> None:
        """Takes the flows' news, decides, wishes for what comes next."""
        if self.done:
            return
        question = "repeat" if self.phase is ScoutPhase.REPEAT else "setup"
        news = [f for f in self._flows if f.record.question == question and f.outcomes]
        for arm, stage, counts in self._deaths.take(news, question):
            self._deaths.report(question, arm, stage, now, counts)
            self.wishes = stop_arm(arm, question, wishes=self.wishes, flows=self._flows, now=now)
            if arm is Arm.C and question == "setup":
                self._wish("setup", FIRST_REPLICATES[:FIRST_BLOCKS_MIN], ELSEWHERE)
        ended = not self.wishes and all(f.phase is Phase.ENDED for f in self._flows)
        if self._repeat_at is not None:
            if now >= self._repeat_at:
                self._begin_repeat()
        elif ended and self.phase is ScoutPhase.REPEAT:
            self.confirmed = self._deaths.again
            self.phase = ScoutPhase.DONE
        elif ended and self.dead:
            self._repeat_at = max(now, self._last_first_at + REPEAT_AFTER_S)
        elif ended:
            self.phase = ScoutPhase.DONE

    def _begin_repeat(self) -> None:
        self._repeat_at = None
        self.phase = ScoutPhase.REPEAT
        self._deaths.test_afresh(line=self._line)
        arms = (*TREATED, *ELSEWHERE) if Arm.C in self.dead else TREATED
        self._wish("repeat", REPEAT_REPLICATES, arms)

    def _wish(self, question: str, replicates: range, arms: tuple[Arm, ...]) -> None:
        for replicate in replicates:
            self.wishes.extend(
                FlowWish(self.plan.kinds[arm], replicate, question, replicate, rank=0)
                for arm in self.plan.shuffled(replicate, [a for a in arms if a in self.plan.kinds])
            )
