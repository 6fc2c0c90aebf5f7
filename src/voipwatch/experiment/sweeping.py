"""The sweeps of a check that was asked where a block sits: for which apps, one after the other."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from voipwatch.experiment.agenda import Agenda
from voipwatch.experiment.events import Event, Outgoing, Progress
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.questions.locate import SOCKETS_FROM, Locate
from voipwatch.experiment.session import Session
from voipwatch.experiment.starting import FlowStarter
from voipwatch.model.flows import FlowKind
from voipwatch.model.sweeps import HopAnswer, Sweep
from voipwatch.model.vocabulary import Arm, Media, Stage

SWEEPS_MAX: Final = 3
"""Apps swept in one check: a line that stops more of them mostly stops them at one place."""
CONTRASTS: Final = ((Arm.A, Arm.C), (Arm.C, Arm.C_NEUTRAL))
"""A dead arm and what must live beside it: the signature's contrast, then that of the port."""
STAGE: Final = "locate"


class Sweeps:
    """Begins when the apps' questions are over. One app at a time: sweeps would share routers' limits."""

    def __init__(
        self, sessions: Sequence[Session], *, planner: Planner, starter: FlowStarter, events: deque[Event]
    ) -> None:
        self._sessions = {session.reflector: session for session in sessions}
        self._planner = planner
        self._starter = starter
        self._events = events
        self._waiting: deque[Locate] = deque()
        self._begun: list[Locate] = []

    def begin(self, agenda: Agenda, flows: Sequence[NearFlow], budget_bytes: int) -> None:
        """Takes up the dead set-ups. `flows`: those of the check, which count against an app's budget."""
        for app, reflector, kinds in self._dead(agenda)[:SWEEPS_MAX]:
            self._waiting.append(
                Locate(
                    self._sessions[reflector],
                    kinds,
                    pacer=self._starter.pacer(reflector),
                    draw=self._planner.draw,
                    events=self._events,
                    refused=_refused(flows, kinds),
                    budget_bytes=budget_bytes - sum(f.spent_bytes for f in flows if f.record.kind.app == app),
                )
            )

    @property
    def done(self) -> bool:
        """True when every sweep is over, or there was nothing to sweep for."""
        return not self._waiting and all(each.done for each in self._begun)

    def get_timer(self) -> float | None:
        """When `datagrams_to_send` must be called at the latest."""
        return self._begun[-1].get_timer() if self._begun else None

    def datagrams_to_send(self, now: float) -> list[Outgoing]:
        """What is due; to be called until nothing is left."""
        if self._waiting and all(each.done for each in self._begun):
            following = self._waiting.popleft()
            following.number_sockets(self._begun[-1].next_socket if self._begun else SOCKETS_FROM)
            self._begun.append(following)
            self._events.append(Progress(following.app, STAGE, 1.0))
            following.start(now)
        return self._begun[-1].datagrams_to_send(now) if self._begun else []

    def receive(self, socket: int, data: bytes, now: float) -> None:
        """A datagram came on a socket; one that is none of theirs is left alone."""
        for each in self._begun[-1:]:
            each.receive(socket, data, now)

    def hop_answered(self, socket: int, said: HopAnswer, now: float) -> None:
        """An ICMP error came on a socket."""
        for each in self._begun[-1:]:
            each.hop_answered(socket, said, now)

    def stop(self, now: float) -> None:
        """The check ends early."""
        self._waiting.clear()
        for each in self._begun:
            each.stop(now)

    def records(self, epoch: float) -> list[Sweep]:
        """What was observed."""
        return [each.record(epoch) for each in self._begun]

    def spent_bytes(self) -> dict[str, int]:
        """IP bytes both ways, by app."""
        return {each.app: each.spent_bytes for each in self._begun}

    def _dead(self, agenda: Agenda) -> list[tuple[str, int, dict[Arm, FlowKind]]]:
        """Each app once whose set-up was dead, and dead again, while its control lived."""
        found: dict[str, tuple[str, int, dict[Arm, FlowKind]]] = {}
        for asked in agenda.set_ups:
            plan = asked.plan
            contrast = next((arms for arms in CONTRASTS if asked.dead.get(arms[0]) is Stage.SETUP), None)
            if plan.relay or contrast is None or not asked.confirmed or asked.app in found:
                continue
            kinds = self._set_up(self._sessions[asked.reflector], plan.kinds[contrast[0]], contrast)
            if len(kinds) == 2 and contrast[1] not in asked.dead and plan.stages[0] is Stage.SETUP:
                found[asked.app] = (asked.app, asked.reflector, kinds)
        return list(found.values())

    @staticmethod
    def _set_up(session: Session, of: FlowKind, contrast: tuple[Arm, Arm]) -> dict[Arm, FlowKind]:
        """The kinds that play the same set-up alone, in the arms of the contrast and in their order."""
        wanted = (of.app, of.dialect, of.leg, Media.NONE)
        kinds = [k for k in session.kinds if (k.app, k.dialect, k.leg, k.media) == wanted]
        return {arm: kind for arm in contrast for kind in kinds if kind.arm is arm}


def _refused(flows: Sequence[NearFlow], kinds: dict[Arm, FlowKind]) -> bool:
    """Whether somebody refused flows of the dead arm aloud: an ICMP error came for them."""
    dead = next(iter(kinds.values()))
    return any(
        flow.record.failures
        for flow in flows
        if (flow.record.kind.app, flow.record.kind.leg, flow.record.kind.arm)
        == (dead.app, dead.leg, dead.arm)
    )
