"""A home's or a company's own telephone exchange that takes all SIP for itself: no censor (RFC 7092)."""

from voipwatch.lab.policy.packet import PASS, UDP, Action, Inject, Memory, Packet
from voipwatch.lab.policy.sipinject import ECHOED, REQUEST, back
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction


class SipGateway(Memory, frozen=True, tag_field="policy", tag="sip-gateway"):
    """Answers every request to a SIP port itself, whether a call belongs to it or not; none goes on.

    It knows nobody of the far end's, so that it refuses them.
    """

    status: str = "404 Not Found"
    ports: tuple[int, ...] = ()
    """Empty: SIP on any port."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """An ACK is answered by nothing (RFC 3261 section 17.1.1.3)."""
        if direction is not Direction.UP or packet.proto != UDP:
            return PASS
        found = REQUEST.match(packet.payload) if not self.ports or packet.dport in self.ports else None
        if found is None:
            return PASS
        if found[1] == b"ACK":
            return Inject(())
        answer = refused(packet.payload, self.status.encode())
        return Inject(((Direction.DOWN, back(packet, answer)),))


def refused(request: bytes, status: bytes) -> bytes:
    """The answer to a request with this status code and phrase. Cannot fail."""
    echoed = b"".join(ECHOED.findall(request.partition(b"\r\n\r\n")[0] + b"\r\n"))
    return b"SIP/2.0 " + status + b"\r\n" + echoed + b"Content-Length: 0\r\n\r\n"
