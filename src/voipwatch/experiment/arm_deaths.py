"""Which arms of a leg were found dead, in the first blocks and again in the repeat, and what was noted of it.

A scout and a leg ask the same of set-up packets and differ in what they wish for: this is what they share.
"""

from collections import deque
from collections.abc import Iterable

from voipwatch.experiment.arm_tests import ArmTests
from voipwatch.experiment.leg_plan import LegPlan
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.question import FlowWish
from voipwatch.model.measurement import Decision
from voipwatch.model.vocabulary import Arm, Stage


class ArmDeaths:
    """Feed it flows with outcomes; read `dead`, `again` and `decisions`."""

    def __init__(self, plan: LegPlan) -> None:
        self.decisions: list[Decision] = []
        self.dead: dict[Arm, Stage] = {}
        """Arms found dead in the first blocks, and where."""
        self._plan = plan
        self._tests = ArmTests()
        self._reported: set[tuple[str, Arm]] = set()
        self._started_at: dict[str, float] = {}

    @property
    def again(self) -> bool:
        """True when an arm that was dead in the first blocks was dead in the repeat too."""
        return any(self.reported("repeat", arm) for arm in self.dead)

    def test_afresh(self, *, line: tuple[int, int] = (0, 0)) -> None:
        """Forget outcomes: before the first packet, and before the repeat. `line`: see `ArmTests`."""
        self._tests = ArmTests(line=line)

    def started(self, question: str, now: float) -> None:
        """A flow of a question is on its way."""
        self._started_at.setdefault(question, now)

    def take(self, flows: Iterable[NearFlow], question: str) -> list[tuple[Arm, Stage, tuple[int, int]]]:
        """Arms that these flows' new outcomes show to be dead: where, and from how many packets and flows."""
        news = [self._tests.take(flow) for flow in flows]
        if not any(news):
            return []
        found = []
        for arm in self._plan.kinds:
            dead = None if self.reported(question, arm) else self._tests.dead(arm)
            if dead is not None:
                found.append((arm, self._plan.stages[dead.round], (dead.packets, dead.flows)))
        return found

    def report(self, question: str, arm: Arm, stage: Stage, now: float, counts: tuple[int, int]) -> None:
        """An arm is dead: noted once a question."""
        self._reported.add((question, arm))
        self.note(question, arm.value, stage, "dead", now, counts)
        if question == "setup":
            self.dead[arm] = stage

    def reported(self, question: str, arm: Arm) -> bool:
        """Whether the arm was reported dead in this question."""
        return (question, arm) in self._reported

    def note(
        self, question: str, arm: str, stage: str, outcome: str, now: float, counts: tuple[int, int]
    ) -> None:
        """A stopping decision; `counts` are packets and flows of the arm."""
        at_s = round(now - self._started_at.get(question, now), 4)
        self.decisions.append(Decision(self._plan.app, question, arm, str(stage), outcome, at_s, *counts))


def stop_arm(
    arm: Arm, question: str, *, wishes: deque[FlowWish], flows: Iterable[NearFlow], now: float
) -> deque[FlowWish]:
    """Abort the arm's flows of a question; the wishes without those of it that have not begun."""
    for flow in flows:
        if flow.record.kind.arm is arm and flow.record.question == question:
            flow.abort(now)
    return deque(w for w in wishes if w.kind.arm is not arm or w.question != question)
