"""Datagrams that nobody signed, from next to an address that a session proved.

A gateway that rewrites what it forwards (SIP's Call-ID and branch, say) takes the token away: the packet
arrives and cannot be told from garbage. Counted by port, it is seen not to have been dropped. Addresses stay
in memory; the log has counts alone.
"""

from voipwatch.reflector.core.limits import NEIGHBOURS_MAX, SESSION_S
from voipwatch.reflector.core.session import Session


def neighbourhood(ip: str) -> str:
    """IPv4: the /24, because carriers spread the flows of one line over a pool; else the address itself.

    By text alone: this is done for every datagram of garbage.
    """
    return ip.rpartition(".")[0] or ip


class Strangers:
    """Which sessions live in which neighbourhood; at most `NEIGHBOURS_MAX` each, the newest."""

    def __init__(self) -> None:
        self._near: dict[str, list[Session]] = {}

    def __len__(self) -> int:
        return len(self._near)

    def parts(self) -> dict[str, object]:
        """What compiled code works on (`fast`)."""
        return {"near": self._near}

    def watch(self, session: Session, ip: str) -> None:
        """The session has proved the address."""
        near = self._near.setdefault(neighbourhood(ip), [])
        if session not in near:
            near.append(session)
            del near[:-NEIGHBOURS_MAX]

    def receive(self, ip: str, port: int, now: float) -> None:
        """A datagram without a valid token came from `ip` to our `port`."""
        for session in self._near.get(neighbourhood(ip), ()):
            if now - session.started_at <= SESSION_S:
                session.strangers[port] = session.strangers.get(port, 0) + 1

    def forget(self, session: Session) -> None:
        """The session is over."""
        for key in {neighbourhood(ip) for ip in session.accounts}:
            near = self._near.get(key, [])
            if session in near:
                near.remove(session)
            if not near:
                self._near.pop(key, None)
