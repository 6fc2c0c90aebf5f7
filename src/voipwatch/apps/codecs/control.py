"""Control bytes: what a control flow carries instead of an app's messages.

The first byte is of a range that no call protocol uses, the rest is random: U 0x04-0x0F, which RFC 7983
leaves unassigned, and Q 0x50-0x7F, which RFC 9443 reads as a QUIC short header. A control that one random
packet in some thousands makes recognisable is no control, so two accidents are ruled out:

- the first byte ends in binary 11x: read as Protocol Buffers, which nDPI 5.0 otherwise finds in one flow of
  500, it would be a field of wire type 6 or 7, and there is none;
- the fourth byte is never zero: one-packet signatures (Viber's types at bytes 2-3, WireGuard's reserved
  bytes) have a zero there.
"""

from dataclasses import dataclass
from hashlib import shake_128
from typing import Final

from voipwatch.apps.messages import (
    UP_TAIL_ROOM,
    BuildContext,
    Message,
    Place,
    PlaceKind,
    down_tail_room,
)
from voipwatch.model.vocabulary import Direction, Family

FIRST_BYTES: Final[dict[Family, bytes]] = {
    Family.U: bytes(byte for byte in range(0x04, 0x10) if byte & 7 >= 6),
    Family.Q: bytes(byte for byte in range(0x50, 0x80) if byte & 7 >= 6),
}
"""Family -> the first bytes it may have."""
CONTROL_BYTES_MIN: Final = 17
"""One family byte and sixteen of token."""


@dataclass(frozen=True, slots=True)
class ControlCodec:
    """One family byte, random bytes, the token at the end."""

    family: Family
    direction: Direction
    size: int
    """UDP payload bytes that a received datagram must have; 0 for media, where any will do."""

    def build(self, ctx: BuildContext) -> bytes:
        """`ctx.size` bytes, at least 17."""
        filler = ctx.size - len(ctx.token)
        if filler < 1:
            raise ValueError(f"{ctx.size} bytes have no room for a control byte and a token")
        first = FIRST_BYTES[self.family]
        drawn = bytearray(shake_128(ctx.entropy).digest(filler))
        drawn[0] = first[drawn[0] % len(first)]
        if filler > 3 and drawn[3] == 0:
            drawn[3] = 0xA5
        return bytes(drawn) + ctx.token

    def room(self, size: int) -> int:
        """Uplink 16 bytes; downlink all but the first four bytes, at most 52."""
        if self.direction is Direction.UP:
            return UP_TAIL_ROOM
        return down_tail_room(size, 4 if size >= 20 else 1)

    def read(self, data: bytes) -> bytes | None:
        """The end of a datagram of this family and size."""
        size = len(data)
        if not size or (self.size and size != self.size):
            return None
        if data[0] not in FIRST_BYTES[self.family]:
            return None
        room = self.room(size)
        return data[size - room :] if room <= size else None

    def echoes(self, request: bytes, data: bytes) -> bool:  # noqa: ARG002 -- random bytes echo nothing
        """Whether it has the shape: control bytes repeat nothing."""
        return self.read(data) is not None


def control_message(name: str, family: Family, direction: Direction, size: int = 0) -> Message:
    """Control bytes of `size` UDP payload bytes, or media of any size if 0."""
    codec = ControlCodec(family, direction, size)
    room = codec.room(size or CONTROL_BYTES_MIN)
    kind = PlaceKind.TAIL if room else PlaceKind.NONE
    return Message(name, direction, Place(kind), size, codec)
