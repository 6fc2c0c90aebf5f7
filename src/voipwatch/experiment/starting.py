"""Starts the flows that questions wish for: the most urgent first, within what the line bears."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from voipwatch.experiment.events import Event, OpenSocket
from voipwatch.experiment.flow_book import FlowBook
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.experiment.pacing import Pacer
from voipwatch.experiment.planning import Planner
from voipwatch.experiment.question import FlowWish, Question
from voipwatch.experiment.questions.warmup import Warmup
from voipwatch.experiment.session import Session
from voipwatch.experiment.thin import DRAIN_S, FILL
from voipwatch.model.flows import FlowRecord

LINGER_MIN_S: Final = 0.4
REPLY_WAIT_MIN_S: Final = 0.2
REPLY_WAIT_MAX_S: Final = 1.5
REPLY_WAIT_UNKNOWN_S: Final = 1.0
"""RFC 6298 section 2.1 waits 1 s where no round-trip time is known."""
THIN_WAIT_S: Final = 0.5
"""On a thin line, beside 1.5 round trips: the spread that the warm-up saw there was that of its own queue."""


class FlowStarter:
    """One for all reflectors of a check: their new flows count together for the line's translator."""

    def __init__(
        self, sessions: Sequence[Session], *, planner: Planner, book: FlowBook, events: deque[Event]
    ) -> None:
        """New flows go into `book`, the sockets that they need into `events`."""
        self.warmups = {s.reflector: Warmup(s.reflector, planner.warmup_kind(s)) for s in sessions}
        """By reflector; what they measured bounds how fast flows start and how long replies are awaited."""
        self.next_at: float | None = None
        """When pacing lets the next flow start; None while nothing waits for that."""
        self.thin: dict[int, float] = {}
        """By reflector: IP bytes a second of a way too thin for flows side by side; others are not in it."""
        self._hold_until = 0.0
        self._sessions = {session.reflector: session for session in sessions}
        self._planner = planner
        self._book = book
        self._events = events
        starts: deque[float] = deque()
        self._pacers = {session.reflector: Pacer(starts) for session in sessions}

    def pacer(self, reflector: int) -> Pacer:
        """What bounds new flows to a reflector."""
        return self._pacers[reflector]

    def heed_rates(self, now: float) -> None:
        """The warm-up is over: its rates bound what is sent from now on."""
        for reflector, warmup in self.warmups.items():
            pacer = self._pacers[reflector]
            pacer.rate_up, pacer.rate_down = warmup.rate_up(), warmup.rate_down()
            thin_up, thin_down = warmup.thin_up(), warmup.thin_down()
            rates = [rate for rate in (thin_up, thin_down) if rate is not None]
            if rates:
                self.thin[reflector] = min(rates)
                self._hold_until = now + DRAIN_S
                pacer.share = FILL
                pacer.rate_up = pacer.rate_up if thin_up is None else thin_up
                pacer.rate_down = pacer.rate_down if thin_down is None else thin_down

    def start_due(self, questions: Sequence[Question], epoch: float, now: float) -> None:
        """Start what may start now: the most urgent wish first, among equals that of the earlier question.

        Pacing lets one flow start at a time; `next_at` says when to call for the next.
        """
        self.next_at = None
        queues = [q for q in questions if q.wishes]
        if self.thin and queues and now < self._hold_until:
            self.next_at = self._hold_until
            return
        while queues:
            first = min(q.wishes[0].rank for q in queues)
            for question in [q for q in queues if q.wishes[0].rank == first]:
                pacer = self._pacers[question.reflector]
                at = pacer.next_start(now)
                if at > now:
                    self.next_at = at
                    return
                if not self._fits(question.wishes[0], question.reflector):
                    queues.remove(question)
                    continue
                self._start(question, question.wishes.popleft(), epoch, now)
                pacer.started(now)
            queues = [q for q in queues if q.wishes]

    def _fits(self, wish: FlowWish, reflector: int) -> bool:
        alive = self._book.alive()
        pacer = self._pacers[reflector]
        if not pacer.mappings_free(len(alive)):
            return False
        thin = reflector in self.thin
        if wish.question == "warmup" or (wish.question == "held" and not thin) or not alive:
            return True
        if thin:
            alive = [flow for flow in alive if not flow.silent]
        up, down = self._planner.rates(self._sessions[reflector].script(wish.kind, wish.replicate))
        used = [self._planner.rates(f.script) for f in alive]
        return pacer.rate_free(sum(u for u, _ in used), sum(d for _, d in used), up, down)

    def _start(self, question: Question, wish: FlowWish, epoch: float, now: float) -> None:
        session = self._sessions[question.reflector]
        script = session.script(wish.kind, wish.replicate)
        socket = len(self._book.flows)
        record = FlowRecord(
            flow=session.flow(wish.kind, wish.replicate),
            reflector=session.reflector,
            kind=wish.kind,
            replicate=wish.replicate,
            family=script.family,
            question=wish.question,
            block=wish.block,
            remote_port=session.port(script) if wish.port is None else wish.port,
            round_stages=[step.stage for step in script.rounds],
            started_us=0,
            relay_rounds=script.relay_rounds,
        )
        wait_s = self._reply_wait_s(session.reflector)
        if session.reflector in self.thin:
            wait_s = min(
                REPLY_WAIT_MAX_S, 1.5 * (self.warmups[session.reflector].rtt_s() or 0.0) + THIN_WAIT_S
            )
        linger_s = LINGER_MIN_S if wish.question == "warmup" else max(LINGER_MIN_S, wait_s)
        flow = NearFlow(socket, session, record, epoch, wait_s, linger_s)
        self._events.append(OpenSocket(socket, session.reflector))
        flow.start(now)
        question.started(flow, now)
        self._book.add(flow, question)

    def _reply_wait_s(self, reflector: int) -> float:
        warmup = self.warmups[reflector]
        rtt = warmup.rtt_s()
        if rtt is None:
            return REPLY_WAIT_UNKNOWN_S
        return min(REPLY_WAIT_MAX_S, max(REPLY_WAIT_MIN_S, 1.5 * rtt + 4 * warmup.rtt_spread_s() + 0.05))
