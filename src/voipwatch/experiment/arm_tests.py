"""Dead-arm tests of one leg: one sequential test for every arm and set-up round.

An arm's misses count against the arm that must live for it (A against C, A' and C against C'),
with that control's own answer rate, so that a bad line needs more misses than a good one.
"""

from dataclasses import dataclass

from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.question import CONTROL_OF
from voipwatch.model.vocabulary import Arm
from voipwatch.stats.sequential import (
    DEFAULT_MIN_FLOWS,
    DeadArmTest,
    Decision,
    alive_probability_bound,
    control_lives,
)

CONTROL_HITS_MIN = 3
"""Answered control packets before a treatment may be called dead."""
CONTROL_LOSS_MAX = 0.5
"""A control that loses more proves nothing about anybody (its verdict is left to inference)."""
CONTROL_FLOWS_MIN = 2
LINE_MISSES = 8
"""Unanswered packets of C' over three flows, none answered: the line itself is dead."""


@dataclass(frozen=True, slots=True)
class DeadRound:
    """Where an arm died, and from how many packets of how many flows that was decided."""

    round: int
    packets: int
    flows: int


class ArmTests:
    """Outcomes by arm and round, and what they allow to stop for."""

    def __init__(self, *, line: tuple[int, int] = (0, 0)) -> None:
        """`line`: (received, sent) of the warm-up on a neutral port: C' until it has spoken itself."""
        self._line = line
        self._outcomes: dict[tuple[Arm, int], list[tuple[int, bool]]] = {}

    def take(self, flow: NearFlow) -> bool:
        """Moves a flow's new outcomes in. Returns True when there were any."""
        arm = flow.record.kind.arm
        news = bool(flow.outcomes)
        while flow.outcomes:
            outcome = flow.outcomes.popleft()
            self._outcomes.setdefault((arm, outcome.round), []).append((flow.flow, outcome.hit))
        return news

    def packets(self, arm: Arm) -> tuple[int, int]:
        """(packets, flows) with an outcome, over all rounds of an arm."""
        every = [o for (a, _), rows in self._outcomes.items() if a is arm for o in rows]
        return len(every), len({flow for flow, _ in every})

    def _hits(self, arm: Arm) -> tuple[int, int, int]:
        """(hits, n, flows with a hit) over all rounds."""
        every = [o for (a, _), rows in self._outcomes.items() if a is arm for o in rows]
        if not every and arm is Arm.C_NEUTRAL and self._line[1]:
            return self._line[0], self._line[1], CONTROL_FLOWS_MIN
        return sum(hit for _, hit in every), len(every), len({flow for flow, hit in every if hit})

    def lives(self, arm: Arm) -> bool:
        """True when the arm was answered well enough to be somebody's control."""
        hits, n, flows = self._hits(arm)
        if hits < CONTROL_HITS_MIN or flows < CONTROL_FLOWS_MIN:
            return False
        return control_lives(hits, n, max_loss_ratio=CONTROL_LOSS_MAX)

    def dead(self, arm: Arm) -> DeadRound | None:
        """The first round at which the arm is dead while its control lives, else None."""
        control = CONTROL_OF.get(arm)
        if control is None:
            n, flows = self.packets(arm)
            hits = self._hits(arm)[0]
            return DeadRound(0, n, flows) if hits == 0 and n >= LINE_MISSES and flows >= 3 else None
        if not self.lives(control):
            return None
        hits, n, _ = self._hits(control)
        for (tested, index), rows in sorted(self._outcomes.items(), key=lambda item: item[0][1]):
            if tested is not arm:
                continue
            if len({flow for flow, hit in rows if not hit}) < DEFAULT_MIN_FLOWS:
                continue  # it cannot be dead, and to find that out by the test takes milliseconds
            test = DeadArmTest(alive_probability_bound(hits, n))
            for flow, hit in rows:
                test = test.update(hit, flow=flow)
            if test.decision is Decision.DEAD:
                return DeadRound(index, test.n, test.flows_missed)
        return None
