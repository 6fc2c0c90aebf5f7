"""Trigger: which part of what died is it that dies? (arm D, mutants of one property)

Runs only after a stage was found dead while its control lives, beside the repeat, so that a living control of
the same minutes is at hand. It halves: of a set-up a mutant with all its properties changed is asked first,
and those with one each only if that one lives; so of media.
"""

from collections import deque

from voipwatch.apps.mediamutants import RTP_ALL
from voipwatch.apps.mutants import SINGLE, STUN_ALL
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.experiment.silencing import went_on
from voipwatch.model.flows import HELD_REPLICATES, FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Media

FLOWS_EACH = 2
"""Per mutant and round; two rounds `REPEAT_AFTER_S` apart make two concordant repeats."""
ROUNDS = (tuple(range(FLOWS_EACH)), tuple(range(FLOWS_EACH, 2 * FLOWS_EACH)))
"""Replicates of the rounds."""
SPARE_ROUNDS = ((0,), (1,))
"""Where many apps are asked about, where a line is thin, or a budget small: still two repeats."""
HELD_ROUNDS = ((HELD_REPLICATES[0],), (HELD_REPLICATES[1],))
"""Of a call that was cut late: one flow each, held as long as those that were cut."""


class Trigger:
    """Asks of each mutant: does it get through? At most four flows a mutant, whatever they say."""

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
        self._rounds = rounds
        self._single = [kind for kind in mutants if self._waits(kind, mutants)]
        """Not yet asked."""
        self._repeats: list[tuple[float, list[FlowKind]]] = []
        """When which mutants are asked again."""
        self._flows: list[NearFlow] = []
        self._ask([kind for kind in mutants if kind not in self._single], now)

    def _ask(self, mutants: list[FlowKind], now: float) -> None:
        self._wish(mutants, self._rounds[0])
        self._repeats.append((now + REPEAT_AFTER_S, mutants))

    def _wish(self, mutants: list[FlowKind], replicates: tuple[int, ...]) -> None:
        for replicate in replicates:
            self.wishes.extend(FlowWish(kind, replicate, "trigger", replicate) for kind in mutants)

    @property
    def done(self) -> bool:
        """True when both rounds of all mutants that are to be asked have ended."""
        waiting = bool(self.wishes or self._repeats) or self._may_halve()
        return not waiting and all(f.phase is Phase.ENDED for f in self._flows)

    def started(self, flow: NearFlow, _now: float) -> None:
        """A mutant's flow is on its way."""
        self._flows.append(flow)

    def update(self, now: float) -> None:
        """Wishes for the second round when its time has come, for single properties when all of them live."""
        if self._may_halve():
            single, self._single = self._single, []
            self._ask(single, now)
        if not self.wishes and self._repeats and now >= self._repeats[0][0]:
            _, mutants = self._repeats.pop(0)
            self._wish(mutants, self._rounds[1])

    def get_timer(self) -> float | None:
        """When the next second round is due."""
        return self._repeats[0][0] if self._repeats and not self.wishes else None

    def _may_halve(self) -> bool:
        return bool(self._single) and any(
            f.record.kind.mutant in (STUN_ALL, RTP_ALL)
            and f.phase is Phase.ENDED
            and f.failed_round is None
            and not f.record.aborted
            and (f.record.kind.media is Media.NONE or went_on(f))
            for f in self._flows
        )

    def _waits(self, kind: FlowKind, mutants: list[FlowKind]) -> bool:
        """Whether a mutant of one property waits for that of all: where that one is asked at all."""
        return kind.mutant in SINGLE and any(each.mutant in (STUN_ALL, RTP_ALL) for each in mutants)
