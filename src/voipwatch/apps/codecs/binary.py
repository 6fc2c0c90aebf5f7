"""Codec `parts`: a binary message as a list of parts, for protocols that are nobody's standard.

A part `message = "name"` carries another message of the profile at its end: a framing around RTP.
"""

from collections.abc import Callable
from dataclasses import dataclass

from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import (
    UDP_PAYLOAD_MAX,
    UP_TAIL_ROOM,
    BuildContext,
    Message,
    Place,
    PlaceKind,
    tail_room,
)
from voipwatch.apps.parts import Layout
from voipwatch.model.vocabulary import Direction


@dataclass(frozen=True, slots=True)
class PartsCodec:
    """A layout with the token at its end."""

    layout: Layout
    direction: Direction
    size: int

    def build(self, ctx: BuildContext) -> bytes:
        """The parts, the last bytes replaced by the token."""
        data = self.layout.assemble(ctx, ctx.size)
        return data[: len(data) - len(ctx.token)] + ctx.token

    def room(self, size: int) -> int:
        """What of the trailing random bytes a token may take."""
        return tail_room(self.direction, size, self.layout.kept_bytes(size))

    def read(self, data: bytes) -> bytes | None:
        """The end of a datagram whose fixed parts are right."""
        if (self.size and len(data) != self.size) or not self.layout.matches(data):
            return None
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

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:
        """Fix the size, and find the place."""
        if self.inner:
            return self._compile_wrap(use, lookup)
        size = 0 if use.timing else self._size()
        codec = PartsCodec(self.layout, use.direction, size)
        kept = self.layout.kept_bytes(size) if size else self.layout.fixed_bytes
        room = codec.room(size) if size else UP_TAIL_ROOM
        if use.direction is Direction.UP and size and size - kept < UP_TAIL_ROOM:
            raise UnfitError(f"no room for a token: {size - kept} random bytes at the end, 16 needed uplink")
        kind = PlaceKind.TAIL if room else PlaceKind.NONE
        return Message(self.name, use.direction, Place(kind), size, codec)

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
        inner = lookup(self.inner).compile(use, lookup)
        size = 0
        if use.timing is None:
            size = self.layout.fixed_bytes + inner.size
            if self.size not in {0, size}:
                raise UnfitError(f"size says {self.size} bytes, the parts make {size}")
        if use.direction is Direction.UP and inner.place.kind is not PlaceKind.TAIL:
            raise UnfitError("uplink, a message that is carried by another has its token at the end")
        codec = WrapCodec(self.layout, inner, size)
        return Message(self.name, use.direction, inner.place, size, codec)
