"""What leaves the reflector: replies and paced media, within what each address may be sent.

One heap of due times holds everything that is to come; a flow's media has one entry in it, the
next packet's. Receipts and nonces are put in when a packet leaves, so that they are fresh.
"""

from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from voipwatch import apps
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.reflector.core import limits
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.fast import Hot
from voipwatch.reflector.core.prefixes import Prefixes
from voipwatch.reflector.core.proof import Account, source_nonce
from voipwatch.reflector.core.receipts import take_receipts
from voipwatch.reflector.core.scripts import Scripts
from voipwatch.reflector.core.session import Address, Flow, Session, Waiting
from voipwatch.wire.derive import packet_entropy
from voipwatch.wire.token import ROOM_DOWN_MIN, encode_down

Datagram = tuple[Address, int, bytes]


@dataclass(slots=True)
class Reply:
    """A set-up reply that is to leave; `request` is the datagram it answers."""

    message: apps.Message
    seq: int
    index: int
    request: bytes
    address: Address


class Downlink:
    """The heap, and the doorman who counts what leaves."""

    def __init__(
        self, scripts: Scripts, *, counters: Counters, prefixes: Prefixes, nonce_secret: bytes
    ) -> None:
        self._scripts = scripts
        self._counters = counters
        self._prefixes = prefixes
        self._nonce_secret = nonce_secret
        self._heap: list[tuple[float, int, Session, Flow, Reply | None]] = []
        self._pushes = count(1)
        self._hot: Hot | None = None
        self._waiting: dict[int, Session] = {}
        self._release: list[Session] = []
        self._release_at = 0.0
        self._out: list[Datagram] = []
        self._marks: list[tuple[Flow, int]] = []

    def parts(self) -> dict[str, object]:
        """What compiled code works on (`fast`)."""
        return {"heap": self._heap, "pushes": self._pushes, "send": self._send_first}

    def hasten(self, hot: Hot | None) -> None:
        """From now on `hot` sends what is common."""
        self._hot = hot

    def next_due(self) -> float | None:
        """When something is to be sent or given up."""
        waits = [session.waiting[0].expires_at for session in self._waiting.values() if session.waiting]
        if self._heap:
            waits.append(self._heap[0][0])
        if self._release:
            waits.append(self._release_at)
        return min(waits, default=None)

    def reply(self, session: Session, flow: Flow, reply: Reply, *, due: float) -> None:
        """Send a set-up reply at `due`."""
        self._push(due, session, flow, reply)

    def start_media(self, session: Session, flow: Flow, *, at: float) -> None:
        """Begin the flow's downlink media, once."""
        if flow.media_at is None and flow.script is not None and flow.script.down:
            flow.media_at = at
            self._push_media(session, flow)

    def resume(self, session: Session, now: float) -> None:
        """The session was heard again: media goes on where its schedule is now."""
        flows, session.paused = session.paused, []
        for flow in flows:
            flow.paused = False
            if flow.script is None or flow.media_at is None:
                continue
            down, elapsed_us = flow.script.down, (now - flow.media_at) * 1e6
            while flow.media_next < len(down) and down[flow.media_next].offset_us < elapsed_us:
                flow.media_next += 1
            self._push_media(session, flow)

    def release(self, session: Session, now: float) -> None:
        """An address of the session may have more now: look at what waits at the next `take`."""
        if session.waiting:
            self._release.append(session)
            self._release_at = now

    def _send_waiting(self, session: Session, now: float) -> None:
        """In order for each flow; one flow's large reply must not keep another's small one waiting."""
        stuck: set[int] = set()
        queue = list(session.waiting)
        session.waiting.clear()
        for waiting in queue:
            ip = waiting.address[0]
            account = session.account(ip, create=False)
            if (
                waiting.flow.number not in stuck
                and account is not None
                and account.affords(len(waiting.data))
            ):
                self._emit(session, waiting.flow, account, waiting.seq, waiting.address, waiting.data, now)
            else:
                stuck.add(waiting.flow.number)
                session.waiting.append(waiting)
        if not session.waiting:
            self._waiting.pop(session.keys.number, None)

    def take(self, now: float, most: int | None = None) -> list[Datagram]:
        """Everything due at `now`, in order; of what has a time, `most`. `unsent` refers to this list."""
        self._marks = []
        self._give_up(now)
        release, self._release = self._release, []
        for session in release:
            if not session.closed:
                self._send_waiting(session, now)
        if self._hot is not None:
            self._hot.take(now, -1 if most is None else most, self._out, self._marks)
        else:
            taken = 0
            while self._heap and self._heap[0][0] <= now and taken != most:
                taken += 1
                self._send_first(now)
        out, self._out = self._out, []
        return out

    def _send_first(self, now: float) -> None:
        """The first entry of the heap, which is due."""
        due, _, session, flow, reply = heappop(self._heap)
        if session.closed:
            return
        if reply is not None:
            self._send_reply(session, flow, reply, now)
        else:
            self._send_media(session, flow, due, now)

    def unsent(self, index: int) -> None:
        """The datagram at `index` of the last `take` did not leave the machine."""
        flow, row = self._marks[index]
        flow.down.strike(row)
        self._counters.unsent += 1

    def forget(self, session: Session) -> None:
        """The session is over; its heap entries lapse by themselves."""
        self._waiting.pop(session.keys.number, None)

    def _push(self, due: float, session: Session, flow: Flow, reply: Reply | None) -> None:
        heappush(self._heap, (due, next(self._pushes), session, flow, reply))

    def _push_media(self, session: Session, flow: Flow) -> None:
        if flow.script is not None and flow.media_at is not None and flow.media_next < len(flow.script.down):
            due = flow.media_at + flow.script.down[flow.media_next].offset_us / 1e6
            self._push(due, session, flow, None)

    def _give_up(self, now: float) -> None:
        for number in list(self._waiting):
            session = self._waiting[number]
            while session.waiting and session.waiting[0].expires_at <= now:
                self._withhold(session.waiting.popleft().flow)
            if not session.waiting:
                del self._waiting[number]

    def _withhold(self, flow: Flow) -> None:
        flow.unproved += 1
        self._counters.unproved += 1

    def _token(
        self, session: Session, flow: Flow, seq: int, *, account: Account, ip: str, room: int
    ) -> bytes:
        if room < ROOM_DOWN_MIN:
            return b""
        if not account.nonce:
            account.nonce = source_nonce(self._nonce_secret, session.keys.number, ip)
        extra = take_receipts(session, flow, room)
        return encode_down(session.keys, flow.number, seq, nonce=account.nonce, room=room, extra=extra)

    def _send_reply(self, session: Session, flow: Flow, reply: Reply, now: float) -> None:
        ip = reply.address[0]
        account = session.account(ip, create=False)
        if account is None:
            return
        context = apps.BuildContext(
            flow_secret=flow.secret,
            entropy=packet_entropy(session.keys.key, "d", flow.number, reply.seq),
            token=self._token(
                session,
                flow,
                reply.seq,
                account=account,
                ip=ip,
                room=reply.message.room(reply.message.size),
            ),
            size=reply.message.size,
            index=reply.index,
            request=reply.request,
            source=reply.address,
        )
        try:
            data = self._scripts.build(reply.message, context)
        except ValueError:
            # a request that a box on the path rewrote beyond recognition has no reply
            self._counters.unbuilt += 1
            return
        waits_for_earlier = any(waiting.flow is flow for waiting in session.waiting)
        if account.affords(len(data)) and not waits_for_earlier:
            self._emit(session, flow, account, reply.seq, reply.address, data, now)
        elif len(session.waiting) < limits.UNPROVED_QUEUE_MAX:
            session.waiting.append(
                Waiting(now + limits.UNPROVED_WAIT_S, flow, reply.seq, reply.address, data)
            )
            self._waiting[session.keys.number] = session
        else:
            self._withhold(flow)

    def _send_media(self, session: Session, flow: Flow, due: float, now: float) -> None:
        if flow.script is None or flow.media_next >= len(flow.script.down):
            return
        if now - session.last_heard_at > limits.SILENCE_S:
            if not flow.paused:
                flow.paused = True
                session.paused.append(flow)
            return
        packet = flow.script.down[flow.media_next]
        seq = MEDIA_SEQ + flow.media_next
        flow.media_next += 1
        self._push_media(session, flow)
        if now - due > limits.LATE_SEND_S:
            return
        address = flow.source
        account = session.account(address[0], create=False)
        if account is None or not account.affords(packet.size):
            self._withhold(flow)
            return
        context = apps.BuildContext(
            flow_secret=flow.secret,
            entropy=packet_entropy(session.keys.key, "d", flow.number, seq),
            token=self._token(
                session,
                flow,
                seq,
                account=account,
                ip=address[0],
                room=packet.message.room(packet.size),
            ),
            size=packet.size,
            index=packet.index,
            request=b"",
            source=address,
        )
        data = self._scripts.build(packet.message, context)
        if account.affords(len(data)):
            self._emit(session, flow, account, seq, address, data, now)

    def _emit(
        self,
        session: Session,
        flow: Flow,
        account: Account,
        seq: int,
        address: Address,
        data: bytes,
        now: float,
    ) -> None:
        size = len(data)
        budget = self._prefixes.of_prefix(account.prefix, now)
        if (
            session.bytes_used + size > limits.TICKET_BYTES_MAX
            or session.packets >= limits.SESSION_PACKETS_MAX
            or not budget.affords_bytes(size)
        ):
            self._counters.refused += 1
            session.refuse(now)
            return
        session.log(flow.down, seq, now, data=data)
        budget.bytes_used += size
        account.spend(size)
        self._counters.datagrams_out += 1
        self._counters.bytes_out += size
        self._out.append((address, flow.port_at(seq), data))
        self._marks.append((flow, len(flow.down.seq) - 1))
