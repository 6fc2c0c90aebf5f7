"""The table of sessions: begun by a ticket's first packet, kept until nobody can ask for their log."""

from typing import Final

from voipwatch.reflector.core import limits
from voipwatch.reflector.core.counters import Counters
from voipwatch.reflector.core.session import Address, Flow, Held, Session
from voipwatch.reflector.core.strangers import Strangers
from voipwatch.reflector.core.tickets import Tickets
from voipwatch.wire.token import TokenKeys


class Sessions:
    """All sessions, what they hold together, and whose an endpoint is."""

    def __init__(self, salt: bytes, *, tickets: Tickets, strangers: Strangers, counters: Counters) -> None:
        self.live: Final[dict[int, Session]] = {}
        """By ticket number."""
        self.held: Final = Held()
        self._salt = salt
        self._tickets = tickets
        self._strangers = strangers
        self._counters = counters
        self._bound: dict[tuple[Address, int], Session] = {}
        self._wall_offset_s = 0.0
        self._swept_at: float | None = None

    def parts(self) -> dict[str, object]:
        """What compiled code works on (`fast`)."""
        return {"live": self.live}

    def set_clock(self, now: float, wall_s: float) -> None:
        """Tell what Unix time it is at `now`."""
        self._wall_offset_s = wall_s - now

    def begin(self, number: int, now: float) -> Session | None:
        """The session of a live ticket, begun if need be; None when it is over or there is no room."""
        session = self.live.get(number)
        if session is not None:
            return None if now - session.started_at > limits.SESSION_S else session
        ticket = self._tickets.get(number)
        if ticket is None or self.held.packets >= limits.PACKETS_MAX:
            return None
        wall_s = now + self._wall_offset_s
        if ticket.expires_at <= wall_s:
            return None
        keys = TokenKeys(number, ticket.key, self._salt)
        session = Session(keys, started_at=now, started_wall_s=wall_s, last_heard_at=now, held=self.held)
        if ticket.issued_to is not None:
            self.prove(session, ticket.issued_to)
        self.live[number] = session
        self._counters.sessions += 1
        if self._swept_at is None:
            self._swept_at = now
        return session

    def prove(self, session: Session, ip: str) -> None:
        """The address was shown to receive what is sent to it: its neighbours are the session's strangers."""
        session.prove(ip)
        if session.account(ip, create=False) is not None:
            self._strangers.watch(session, ip)

    def hear(self, session: Session, flow: Flow, source: Address, port: int) -> None:
        """The flow came from `source` to our `port`: garbage from there is the session's too."""
        if (source, port) not in flow.heard and len(flow.heard) < limits.SOURCES_MAX:
            flow.heard.append((source, port))
            self._bound[(source, port)] = session

    def at(self, source: Address, port: int) -> Session | None:
        """The session that was heard last from `source` at our `port`."""
        return self._bound.get((source, port))

    def sweep_due(self) -> float | None:
        """When `sweep` is to be called next; None while there is no session."""
        if not self.live or self._swept_at is None:
            return None
        return self._swept_at + limits.HOUSEKEEPING_S

    def has_rested(self, now: float) -> bool:
        """Whether the last `sweep` is long enough ago for another."""
        return self._swept_at is None or now - self._swept_at >= limits.HOUSEKEEPING_S

    def sweep(self, now: float) -> list[Session]:
        """Forget sessions and tickets whose time is over, and scripts of flows that rest; those sessions."""
        self._swept_at = now
        over = [session for session in self.live.values() if now - session.started_at > limits.LOG_S]
        for session in over:
            self._close(session)
        for session in self.live.values():
            for flow in session.flows.values():
                if flow.script is not None and now - flow.last_heard_at > limits.REST_S:
                    flow.script = None
        self._tickets.expire(now + self._wall_offset_s, spare=frozenset(self.live))
        return over

    def _close(self, session: Session) -> None:
        del self.live[session.keys.number]
        session.closed = True
        self._strangers.forget(session)
        self._tickets.remove(session.keys.number)
        self.held.flows -= len(session.flows)
        self.held.packets -= session.packets
        for flow in session.flows.values():
            for heard in flow.heard:
                self._bound.pop(heard, None)
