"""Trigger: which generic part of a dead set-up is it that dies? (arm D, one-feature mutants)

Runs only after a set-up was found dead while its control lives, beside the repeat, so that a
living control of the same minutes is at hand.
"""

from collections import deque

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.flows import HELD_REPLICATES, FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import REPEAT_AFTER_S

FLOWS_EACH = 2
"""Per mutant and round; two rounds `REPEAT_AFTER_S` apart make two concordant repeats."""
ROUNDS = (tuple(range(FLOWS_EACH)), tuple(range(FLOWS_EACH, 2 * FLOWS_EACH)))
"""Replicates of the rounds."""
HELD_ROUNDS = ((HELD_REPLICATES[0],), (HELD_REPLICATES[1],))
"""Of a call that was cut late: one flow each, held as long as those that were cut."""


class Trigger:
    """Asks of each mutant: does it get through?"""

    def __init__(
        self,
        app: str,
        reflector: int,
        *,
        mutants: list[FlowKind],
        now: float,
        rounds: tuple[tuple[int, ...], tuple[int, ...]] = ROUNDS,
    ) -> None:
        """`rounds`: the replicates of both rounds."""
        self.app = app
        self.reflector = reflector
        self.wishes: deque[FlowWish] = deque()
        self.decisions: list[Decision] = []
        self._mutants = mutants
        self._repeat_at: float | None = now + REPEAT_AFTER_S
        self._flows: list[NearFlow] = []
        self._rounds = rounds
        self._wish(rounds[0])

    def _wish(self, replicates: tuple[int, ...]) -> None:
        for replicate in replicates:
            self.wishes.extend(FlowWish(kind, replicate, "trigger", replicate) for kind in self._mutants)

    @property
    def done(self) -> bool:
        """True when both rounds of mutants have ended."""
        waiting = bool(self.wishes) or self._repeat_at is not None
        return not waiting and all(f.phase is Phase.ENDED for f in self._flows)

    def started(self, flow: NearFlow, _now: float) -> None:
        """A mutant's flow is on its way."""
        self._flows.append(flow)

    def update(self, now: float) -> None:
        """Wishes for the second round when its time has come."""
        if self._repeat_at is not None and now >= self._repeat_at and not self.wishes:
            self._repeat_at = None
            self._wish(self._rounds[1])

    def get_timer(self) -> float | None:
        """When the second round is due."""
        return None if self.wishes else self._repeat_at
