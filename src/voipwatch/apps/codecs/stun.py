"""Codec `stun`: STUN and TURN messages (RFC 8489, RFC 8656), classic ones (RFC 3489) and vendors' dialects.

Uplink the token is the transaction id. Downlink the transaction id echoes the request's, and the token lies
in MESSAGE-INTEGRITY, or in an attribute whose value is opaque to a box on the path.
"""

from collections.abc import Callable
from dataclasses import dataclass
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
    flow_constant,
)
from voipwatch.apps.parts import NOTHING, Assembly, Layout, address_bytes
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.stun import HEADER_BYTES, MAGIC_COOKIE, StunAttribute
from voipwatch.wire.stun_address import encode_address, encode_xor_address
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_registry import Attribute

INTEGRITY_BYTES: Final = 20
_ADDRESS_BYTES: Final = 8
_LAST_STUN_TYPE: Final = 0x03FF
# RFC 7983 section 7: a first byte of 0 to 3 is STUN's; the far end looks for a transaction id only there.


@dataclass(frozen=True, slots=True)
class StunAttributeSpec:
    """One attribute: `kind` is parts, xor-address, address, integrity or fingerprint."""

    type: int
    kind: str
    layout: Layout = NOTHING

    @property
    def value_bytes(self) -> int:
        """Size of the value, a fill not counted."""
        sizes = {"xor-address": _ADDRESS_BYTES, "address": _ADDRESS_BYTES, "integrity": INTEGRITY_BYTES}
        return 4 if self.kind == "fingerprint" else sizes.get(self.kind, self.layout.fixed_bytes)


@dataclass(frozen=True, slots=True)
class StunCodec:
    """A compiled STUN message of one size."""

    type: int
    attributes: tuple[StunAttributeSpec, ...]
    direction: Direction
    reply: bool
    place: Place
    classic: bool
    aligned: bool
    size: int
    place_room: int
    place_at: int
    """Offset of the place in the datagram."""
    random_bytes: int
    fill: int
    place_skip: int | None = None
    """Bytes of the place's attribute before the token; None where the token is its whole value."""
    place_value_bytes: int = 0
    """Length of the place's attribute."""

    def build(self, ctx: BuildContext) -> bytes:
        """Header, attributes in order, integrity and fingerprint computed over what precedes them."""
        assembly = Assembly(ctx, self.random_bytes + 16, self.fill)
        transaction = self._transaction(ctx, assembly)
        attributes: list[StunAttribute] = []
        token_used = self.place.kind in {PlaceKind.TRANSACTION, PlaceKind.NONE}
        key: bytes | None = None
        fingerprint = False
        for spec in self.attributes:
            if spec.kind == "fingerprint":
                fingerprint = True
            elif spec.kind == "integrity" and self.place.kind is not PlaceKind.INTEGRITY:
                key = flow_constant(ctx.flow_secret, "stun/password", 24)
            elif not token_used and spec.type == self.place.attribute:
                token_used = True
                value = ctx.token
                if self.place_skip is not None:
                    around = self._value(spec, ctx, assembly, transaction)
                    value = around[: self.place_skip] + value + around[self.place_skip + len(value) :]
                attributes.append(StunAttribute(spec.type, value))
            else:
                attributes.append(StunAttribute(spec.type, self._value(spec, ctx, assembly, transaction)))
        data = build_stun(
            self.type,
            transaction,
            attributes,
            integrity_key=key,
            fingerprint=fingerprint,
            aligned=self.aligned,
        )
        if self.place.kind is PlaceKind.TAIL:
            data = data[: len(data) - len(ctx.token)] + ctx.token
        return data

    def _transaction(self, ctx: BuildContext, assembly: Assembly) -> bytes:
        """12 bytes after the cookie, or 16 without it, whose last 12 stand at the same offset."""
        drawn = assembly.random(16)
        if self.reply:
            echoed = ctx.request[4 if self.classic else 8 : 20]
            return echoed if len(echoed) == (16 if self.classic else 12) else drawn[4 * (not self.classic) :]
        if self.place.kind is PlaceKind.TRANSACTION:
            return drawn[:4] + ctx.token if self.classic else ctx.token
        return drawn if self.classic else drawn[4:]

    def _value(
        self, spec: StunAttributeSpec, ctx: BuildContext, assembly: Assembly, transaction: bytes
    ) -> bytes:
        if spec.kind not in {"xor-address", "address"}:
            return spec.layout.assemble_into(assembly)
        # Sizes are the profile's, whatever the line: an IPv6 source is written as the four bytes it ends in.
        packed = address_bytes(ctx.source[0])[-4:]
        source = TransportAddress(".".join(map(str, packed)), ctx.source[1] & 0xFFFF)
        return (
            encode_xor_address(source, transaction) if spec.kind == "xor-address" else encode_address(source)
        )

    def room(self, size: int) -> int:  # noqa: ARG002 -- a STUN message has one size
        """Twelve bytes uplink; downlink what the place's attribute holds."""
        return self.place_room

    def read(self, data: bytes) -> bytes | None:
        """The place's bytes of a message of this type, cookie and size."""
        if len(data) != self.size or data[:2] != self.type.to_bytes(2, "big"):
            return None
        if (data[4:8] == MAGIC_COOKIE) is self.classic:
            return None
        if self.place.kind in {PlaceKind.INTEGRITY, PlaceKind.ATTRIBUTE}:
            header = self.place.attribute.to_bytes(2, "big") + self.place_value_bytes.to_bytes(2, "big")
            header_at = self.place_at - (self.place_skip or 0) - 4
            if data[header_at : header_at + 4] != header:
                return None
        return data[self.place_at : self.place_at + self.place_room]

    def echoes(self, request: bytes, data: bytes) -> bool:
        """Whether it has the shape and the request's transaction id."""
        start = 4 if self.classic else 8
        return self.read(data) is not None and len(request) >= 20 and request[start:20] == data[start:20]


@dataclass(frozen=True, slots=True)
class StunSpec:
    """A STUN message as a profile declares it."""

    name: str
    type: int
    attributes: tuple[StunAttributeSpec, ...]
    size: int = 0
    """UDP payload bytes; 0: what the attributes make."""
    unaligned: bool = False
    """Attributes packed without padding (WhatsApp 2015 to 2019, MS-TURN)."""
    classic: bool = False
    """Without the cookie (RFC 3489)."""
    place: str = "auto"
    """Downlink: integrity, none, or an attribute's type as 0x4002; `auto` is integrity where there is one."""
    place_span: tuple[int, int] | None = None
    """Where only some bytes of that attribute are random (a message inside DATA): offset in it, number."""

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:  # noqa: ARG002 -- of no use here
        """Fix size and place."""
        if use.timing is not None:
            raise UnfitError("a stun message has no room for a sequence number: media cannot use it")
        self._check_order()
        place = self._place(use)
        size, fill = self._size()
        at, value_bytes = self._locate(place, size, fill)
        skip, room = self._span_of(place, value_bytes)
        if place.kind is PlaceKind.TAIL and self._kept(size, fill) > size - UP_TAIL_ROOM:
            raise UnfitError(
                f"type 0x{self.type:04x} has its uplink token in its last 16 bytes, which are not random"
            )
        if place.kind is PlaceKind.ATTRIBUTE and room < 8:
            raise UnfitError(f"attribute 0x{place.attribute:04x} has {room} bytes, a downlink token needs 8")
        codec = StunCodec(
            type=self.type,
            attributes=self.attributes,
            direction=use.direction,
            reply=use.reply,
            place=place,
            classic=self.classic,
            aligned=not self.unaligned,
            size=size,
            place_room=room,
            place_at=at + (skip or 0),
            random_bytes=sum(item.layout.random_bytes for item in self.attributes),
            fill=fill,
            place_skip=skip,
            place_value_bytes=value_bytes,
        )
        return Message(self.name, use.direction, place, size, codec)

    def _check_order(self) -> None:
        kinds = [item.kind for item in self.attributes]
        if "fingerprint" in kinds[:-1]:
            raise UnfitError("FINGERPRINT is the last attribute (RFC 8489 section 14.7)")
        after = kinds[kinds.index("integrity") + 1 :] if "integrity" in kinds else []
        if any(kind != "fingerprint" for kind in after):
            raise UnfitError("only FINGERPRINT follows MESSAGE-INTEGRITY (RFC 8489 section 14.5)")

    def _place(self, use: Use) -> Place:
        if use.direction is Direction.UP:
            return Place(PlaceKind.TRANSACTION if self.type <= _LAST_STUN_TYPE else PlaceKind.TAIL)
        if not use.reply:
            raise UnfitError("downlink, a stun message is a reply: nothing else tells its transaction id")
        kinds = [item.kind for item in self.attributes]
        if self.place == "integrity" or (self.place == "auto" and "integrity" in kinds):
            if "integrity" not in kinds:
                raise UnfitError("place says integrity, and there is no such attribute")
            return Place(PlaceKind.INTEGRITY, int(Attribute.MESSAGE_INTEGRITY))
        if self.place in {"none", "auto"}:
            return Place(PlaceKind.NONE)
        wanted = int(self.place, 16)
        if all(item.type != wanted or item.kind != "parts" for item in self.attributes):
            raise UnfitError(f"place says attribute 0x{wanted:04x}, and there is no such attribute of bytes")
        return Place(PlaceKind.ATTRIBUTE, wanted)

    def _span_of(self, place: Place, value_bytes: int) -> tuple[int | None, int]:
        """Bytes of the place's attribute before the token (None: it takes the whole value), and its room."""
        if self.place_span is None or place.kind is not PlaceKind.ATTRIBUTE:
            return None, value_bytes
        skip, room = self.place_span
        if skip + room > value_bytes:
            raise UnfitError(
                f"place_span ends at {skip + room}, attribute 0x{place.attribute:04x} at {value_bytes}"
            )
        return skip, room

    def _size(self) -> tuple[int, int]:
        """The datagram's size, and the bytes of its fill."""
        fills = sum(item.layout.has_fill for item in self.attributes)
        if fills > 1:
            raise UnfitError("at most one attribute may fill what is left")
        bare = HEADER_BYTES + sum(
            self._span(item.value_bytes) for item in self.attributes if not item.layout.has_fill
        )
        if not fills:
            if self.size not in {0, bare}:
                raise UnfitError(f"size says {self.size} bytes, the attributes make {bare}")
            size, fill = bare, 0
        else:
            filling = next(item for item in self.attributes if item.layout.has_fill)
            if not self.size:
                raise UnfitError("a fill needs a size to fill up to")
            size, fill = self.size, self.size - bare - 4 - filling.layout.fixed_bytes
            if fill < 0:
                raise UnfitError(
                    f"size says {self.size} bytes, the attributes make at least {self.size - fill}"
                )
            if bare + self._span(filling.layout.fixed_bytes + fill) != size:
                raise UnfitError(f"attributes padded to four bytes cannot make {size}")
        if size > UDP_PAYLOAD_MAX:
            raise UnfitError(f"{size} bytes is no size for a message")
        return size, fill

    def _span(self, value_bytes: int) -> int:
        return 4 + value_bytes + (0 if self.unaligned else -value_bytes % 4)

    def _locate(self, place: Place, size: int, fill: int) -> tuple[int, int]:
        """Offset and room of the place."""
        if place.kind is PlaceKind.TRANSACTION:
            return 8, UP_TRANSACTION_ROOM
        if place.kind is PlaceKind.TAIL:
            return size - UP_TAIL_ROOM, UP_TAIL_ROOM
        offset = HEADER_BYTES
        for item in self.attributes:
            value = item.value_bytes + (fill if item.layout.has_fill else 0)
            if item.type == place.attribute and place.kind is not PlaceKind.NONE:
                return offset + 4, value
            offset += self._span(value)
        return size, 0

    def _kept(self, size: int, fill: int) -> int:
        """How many leading bytes of the datagram must stay if its end is overwritten."""
        last = self.attributes[-1] if self.attributes else None
        if last is None or last.kind != "parts":
            return size
        value = last.layout.fixed_bytes + (fill if last.layout.has_fill else 0)
        is_padded = self._span(value) != 4 + value
        return size if is_padded else size - value + last.layout.kept_bytes(value)
