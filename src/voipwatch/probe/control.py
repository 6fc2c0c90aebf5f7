"""The probe's half of the control channel: HTTPS whose certificate is judged before a byte is sent.

HTTP/1.1 by h11 over TLS in memory, so that the pin is checked between handshake and request, every
wait has an end, and the bytes on the line are counted.
"""

import hmac
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import h11
import msgspec

from voipwatch.experiment.events import CanaryOutcome, CanaryView
from voipwatch.model.measurement import PROTOCOL, SignedLog
from voipwatch.model.tickets import TicketBatch
from voipwatch.model.vocabulary import Failure
from voipwatch.probe.failures import failure_of
from voipwatch.probe.path import Path
from voipwatch.probe.socks import connect_through
from voipwatch.probe.soundness import is_sound
from voipwatch.probe.via import Proxy

CONNECT_S: Final = 5.0
"""SYN retransmissions come after 1 and 3 s (RFC 6298 section 2)."""
REQUEST_S: Final = 10.0
ANSWER_BYTES_MAX: Final = 17 << 20
"""The longest log, and then some."""
SIGNATURE_BYTES: Final = 64
READ_BYTES: Final = 65_536
ADDRESSES_MAX: Final = 16
AGE_MAX_S: Final = 3600.0
SEGMENT_BYTES: Final = 1_400
TCP_HEADER_BYTES: Final = {4: 52, 6: 72}
"""IP and TCP headers with timestamps, a segment."""
HANDSHAKE_SEGMENTS: Final = 7
"""SYN, SYN-ACK, ACK, and a FIN and its ACK each way."""


@dataclass(frozen=True, slots=True)
class Trust:
    """How a reflector's certificate is judged."""

    pin: str | None = None
    """SHA-256 of the DER, hex."""
    insecure: bool = False
    """Any certificate will do."""

    @property
    def word(self) -> str:
        """Equal for equal conditions on the certificate."""
        return self.pin or ("insecure" if self.insecure else "authorities")


@dataclass(slots=True)
class Exchange:
    """One request and what came of it."""

    failure: Failure | None = None
    status: int = 0
    body: bytes = b""
    retry_after_s: int | None = None
    untrusted: bool = False
    """The far end's certificate was refused: not the pin's, or no authority vouches for it."""
    cost_bytes: int = 0
    """IP bytes both ways, headers estimated."""


@dataclass
class Channel:
    """Where the control channel is. Each request opens a connection of its own."""

    path: Path
    host: str
    port: int
    trust: Trust = field(default_factory=Trust)
    connect_s: float = CONNECT_S
    request_s: float = REQUEST_S

    def request(
        self, method: str, target: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b""
    ) -> Exchange:
        """One request. Cannot fail: why there is no answer is in the exchange."""
        exchange = Exchange()
        connection: TlsConnection | None = None
        connected = False
        try:
            with self._connected() as sock:
                connected = True
                connection = TlsConnection(sock, self._context(), self.host, self.request_s)
                connection.handshake()
                if self._wrong_pin(connection.certificate()):
                    exchange.failure = Failure.PIN_MISMATCH
                    exchange.untrusted = True
                else:
                    _speak(connection, exchange, self._head(method, target, headers, body), body)
        except (OSError, EOFError) as error:
            exchange.failure = _failure(error, connected=connected)
            exchange.untrusted = isinstance(error, ssl.SSLCertVerificationError)
        moved = 0 if connection is None else connection.moved_bytes
        exchange.cost_bytes = line_bytes(moved, self.path.ip_version, connected=connected)
        return exchange

    def _connected(self) -> socket.socket:
        """A TCP connection to the reflector, through the proxy where there is one. Raises OSError."""
        via = self.path.via
        if isinstance(via, Proxy):
            return connect_through(via, self.path.ip, self.port, self.connect_s)
        sock = self.path.open_socket(socket.SOCK_STREAM)
        try:
            sock.settimeout(self.connect_s)
            sock.connect(self.path.address(self.port))
        except OSError:
            sock.close()
            raise
        return sock

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        if self.trust.pin is not None or self.trust.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _wrong_pin(self, certificate: bytes) -> bool:
        if self.trust.pin is None:
            return False
        return not hmac.compare_digest(sha256(certificate).hexdigest(), self.trust.pin.lower())

    def _head(
        self, method: str, target: str, headers: tuple[tuple[str, str], ...], body: bytes
    ) -> h11.Request:
        host = f"[{self.host}]" if ":" in self.host else self.host
        lines = [("host", f"{host}:{self.port}"), ("connection", "close"), *headers]
        if body:
            lines += [("content-type", "application/json"), ("content-length", str(len(body)))]
        return h11.Request(method=method, target=target, headers=lines)


class TlsConnection:
    """TLS over a connected socket, with one deadline for everything and a count of the bytes."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str, timeout_s: float) -> None:
        self._sock = sock
        self._deadline = time.monotonic() + timeout_s
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.moved_bytes = 0

    def handshake(self) -> None:
        """Raises OSError (ssl.SSLError among them) or EOFError."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self._fill()
            else:
                return

    def certificate(self) -> bytes:
        """The other side's, DER."""
        return self._tls.getpeercert(binary_form=True) or b""

    def write(self, data: bytes) -> None:
        """Raises OSError."""
        self._tls.write(data)
        self._flush()

    def read(self) -> bytes:
        """Some bytes, none at the end of the stream. Raises OSError."""
        while True:
            try:
                return self._tls.read(READ_BYTES)
            except ssl.SSLWantReadError:
                try:
                    self._fill()
                except EOFError:
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data:
            self._wait()
            self._sock.sendall(data)
            self.moved_bytes += len(data)

    def _fill(self) -> None:
        self._wait()
        data = self._sock.recv(READ_BYTES)
        if not data:
            raise EOFError
        self.moved_bytes += len(data)
        self._incoming.write(data)

    def _wait(self) -> None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self._sock.settimeout(left_s)


def _speak(connection: TlsConnection, exchange: Exchange, head: h11.Request, body: bytes) -> None:
    http = h11.Connection(h11.CLIENT)
    out = http.send(head) or b""
    if body:
        out += http.send(h11.Data(data=body)) or b""
    connection.write(out + (http.send(h11.EndOfMessage()) or b""))
    parts: list[bytes] = []
    size = 0
    ended = False
    while True:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError:
            exchange.failure = Failure.CONNECTION_CLOSED if ended else Failure.BAD_ANSWER
            return
        if event is h11.NEED_DATA:
            more = connection.read()
            ended = not more
            http.receive_data(more)
        elif isinstance(event, h11.Response):
            exchange.status = event.status_code
            exchange.retry_after_s = _retry_after(event)
        elif isinstance(event, h11.Data):
            size += len(event.data)
            if size > ANSWER_BYTES_MAX:
                exchange.failure = Failure.BAD_ANSWER
                return
            parts.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            exchange.body = b"".join(parts)
            return
        elif isinstance(event, h11.ConnectionClosed):
            exchange.failure = Failure.CONNECTION_CLOSED
            return


def _retry_after(response: h11.Response) -> int | None:
    for name, value in response.headers:
        if name == b"retry-after" and value.isdigit() and len(value) <= 6:
            return int(value)
    return None


def _failure(error: Exception, *, connected: bool) -> Failure:
    if isinstance(error, EOFError):
        return Failure.CONNECTION_CLOSED
    return failure_of(error, connected=connected)


def line_bytes(moved_bytes: int, ip_version: int, *, connected: bool) -> int:
    """IP bytes both ways of a connection that moved so much, headers estimated."""
    segments = HANDSHAKE_SEGMENTS + 2 * -(-moved_bytes // SEGMENT_BYTES) if connected else 2
    return moved_bytes + segments * TCP_HEADER_BYTES[ip_version]


# --- the routes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """Tickets, or why there are none."""

    batch: TicketBatch | None
    failure: Failure | None
    cost_bytes: int
    untrusted: bool = False
    """Whoever answered showed a certificate that was refused."""
    profile_refused: str = ""
    """Why the reflector does not play the private profile, in its words."""


def request_tickets(channel: Channel, count: int, *, profile: str | None = None) -> TicketAnswer:
    """POST /v1/tickets, with a private profile (TOML) for the tickets if there is one. Cannot fail."""
    wanted: dict[str, object] = {"protocol": PROTOCOL, "count": count}
    if profile is not None:
        wanted["profile"] = profile
    body = msgspec.json.encode(wanted)
    exchange = channel.request("POST", "/v1/tickets", body=body)
    batch, failure = None, exchange.failure
    if failure is None:
        batch, failure = _read_tickets(exchange)
    refused = _profile_problem(exchange) if profile is not None and batch is None else ""
    return TicketAnswer(batch, failure, exchange.cost_bytes, exchange.untrusted, refused)


class _Protocol(msgspec.Struct, frozen=True):
    protocol: int


class _OfferProtocol(msgspec.Struct, frozen=True):
    offer: _Protocol


class _Problem(msgspec.Struct, frozen=True):
    error: str
    problem: str = ""


def _profile_problem(exchange: Exchange) -> str:
    try:
        told = msgspec.json.decode(exchange.body, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return (told.problem or "refused")[:300] if told.error == "profile" else ""


def _read_tickets(exchange: Exchange) -> tuple[TicketBatch | None, Failure | None]:
    if exchange.status in (429, 503):
        return None, Failure.TICKET_REFUSED
    try:
        if exchange.status != 200:
            told = msgspec.json.decode(exchange.body, type=_Problem)
            return None, Failure.VERSION_MISMATCH if told.error == "version" else Failure.BAD_ANSWER
        # another version may say the rest otherwise: its number is read first
        if msgspec.json.decode(exchange.body, type=_OfferProtocol).offer.protocol != PROTOCOL:
            return None, Failure.VERSION_MISMATCH
        batch = msgspec.json.decode(exchange.body, type=TicketBatch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None, Failure.BAD_ANSWER
    if not batch.tickets or not is_sound(batch):
        return None, Failure.BAD_ANSWER
    return batch, None


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """A signed log, or why there is none. The signature is the judge's to check."""

    log: SignedLog | None
    failure: Failure | None
    cost_bytes: int


def request_log(channel: Channel, ticket: int, authorization: str) -> LogAnswer:
    """GET /v1/sessions/{ticket}/log. Cannot fail."""
    exchange = channel.request(
        "GET", f"/v1/sessions/{ticket}/log", headers=(("authorization", authorization),)
    )
    log, failure = None, exchange.failure
    if failure is None:
        if exchange.status == 200 and len(exchange.body) > SIGNATURE_BYTES:
            log = SignedLog(exchange.body[SIGNATURE_BYTES:], exchange.body[:SIGNATURE_BYTES])
        else:
            failure = Failure.TICKET_REFUSED if exchange.status == 404 else Failure.BAD_ANSWER
    return LogAnswer(log, failure, exchange.cost_bytes)


class _View(msgspec.Struct, frozen=True):
    resolved: list[str]
    alive: list[str]
    age_s: float


class _Views(msgspec.Struct, frozen=True):
    schema: str
    targets: dict[str, _View]


def request_reach(
    channel: Channel, targets: tuple[str, ...], max_age_s: float, *, usable: Callable[[str], bool]
) -> CanaryOutcome:
    """POST /v1/reach. Cannot fail. `usable`: whether an address may be asked; others are left out, because a
    reflector must not be able to send a probe into its own network.
    """
    body = msgspec.json.encode({"targets": targets, "max_age_s": max_age_s})
    exchange = channel.request("POST", "/v1/reach", body=body)
    if exchange.failure is not None:
        return CanaryOutcome({}, exchange.failure, exchange.cost_bytes)
    if exchange.status != 200:
        return CanaryOutcome({}, Failure.BAD_ANSWER, exchange.cost_bytes)
    try:
        told = msgspec.json.decode(exchange.body, type=_Views)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return CanaryOutcome({}, Failure.BAD_ANSWER, exchange.cost_bytes)
    views = {
        name: CanaryView(
            tuple(ip for ip in view.resolved[:ADDRESSES_MAX] if usable(ip)),
            tuple(ip for ip in view.alive[:ADDRESSES_MAX] if usable(ip)),
            view.age_s,
        )
        for name, view in told.targets.items()
        if name in targets and 0 <= view.age_s <= AGE_MAX_S
    }
    return CanaryOutcome(views, None, exchange.cost_bytes)
