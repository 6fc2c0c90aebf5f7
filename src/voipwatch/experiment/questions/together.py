"""Together: what do flows of one app lose, alone and while others of it run to a second reflector?

At one reflector: A and C begin at one instant, their media runs `FLOW_S` and is stopped. The same question at
the other reflector begins `STAGGER_S` later, so that each flow is seen alone and beside the other
(docs/experiments/together.md). It decides nothing; the judge does.
"""

from collections import deque
from typing import Final

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.flows import TOGETHER, FlowKind
from voipwatch.model.measurement import Decision

FLOW_S: Final = 26.0
"""Of media: 2 s until a policer's bucket is drawn on, some 10 s alone and 12 s beside the other."""
STAGGER_S: Final = 12.0
ALL_S: Final = FLOW_S + STAGGER_S + 4.0
"""With the set-ups; what runs longer is stopped."""


class Together:
    """One app at one reflector."""

    def __init__(
        self, reflector: int, kinds: tuple[FlowKind, ...], *, replicate: int, start_at: float, end_at: float
    ) -> None:
        """`kinds`: in the order in which their flows start. `start_at`, `end_at`: on the shell's clock."""
        self.app = kinds[0].app
        self.reflector = reflector
        self.wishes: deque[FlowWish] = deque()
        self.flows: list[NearFlow] = []
        self._kinds = kinds
        self._replicate = replicate
        self._start_at = start_at
        self._end_at = end_at
        self._begun = False

    @property
    def decisions(self) -> list[Decision]:
        """None: nothing is decided here."""
        return []

    @property
    def done(self) -> bool:
        """True when its flows have ended."""
        ended = all(flow.phase is Phase.ENDED for flow in self.flows)
        return self._begun and not self.wishes and ended

    def started(self, flow: NearFlow, _now: float) -> None:
        """A wish came true."""
        self.flows.append(flow)

    def get_timer(self) -> float | None:
        """When it begins, when a flow has played long enough, when all ends."""
        if self.done:
            return None
        if not self._begun:
            return self._start_at
        alive = [flow for flow in self.flows if flow.phase is not Phase.ENDED]
        began = [flow.media_started_at for flow in alive]
        return min([self._end_at, *(at + FLOW_S for at in began if at is not None)])

    def update(self, now: float) -> None:
        """Wishes for its flows when its time has come, stops each after `FLOW_S` of media."""
        over = now >= self._end_at
        if over:
            self._begun = True
            self.wishes.clear()
        elif not self._begun and now >= self._start_at:
            self._begun = True
            self.wishes.extend(
                FlowWish(kind, self._replicate, TOGETHER, self._replicate, 0) for kind in self._kinds
            )
        for flow in self.flows:
            flow.outcomes.clear()
            began = flow.media_started_at
            if over or (began is not None and now >= began + FLOW_S):
                flow.abort(now)
