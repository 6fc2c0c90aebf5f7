"""The control channel: HTTPS with HTTP/1.1 (RFC 9112), one request a connection, everything bounded.

Routes: POST /v1/tickets, POST /v1/reach, GET /v1/sessions/{ticket}/log, GET /v1/health
(docs/experiments/session-protocol.md).
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import h11
import msgspec

from voipwatch.model.measurement import PROTOCOL
from voipwatch.reflector.core import ReflectorCore
from voipwatch.reflector.core.private import PROFILE_BYTES_MAX, RefusedProfileError, read_private
from voipwatch.reflector.reach import SITE_S, ReachDesk

REQUEST_S: Final = 10.0
"""From the TLS handshake's end to the whole answer taken."""
HANDSHAKE_S: Final = 5.0
BODY_BYTES_MAX: Final = 4096
HEAD_BYTES_MAX: Final = 16_384
"""Request line and headers (nginx gives 32 KiB, node 16)."""
HEADERS_MAX: Final = 64
TICKET_BODY_BYTES_MAX: Final = 2 * PROFILE_BYTES_MAX + BODY_BYTES_MAX
"""Of a ticket request: a private profile in JSON, line ends and quotes escaped."""
READ_BYTES: Final = 4096
CONNECTIONS_MAX: Final = 256
CONNECTIONS_PER_ADDRESS_MAX: Final = 16

TICKETS: Final = b"/v1/tickets"
LOG_PREFIX: Final = "/v1/sessions/"
LOG_SUFFIX: Final = "/log"


class TicketRequest(msgspec.Struct, frozen=True):
    """Body of POST /v1/tickets."""

    protocol: int
    count: int = 1
    profile: str | None = None
    """A private profile, TOML; the ticket plays it too."""


class ReachRequest(msgspec.Struct, frozen=True):
    """Body of POST /v1/reach: ids of the packaged target list, never a name or an address."""

    targets: list[str]
    max_age_s: float = 600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response, bodies always whole."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


def problem(status: int, word: str, **more: object) -> Answer:
    """An error: a word from the protocol's list, nothing of the request."""
    return Answer(status, msgspec.json.encode({"error": word, **more}))


class Control:
    """Answers requests; knows nothing of sockets."""

    def __init__(
        self,
        core: ReflectorCore,
        *,
        version: str,
        changed: Callable[[], None],
        reach: ReachDesk | None = None,
        elsewhere: Callable[[int, bytes], Awaitable[bytes]] | None = None,
    ) -> None:
        """`elsewhere`: the log of another worker's ticket, as `sealed_log`."""
        self._core = core
        self._version = version
        self._changed = changed
        self._reading = asyncio.Lock()
        """One private profile is read at a time, in a thread: it takes up to a second."""
        self._reach = reach
        self._elsewhere = elsewhere

    async def answer(self, request: h11.Request, body: bytes, ip: str) -> Answer:
        """The response to one request from `ip`. Cannot fail, whatever the request."""
        method = request.method.decode("ascii", "replace")
        path = request.target.decode("ascii", "replace").partition("?")[0]
        if path == "/v1/health":
            return self._health() if method == "GET" else problem(405, "method")
        if path == "/v1/tickets":
            return await self._tickets(body, ip) if method == "POST" else problem(405, "method")
        if path == "/v1/reach" and self._reach is not None:
            return await self._canary(self._reach, body, ip) if method == "POST" else problem(405, "method")
        if path.startswith(LOG_PREFIX) and path.endswith(LOG_SUFFIX):
            if method != "GET":
                return problem(405, "method")
            return await self._log(path.removeprefix(LOG_PREFIX).removesuffix(LOG_SUFFIX), request)
        return problem(404, "path")

    def _health(self) -> Answer:
        return Answer(200, msgspec.json.encode({"protocol": PROTOCOL, "version": self._version}))

    async def _tickets(self, body: bytes, ip: str) -> Answer:
        try:
            wanted = msgspec.json.decode(body, type=TicketRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return problem(400, "body")
        if wanted.protocol != PROTOCOL:
            return problem(400, "version", protocol=PROTOCOL)
        private = None
        if wanted.profile is not None:
            try:
                async with self._reading:
                    private = await asyncio.to_thread(read_private, wanted.profile)
            except RefusedProfileError as error:
                return problem(400, "profile", problem=str(error))
        now = asyncio.get_running_loop().time()
        wall_s = int(datetime.now(tz=UTC).timestamp())
        entropy = secrets.token_bytes(32)
        try:
            batch = self._core.issue_tickets(wanted.count, (ip, 0), now, wall_s, entropy, private=private)
        except RefusedProfileError as error:
            return problem(400, "profile", problem=str(error))
        if not batch.tickets:
            wait_s = self._core.retry_after_s((ip, 0), now)
            refusal = problem(429, "limit", retry_after_s=wait_s)
            return Answer(refusal.status, refusal.body, headers=[("retry-after", str(wait_s))])
        self._changed()
        return Answer(200, msgspec.json.encode(batch))

    @staticmethod
    async def _canary(reach: ReachDesk, body: bytes, ip: str) -> Answer:
        try:
            wanted = msgspec.json.decode(body, type=ReachRequest)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return problem(400, "body")
        document = await reach.answer(wanted.targets, wanted.max_age_s, ip)
        if document is None:
            wait_s = round(SITE_S)
            refusal = problem(429, "limit", retry_after_s=wait_s)
            return Answer(refusal.status, refusal.body, headers=[("retry-after", str(wait_s))])
        return Answer(200, msgspec.json.encode(document))

    async def _log(self, number: str, request: h11.Request) -> Answer:
        unknown = problem(404, "session")
        if not (number.isascii() and number.isdecimal() and len(number) <= 5):
            return unknown
        auth = b""
        for name, value in request.headers:
            if name == b"authorization":
                auth = _authorization(value)
        if self._elsewhere is None or self._core.part.owns(int(number)):
            log = await sealed_log(self._core, int(number), auth)
        else:
            log = await self._elsewhere(int(number), auth)
        return Answer(200, log, "application/octet-stream") if log else unknown


async def sealed_log(core: ReflectorCore, number: int, auth: bytes) -> bytes:
    """Signature and payload of a ticket's log, empty where the caller may not have it."""
    record = core.session_record(number, auth, asyncio.get_running_loop().time())
    if record is None:
        return b""
    # encoding a long session takes some 100 ms: the pacing of others must not wait for it
    log = await asyncio.to_thread(core.seal, record)
    return log.signature + log.payload


def _authorization(value: bytes) -> bytes:
    """The token of `VW <hex>`, empty for anything else."""
    scheme, _, digits = value.decode("ascii", "replace").partition(" ")
    if scheme.lower() != "vw" or len(digits) != 32:
        return b""
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return b""


async def serve_connection(
    control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ip: str
) -> None:
    """One connection after its handshake: one request, one answer, closed."""
    try:
        async with asyncio.timeout(REQUEST_S):
            await _exchange(control, reader, writer, ip)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError, EOFError):
        pass  # the caller went away or dawdled
    finally:
        writer.transport.abort()


async def _exchange(
    control: Control, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ip: str
) -> None:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    try:
        received = await _read_request(connection, reader, writer)
        if received is None:
            return
        answer = received if isinstance(received, Answer) else await control.answer(*received, ip)
    except h11.RemoteProtocolError as error:
        answer = problem(error.error_status_hint or 400, "http")
    if connection.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
        return
    head = h11.Response(
        status_code=answer.status,
        headers=[
            ("content-type", answer.content_type),
            ("content-length", str(len(answer.body))),
            ("connection", "close"),
            ("cache-control", "no-store"),
            *answer.headers,
        ],
    )
    for event in (head, h11.Data(data=answer.body), h11.EndOfMessage()):
        writer.write(connection.send(event) or b"")
    await writer.drain()


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> tuple[h11.Request, bytes] | Answer | None:
    """The request and its body, an answer to one that goes too far, None when the caller left."""
    request, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            if connection.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[])
                writer.write(connection.send(go_on) or b"")
            connection.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            if len(event.headers) > HEADERS_MAX:
                return problem(431, "headers")
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            most = (
                TICKET_BODY_BYTES_MAX if request is not None and request.target == TICKETS else BODY_BYTES_MAX
            )
            if len(body) > most:
                return problem(413, "body")
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, body
        else:
            return None
