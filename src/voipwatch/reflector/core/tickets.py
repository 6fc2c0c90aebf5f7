"""Who may measure: live tickets, their keys, and what of them outlives a restart."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from voipwatch.model.tickets import Ticket
from voipwatch.reflector.core.limits import (
    PRIVATE_LIVE_MAX,
    PRIVATE_SITE_MAX,
    TICKET_S,
    TICKETS_LIVE_MAX,
    TICKETS_SITE_MAX,
)
from voipwatch.reflector.core.part import ALONE, Part
from voipwatch.reflector.core.prefixes import SITE_BITS, prefix_of
from voipwatch.reflector.core.scripts import Scripts

STATE_SCHEMA = "voipwatch.reflector-state/1"


class TicketState(msgspec.Struct, frozen=True):
    """Unused tickets as they are kept on disk: no address, nothing about a session."""

    tickets: list[Ticket]
    schema: str = STATE_SCHEMA


@dataclass(slots=True)
class LiveTicket:
    """A ticket that was handed out and has not expired."""

    number: int
    key: bytes
    expires_at: int
    issued_to: str | None
    """The address that got it over TCP and is thereby proved; only ever in memory."""
    site: str = ""
    """Its /24 or /48; in memory too: tickets that outlived a restart have none."""
    scripts: Scripts | None = None
    """What it plays where that is not the packaged profiles alone; never on disk."""


class Tickets:
    """All live tickets; numbers are unique among them and among workers, keys unique for ever."""

    def __init__(self, master: bytes, part: Part = ALONE) -> None:
        self._master = master
        self._part = part
        self._live: dict[int, LiveTicket] = {}

    def __len__(self) -> int:
        return len(self._live)

    def parts(self) -> dict[str, object]:
        """What compiled code works on (`fast`)."""
        return {"tickets": self._live}

    def get(self, number: int) -> LiveTicket | None:
        """The live ticket of that number."""
        return self._live.get(number)

    def key(self, number: int) -> bytes | None:
        """Its key, for the token's check."""
        ticket = self._live.get(number)
        return None if ticket is None else ticket.key

    def ends(self) -> list[tuple[int, int]]:
        """Number and end (Unix time) of each."""
        return [(ticket.number, ticket.expires_at) for ticket in self._live.values()]

    def issue(
        self, entropy: bytes, issued_to: str | None, *, wall_s: int, kept: Collection[int] = frozenset()
    ) -> LiveTicket | None:
        """A new ticket with a free number, None when all that live are kept.

        A caller whose site holds its share, or whom the table has no room for, gets the place of the oldest
        unused ticket: of his own site, or of the one that holds most. So nobody closes the reflector by
        hoarding, and a whole carrier behind one address is not locked out for a week.

        Args:
            entropy: 16 fresh bytes.
            issued_to: the caller's address.
            wall_s: Unix time.
            kept: numbers of tickets that are not given up: those in use, those of the same batch.
        """
        site = "" if issued_to is None else prefix_of(issued_to, v6_bits=SITE_BITS)
        self._make_room(site, kept)
        if len(self._live) >= TICKETS_LIVE_MAX:
            return None
        seed = blake2b(entropy, key=self._master, person=b"vw-tnum", digest_size=2).digest()
        number = int.from_bytes(seed, "big")
        while number in self._live or not self._part.owns(number):
            number = (number + 1) & 0xFFFF
        message = number.to_bytes(2, "big") + entropy
        key = blake2b(message, key=self._master, person=b"vw-tkey", digest_size=32).digest()
        ticket = LiveTicket(number, key, wall_s + TICKET_S, issued_to, site)
        self._live[number] = ticket
        return ticket

    def _make_room(self, site: str, kept: Collection[int]) -> None:
        """Oldest first is the order of the table: every ticket lives equally long."""
        unused = [ticket for ticket in self._live.values() if ticket.number not in kept]
        own = [ticket.number for ticket in unused if ticket.site == site]
        if site and len(own) >= TICKETS_SITE_MAX:
            del self._live[own[0]]
        elif unused and len(self._live) >= TICKETS_LIVE_MAX:
            most = Counter(ticket.site for ticket in unused).most_common(1)[0][0]
            del self._live[next(ticket.number for ticket in unused if ticket.site == most)]

    def room_for_private(self, issued_to: str, kept: Collection[int]) -> bool:
        """Make room for one more private profile: the oldest unused one of the same site gives way.

        False where all that there may be are in use, or are other sites'.
        """
        site = prefix_of(issued_to, v6_bits=SITE_BITS)
        private = [ticket for ticket in self._live.values() if ticket.scripts is not None]
        own = [ticket for ticket in private if ticket.site == site]
        if len(own) < PRIVATE_SITE_MAX and len(private) < PRIVATE_LIVE_MAX:
            return True
        unused = [ticket.number for ticket in own if ticket.number not in kept]
        if not unused:
            return False
        del self._live[unused[0]]
        return True

    def remove(self, number: int) -> None:
        """The ticket is used up."""
        self._live.pop(number, None)

    def expire(self, wall_s: float, *, spare: "set[int] | frozenset[int]" = frozenset()) -> None:
        """Forget tickets whose time is over, but for those in `spare` (their session is still kept)."""
        for number in [n for n, t in self._live.items() if t.expires_at <= wall_s and n not in spare]:
            del self._live[number]

    def export_state(self, used: "set[int] | frozenset[int]") -> bytes:
        """JSON of the unused tickets.

        Used ones are left out on purpose: after a restart their sessions' logs are gone, and a log
        that begins in the middle would show packets as lost that were not.
        """
        # One with a private profile is left out too: the profile is written nowhere, and without it the
        # ticket's flows would be others.
        unused = [
            Ticket(t.number, t.key, t.expires_at)
            for t in self._live.values()
            if t.number not in used and t.scripts is None
        ]
        return msgspec.json.encode(TicketState(unused))

    def import_state(self, state: bytes, *, wall_s: float) -> int:
        """Take back what `export_state` gave; returns the count. Raises ValueError for anything else.

        Tickets of other workers are left out.
        """
        kept = msgspec.json.decode(state, type=TicketState)
        if kept.schema != STATE_SCHEMA:
            raise ValueError(f"not {STATE_SCHEMA}")
        for ticket in kept.tickets[:TICKETS_LIVE_MAX]:
            if not 0 <= ticket.number <= 0xFFFF or len(ticket.key) != 32:
                raise ValueError("a kept ticket is malformed")
            if ticket.expires_at > wall_s and self._part.owns(ticket.number):
                self._live[ticket.number] = LiveTicket(ticket.number, ticket.key, ticket.expires_at, None)
        return len(self._live)


def join_states(states: Iterable[bytes]) -> bytes:
    """What several workers exported, in one. A state that is damaged is left out."""
    tickets: list[Ticket] = []
    for state in states:
        try:
            kept = msgspec.json.decode(state, type=TicketState)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        tickets += kept.tickets if kept.schema == STATE_SCHEMA else []
    return msgspec.json.encode(TicketState(tickets))
