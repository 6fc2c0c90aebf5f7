"""Reading a request's body with a bound on everything: its size, the time it takes, all bodies together."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Final, Self

from voipwatch.collector.limits import Room

DISCARD_BYTES_MAX: Final = 128 << 20
SMALL_BYTES: Final = 4096
"""Of a request that is no report."""

GONE: Final = 0
"""Instead of a status: the sender has gone, and nobody is there to answer."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one request, and of all that wait."""

    body_bytes: int = 8 << 20
    """As it comes; a scheduled check of two apps has under 100 kB."""
    inflated_bytes: int = 32 << 20
    item_bytes: int = 8 << 20
    """JSON of one report; decoded it takes about six times that."""
    items: int = 256
    read_s: float = 30.0
    """For the whole body: 8 MB over 2 Mbit/s. A line slower than that sends its reports one by one."""
    waiting_max: int = 2048
    """Reports that wait for the disk."""
    held_bytes: int = 48 << 20
    """Bodies in memory, all requests together."""

    def small(self) -> "Limits":
        """For a request that is no report."""
        return replace(self, body_bytes=SMALL_BYTES, inflated_bytes=SMALL_BYTES)


class BodyError(Exception):
    """The body is not read. `status`: HTTP's, or GONE."""

    retry_s: float | None = None

    def __init__(self, status: int, code: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason


def too_large(limits: Limits) -> BodyError:
    """What a body above the bound is answered with."""
    return BodyError(413, "large", f"a body has at most {limits.body_bytes} bytes")


async def discard_body(receive: Receive, limits: Limits) -> None:
    """Read what is left of a body and keep nothing of it: a sender who is still sending hears no answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.read_s):
            size = 0
            while size < DISCARD_BYTES_MAX:
                message = await receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


class Body:
    """Holds room for one body for as long as its request lasts."""

    def __init__(self, room: Room, headers: Mapping[bytes, bytes], limits: Limits) -> None:
        """Raises BodyError where its stated length is too much, now (503) or ever (413)."""
        self._room = room
        self.limits = limits
        length = headers.get(b"content-length", b"")
        self.stated = int(length) if length.isdigit() else None
        if self.stated is not None and self.stated > limits.body_bytes:
            raise too_large(limits)
        self._taken = 0
        self.grow(self.stated or 0)

    def grow(self, count: int) -> None:
        """Room for so many bytes more. Raises BodyError (503) where there is none."""
        if count and not self._room.take(count):
            raise BodyError(503, "busy", "too many requests are under way: try again")
        self._taken += count

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.give(self._taken)
        self._taken = 0


async def read_body(body: Body, receive: Receive) -> bytes:
    """The whole body. Raises BodyError: too large (413), too slow (408), no room (503), the sender gone."""
    try:
        async with asyncio.timeout(body.limits.read_s):
            return await _read(body, receive)
    except TimeoutError:
        raise BodyError(408, "slow", f"the body took more than {body.limits.read_s:.0f} s") from None


async def _read(body: Body, receive: Receive) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BodyError(GONE, "gone", "the sender has gone")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > body.limits.body_bytes:
            raise too_large(body.limits)
        if body.stated is None:
            body.grow(len(chunk))
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
