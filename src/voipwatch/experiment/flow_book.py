"""The flows of a check: who asked for each, which socket and flow id it has, which is due next."""

import heapq
from collections.abc import Iterator

from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.question import Question


class FlowBook:
    """Every flow in the order it was started; a flow's index is its socket's number."""

    def __init__(self) -> None:
        self.flows: list[NearFlow] = []
        self.news: set[int] = set()
        """Sockets whose flow has outcomes nobody has looked at, or has changed its phase."""
        self._asker: list[Question] = []
        self._alive: list[NearFlow] = []
        """The flows that had not ended when that was last asked, and those since."""
        self._by_flow: dict[tuple[int, int], NearFlow] = {}
        self._heap: list[tuple[float, int]] = []
        self._due_at: dict[int, float] = {}

    def add(self, flow: NearFlow, asker: Question) -> None:
        """Takes up a flow that has started."""
        self.flows.append(flow)
        self._asker.append(asker)
        self._alive.append(flow)
        self._by_flow[(flow.session.reflector, flow.flow)] = flow
        self.schedule(flow)

    def at(self, socket: int) -> NearFlow | None:
        """The flow of a socket, None for a number that no socket has."""
        return self.flows[socket] if 0 <= socket < len(self.flows) else None

    def named(self, reflector: int, flow: int) -> NearFlow | None:
        """The flow with this id at this reflector."""
        return self._by_flow.get((reflector, flow))

    def alive(self) -> list[NearFlow]:
        """The flows that have not ended."""
        self._alive = [flow for flow in self._alive if flow.phase is not Phase.ENDED]
        return list(self._alive)

    def concerned(self) -> set[int]:
        """Identities of the questions whose flows have news."""
        return {id(self._asker[socket]) for socket in self.news}

    def receive(self, flow: NearFlow, data: bytes, now: float) -> None:
        """A datagram came on a flow's socket."""
        before = flow.phase, len(flow.outcomes)
        flow.receive(data, now)
        self._moved(flow, before)

    def emit(self, now: float) -> Iterator[tuple[NearFlow, list[tuple[int, bytes]]]]:
        """Every flow that is due, with what it sends and to which port."""
        while self._heap and self._heap[0][0] <= now:
            at, socket = heapq.heappop(self._heap)
            if self._due_at.get(socket) != at:
                continue  # superseded by an earlier entry
            del self._due_at[socket]
            flow = self.flows[socket]
            before = flow.phase, len(flow.outcomes)
            datagrams = flow.emit(now)
            self._moved(flow, before)
            yield flow, datagrams

    def next_due(self) -> float | None:
        """When `emit` has something to do at the latest."""
        return self._heap[0][0] if self._heap else None

    def schedule(self, flow: NearFlow) -> None:
        """Notes when the flow is due, if earlier than known."""
        due = flow.due()
        known = self._due_at.get(flow.socket)
        if due is not None and (known is None or due < known):
            self._due_at[flow.socket] = due
            heapq.heappush(self._heap, (due, flow.socket))

    def _moved(self, flow: NearFlow, before: tuple[Phase, int]) -> None:
        """News are new outcomes, not those that nobody wants: a held flow's lie there to its end."""
        self.schedule(flow)
        if (flow.phase, len(flow.outcomes)) != before:
            self.news.add(flow.socket)
