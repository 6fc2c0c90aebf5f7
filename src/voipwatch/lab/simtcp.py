"""One TCP trial in virtual time: connect, a hello, an answer, each segment tried until it gets through.

Not a TCP stack: no windows, no congestion. It shows what a trial can show, that is whether a connection
comes about, whose bytes come back, and when.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from voipwatch.lab.line import Line
from voipwatch.lab.nat import Endpoint
from voipwatch.lab.policy.packet import PASS, TCP, UDP, Action, Delay, Inject, Packet, Policy, Reject
from voipwatch.lab.policy.state import FlowKey, State
from voipwatch.lab.portal import portal_answer
from voipwatch.model.vocabulary import Direction, Failure

RETRY_S: Final = (1.0, 2.0, 4.0, 8.0)
"""Retransmission timeouts: one second, then doubling (RFC 6298)."""
DATAGRAM_RETRY_S: Final = (0.5, 1.0, 2.0)
SEGMENT_BYTES: Final = 40
"""IPv4 and TCP headers."""


class TcpTrial(msgspec.Struct, frozen=True):
    """How it went; `ready_at` is None when nothing more will ever come."""

    ready_at: float | None
    connected_ms: float | None
    data: bytes
    failure: Failure | None


class TcpPath(msgspec.Struct):
    """The circumstances of one trial."""

    line: Line
    policy: Policy
    state: State
    source: Endpoint
    target: Endpoint
    dies_at_s: float | None = None
    """When the target falls silent."""
    portal: bool = False
    """A captive portal answers in place of the target."""
    proto: str = TCP
    retries_s: tuple[float, ...] = RETRY_S
    injected: bytes | None = None
    """What the operator answered in the target's place."""

    def segment(
        self, direction: Direction, payload: bytes, now: float
    ) -> tuple[float | None, Failure | None]:
        """When one segment is there, retransmissions included; or how the operator refused it."""
        up = direction is Direction.UP
        link = self.line.up if up else self.line.down
        src, dst = (self.source, self.target) if up else (self.target, self.source)
        size = len(payload) + SEGMENT_BYTES
        packet = Packet(self.proto, src[0], src[1], dst[0], dst[1], payload, size)
        key: FlowKey = (self.proto, self.source[0], self.source[1], self.target[0], self.target[1])
        wait = 0.0
        for timeout in (0.0, *self.retries_s):
            wait += timeout
            sent = now + wait
            if self.dies_at_s is not None and sent >= self.dies_at_s and not self.portal:
                return None, None
            action: Action = self.policy(direction, packet, self.state, now)
            if isinstance(action, Reject):
                return sent, action.failure
            if isinstance(action, Inject):
                self.injected = next((p.payload for way, p in action.packets if way is not direction), None)
                return sent, None
            if action is not PASS and not isinstance(action, Delay):
                continue
            extra = action.s if isinstance(action, Delay) else 0.0
            arrived = link.arrivals(sent + extra, size, key)
            if arrived:
                return arrived[0], None
        return None, None


def play_tcp(
    path: TcpPath, hello: bytes, answer: Callable[[Endpoint, int, bytes], bytes | None], *, now: float
) -> TcpTrial:
    """Plays one trial out at once; times are virtual.

    `answer` gives the far end's bytes for a hello, None if it closes without a byte.
    """
    at, failure = path.segment(Direction.UP, b"", now)
    if at is not None and failure is None:
        at, failure = path.segment(Direction.DOWN, b"", at)
    if at is None:
        return TcpTrial(None, None, b"", Failure.CONNECT_TIMEOUT)
    if failure is not None:
        return TcpTrial(at, None, b"", _as_tcp(failure, Failure.CONNECTION_REFUSED))
    connected_ms = (at - now) * 1e3
    data: bytes | None = b""
    if hello:
        at, failure = path.segment(Direction.UP, hello, at)
        if at is None:
            return TcpTrial(None, connected_ms, b"", Failure.READ_TIMEOUT)
        if failure is not None:
            return TcpTrial(at, connected_ms, b"", _as_tcp(failure, Failure.CONNECTION_RESET))
        data = portal_answer(hello) if path.portal else answer(path.source, path.target[1], hello)
    at, failure = path.segment(Direction.DOWN, data or b"", at)
    if at is None:
        return TcpTrial(None, connected_ms, b"", Failure.READ_TIMEOUT)
    if failure is not None:
        return TcpTrial(at, connected_ms, b"", _as_tcp(failure, Failure.CONNECTION_RESET))
    closed = None if data else Failure.CONNECTION_CLOSED
    return TcpTrial(at, connected_ms, data or b"", closed)


def play_datagram(
    path: TcpPath, data: bytes, answer: Callable[[bytes], bytes | None], *, now: float
) -> tuple[float | None, bytes | None]:
    """One request over UDP, sent again as RFC 8489 section 6.2.1 has it, and when its answer is there."""
    path.proto, path.retries_s = UDP, DATAGRAM_RETRY_S
    at, failure = path.segment(Direction.UP, data, now)
    if at is None or failure is not None:
        return None, None
    reply = path.injected if path.injected is not None else None if path.portal else answer(data)
    if reply is None:
        return None, None
    at, failure = path.segment(Direction.DOWN, reply, at)
    return (None, None) if failure is not None else (at, reply)


def _as_tcp(failure: Failure, reset: Failure) -> Failure:
    """What a refusal looks like to TCP: an ICMP port unreachable counts as a reset."""
    return reset if failure is Failure.PORT_UNREACHABLE else failure
