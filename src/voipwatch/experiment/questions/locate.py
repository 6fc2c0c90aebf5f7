"""Locate: at which hop of the way does a dead set-up die? (A against its control, hop by hop, by TTL)

Each try is a five-tuple of its own: the set-up's first request with its whole life, so that a box that
remembers flows has seen it, then the same request with `ttl` hops to live. The first `ROUNDS` rounds ask
every hop, up to where the control's request reaches the reflector; the `CLOSER_ROUNDS` after them only the
hops about the last one that answered A, and up to `CLOSER_ROUNDS_MAX` where losses keep it from being clear.
Between two rounds lies more than a second, because Linux gives one destination one ICMP error a second beyond
the first six (`icmp_ratelimit`, ip-sysctl). A box that refuses aloud (ICMP unreachable) spends its router's
errors on that: then no whole requests are sent, a round asks the dead arm no further than to the first
refusal, and rounds lie `REFUSED_GAP_S` further apart.

Pure: told of datagrams, ICMP errors and time.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from voipwatch.apps import Round, answers
from voipwatch.experiment.events import CloseSocket, Event, OpenSocket, Outgoing
from voipwatch.experiment.pacing import Pacer
from voipwatch.experiment.session import Session
from voipwatch.model.flows import REPLICATES, REPLIES_MAX, TRIES_MAX, FlowKind
from voipwatch.model.sweeps import HOP, HOPS_MAX, REFLECTOR, REFUSED, SILENT, HopAnswer, HopProbe, Sweep
from voipwatch.model.vocabulary import Arm

ROUNDS: Final = 3
CLOSER_ROUNDS: Final = 2
CLOSER_ROUNDS_MAX: Final = 5
CLEAR_ANSWERS: Final = 4
"""Of the control at the hop behind the place, while the dead arm has none there, that make it clear."""
CLOSER_HOPS: Final = 2
"""Asked in the closer rounds, beside the last hop that answered A: so many after it that answered C."""
REFUSED_MIN: Final = 2
"""Refusals that make a box one that refuses."""
REFUSED_ROUNDS: Final = 3
REFUSED_GAP_S: Final = 2.0
"""Before a round, the first too, and after the last answer: a round then costs the box's router three errors,
two that a datagram died and one that another was refused."""
CLOSER_GAP_S: Final = 1.5
ROUND_GAP_S: Final = 1.2
"""From the start of a round to the start of the next at the least."""
AFTER_FIRST_S: Final = 0.04
"""From the request with its whole life to the limited one: a network seldom reorders over that long."""
WAIT_S: Final = 1.0
"""How long the answer to a limited request is awaited: routers answer slowly, not late."""
SWEEP_MAX_S: Final = 15.0
FLOW_NUMBERS: Final = (*range(23, REPLICATES), *range(8, 16))
"""Replicates of the set-up alone that a leg (0 to 7) and a scout (16 to 22) leave free."""
TRIES_EACH: Final = TRIES_MAX // 2
"""Five-tuples with one flow number: each sends two requests, and no two requests have one sequence number."""
RATE_SHARE_MAX: Final = 0.5
SOCKETS_FROM: Final = 1 << 20
"""Numbers of a sweep's sockets; below it they are the flows'."""
ICMP_BYTES: Final = 56
"""The least that a time-exceeded costs (RFC 792): two IP headers and eight bytes each."""
TOKEN_ROOM: Final = 8
"""Bytes: a reply with less has no room for a keyed token (docs/experiments/session-protocol.md)."""


@dataclass(slots=True)
class Try:
    """One five-tuple on its way."""

    socket: int
    arm: Arm
    ttl: int
    round: int
    flow: int
    seq: int
    """Of the request with its whole life; the limited one's is `REPLIES_MAX` higher."""
    started_at: float
    whole: bool
    """Whether a request with its whole life goes before the limited one."""
    whole_at: float | None = None
    requests: dict[bool, bytes] = field(default_factory=dict)
    """The limited one (True) and the one before it, as far as they were sent."""
    limited_at: float | None = None
    first: bool = False
    answer: str = SILENT
    answered_at: float | None = None
    said: HopAnswer | None = None
    refused: bool = False

    def due(self) -> float:
        """When something has to happen to it."""
        if self.limited_at is not None:
            return self.limited_at + WAIT_S
        return self.started_at if self.whole_at is None else self.whole_at + AFTER_FIRST_S


class Locate:
    """One sweep. Drive it like a flow: `get_timer`, `datagrams_to_send`, `receive`, `hop_answered`."""

    def __init__(
        self,
        session: Session,
        kinds: dict[Arm, FlowKind],
        *,
        pacer: Pacer,
        draw: Callable[[str], int],
        events: deque[Event],
        budget_bytes: int,
        refused: bool = False,
    ) -> None:
        """`kinds`: the set-up alone, of the dead arm, then of its control. Its sockets go into `events`.

        `refused`: the dead arm's flows were refused aloud.
        """
        self._dead, self._control = kinds
        self.app = kinds[self._dead].app
        self.state = ""
        """Empty until it is over; then as `Sweep.state`."""
        self.spent_bytes = 0
        self._session = session
        self._kinds = kinds
        self._pacer = pacer
        self._draw = draw
        self._events = events
        self._next_socket = SOCKETS_FROM
        self._budget_bytes = budget_bytes
        self._aloud = refused
        self._tries: list[Try] = []
        self._alive: list[Try] = []
        self._used = dict.fromkeys(kinds, 0)
        self._waiting: deque[tuple[int, Arm]] = deque()
        self._round = -1
        self._round_at = 0.0
        self._next_at = 0.0
        self._closer_at = 0.0
        self._started_at: float | None = None
        self._ended_at = 0.0

    # -- clockwork -------------------------------------------------------------------------

    @property
    def done(self) -> bool:
        """True when nothing more is sent or awaited."""
        return bool(self.state)

    @property
    def next_socket(self) -> int:
        """The first number that no socket of this sweep has."""
        return self._next_socket

    def number_sockets(self, first: int) -> None:
        """Before the start: the number of its first socket."""
        self._next_socket = first

    def start(self, now: float) -> None:
        """Begins the first round."""
        self._started_at = self._next_at = now
        self._begin_round(now)

    def get_timer(self) -> float | None:
        """When `datagrams_to_send` must be called at the latest."""
        if self.done or self._started_at is None:
            return None
        times = [each.due() for each in self._alive]
        times.append(self._started_at + SWEEP_MAX_S)
        if self._waiting:
            times.append(max(self._next_at, self._round_at))
        return min(times)

    def datagrams_to_send(self, now: float) -> list[Outgoing]:
        """What is due; to be called until nothing is left. Also moves every timer that has come."""
        out: list[Outgoing] = []
        if self.done or self._started_at is None:
            return out
        for each in [each for each in self._alive if now >= each.due()]:
            if each.limited_at is not None:
                self._alive.remove(each)
                self._events.append(CloseSocket(each.socket))
            elif each.whole and each.whole_at is None:
                each.whole_at = now
                out.append(self._request(each, limited=False))
            else:
                each.limited_at = now
                out.append(self._request(each, limited=True))
        if not out:
            self._next_try(now)
        self._move(now)
        return out

    def stop(self, now: float, state: str = "interrupted") -> None:
        """Ends it early; what was observed stays."""
        if not self.done:
            self.state, self._ended_at = state, now
            self._waiting.clear()
            self._events.extend(CloseSocket(each.socket) for each in self._alive)
            self._alive.clear()

    def _next_try(self, now: float) -> None:
        """Opens the next socket as soon as pacing lets it; its first request leaves at the next call."""
        if not self._waiting or now < max(self._round_at, self._next_at):
            return
        spent_all = self._used[self._waiting[0][1]] >= TRIES_EACH * len(FLOW_NUMBERS)
        if spent_all or self.spent_bytes >= self._budget_bytes:
            self.stop(now, "budget")
            return
        at = self._pacer.next_start(now)
        if at > now or not self._pacer.mappings_free(len(self._alive)):
            self._next_at = at if at > now else min(each.due() for each in self._alive)
            return
        while self._waiting and self._needless(*self._waiting[0]):
            self._waiting.popleft()
        if self._waiting:
            self._start(*self._waiting.popleft(), now)

    def _needless(self, ttl: int, arm: Arm) -> bool:
        """Beyond the reflector, or of the dead arm beyond where it was refused just now."""
        reach = self._reach()
        refused = (
            t.ttl for t in self._tries if t.round == self._round and t.answer == REFUSED and not t.whole
        )
        over = arm is self._dead and ttl > min(refused, default=HOPS_MAX)
        return over or (reach is not None and ttl > reach)

    def _move(self, now: float) -> None:
        """The next round, or the end."""
        assert self._started_at is not None
        if self.done:
            return
        if now >= self._started_at + SWEEP_MAX_S:
            self.stop(now, "time")
        elif not self._waiting:
            if self._round == 0 and self._reach() is None:
                if not self._alive:  # nobody answered a control with any life: there is no way to sweep
                    self.stop(now, "control")
            elif self._round + 1 < ROUNDS and not self._refused():
                self._begin_round(now)
            elif not self._alive:
                self._begin_closer(now)

    # -- rounds ------------------------------------------------------------------------------

    def _begin_round(self, now: float, hops: Sequence[int] | None = None) -> None:
        self._round += 1
        self._round_at = now if self._round == 0 else max(now, self._round_at + ROUND_GAP_S)
        if self._refused():
            self._round_at = now + REFUSED_GAP_S
        if hops is None:
            hops = range(1, (self._reach() or HOPS_MAX) + 1)
        # The first in the order of the way, because it ends at the reflector; the others as drawn, unless a
        # refusal ends them.
        ordered = sorted(hops, key=lambda ttl: self._draw(f"hop {self.app} {self._round} {ttl}"))
        for ttl in hops if self._round == 0 or self._refused() else ordered:
            self._waiting.extend((ttl, arm) for arm in self._shuffled(ttl))

    def _begin_closer(self, now: float) -> None:
        reach = self._reach()
        refused = self._refused()
        last = max((t.ttl for t in self._tries if t.arm is self._dead and t.answer == HOP), default=0)
        heard = {t.ttl for t in self._tries if t.arm is self._control and t.answer in (HOP, REFLECTOR)}
        after = sorted(ttl for ttl in heard if last < ttl <= (reach or 0))[:CLOSER_HOPS]
        closer = CLOSER_ROUNDS if self._clear(last, after) else CLOSER_ROUNDS_MAX
        rounds = 1 + REFUSED_ROUNDS if refused else ROUNDS + closer
        if self._round + 1 >= rounds or reach is None:
            self.stop(now, "done")
            return
        if refused and after:
            after = list(range(last + 1, after[0] + 1))  # silent, it may be, for want of errors to send
        self._begin_round(now, [ttl for ttl in (last, *after) if ttl])
        self._round_at = max(self._round_at, self._closer_at)
        self._closer_at = self._round_at + CLOSER_GAP_S

    def _clear(self, last: int, after: list[int]) -> bool:
        """Whether one hop answers most of the dead arm's requests, one behind it enough of the control's."""
        there = [t.answer == HOP for t in self._tries if t.arm is self._dead and t.ttl == last]
        behind = [t for t in self._tries if t.arm is self._control and t.ttl in after[:1]]
        enough = sum(t.answer in (HOP, REFLECTOR) for t in behind) >= CLEAR_ANSWERS
        return enough and 2 * sum(there) >= len(there)

    def _refused(self) -> bool:
        """Whether the dead arm is refused aloud, and not merely lost."""
        return self._aloud or sum(t.refused for t in self._tries) >= REFUSED_MIN

    def _shuffled(self, ttl: int) -> list[Arm]:
        return sorted(self._kinds, key=lambda arm: self._draw(f"arm {self.app} {self._round} {ttl} {arm}"))

    def _reach(self) -> int | None:
        """The least life with which a control's request reached the reflector."""
        return min(
            (t.ttl for t in self._tries if t.arm is self._control and t.answer == REFLECTOR), default=None
        )

    # -- one try -----------------------------------------------------------------------------

    def _start(self, ttl: int, arm: Arm, now: float) -> None:
        used = self._used[arm]
        self._used[arm] += 1
        replicate = FLOW_NUMBERS[used // TRIES_EACH]
        each = Try(
            socket=self._next_socket,
            arm=arm,
            ttl=ttl,
            round=self._round,
            flow=self._session.flow(self._kinds[arm], replicate),
            seq=used % TRIES_EACH * 2 * REPLIES_MAX,
            started_at=now,
            whole=not self._refused(),
        )
        self._next_socket += 1
        self._tries.append(each)
        self._alive.append(each)
        self._events.append(OpenSocket(each.socket, self._session.reflector, traced=True))
        self._pacer.started(now)
        self._next_at = now + self._gap_s(self._step(each)[0].request.size)

    def _gap_s(self, size: int) -> float:
        """Two requests a try stay under half of the line's rate."""
        rate = self._pacer.rate_up
        return 0.0 if not rate else 2 * (size + self._session.overhead_bytes) / (RATE_SHARE_MAX * rate)

    def _request(self, each: Try, *, limited: bool) -> Outgoing:
        step, kind, replicate = self._step(each)
        seq = each.seq + limited * REPLIES_MAX
        index = seq // REPLIES_MAX
        data = self._session.build_up(each.flow, seq, step.request, size=step.request.size, index=index)
        each.requests[limited] = data
        self.spent_bytes += len(data) + self._session.overhead_bytes
        script = self._session.script(kind, replicate)
        port = script.port_at(seq, self._session.port(script))
        return Outgoing(each.socket, port, data, each.ttl if limited else None)

    def _step(self, each: Try) -> tuple[Round, FlowKind, int]:
        kind, replicate = self._kinds[each.arm], each.flow % REPLICATES
        return self._session.script(kind, replicate).rounds[0], kind, replicate

    # -- what comes back -----------------------------------------------------------------------

    def receive(self, socket: int, data: bytes, now: float) -> None:
        """A datagram came on one of its sockets. Cannot fail, whatever the bytes."""
        each = self._at(socket)
        if each is None:
            return
        self.spent_bytes += len(data) + self._session.overhead_bytes
        limited = self._answered(each, data)
        if limited is None:
            return
        if not limited:
            each.first = True
        else:  # what a hop has said of it before was not true
            each.answer, each.answered_at, each.said = REFLECTOR, now, None

    def _answered(self, each: Try, data: bytes) -> bool | None:
        """Whether it answers the limited request; None: neither of the two."""
        step, _, _ = self._step(each)
        for limited, request in reversed(each.requests.items()):
            for j, message in enumerate(step.replies):
                if not answers(message, request, data):
                    continue
                seq = each.seq + limited * REPLIES_MAX + j
                if (
                    message.room(message.size) < TOKEN_ROOM
                    or self._session.open_down(each.flow, message, data, request=request, reply_seq=seq)
                    is not None
                ):
                    return limited
        return None

    def hop_answered(self, socket: int, said: HopAnswer, now: float) -> None:
        """An ICMP error came for one of its sockets."""
        each = self._at(socket)
        if each is None:
            return
        self.spent_bytes += ICMP_BYTES
        each.refused |= not said.expired
        if said.expired and each.limited_at is not None and each.answer in (SILENT, REFUSED):
            each.answer, each.answered_at, each.said = HOP, now, said
        elif not said.expired and each.answer == SILENT:  # of either request: who refuses one refuses both
            each.answer, each.answered_at, each.said = REFUSED, now, said

    def _at(self, socket: int) -> Try | None:
        first = self._tries[0].socket if self._tries else 0
        return self._tries[socket - first] if 0 <= socket - first < len(self._tries) else None

    # -- what was observed ---------------------------------------------------------------------

    def record(self, epoch: float) -> Sweep:
        """All tries whose limited request was sent."""
        began = self._started_at if self._started_at is not None else epoch
        ended = max([self._ended_at, began, *(t.started_at for t in self._tries)])
        return Sweep(
            app=self.app,
            reflector=self._session.reflector,
            leg=self._kinds[self._dead].leg,
            dead=self._dead,
            control=self._control,
            state=self.state or "interrupted",
            started_us=round((began - epoch) * 1e6),
            seconds=round(ended - began, 3),
            probes=[_probe(each, epoch) for each in self._tries if each.limited_at is not None],
        )


def _probe(each: Try, epoch: float) -> HopProbe:
    ms = None
    if each.answered_at is not None and each.limited_at is not None:
        ms = round(max(0.0, each.answered_at - each.limited_at) * 1e3, 3)
    said = each.said or HopAnswer(expired=True)
    return HopProbe(
        arm=each.arm,
        ttl=each.ttl,
        round=each.round,
        answer=each.answer,
        first=each.first,
        whole=each.whole,
        flow=each.flow,
        seq=each.seq + REPLIES_MAX,
        started_us=round((each.started_at - epoch) * 1e6),
        ms=ms,
        address=said.address,
        kind=said.kind,
        network=said.network,
    )
