"""The reflector's core: authenticated datagrams in; replies, media, answers and logs out.

Driven by a datagram, a timer or the control channel; it never reads a clock. `now` is monotonic
seconds, the same clock throughout. Nothing leaves without a valid ticket, and every state it
keeps is bounded (`limits`).
"""

from collections.abc import Sequence
from typing import Final
from zlib import crc32

import msgspec

from voipwatch.apps import Profile, ProfileSet, Script
from voipwatch.apps.ports import neutral_after
from voipwatch.model.flows import MEDIA_SEQ, REPLICATES
from voipwatch.model.measurement import PROTOCOL, SignedLog
from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.reflector.core import limits, stream
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.downlink import Datagram, Downlink, Reply
from voipwatch.reflector.core.identity import Identity
from voipwatch.reflector.core.likely import ROUND_SEQS, TRY_SEQS, LikelySeqs
from voipwatch.reflector.core.log import far_log, seal
from voipwatch.reflector.core.observed import kind_of_address
from voipwatch.reflector.core.prefixes import Prefixes
from voipwatch.reflector.core.private import PrivateScripts, RefusedProfileError
from voipwatch.reflector.core.proof import source_nonce
from voipwatch.reflector.core.receipts import note_news
from voipwatch.reflector.core.scripts import ProfileScripts, Scripts
from voipwatch.reflector.core.session import Address, Flow, Session
from voipwatch.reflector.core.strangers import Strangers
from voipwatch.reflector.core.tickets import Tickets
from voipwatch.wire.derive import flow_secret
from voipwatch.wire.farlog import FarLog
from voipwatch.wire.place import uplink_place
from voipwatch.wire.token import CONTROL_FLOW, ROOM_UP, TCP_FLOW, TokenKeys, UpToken, open_up_untrusted

CONTROL_SEQ: Final = 1


class ReflectorCore:
    """The far end of every session."""

    def __init__(
        self,
        identity: Identity,
        profiles: ProfileSet,
        *,
        udp_ports: Sequence[int],
        neutral_ports: Sequence[int],
        tcp_ports: Sequence[int],
        version: str,
        scripts: Scripts | None = None,
    ) -> None:
        """The ports are those that could be bound; `scripts` stands in for the profiles' own."""
        self._profiles = profiles
        if scripts is None:
            scripts = ProfileScripts(profiles)
        self.counters = Counters()
        self.offer: Final = ReflectorOffer(
            protocol=PROTOCOL,
            version=version,
            key=identity.public_key,
            salt=identity.salt,
            profiles_digest=scripts.digest,
            udp_ports=list(udp_ports),
            neutral_ports=list(neutral_ports),
            tcp_ports=list(tcp_ports),
        )
        self._identity = identity
        self._scripts = scripts
        self._neutral = frozenset(neutral_ports)
        self._tcp = frozenset(tcp_ports)
        self._tickets = Tickets(identity.master)
        self._prefixes = Prefixes()
        self._sessions: dict[int, Session] = {}
        self._bound: dict[tuple[Address, int], Session] = {}
        self._strangers = Strangers()
        self._flows = 0
        self._packets = 0
        self._likely = LikelySeqs(self._scripts_of, self._tickets, self._sessions)
        self._wall_offset_s = 0.0
        self._swept_at: float | None = None
        self._source_ip = ""
        self._downlink = Downlink(
            scripts, counters=self.counters, prefixes=self._prefixes, nonce_secret=identity.nonce_secret
        )

    # --- tickets ------------------------------------------------------------------------------------

    def issue_tickets(
        self,
        count: int,
        source: Address,
        now: float,
        wall_s: int,
        entropy: bytes,
        *,
        private: Profile | None = None,
    ) -> TicketBatch:
        """Up to `count` (at most 8) tickets, none when `source` or the reflector is over its limits.

        With a `private` profile (of `read_private`) one ticket at most, which plays it too; the batch's offer
        then has the digest of the profiles with it.

        Raises:
            RefusedProfileError: there is no room for the private profile.

        `source` must be known to receive (it asked over TCP): it is proved for these tickets.
        `wall_s`: Unix time at `now`; `entropy`: at least 16 fresh random bytes.
        """
        if len(entropy) < 16:
            raise ValueError("tickets need at least 16 bytes of entropy")
        self.set_clock(now, wall_s)
        self._sweep(now)
        wanted = max(0, min(count, limits.TICKETS_BATCH_MAX))
        scripts: PrivateScripts | None = None
        if private is not None:
            scripts = PrivateScripts(self._scripts, self._profiles, private)
            wanted = min(wanted, 1)
            if not self._tickets.room_for_private(source[0], frozenset(self._sessions)):
                self.counters.tickets_refused += wanted
                raise RefusedProfileError("too many private profiles at once")
        granted = self._prefixes.grant_tickets(source[0], wanted, now)
        tickets: list[Ticket] = []
        for index in range(granted):
            kept = {*self._sessions, *(t.number for t in tickets)}
            ticket = self._tickets.issue(entropy + bytes([index]), source[0], wall_s=wall_s, kept=kept)
            if ticket is None:
                break
            ticket.scripts = scripts
            tickets.append(Ticket(ticket.number, ticket.key, ticket.expires_at))
        self.counters.tickets_issued += len(tickets)
        self.counters.tickets_refused += wanted - len(tickets)
        offer = self.offer
        if scripts is not None:
            offer = msgspec.structs.replace(offer, profiles_digest=scripts.digest)
        return TicketBatch(offer=offer, tickets=tickets, observed=kind_of_address(source[0]))

    def retry_after_s(self, source: Address, now: float) -> int:
        """Seconds after which a caller who got no ticket may ask again."""
        return self._prefixes.retry_after_s(source[0], now)

    def set_clock(self, now: float, wall_s: float) -> None:
        """Tell what Unix time it is at `now`."""
        self._wall_offset_s = wall_s - now

    def export_state(self) -> bytes:
        """The unused tickets, to be kept over a restart. No address is in it."""
        return self._tickets.export_state(frozenset(self._sessions))

    def import_state(self, state: bytes, now: float, wall_s: float) -> int:
        """Take back `export_state`'s answer; returns the count. Raises ValueError for anything else."""
        self.set_clock(now, wall_s)
        return self._tickets.import_state(state, wall_s=wall_s)

    # --- datagrams ----------------------------------------------------------------------------------

    def receive_datagrams(self, batch: Sequence[tuple[Address, int, bytes]], now: float) -> None:
        """Take datagrams as (source, local port, payload). Cannot fail, whatever the bytes."""
        counters = self.counters
        for source, port, data in batch:
            counters.datagrams_in += 1
            counters.bytes_in += len(data)
            place = uplink_place(data)
            token = None
            if place is not None:
                self._source_ip = source[0]
                token = open_up_untrusted(
                    place,
                    self._identity.salt,
                    self._tickets.key,
                    nonce_for=self._nonce_for,
                    likely_seqs=self._likely,
                )
            if token is None:
                self._receive_garbage(source, port, now)
            elif not self._receive(token, source, port, data, now):
                counters.refused += 1

    def datagrams_to_send(self, now: float) -> list[Datagram]:
        """Everything due, as (destination, local port, payload), in order."""
        return self._downlink.take(now)

    def unsent(self, index: int) -> None:
        """The datagram at `index` of the last `datagrams_to_send` did not leave: strike it from the log."""
        self._downlink.unsent(index)

    def get_timer(self) -> float | None:
        """When `handle_timer` and `datagrams_to_send` are to be called next; None is "when asked"."""
        waits = [self._downlink.next_due()]
        if self._sessions and self._swept_at is not None:
            waits.append(self._swept_at + limits.HOUSEKEEPING_S)
        return min((wait for wait in waits if wait is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Forget what is over. Cannot fail; may be called at any time."""
        if self._swept_at is None or now - self._swept_at >= limits.HOUSEKEEPING_S:
            self._sweep(now)

    # --- TCP and control ----------------------------------------------------------------------------

    def peek_tcp(self, local_port: int, first: bytes, *, source: Address | None = None) -> int | None:
        """How many bytes in all a hello beginning with `first` has; None: close without a byte."""
        if local_port not in self._tcp:
            return None
        ip = "" if source is None else source[0]
        return stream.hello_bytes(first, lambda place: self._open(place, ip) is not None)

    def tcp_answer(self, source: Address, local_port: int, first: bytes, now: float) -> bytes | None:
        """The answer to a whole hello; None: close without a byte. Proves the source's address."""
        if local_port in self._tcp:
            for place, tls in stream.token_places(first):
                token = self._open(place, source[0])
                if token is None or token.flow != TCP_FLOW:
                    continue
                answer = self._answer_trial(token, source, now, first=first, tls=tls)
                if answer is not None:
                    self.counters.tcp_answered += 1
                    return answer
        self.counters.tcp_refused += 1
        return None

    def session_record(self, ticket: int, auth: bytes, now: float) -> FarLog | None:
        """A copy of the session's log, to be sealed elsewhere; None when the caller may not have it.

        `auth`: the 16-byte uplink token of flow `CONTROL_FLOW`, seq 1. May be asked for more than once;
        it is final once nothing of the session arrives any more.
        """
        self.handle_timer(now)
        token = self._open(auth, "") if len(auth) == ROOM_UP else None
        session = self._sessions.get(ticket)
        allowed = (
            token is not None
            and session is not None
            and (token.number, token.flow, token.seq) == (ticket, CONTROL_FLOW, CONTROL_SEQ)
            and session.log_fetches < limits.LOG_FETCHES_MAX
        )
        if not allowed or session is None:
            self.counters.logs_refused += 1
            return None
        session.log_fetches += 1
        self.counters.logs_given += 1
        return far_log(session, reflector=self._identity.public_key.hex(), version=self.offer.version)

    def session_log(self, ticket: int, auth: bytes, now: float) -> SignedLog | None:
        """`session_record`, encoded and signed."""
        record = self.session_record(ticket, auth, now)
        return None if record is None else seal(record, self._identity.private_key)

    def seal(self, record: FarLog) -> SignedLog:
        """Encode and sign a `session_record`; touches no state, so that a thread can do it."""
        return seal(record, self._identity.private_key)

    # --- inside -------------------------------------------------------------------------------------

    def _open(self, place: bytes, ip: str) -> UpToken | None:
        self._source_ip = ip
        return open_up_untrusted(
            place,
            self._identity.salt,
            self._tickets.key,
            nonce_for=self._nonce_for,
            likely_seqs=self._likely,
        )

    def _scripts_of(self, number: int) -> Scripts:
        """What a ticket plays: the packaged profiles, and its private one if it has one."""
        ticket = self._tickets.get(number)
        return self._scripts if ticket is None or ticket.scripts is None else ticket.scripts

    def _nonce_for(self, number: int) -> bytes | None:
        if number not in self._sessions:
            return None  # we have sent nothing under this ticket yet
        return source_nonce(self._identity.nonce_secret, number, self._source_ip)

    def _receive_garbage(self, source: Address, port: int, now: float) -> None:
        self.counters.garbage += 1
        self._strangers.receive(source[0], port, now)
        session = self._bound.get((source, port))
        if session is not None:
            session.garbage += 1

    def _session(self, number: int, now: float) -> Session | None:
        """The session of a live ticket, begun if need be; None when it is over or there is no room."""
        session = self._sessions.get(number)
        if session is not None:
            return None if now - session.started_at > limits.SESSION_S else session
        ticket = self._tickets.get(number)
        if ticket is None or self._packets >= limits.PACKETS_MAX:
            return None
        wall_s = now + self._wall_offset_s
        if ticket.expires_at <= wall_s:
            return None
        keys = TokenKeys(number, ticket.key, self._identity.salt)
        session = Session(keys=keys, started_at=now, started_wall_s=wall_s, last_heard_at=now)
        if ticket.issued_to is not None:
            self._prove(session, ticket.issued_to)
        self._sessions[number] = session
        self.counters.sessions += 1
        if self._swept_at is None:
            self._swept_at = now
        return session

    def _prove(self, session: Session, ip: str) -> None:
        session.prove(ip)
        if session.account(ip, create=False) is not None:
            self._strangers.watch(session, ip)

    def _receive(self, token: UpToken, source: Address, port: int, data: bytes, now: float) -> bool:
        """An authenticated datagram; False when it is refused."""
        if token.flow // REPLICATES >= len(self._scripts_of(token.number).kinds):
            return False
        session = self._session(token.number, now)
        if session is None:
            over = self._sessions.get(token.number)
            if over is not None:
                over.refuse(now)
            return False
        flow = session.flows.get(token.flow) or self._new_flow(session, token, source, port, now)
        if flow is None or flow.port_at(token.seq) != port or not flow.window.admits(token.seq):
            return False
        if (
            session.bytes_used + len(data) > limits.TICKET_BYTES_MAX
            or session.packets >= limits.SESSION_PACKETS_MAX
        ):
            session.refuse(now)
            return False
        t_us = session.t_us(now)
        newest = token.seq > flow.window.highest_seq
        if not flow.window.receive(token.seq, t_us):
            flow.duplicates += 1
            self.counters.duplicates += 1
            return True
        self._log_uplink(session, flow, token.seq, data, t_us)
        self._locate(session, flow, source, port, newest=newest)
        account = session.account(source[0])
        if account is None:  # logged all the same: what is lost is an answer, and that is nobody's loss
            return False
        account.receive(len(data))
        if token.echoed:
            self._prove(session, source[0])
        session.last_heard_at = flow.last_heard_at = now
        self._downlink.release(session, now)
        if session.paused:
            self._downlink.resume(session, now)
        if flow.source[0] == source[0] and session.may_answer(flow, account):
            self._answer(session, flow, token.seq, data, source, now)
        else:
            flow.unproved += 1
            self.counters.unproved += 1
        return True

    def _new_flow(
        self, session: Session, token: UpToken, source: Address, port: int, now: float
    ) -> Flow | None:
        if len(session.flows) >= limits.FLOWS_MAX or self._flows >= limits.FLOWS_TOTAL_MAX:
            session.refuse(now)
            return None
        scripts = self._scripts_of(token.number)
        script = scripts.compile(token.flow, session.keys.key)
        own = self._own_port(script, token.seq, port)
        if own is None:
            return None
        flow = Flow.of(
            token.flow,
            scripts.kinds[token.flow // REPLICATES],
            script=script,
            secret=flow_secret(session.keys.key, token.flow),
            port=own,
            source=source,
        )
        if not flow.window.admits(token.seq):
            return None
        session.flows[token.flow] = flow
        self._flows += 1
        return flow

    def _own_port(self, script: Script, seq: int, port: int) -> int | None:
        """The flow's own port, told by the port that its packet `seq` came to; None: it does not fit."""
        early = seq < script.early_rounds * ROUND_SEQS
        if script.port is not None:
            return script.port if port == (script.early_port if early else script.port) else None
        own = neutral_after(port) if early else port
        return own if {port, own} <= self._neutral else None

    def _log_uplink(self, session: Session, flow: Flow, seq: int, data: bytes, t_us: int) -> None:
        flow.up.add(seq, t_us, size_bytes=len(data), crc=crc32(data) if seq < MEDIA_SEQ else 0)
        session.packets += 1
        session.bytes_used += len(data)
        self._packets += 1
        note_news(session, flow)

    def _locate(self, session: Session, flow: Flow, source: Address, port: int, *, newest: bool) -> None:
        """Follow a NAT rebind. Only the newest packet moves the flow: late ones come from where it was."""
        if newest:
            flow.source = source
        elif source != flow.source:
            return
        if (source, port) not in flow.heard and len(flow.heard) < limits.SOURCES_MAX:
            flow.heard.append((source, port))
            self._bound[(source, port)] = session

    def _answer(
        self, session: Session, flow: Flow, seq: int, data: bytes, source: Address, now: float
    ) -> None:
        """The script's reply to this packet, and the start of its media."""
        script = flow.script
        if script is None:
            script = flow.script = self._scripts_of(session.keys.number).compile(
                flow.number, session.keys.key
            )
        if seq >= MEDIA_SEQ:
            if len(script.rounds) == script.early_rounds:
                self._downlink.start_media(session, flow, at=now)
            return
        turn = seq // ROUND_SEQS
        if turn >= len(script.rounds) or seq % TRY_SEQS:
            return
        flow.last_round = max(flow.last_round, turn)
        due = now + script.rounds[turn].reply_delay_ms / 1e3
        for index, message in enumerate(script.rounds[turn].replies):
            attempt = seq % ROUND_SEQS // TRY_SEQS
            reply = Reply(message, seq + index, attempt, data, source)
            self._downlink.reply(session, flow, reply, due=due)
        if turn == len(script.rounds) - 1 >= script.early_rounds:
            self._downlink.start_media(session, flow, at=due)

    def _answer_trial(
        self, token: UpToken, source: Address, now: float, *, first: bytes, tls: bool
    ) -> bytes | None:
        session = self._session(token.number, now)
        if session is None:
            return None
        answers = session.tcp_answers.get(token.seq, 0)
        if answers >= limits.TCP_ANSWERS_MAX:
            return None
        if answers == 0 and len(session.tcp_answers) >= limits.TCP_TRIALS_MAX:
            return None
        session.tcp_answers[token.seq] = answers + 1
        session.last_heard_at = now
        self._prove(session, source[0])
        nonce = source_nonce(self._identity.nonce_secret, token.number, source[0])
        return stream.answer_bytes(
            session.keys,
            token,
            nonce=nonce,
            client_hello=first,
            tls=tls,
            filler_seed=self._identity.salt,
        )

    def _sweep(self, now: float) -> None:
        """Forget sessions and tickets whose time is over, and scripts of flows that rest."""
        self._swept_at = now
        for number in [n for n, s in self._sessions.items() if now - s.started_at > limits.LOG_S]:
            self._close(self._sessions.pop(number))
        for session in self._sessions.values():
            for flow in session.flows.values():
                if flow.script is not None and now - flow.last_heard_at > limits.REST_S:
                    flow.script = None
        self._tickets.expire(now + self._wall_offset_s, spare=frozenset(self._sessions))
        self._prefixes.forget(now)

    def _close(self, session: Session) -> None:
        session.closed = True
        self._downlink.forget(session)
        self._strangers.forget(session)
        self._tickets.remove(session.keys.number)
        for flow in session.flows.values():
            self._flows -= 1
            self._packets -= len(flow.up.seq) + len(flow.down.seq)
            for heard in flow.heard:
                self._bound.pop(heard, None)
