"""The line test over HTTP: an ASGI application without a framework, to be mounted below `/linetest/`.

    GET  config.json   Config: the arms there are, TURN credentials, where others got through
    GET  ping          204, the control
    POST calls         lines of JSON (`messages`), as long as the test lasts
    POST reports       a BrowserReport, where there is an inbox
    GET  everything else that `files` has: modules, texts, the service worker

Nothing about a visitor is logged or kept. No CORS: no other site's page may start a call or read an answer.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from voipwatch.site.linetest.far_end import BusyError, FarEnd
from voipwatch.site.linetest.inbox import Inbox, InboxError, RefusedReportError
from voipwatch.site.linetest.messages import Arm, CallsRequest
from voipwatch.site.linetest.page import File, files
from voipwatch.wire.forwarded import Network, plain_address, sender_address

CALLS_BYTES_MAX: Final = 131_072
REPORT_BYTES_MAX: Final = 8_192
READ_S: Final = 5.0
RETRY_S: Final = 15
CONFIG_SCHEMA: Final = "voipwatch.line-test/1"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
JSON: Final = b"application/json; charset=utf-8"
LINES: Final = b"application/x-ndjson; charset=utf-8"
SAFE: Final[Headers] = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
FRESH: Final = (b"cache-control", b"no-store")

TurnOffers = Callable[[str], tuple[Mapping[Arm, str], str, str]]
"""Of a visitor's address, as `turn.offers`; no URIs while the relay that there should be does not run."""


class Turn(msgspec.Struct, frozen=True):
    """The relay, for one visitor's network and some minutes."""

    username: str
    credential: str
    uris: dict[str, str]
    """By arm."""


class Config(msgspec.Struct, frozen=True):
    """What the page asks first."""

    far_end: bool
    """False: no aiortc here, or too many tests at once, of all or of this network: nothing is measured."""
    turn: Turn | None
    """None: no relay runs here, and its arms are not run."""
    relay_stopped: bool
    """There is to be a relay, and it has ended; it is being started again."""
    reached: dict[str, int]
    """Arm -> seconds since a call from another network went through there both ways; at most a day."""
    takes_reports: bool
    schema: str = CONFIG_SCHEMA


@dataclass(slots=True)
class LineTest:
    """The application.

    Args:
        far_end: None where there is none; the page says so, and accuses nobody.
        turn: the relay's offers to one visitor, or None.
        inbox: where reports go, or None: the page then offers no submission.
        proxies: in front of us, whose X-Forwarded-For is believed: as the collector's.
        base: the path it is mounted at, ending in a slash.
    """

    far_end: FarEnd | None
    turn: TurnOffers | None = None
    inbox: Inbox | None = None
    proxies: tuple[Network, ...] = ()
    base: str = "/linetest/"
    _files: dict[str, File] = field(default_factory=files)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        name, method = str(scope["path"]).removeprefix(self.base), scope["method"]
        posts = {"calls": self._calls, "reports": self._reports}
        if name in posts:
            if method != "POST":
                await _say(send, 405, b"", [(b"allow", b"POST")])
                return
            if _header(scope, b"content-type").partition(b";")[0].strip() != b"application/json":
                # A form on another site's page cannot send this type without asking first: Fetch, 4.8.
                await _refuse(send, 415, "type", "application/json is understood")
                return
            await posts[name](scope, receive, send)
        elif method not in {"GET", "HEAD"}:
            await _say(send, 405, b"", [(b"allow", b"GET, HEAD")])
        elif name == "config.json":
            await _say(
                send,
                200,
                msgspec.json.encode(self.config(self._caller(scope))),
                [(b"content-type", JSON), FRESH],
            )
        elif name == "ping":
            await _say(send, 204, b"", [FRESH])
        elif (file := self._files.get(name)) is not None:
            await self._file(scope, send, file)
        else:
            await _refuse(send, 404, "path", "there is nothing here")

    def config(self, caller: str) -> Config:
        """As of now, for a visitor at this address; empty: it is not known."""
        turn, relay_stopped = None, False
        if self.turn is not None:
            uris, user, password = self.turn(caller)
            if uris:
                turn = Turn(user, password, {str(arm): uri for arm, uri in uris.items()})
            relay_stopped = not uris
        far_end = self.far_end
        return Config(
            far_end=far_end is not None and far_end.is_free(caller),
            turn=turn,
            relay_stopped=relay_stopped,
            reached={} if far_end is None else far_end.reached(caller),
            takes_reports=self.inbox is not None,
        )

    async def _file(self, scope: Scope, send: Send, file: File) -> None:
        headers = [
            (b"content-type", file.media_type.encode()),
            (b"etag", file.etag.encode()),
            (b"cache-control", b"no-cache"),
        ]
        if file.everywhere:
            headers.append((b"service-worker-allowed", b"/"))
        if _header(scope, b"if-none-match") == file.etag.encode():
            await _say(send, 304, b"", headers[1:])
        else:
            await _say(send, 200, b"" if scope["method"] == "HEAD" else file.content, headers)

    async def _calls(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.far_end is None:
            await _refuse(send, 503, "far-end", "there is no far end here")
            return
        body = await _read(receive, CALLS_BYTES_MAX)
        if body is not None and _header(scope, b"content-encoding") == b"gzip":
            body = _inflated(body, CALLS_BYTES_MAX)
        if body is None:
            await _refuse(send, 413, "large", f"at most {CALLS_BYTES_MAX} bytes within {READ_S:.0f} s")
            return
        try:
            request = msgspec.json.decode(body, type=CallsRequest)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            await _refuse(send, 400, "json", str(error))
            return
        lines = self.far_end.calls(request.arms, self._caller(scope))
        async with aclosing(lines):  # type: ignore[type-var]  # an async generator, told as an iterator
            try:
                first = await anext(lines)
            except BusyError:
                await _refuse(send, 503, "busy", "as many tests as this far end takes are running")
                return
            # no-transform, x-accel-buffering: behind a proxy that gathers lines every line would look dead
            headers = [(b"content-type", LINES), (b"cache-control", b"no-store, no-transform")]
            headers += [(b"x-accel-buffering", b"no"), *SAFE]
            packs = b"gzip" in _header(scope, b"accept-encoding")
            if packs:
                headers.append((b"content-encoding", b"gzip"))
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await _stream(first, lines, receive, _Lines(send, packs=packs))

    async def _reports(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.inbox is None:
            await _refuse(send, 404, "reports", "no reports are taken here")
            return
        body = await _read(receive, REPORT_BYTES_MAX)
        if body is None:
            await _refuse(send, 413, "large", f"at most {REPORT_BYTES_MAX} bytes within {READ_S:.0f} s")
            return
        caller = self._caller(scope)
        if not caller:
            await _refuse(send, 400, "address", "X-Forwarded-For holds something that is no address")
            return
        try:
            self.inbox.take(body, caller)
        except RefusedReportError as error:
            await _refuse(send, error.status, error.code, str(error))
        except InboxError as error:
            await _refuse(send, 507, "disk", str(error))
        else:
            await _say(send, 204, b"", [FRESH])

    def _caller(self, scope: Scope) -> str:
        """The visitor's address; empty where a proxy forwards none."""
        host = (scope.get("client") or ("0.0.0.0", 0))[0]  # noqa: S104 -- the address of nobody
        try:
            return str(plain_address(sender_address(host, scope["headers"], self.proxies)))
        except ValueError:
            return ""


class _Lines:
    """Messages as lines of JSON, each sent at once; packed where the other end can unpack: of the 40 kbit/s
    that a line may have, plain ones would take half.
    """

    def __init__(self, send: Send, *, packs: bool) -> None:
        self._send = send
        self._packer = zlib.compressobj(wbits=31) if packs else None

    async def say(self, line: Any) -> None:  # noqa: ANN401 -- any of the messages
        text = msgspec.json.encode(line) + b"\n"
        if self._packer is not None:
            text = self._packer.compress(text) + self._packer.flush(zlib.Z_SYNC_FLUSH)
        await self._send({"type": "http.response.body", "body": text, "more_body": True})

    async def end(self) -> None:
        rest = b"" if self._packer is None else self._packer.flush()
        await self._send({"type": "http.response.body", "body": rest, "more_body": False})


async def _stream(first: Any, lines: AsyncIterator[Any], receive: Receive, out: _Lines) -> None:  # noqa: ANN401 -- any of the messages
    """Says each, until the last or until the visitor has gone."""
    gone = asyncio.ensure_future(_gone(receive))
    try:
        await out.say(first)
        async for line in lines:
            if gone.done():
                return
            await out.say(line)
        await out.end()
    except OSError:  # what a server raises to tell that the other end has closed
        return
    finally:
        gone.cancel()
        with suppress(asyncio.CancelledError):
            await gone


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body; None where it is larger, slower, or its sender has gone."""
    body = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                if len(body) > most:
                    return None
                if not message.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return None


def _inflated(body: bytes, most: int) -> bytes | None:
    """What a gzip member holds (RFC 1952); None where it is none, or holds more."""
    machine = zlib.decompressobj(wbits=31)
    try:
        text = machine.decompress(body, most)
    except zlib.error:
        return None
    return text if machine.eof and not machine.unused_data else None


def _header(scope: Scope, name: bytes) -> bytes:
    return next((bytes(value) for key, value in scope["headers"] if key == name), b"")


async def _refuse(send: Send, status: int, code: str, reason: str) -> None:
    headers: Headers = [(b"content-type", JSON), FRESH]
    if status == 503:
        headers.append((b"retry-after", b"%d" % RETRY_S))
    await _say(send, status, msgspec.json.encode({"code": code, "reason": reason}), headers)


async def _say(send: Send, status: int, content: bytes, headers: Headers) -> None:
    if status not in {204, 304}:
        headers = [*headers, (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *SAFE]})
    await send({"type": "http.response.body", "body": content})
