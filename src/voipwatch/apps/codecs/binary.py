"""Codec `parts`: a binary message as a list of parts, for protocols that are nobody's standard.

A part `message = "name"` carries another message of the profile at its end: a framing around RTP.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import (
    UDP_PAYLOAD_MAX,
    UP_TAIL_ROOM,
    UP_TRANSACTION_ROOM,
    BuildContext,
    Message,
    Place,
    PlaceKind,
    tail_room,
)
from voipwatch.apps.parts import Layout
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import PEER_PING

LAST_STUN_BYTE: Final = 3
TRANSACTION_AT: Final = 8
_CLIENT_HELLO_BYTE: Final = 22
_VARIES: Final = frozenset({"random", "constant", "fill", "counter", "time"})


@dataclass(frozen=True, slots=True)
class PartsCodec:
    """A layout with the token at its end, or at a place of its own."""

    layout: Layout
    direction: Direction
    size: int
    place: tuple[int, int] | None = None
    """Offset and length of the token's place; None: the end."""

    def build(self, ctx: BuildContext) -> bytes:
        """The parts, the place's bytes replaced by the token."""
        data = self.layout.assemble(ctx, ctx.size)
        parts = self.layout.parts
        if (
            parts
            and parts[0].kind in _VARIES
            and (data[0] <= LAST_STUN_BYTE or data[0] == _CLIENT_HELLO_BYTE)
        ):
            # A first byte by which the far end would look elsewhere (`wire.place`): another one instead.
            data = bytes((data[0] | 0xC0,)) + data[1:]
        start = self.place[0] if self.place else len(data) - len(ctx.token)
        return data[:start] + ctx.token + data[start + len(ctx.token) :]

    def room(self, size: int) -> int:
        """What of the trailing random bytes a token may take, or its place."""
        if self.place:
            return self.place[1]
        return tail_room(self.direction, size, self.layout.kept_bytes(size))

    def read(self, data: bytes) -> bytes | None:
        """The end of a datagram whose fixed parts are right."""
        if (self.size and len(data) != self.size) or not self.layout.matches(data):
            return None
        if self.place:
            start, count = self.place
            return data[start : start + count]
        room = self.room(len(data))
        return data[len(data) - room :] if room <= len(data) else None

    def echoes(self, request: bytes, data: bytes) -> bool:
        """Whether fixed parts and echoes are right."""
        return self.read(data) is not None and self.layout.echoed(request, data)


@dataclass(frozen=True, slots=True)
class WrapCodec:
    """Fixed parts before another message, which carries the token."""

    layout: Layout
    inner: Message
    size: int

    def build(self, ctx: BuildContext) -> bytes:
        """The parts, then the inner message in what is left."""
        inner_size = ctx.size - self.layout.fixed_bytes
        inner = self.inner.codec.build(
            BuildContext(
                ctx.flow_secret,
                ctx.entropy,
                ctx.token,
                inner_size,
                ctx.index,
                ctx.request[self.layout.fixed_bytes :],
                ctx.source,
                ctx.host,
            )
        )
        return self.layout.assemble(ctx, self.layout.fixed_bytes, after=len(inner)) + inner

    def room(self, size: int) -> int:
        """The inner message's room."""
        return self.inner.room(size - self.layout.fixed_bytes)

    def read(self, data: bytes) -> bytes | None:
        """The inner message's place, if the parts before it are right."""
        kept = self.layout.fixed_bytes
        if (self.size and len(data) != self.size) or not self.layout.matches(data[:kept]):
            return None
        return self.inner.codec.read(data[kept:])

    def echoes(self, request: bytes, data: bytes) -> bool:
        """Whether the inner message echoes what the request wrapped."""
        kept = self.layout.fixed_bytes
        return self.read(data) is not None and self.inner.codec.echoes(request[kept:], data[kept:])


@dataclass(frozen=True, slots=True)
class PartsSpec:
    """A list of parts as a profile declares it."""

    name: str
    layout: Layout
    size: int
    """UDP payload bytes, or 0: what the parts give, or for media what each packet brings."""
    inner: str = ""
    """The message carried at the end, if any."""
    place: tuple[int, int] | None = None
    """Downlink: offset and length of the token's place, where the end has no random bytes."""

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:
        """Fix the size, and find the place."""
        if self.inner:
            return self._compile_wrap(use, lookup)
        size = 0 if use.timing else self._size()
        if size and (place := self._place(use, size)):
            codec = PartsCodec(self.layout, use.direction, size, place)
            kind = PlaceKind.TRANSACTION if use.direction is Direction.UP else PlaceKind.PART
            return Message(self.name, use.direction, Place(kind), size, codec)
        codec = PartsCodec(self.layout, use.direction, size)
        kept = self.layout.kept_bytes(size) if size else self.layout.fixed_bytes
        room = codec.room(size) if size else UP_TAIL_ROOM
        if use.direction is Direction.UP and size and size - kept < UP_TAIL_ROOM:
            raise UnfitError(f"no room for a token: {size - kept} random bytes at the end, 16 needed uplink")
        kind = PlaceKind.TAIL if room else PlaceKind.NONE
        return Message(self.name, use.direction, Place(kind), size, codec)

    def _place(self, use: Use, size: int) -> tuple[int, int] | None:
        """Where the token lies if not at the end."""
        if use.direction is Direction.DOWN:
            if self.place and not self.layout.is_free(*self.place, size):
                raise UnfitError(
                    f"the place of {self.place[1]} bytes at {self.place[0]} is not of random bytes"
                )
            return self.place
        first = self.layout.parts[0].expected if self.layout.parts else None
        if (
            use.carried
            or not first
            or (first[0] > LAST_STUN_BYTE and not first.startswith(PEER_PING))
            or size < TRANSACTION_AT + UP_TRANSACTION_ROOM
        ):
            return None
        if not self.layout.is_free(TRANSACTION_AT, UP_TRANSACTION_ROOM, size):
            raise UnfitError(
                f"by its first byte, {first[0]}, the uplink token is in bytes 8 to 19: not random"
            )
        return TRANSACTION_AT, UP_TRANSACTION_ROOM

    def _size(self) -> int:
        size = self.size or self.layout.fixed_bytes
        if self.layout.has_fill and not self.size:
            raise UnfitError("a fill needs a size to fill up to")
        if size < self.layout.fixed_bytes or (size > self.layout.fixed_bytes and not self.layout.has_fill):
            raise UnfitError(f"size says {size} bytes, the parts make {self.layout.fixed_bytes}")
        if not 0 < size <= UDP_PAYLOAD_MAX:
            raise UnfitError(f"{size} bytes is no size for a message")
        return size

    def _compile_wrap(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:
        if self.layout.has_fill:
            raise UnfitError("a message that carries another has no fill of its own")
        inner = lookup(self.inner).compile(replace(use, carried=True), lookup)
        size = 0
        if use.timing is None:
            size = self.layout.fixed_bytes + inner.size
            if self.size not in {0, size}:
                raise UnfitError(f"size says {self.size} bytes, the parts make {size}")
        if use.direction is Direction.UP and inner.place.kind is not PlaceKind.TAIL:
            raise UnfitError("uplink, a message that is carried by another has its token at the end")
        codec = WrapCodec(self.layout, inner, size)
        return Message(self.name, use.direction, inner.place, size, codec)
