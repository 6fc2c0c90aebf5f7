"""SIP that nobody sent (technique S3), and a pinhole that closes too early (S4)."""

import re
from typing import Final, Literal

from voipwatch.lab.policy.packet import DROP, PASS, UDP, Action, Inject, Memory, Packet
from voipwatch.lab.policy.signature import flow_key
from voipwatch.lab.policy.state import State
from voipwatch.model.vocabulary import Direction

REQUEST: Final = re.compile(rb"\A([A-Z]{3,10}) (sips?:[^\r\n ]*) SIP/2\.0\r\n")
ANSWERED: Final = re.compile(rb"\ASIP/2\.0 2\d\d[^\r\n]*\r\n")
ECHOED: Final = re.compile(rb"(?im)^(?:via|v|from|f|to|t|call-id|i|cseq)[ \t]*:[^\r\n]*\r\n")
"""What an answer repeats of its request (RFC 3261 section 8.2.6)."""
CALLED: Final = re.compile(rb"(?im)^cseq[ \t]*:[ \t]*\d+[ \t]+INVITE[ \t]*\r$")
CSEQ: Final = re.compile(rb"(?im)^cseq[^\r\n]*\r\n")


class SipInject(Memory, frozen=True, tag_field="policy", tag="sip-inject"):
    """Answers calls in the far end's place, or hangs up in its name.

    `forbid`: each INVITE is answered 403 by the box. `bye`: after its answer the line gets a BYE.
    """

    what: Literal["forbid", "bye"] = "forbid"
    original: bool = False
    """For `forbid`: the INVITE goes on too, and the forged answer merely comes first."""

    def __call__(self, direction: Direction, packet: Packet, _state: State, _now: float) -> Action:
        """What is forged goes to the line; the far end hears nothing of it."""
        if packet.proto != UDP:
            return PASS
        if self.what == "forbid" and direction is Direction.UP:
            forged = forbidden(packet.payload)
            if forged is not None:
                return Inject(((Direction.DOWN, back(packet, forged)),), original=self.original)
        if self.what == "bye" and direction is Direction.DOWN:
            forged = bye(packet.payload)
            if forged is not None:
                size = packet.size - len(packet.payload) + len(forged)
                after = Packet(UDP, packet.src, packet.sport, packet.dst, packet.dport, forged, size)
                return Inject(((direction, packet), (direction, after)))
        return PASS


def forbidden(request: bytes) -> bytes | None:
    """A 403 to an INVITE; None for anything else. Cannot fail."""
    found = REQUEST.match(request)
    if found is None or found[1] != b"INVITE":
        return None
    echoed = b"".join(ECHOED.findall(request.partition(b"\r\n\r\n")[0] + b"\r\n"))
    return b"SIP/2.0 403 Forbidden\r\n" + echoed + b"Content-Length: 0\r\n\r\n"


def bye(answer: bytes) -> bytes | None:
    """A BYE for the call that an answer to an INVITE began; None for anything else. Cannot fail."""
    head = answer.partition(b"\r\n\r\n")[0] + b"\r\n"
    if ANSWERED.match(answer) is None or CALLED.search(head) is None:
        return None
    echoed = CSEQ.sub(b"CSeq: 2 BYE\r\n", b"".join(ECHOED.findall(head)))
    return b"BYE sip:call SIP/2.0\r\n" + echoed + b"Content-Length: 0\r\n\r\n"


def back(packet: Packet, payload: bytes) -> Packet:
    """From the far end to the line, as the far end would have answered."""
    size = packet.size - len(packet.payload) + len(payload)
    return Packet(UDP, packet.dst, packet.dport, packet.src, packet.sport, payload, size)


class SipPinhole(Memory, frozen=True, tag_field="policy", tag="sip-pinhole"):
    """What comes to the line from a SIP port dies once the line was silent for `timeout_s`.

    A home router's habit, of which a phone that waits for calls notices that none come.
    """

    timeout_s: float
    ports: tuple[int, ...] = (5060,)

    def __call__(self, direction: Direction, packet: Packet, state: State, now: float) -> Action:
        """Whatever goes up opens the hole again."""
        port = packet.dport if direction is Direction.UP else packet.sport
        if packet.proto != UDP or port not in self.ports:
            return PASS
        flow = state.flows.find(flow_key(direction, packet), now)
        if direction is Direction.UP:
            flow.matched_at = now
            return PASS
        open_ = flow.matched_at is not None and now - flow.matched_at <= self.timeout_s
        return PASS if open_ else DROP
