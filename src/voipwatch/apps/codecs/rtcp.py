"""Codec `rtcp`: RTCP and SRTCP packets (RFC 3550 section 6.1, RFC 3711 section 3.4).

The first eight bytes are in clear; behind them everything is random, as it is under SRTCP. The length field
counts the packet without SRTCP's trailer (index and authentication tag, 14 bytes).
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import shake_128
from struct import Struct
from typing import Final

from voipwatch.apps.codecs.rtp import ssrc_bytes
from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import BuildContext, Message, Place, PlaceKind, tail_room
from voipwatch.model.vocabulary import Direction

CLEAR_BYTES: Final = 8
_HEADER: Final = Struct("!BBH4s")


@dataclass(frozen=True, slots=True)
class RtcpCodec:
    """A compiled RTCP packet."""

    direction: Direction
    label: str
    first: int
    packet_type: int
    trailer: int

    def build(self, ctx: BuildContext) -> bytes:
        """Header, SSRC, random bytes, token."""
        filler = ctx.size - CLEAR_BYTES - len(ctx.token)
        if filler < 0:
            raise ValueError(f"{ctx.size} bytes have no room for an RTCP header and a token")
        ssrc = ssrc_bytes(ctx.flow_secret, self.label)
        words = (ctx.size - self.trailer) // 4 - 1
        header = _HEADER.pack(self.first, self.packet_type, max(1, words), ssrc)
        return header + shake_128(ctx.entropy).digest(filler) + ctx.token

    def room(self, size: int) -> int:
        """All but the clear bytes: uplink 16, downlink up to 52."""
        return tail_room(self.direction, size, CLEAR_BYTES)

    def read(self, data: bytes) -> bytes | None:
        """The end of a packet of this type."""
        if len(data) < CLEAR_BYTES or data[0] != self.first or data[1] != self.packet_type:
            return None
        room = self.room(len(data))
        return data[len(data) - room :] if room else None

    def echoes(self, request: bytes, data: bytes) -> bool:  # noqa: ARG002 -- media answers nothing
        """Whether it has the shape."""
        return self.read(data) is not None


@dataclass(frozen=True, slots=True)
class RtcpSpec:
    """An RTCP packet as a profile declares it."""

    name: str
    packet_type: int
    count: int = 1
    """Report count or subtype: the low five bits of the first byte."""
    about: str = ""
    """The stream whose SSRC it names; its own if empty."""
    trailer: int = 0
    """Bytes after the packet proper: 14 under SRTCP, 0 in clear."""

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:  # noqa: ARG002 -- of no use here
        """Label it with its stream."""
        if use.timing is None:
            raise UnfitError("an rtcp message is media: only a stream can send it")
        label = f"{use.direction}/{self.about}" if self.about else use.label
        codec = RtcpCodec(use.direction, label, 0x80 | self.count, self.packet_type, self.trailer)
        return Message(self.name, use.direction, Place(PlaceKind.TAIL), 0, codec)
