"""The public site over HTTP: one ASGI application (ASGI 3.0), without a framework.

Files come from memory (`site.memory`), the counter of today and oEmbed from `Live`, the line test from the
application that is mounted for it. Nothing is logged, nothing about a reader is kept, no cookie is set; what
a request says about who sent it is not even read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, Final, Protocol
from urllib.parse import quote

from markupsafe import escape

from voipwatch.site.download import send_file
from voipwatch.site.headers import Headers, headers_of, is_open
from voipwatch.site.memory import BadSiteError, Held, Memory, OnDisk, read_memory, stamp_of
from voipwatch.site.openapi import problem
from voipwatch.site.outdated import outdated, valid_until_s
from voipwatch.site.words import LANGUAGES, words

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOK_S: Final = 1.0
"""Between two looks at the marker."""
READY_MAX: Final = 8192
"""Messages kept ready of live answers; more counters than that are made ready as they are asked for."""
API: Final = "/api/"
LIVE: Final = ("/counter", "/oembed", "/status")
"""Where the live part is asked first; `/status` for badges, which it has once the bundle is out of date."""
METHODS: Final = b"GET, HEAD, OPTIONS"


class LiveAnswer(Protocol):
    """What a live part answers."""

    @property
    def status(self) -> int:
        """Of HTTP."""

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Without length."""

    @property
    def body(self) -> bytes:
        """Empty for 304."""


class Live(Protocol):
    """What depends on the time of day: `site.counter.answers.CounterAnswers`."""

    def answer(
        self, path: str, now_s: float, *, query: str = "", accept_encoding: str = "", if_none_match: str = ""
    ) -> LiveAnswer | None:
        """None: that path is none of its own."""


def wall_clock() -> float:
    """Unix seconds: which day a counter is on."""
    return datetime.now(tz=UTC).timestamp()


@dataclass(slots=True)
class SiteApp:
    """The application. One event loop.

    Args:
        memory: what is served until the folder changes.
        folder: as it was given, a link perhaps.
        live: makes the live part of a state of the site; None: there is none, files answer.
        mounts: applications by the path that they are below, which ends in a slash.
        clock: Unix seconds.
        ticks: seconds that only grow.
        told: what is said when another state is served, for whoever runs this; never about a request.
    """

    memory: Memory
    folder: Path
    live: Callable[[Memory], Live | None] = lambda _memory: None
    mounts: Mapping[str, AsgiApp] = field(default_factory=dict)
    clock: Callable[[], float] = wall_clock
    ticks: Callable[[], float] = monotonic
    told: Callable[[Memory], None] = lambda _memory: None
    _live: Live | None = None
    _until_s: float | None = None
    """When banners are to be shown; None: they are, or there is nothing to show."""
    _looked_at: float = 0.0
    _loading: "asyncio.Task[None] | None" = None
    _ready: dict[tuple[str, bool], tuple[object, object, Message, Message]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """The live part of the first state."""
        self._live = self.live(self.memory)
        self.memory, self._until_s = self._of_today(self.memory)
        self._looked_at = self.ticks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        now = self.ticks()
        if now - self._looked_at >= LOOK_S:
            self._look(now)
        path, method = str(scope["path"]), scope["method"]
        for prefix, app in self.mounts.items():
            if path.startswith(prefix):
                await app(scope, receive, send)
                return
        if method not in {"GET", "HEAD"}:
            await self._other_method(path, method, send)
            return
        asked = _asked(scope["headers"])
        live = self._live if path.startswith(LIVE) else None
        if live is not None and await self._live_answer(live, path, scope, asked, send):
            return
        found = self.memory.files.get(path)
        if isinstance(found, Held):
            await _send_held(found, asked, send, bodiless=method == "HEAD")
        elif found is not None:
            await self._send_large(found, path, asked, send, bodiless=method == "HEAD")
        elif f"{path}/" in self.memory.files:
            await _answer(send, 308, [(b"location", _folder_link(path, scope)), *_SAFE], b"")
        else:
            await self._not_found(path, send, bodiless=method == "HEAD")

    # --- another state of the folder ------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """Load another state beside the requests, where there is one; a folder that is not whole is none."""
        self._looked_at = now
        if self._loading is not None and not self._loading.done():
            return
        with suppress(BadSiteError):
            if stamp_of(self.folder) != self.memory.stamp:
                self._loading = asyncio.get_running_loop().create_task(self._load())
            elif self._until_s is not None and self.clock() > self._until_s:
                self._loading = asyncio.get_running_loop().create_task(self._outdate())

    async def _load(self) -> None:
        """What cannot be read is tried again at the next look; until then the old state is served."""
        with suppress(BadSiteError, OSError):
            memory = await asyncio.to_thread(read_memory, self.folder, self.memory)
            live = await asyncio.to_thread(self.live, memory)
            self.memory, self._until_s = await asyncio.to_thread(self._of_today, memory)
            self._live = live
            self._ready.clear()
            self.told(memory)

    async def _outdate(self) -> None:
        with suppress(OSError):
            self.memory, self._until_s = await asyncio.to_thread(self._of_today, self.memory)

    def _of_today(self, memory: Memory) -> tuple[Memory, float | None]:
        """With banners where it is out of date; else until when it is not."""
        until_s = valid_until_s(memory)
        if until_s is None or self.clock() <= until_s:
            return memory, until_s
        return outdated(memory), None

    # --- answers --------------------------------------------------------------------------------------------

    async def _live_answer(
        self, live: Live, path: str, scope: Scope, asked: Mapping[bytes, bytes], send: Send
    ) -> bool:
        coding = asked.get(b"accept-encoding", b"").decode("latin-1")
        tags = asked.get(b"if-none-match", b"").decode("latin-1")
        query = scope.get("query_string", b"").decode("latin-1")
        answer = live.answer(path, self.clock(), query=query, accept_encoding=coding, if_none_match=tags)
        if answer is None:
            return False
        start, body = self._messages(path, answer, scope["method"] == "HEAD")
        await send(start)
        await send(body)
        return True

    def _messages(self, path: str, answer: LiveAnswer, bodiless: bool) -> tuple[Message, Message]:
        """An answer as messages; the same answer again is the same messages."""
        headers, content = answer.headers, b"" if bodiless else answer.body
        kept = self._ready.get((path, bodiless))
        if kept is not None and kept[0] is headers and kept[1] is content:
            return kept[2], kept[3]
        lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        if answer.status != 304:
            lines.append((b"content-length", b"%d" % len(answer.body)))
        start: Message = {"type": "http.response.start", "status": answer.status, "headers": lines}
        body: Message = {"type": "http.response.body", "body": content}
        if answer.status == 200:
            if len(self._ready) >= READY_MAX:
                self._ready.clear()
            self._ready[path, bodiless] = (headers, content, start, body)
        return start, body

    async def _send_large(
        self, found: OnDisk, path: str, asked: Mapping[bytes, bytes], send: Send, *, bodiless: bool
    ) -> None:
        if _matches(asked.get(b"if-none-match"), found.tag):
            await _answer(send, 304, [*found.headers, (b"etag", found.tag)], None)
        elif not await send_file(found, asked, send, bodiless=bodiless):
            # Another file is in its place: the site is being changed, and the next look will see it.
            self._looked_at = 0.0
            await _answer(send, 503, [(b"retry-after", b"2"), *headers_of(path)], b"")

    async def _other_method(self, path: str, method: str, send: Send) -> None:
        headers = [(b"allow", METHODS), *_SAFE]
        if method == "OPTIONS":
            if is_open(path):
                headers += _PREFLIGHT
            await _answer(send, 204, headers, None)
        elif path.startswith(API):
            body = problem(405, "Method Not Allowed", "GET, HEAD and OPTIONS are understood.")
            await _answer(send, 405, [*headers, *_PROBLEM], body)
        else:
            await _answer(send, 405, headers, b"")

    async def _not_found(self, path: str, send: Send, *, bodiless: bool) -> None:
        if path.startswith(API):
            body = problem(404, "Not Found", "There is no such document; see /api/v1/openapi.json.")
            await _answer(send, 404, [*_SAFE, *_PROBLEM], body, bodiless=bodiless)
            return
        lang = next((each for each in LANGUAGES if path.startswith(f"/{each}/")), "")
        page = self.memory.files.get(f"/{lang}/404.html" if lang else "/404.html")
        body = page.body if isinstance(page, Held) else not_found_page(lang or LANGUAGES[0])
        headers = [line for line in headers_of("/404.html") if line[0] != b"cache-control"]
        await _answer(send, 404, [*headers, (b"cache-control", b"no-cache")], body, bodiless=bodiless)


_SAFE: Final[Headers] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PREFLIGHT: Final[Headers] = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"if-none-match, range"),
    (b"access-control-max-age", b"86400"),
)
_PROBLEM: Final[Headers] = (
    (b"content-type", b"application/problem+json"),
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-cache"),
)
_READ: Final = frozenset({b"accept-encoding", b"if-none-match", b"if-range", b"range"})
"""Headers that are looked at; no other one is."""


def _asked(headers: "list[tuple[bytes, bytes]]") -> dict[bytes, bytes]:
    return {name: value for name, value in headers if name in _READ}


async def _send_held(found: Held, asked: Mapping[bytes, bytes], send: Send, *, bodiless: bool) -> None:
    coded = found.plain
    if found.packed is not None and takes_gzip(asked.get(b"accept-encoding", b"")):
        coded = found.packed
    if _matches(asked.get(b"if-none-match"), coded.tag):
        await send(coded.known)
        bodiless = True
    else:
        await send(coded.start)
    body = b"" if bodiless else found.content if coded is found.packed else found.body
    await send({"type": "http.response.body", "body": body})


async def _answer(
    send: Send,
    status: int,
    headers: "list[tuple[bytes, bytes]] | Headers",
    body: bytes | None,
    *,
    bodiless: bool = False,
) -> None:
    """`body` None: the status has none, and no length."""
    lines = list(headers)
    if body is not None:
        lines.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if bodiless or body is None else body})


def takes_gzip(accept_encoding: bytes) -> bool:
    """RFC 9110, section 12.5.3: named and not weighed with zero."""
    if accept_encoding in {b"gzip", b"gzip, deflate, br, zstd", b"gzip, deflate, br", b"gzip, deflate"}:
        return True  # nearly everybody
    for each in accept_encoding.split(b","):
        coding, _, weight = each.partition(b";")
        if coding.strip().lower() in {b"gzip", b"x-gzip"}:
            return weight.replace(b" ", b"") not in {b"q=0", b"q=0.0", b"q=0.00", b"q=0.000"}
    return False


def _matches(if_none_match: bytes | None, tag: bytes) -> bool:
    """RFC 9110, section 13.1.2: weak comparison with any of the list."""
    if if_none_match is None:
        return False
    if if_none_match == tag:
        return True
    return any(each.strip().removeprefix(b"W/") in {tag, b"*"} for each in if_none_match[:1024].split(b","))


def _folder_link(path: str, scope: Scope) -> bytes:
    """`name/` beside where the reader is: no host is needed, so none is believed."""
    query = scope.get("query_string", b"")
    link = f"./{quote(path.rsplit('/', 1)[-1], safe='')}/".encode()
    return link + (b"?" + query if query and query.isascii() and query.isalnum() else b"")


def not_found_page(lang: str) -> bytes:
    """Where the site has none of its own: no link in it depends on where it is shown."""
    told = words(lang)
    title, home = escape(told.plain("missing.title")), escape(told.plain("missing.home"))
    return (
        f'<!DOCTYPE html>\n<html lang="{told.html_lang}" dir="{told.direction}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{title}</title></head><body><main><h1>{title}</h1>"
        f'<p><a href="/{lang}/">{home}</a></p></main></body></html>\n'
    ).encode()
