"""Ports: which others are dead beside one that is dead for whatever it carries? (random bytes alone)

Runs once at a reflector, when a control died on an app's port and its like lives on a neutral one. A censor's
list of ports spares those that nobody uses; luck of the path does not. So the fresh ports are asked, and of
the apps' ports those that no app of this check is at. One flow each; where its set-up is not answered, again
`REPEAT_AFTER_S` later, and once more.

Decision: docs/design/0029-triggers.md.
"""

from collections import deque
from collections.abc import Sequence

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import FlowWish
from voipwatch.model.flows import PORTS, PORTS_REPLICATES, FlowKind
from voipwatch.model.measurement import Decision
from voipwatch.model.ruleset import REPEAT_AFTER_S

TRIES = 3
"""Flows to a port that answers none of them: two show that it is dead, a third that it was no burst."""


class Ports:
    """Asks of each port: does an exchange of random bytes live there?"""

    def __init__(
        self,
        app: str,
        reflector: int,
        *,
        kinds: Sequence[FlowKind],
        neutral: Sequence[int],
        of_apps: Sequence[tuple[int, FlowKind]],
    ) -> None:
        """Args:
        app: whose port was found dead.
        reflector: index.
        kinds: control kinds that are played on a port of the near end's choice.
        neutral: ports for them.
        of_apps: other apps' ports, each with the control kind that is played there.
        """
        self.app = app
        self.reflector = reflector
        self.wishes: deque[FlowWish] = deque()
        self.decisions: list[Decision] = []
        self._numbers = deque((kind, replicate) for replicate in PORTS_REPLICATES for kind in kinds)
        self._kinds = dict(of_apps)
        self._asked: dict[int, list[NearFlow]] = {}
        self._waiting: dict[int, int] = {}
        """Port -> flow wished for and not begun, by its number of tries."""
        self._again_at: dict[int, float] = {}
        for port in (*neutral, *self._kinds):
            self._wish(port)

    def _wish(self, port: int) -> None:
        tries = len(self._asked.get(port, ()))
        if port in self._kinds:
            kind, replicate = self._kinds[port], PORTS_REPLICATES[tries]
        elif self._numbers:
            kind, replicate = self._numbers.popleft()
        else:
            return
        self._waiting[port] = tries
        self.wishes.append(FlowWish(kind, replicate, PORTS, replicate, port=port))

    @property
    def done(self) -> bool:
        """True when every port has answered, or kept silent as often as it is asked."""
        flows = [flow for asked in self._asked.values() for flow in asked]
        ended = all(flow.phase is Phase.ENDED for flow in flows)
        return not (self.wishes or self._waiting or self._again_at) and ended and not self._unheard()

    def started(self, flow: NearFlow, _now: float) -> None:
        """A port is being asked."""
        port = flow.record.remote_port
        self._waiting.pop(port, None)
        self._asked.setdefault(port, []).append(flow)

    def update(self, now: float) -> None:
        """Flows that were answered have said all; ports that were silent are asked again when it is time."""
        for port, flows in self._asked.items():
            if any(_answered(flow) for flow in flows):
                for flow in flows:
                    flow.abort(now)
                self._again_at.pop(port, None)
        for port, last in self._unheard():
            self._again_at.setdefault(port, max(now, _start_s(last) + REPEAT_AFTER_S))
        for port, at in list(self._again_at.items()):
            if now >= at:
                del self._again_at[port]
                self._wish(port)

    def get_timer(self) -> float | None:
        """When the next port is due again."""
        return min(self._again_at.values(), default=None)

    def _unheard(self) -> list[tuple[int, NearFlow]]:
        """Ports to be asked again, each with its last flow: all ended unanswered, and fewer than `TRIES`."""
        room = bool(self._numbers)
        return [
            (port, flows[-1])
            for port, flows in self._asked.items()
            if len(flows) < TRIES
            and port not in self._waiting
            and (room or port in self._kinds)
            and all(flow.phase is Phase.ENDED and not _answered(flow) for flow in flows)
        ]


def _answered(flow: NearFlow) -> bool:
    return any(outcome.hit for outcome in flow.outcomes) or flow.last_received_at is not None


def _start_s(flow: NearFlow) -> float:
    return flow.epoch + flow.record.started_us / 1e6
