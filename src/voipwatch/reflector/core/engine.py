"""The reflector's core: authenticated datagrams in; replies, media, answers and logs out.

Driven by a datagram, a timer or the control channel; it never reads a clock. `now` is monotonic
seconds, the same clock throughout. Nothing leaves without a valid ticket, and every state it
keeps is bounded (`limits`).
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from voipwatch.apps import Profile, ProfileSet, fresh_ports
from voipwatch.model.flows import MUTANT_FORMAT
from voipwatch.model.measurement import PROTOCOL, SignedLog
from voipwatch.model.tickets import ReflectorOffer, Ticket, TicketBatch
from voipwatch.reflector.core import limits, stream
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.downlink import Datagram, Downlink
from voipwatch.reflector.core.fast import Hot, Maker, hot_of
from voipwatch.reflector.core.identity import Identity
from voipwatch.reflector.core.likely import LikelySeqs
from voipwatch.reflector.core.log import far_log, seal
from voipwatch.reflector.core.observed import kind_of_address
from voipwatch.reflector.core.part import ALONE, OthersTickets, Part
from voipwatch.reflector.core.prefixes import Prefixes
from voipwatch.reflector.core.private import PrivateScripts, RefusedProfileError
from voipwatch.reflector.core.proof import source_nonce
from voipwatch.reflector.core.scripts import ProfileScripts, Scripts
from voipwatch.reflector.core.session import Address
from voipwatch.reflector.core.sessions import Sessions
from voipwatch.reflector.core.strangers import Strangers
from voipwatch.reflector.core.tickets import Tickets
from voipwatch.reflector.core.uplink import Uplink
from voipwatch.wire.farlog import FarLog
from voipwatch.wire.place import uplink_place
from voipwatch.wire.token import (
    CONTROL_FLOW,
    ROOM_UP,
    TCP_FLOW,
    UpToken,
    number_of_untrusted,
    open_up_untrusted,
)

CONTROL_SEQ: Final = 1
Stray = tuple[int, Address, bytes]
"""Whose it is, where it came from, the datagram."""


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
        part: Part = ALONE,
    ) -> None:
        """The ports are those that could be bound; `scripts` stands in for the profiles' own.

        `part`: which tickets are this worker's; datagrams of others' are put aside (`strays`).
        """
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
            mutants=MUTANT_FORMAT,
        )
        self._identity = identity
        self._scripts = scripts
        self._tcp = frozenset(tcp_ports)
        self.part: Final = part
        self._others = OthersTickets(part)
        self._strays: list[Stray] = []
        self._tickets = Tickets(identity.master, part)
        self._prefixes = Prefixes()
        self._strangers = Strangers()
        self._sessions = Sessions(
            identity.salt, tickets=self._tickets, strangers=self._strangers, counters=self.counters
        )
        self._likely = LikelySeqs(self._scripts_of, self._tickets, self._sessions.live)
        self._source_ip = ""
        self._hot: Hot | None = None
        self._downlink = Downlink(
            scripts, counters=self.counters, prefixes=self._prefixes, nonce_secret=identity.nonce_secret
        )
        self._uplink = Uplink(
            self._sessions,
            self._downlink,
            self._scripts_of,
            counters=self.counters,
            neutral_ports=frozenset(neutral_ports) | frozenset(fresh_ports) & frozenset(udp_ports),
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
            if not self._tickets.room_for_private(source[0], frozenset(self._sessions.live)):
                self.counters.tickets_refused += wanted
                raise RefusedProfileError("too many private profiles at once")
        granted = self._prefixes.grant_tickets(source[0], wanted, now)
        tickets: list[Ticket] = []
        for index in range(granted):
            kept = {*self._sessions.live, *(t.number for t in tickets)}
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
        self._sessions.set_clock(now, wall_s)

    def export_state(self) -> bytes:
        """The unused tickets, to be kept over a restart. No address is in it."""
        return self._tickets.export_state(frozenset(self._sessions.live))

    def import_state(self, state: bytes, now: float, wall_s: float) -> int:
        """Take back `export_state`'s answer; returns the count. Raises ValueError for anything else."""
        self.set_clock(now, wall_s)
        return self._tickets.import_state(state, wall_s=wall_s)

    def live_tickets(self) -> list[tuple[int, int]]:
        """Number and end (Unix time) of each: what other workers are to know of."""
        return self._tickets.ends()

    def learn_tickets(self, tickets: Sequence[tuple[int, int]], wall_s: float) -> None:
        """Other workers' `live_tickets`; `wall_s`: Unix time."""
        self._others.learn(tickets, wall_s)

    # --- datagrams ----------------------------------------------------------------------------------

    def receive_datagrams(self, batch: Sequence[tuple[Address, int, bytes]], now: float) -> None:
        """Take datagrams as (source, local port, payload). Cannot fail, whatever the bytes."""
        self.counters.datagrams_in += len(batch)
        if self._hot is not None:
            self._hot.receive(batch, now)
            return
        for source, port, data in batch:
            self._receive(source, port, data, now)

    def strays(self) -> list[Stray]:
        """Datagrams received since that are other workers', to be handed to them; each once."""
        found, self._strays = self._strays, []
        return found

    def hasten(self, make: Maker | None) -> None:
        """From now on compiled code carries the common packets; None: Python alone, as at first.

        `make`: the class `Hot` of what `compiled.load` gave. The scripts must build by `apps.build`, which
        it does itself.
        """
        self._hot = None
        if make is not None:
            parts = {
                "counters": self.counters,
                "salt": self._identity.salt,
                "receive": self._receive,
                **self._downlink.parts(),
                **self._sessions.parts(),
                **self._tickets.parts(),
                **self._strangers.parts(),
                **self._prefixes.parts(),
            }
            self._hot = hot_of(make, parts)
        self._downlink.hasten(self._hot)

    def datagrams_to_send(self, now: float, most: int | None = None) -> list[Datagram]:
        """Everything due, as (destination, local port, payload), in order.

        `most`: at least 1, how many of those that have a time; the timer is then due at once for the others.
        """
        return self._downlink.take(now, most)

    def unsent(self, index: int) -> None:
        """The datagram at `index` of the last `datagrams_to_send` did not leave: strike it from the log."""
        self._downlink.unsent(index)

    def get_timer(self) -> float | None:
        """When `handle_timer` and `datagrams_to_send` are to be called next; None is "when asked"."""
        waits = [self._downlink.next_due(), self._sessions.sweep_due()]
        return min((wait for wait in waits if wait is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Forget what is over. Cannot fail; may be called at any time."""
        if self._sessions.has_rested(now):
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

    def tcp_owner(self, local_port: int, first: bytes) -> int | None:
        """Which other worker may answer a hello that this one does not know; None: none."""
        if local_port not in self._tcp:
            return None
        owners = (self._owner(place) for place, _ in stream.token_places(first))
        return next((owner for owner in owners if owner is not None), None)

    def session_record(self, ticket: int, auth: bytes, now: float) -> FarLog | None:
        """A copy of the session's log, to be sealed elsewhere; None when the caller may not have it.

        `auth`: the 16-byte uplink token of flow `CONTROL_FLOW`, seq 1. May be asked for more than once;
        it is final once nothing of the session arrives any more.
        """
        self.handle_timer(now)
        token = self._open(auth, "") if len(auth) == ROOM_UP else None
        session = self._sessions.live.get(ticket)
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

    def _receive(self, source: Address, port: int, data: bytes, now: float) -> None:
        self.counters.bytes_in += len(data)
        place = uplink_place(data)
        token = None if place is None else self._open(place, source[0])
        if token is None:
            # What arrives mangled where a session of ours sends from is that session's.
            owner = None if place is None else self._owner(place)
            if owner is None or self._sessions.at(source, port) is not None:
                self._receive_garbage(source, port, now)
            else:
                self._strays.append((owner, source, data))
        elif not self._uplink.receive(token, source, port, data, now):
            self.counters.refused += 1

    def _owner(self, place: bytes) -> int | None:
        """Which other worker's ticket a place names, if any."""
        if self.part == ALONE:
            return None
        return self._others.owner(number_of_untrusted(place, self._identity.salt))

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
        session = self._sessions.live.get(number)
        if session is None:
            return None  # we have sent nothing under this ticket yet
        account = session.accounts.get(self._source_ip)
        if account is not None and account.nonce:
            return account.nonce
        return source_nonce(self._identity.nonce_secret, number, self._source_ip)

    def _receive_garbage(self, source: Address, port: int, now: float) -> None:
        self.counters.garbage += 1
        self._strangers.receive(source[0], port, now)
        session = self._sessions.at(source, port)
        if session is not None:
            session.garbage += 1

    def _answer_trial(
        self, token: UpToken, source: Address, now: float, *, first: bytes, tls: bool
    ) -> bytes | None:
        session = self._sessions.begin(token.number, now)
        if session is None:
            return None
        answers = session.tcp_answers.get(token.seq, 0)
        if answers >= limits.TCP_ANSWERS_MAX:
            return None
        if answers == 0 and len(session.tcp_answers) >= limits.TCP_TRIALS_MAX:
            return None
        session.tcp_answers[token.seq] = answers + 1
        session.last_heard_at = now
        self._sessions.prove(session, source[0])
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
        for session in self._sessions.sweep(now):
            self._downlink.forget(session)
        self._prefixes.forget(now)
