"""STUN messages (RFC 8489 section 5, RFC 3489 section 11.1) and the dialects that break their rules.

Nothing is repaired: the order of attributes, duplicates, unknown types, padding bytes, wrong lengths and
trailing bytes survive, so `encode_stun(decode_stun(data)) == data` for whatever decodes. How well a message
keeps the rules is a property of it (`is_aligned`), not an error: WhatsApp's Allocate of 2015 to 2019 is 126
bytes with a length of 106, and MS-TURN packs its attributes without padding.
"""

import struct
from collections.abc import Iterator
from enum import IntEnum

import msgspec

from voipwatch.wire.errors import WireError

MAGIC_COOKIE = b"\x21\x12\xa4\x42"
"""RFC 8489 section 5; the four bytes after the length, by which RFC 5389 and later differ from RFC 3489."""

HEADER_BYTES = 20

_MS_TURN_COOKIE_ATTRIBUTE = bytes.fromhex("000f000472c64bc6")
# MS-TURN section 2.2.2.1: the first attribute of its every message; those messages carry no padding.

_HEADER = struct.Struct(">HH")


class StunClass(IntEnum):
    """The two class bits of a message type (RFC 8489 section 5, figure 3)."""

    REQUEST = 0
    INDICATION = 1
    SUCCESS = 2
    ERROR = 3


def message_type(method: int, message_class: StunClass) -> int:
    """The 14-bit type of a method (0 to 0xFFF) in a class: the class bits lie between those of the method."""
    bits = (method & 0x00F) | (method & 0x070) << 1 | (method & 0xF80) << 2
    return bits | (message_class & 1) << 4 | (message_class & 2) << 7


def method_of(type_field: int) -> int:
    """The 12-bit method of a message type (RFC 8489 section 5, figure 3)."""
    return (type_field & 0x000F) | (type_field & 0x00E0) >> 1 | (type_field & 0x3E00) >> 2


class StunAttribute(msgspec.Struct, frozen=True):
    """One attribute as it was on the wire (RFC 8489 section 14)."""

    type: int
    """0 to 0xFFFF; names are in `stun_registry`."""
    value: bytes
    """The value without its padding."""
    padding: bytes = b""
    """The bytes between the value and the next attribute, as seen: 0 to 3, of any content."""
    declared_length: int | None = None
    """The length field where it lies about `value`; None where it tells the truth, as in all that decodes."""

    @property
    def length(self) -> int:
        """The length field in bytes."""
        return len(self.value) if self.declared_length is None else self.declared_length

    @property
    def is_comprehension_required(self) -> bool:
        """Whether an agent that does not know the type must refuse the message (RFC 8489 section 14)."""
        return self.type < 0x8000


class StunMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One STUN message as it was on the wire."""

    type: int
    """The 16 bits as seen; the first two are 0."""
    length_field: int
    """The length field as seen, 0 to 0xFFFF bytes after the header; it need not be a multiple of 4."""
    cookie: bytes
    """`MAGIC_COOKIE`, or empty in a classic message (RFC 3489), which has none."""
    transaction_id: bytes
    """12 bytes after the cookie; 16 in a classic message."""
    attributes: tuple[StunAttribute, ...] = ()
    """All of them, in the order of the wire, duplicates and unknown ones included."""
    trailing: bytes = b""
    """What follows the message in the same datagram."""
    raw: bytes = b""
    """The bytes it was decoded from; empty if it was made by hand. `encode_stun` does not look at it."""

    @property
    def message_class(self) -> StunClass:
        """Request, indication, success or error response."""
        return StunClass((self.type >> 4 & 1) | (self.type >> 7 & 2))

    @property
    def method(self) -> int:
        """The 12-bit method; its name is in `stun_registry`."""
        return method_of(self.type)

    @property
    def is_classic(self) -> bool:
        """Whether it is an RFC 3489 message: without the cookie."""
        return self.cookie != MAGIC_COOKIE

    @property
    def is_aligned(self) -> bool:
        """Whether every attribute ends on a multiple of four bytes, as RFC 8489 section 14 demands."""
        return self.length_field % 4 == 0 and all(
            (len(attribute.value) + len(attribute.padding)) % 4 == 0 for attribute in self.attributes
        )

    def attribute(self, type_field: int) -> StunAttribute | None:
        """The first attribute of this type: the one that counts (RFC 8489 section 14)."""
        return next(self.attributes_of(type_field), None)

    def attributes_of(self, type_field: int) -> Iterator[StunAttribute]:
        """Every attribute of this type, in order."""
        return (attribute for attribute in self.attributes if attribute.type == type_field)


def decode_stun(data: bytes | memoryview) -> StunMessage:
    """Read one STUN message that starts at the first byte of `data`.

    Attributes are read as padded to four bytes; where that does not come out at the end of the message, as
    packed without padding (MS-TURN). A length that is no multiple of four is tried the other way round.

    Raises:
        WireError: fewer bytes than the header or its length field promise, a type whose first two bits are
            not 0, or attributes that do not end where the message does.
    """
    raw = bytes(data)
    if len(raw) < HEADER_BYTES:
        raise _error("header", 0, f"needs {HEADER_BYTES} bytes, {len(raw)} there", 5)
    type_field, length_field = _HEADER.unpack_from(raw)
    if type_field > 0x3FFF:
        raise _error("type", 0, f"0x{type_field:04x}: the first two bits are not 0", 5)
    end = HEADER_BYTES + length_field
    if end > len(raw):
        raise _error("length", 2, f"says {length_field} bytes, {len(raw) - HEADER_BYTES} there", 5)
    has_cookie = raw[4:8] == MAGIC_COOKIE
    return StunMessage(
        type=type_field,
        length_field=length_field,
        cookie=MAGIC_COOKIE if has_cookie else b"",
        transaction_id=raw[8 if has_cookie else 4 : 20],
        attributes=_decode_attributes(raw, end),
        trailing=raw[end:],
        raw=raw,
    )


def encode_stun(message: StunMessage) -> bytes:
    """Write a message as its fields say, lies included.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    if len(message.cookie) + len(message.transaction_id) != 16:
        raise ValueError("cookie and transaction id together are 16 bytes")
    try:
        parts = [_HEADER.pack(message.type, message.length_field), message.cookie, message.transaction_id]
        for attribute in message.attributes:
            parts += (encode_attribute(attribute), attribute.padding)
    except struct.error as error:
        raise ValueError(f"a type or length does not fit 16 bits: {error}") from error
    parts.append(message.trailing)
    return b"".join(parts)


def encode_attribute(attribute: StunAttribute) -> bytes:
    """Write one attribute without its padding."""
    return _HEADER.pack(attribute.type, attribute.length) + attribute.value


def _decode_attributes(raw: bytes, end: int) -> tuple[StunAttribute, ...]:
    """Read the attributes of raw[20:end], by whichever layout comes out at `end`."""
    if end % 4 == 0 and not raw.startswith(_MS_TURN_COOKIE_ATTRIBUTE, HEADER_BYTES):
        layouts = (4, 1)
    else:
        # Not RFC 8489's layout. Packed first; else padded but for the last attribute.
        layouts = (1, 4)
    first_error: WireError | None = None
    for alignment in layouts:
        try:
            return tuple(_walk(raw, end, alignment))
        except WireError as error:
            first_error = first_error or error
    assert first_error is not None
    raise first_error


def _walk(raw: bytes, end: int, alignment: int) -> Iterator[StunAttribute]:
    """Yield attributes that start on multiples of `alignment` bytes from the end of the header."""
    offset = HEADER_BYTES
    while offset < end:
        value_at = offset + 4
        if value_at > end:
            raise _error("attribute header", offset, f"needs 4 bytes, {end - offset} left", 14)
        type_field, length = _HEADER.unpack_from(raw, offset)
        value_end = value_at + length
        if value_end > end:
            detail = f"attribute 0x{type_field:04x} says {length} bytes, {end - value_at} left"
            raise _error("attribute length", offset + 2, detail, 14)
        # Only the last attribute of an unaligned message can lack padding: all before it start on multiples.
        offset = min(value_end + -length % alignment, end)
        yield StunAttribute(type_field, raw[value_at:value_end], raw[value_end:offset])


def _error(field: str, offset: int, detail: str, section: int) -> WireError:
    return WireError("STUN", field, offset, section=f"RFC 8489 section {section}", detail=detail)
