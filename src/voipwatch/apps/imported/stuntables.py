"""Captured STUN and TURN messages as tables: types, order, lengths and flags stay, who and where go."""

from collections.abc import Sequence
from typing import Final

import msgspec

from voipwatch.apps.imported.scrub import Scrub, is_product, is_text
from voipwatch.apps.imported.tables import Table, listed, plain_parts, quoted, spread, table
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, StunAttribute, StunMessage, decode_stun
from voipwatch.wire.stun_registry import Attribute

ATTRIBUTES_MAX: Final = 40
_ADDRESSES: Final = frozenset(
    {0x0001, 0x0002, 0x0004, 0x0005, 0x000B, 0x0012, 0x0016, 0x0020, 0x8020, 0x8023, 0x802B, 0x802C}
)
_MAPPED: Final = frozenset({0x0001})
_XOR_MAPPED: Final = frozenset({0x0020, 0x8020})
_SECRETS: Final = frozenset({0x0007, 0x0015, 0x001B, 0x001C, 0x0022, 0x8030, 0x4000, 0xC060})
_NUMBERS: Final = frozenset(
    {0x0003, 0x000C, 0x000D, 0x0017, 0x0018, 0x0019, 0x001A, 0x0025, 0x0027, 0x8000, 0x8027, 0x000F}
)
"""Attributes whose four bytes are protocol: flags, a channel, a lifetime, a transport; 000F: MS-TURN's."""
_REASONS: Final = frozenset(
    {
        "Unauthorized",
        "Unauthorised",
        "Bad Request",
        "Stale Nonce",
        "Allocation Mismatch",
        "Forbidden",
        "Unknown Attribute",
    }
)


def read_stun(data: bytes) -> StunMessage:
    """A STUN message; where it reads as very many attributes, as one without padding.

    A run of zeros reads as empty attributes (WhatsApp's probe of 512 bytes pads itself with them).

    Raises:
        WireError: it is none.
    """
    message = decode_stun(data)
    if len(message.attributes) <= ATTRIBUTES_MAX:
        return message
    attributes: list[StunAttribute] = []
    at = 20
    while at + 4 <= len(data):
        number, size = int.from_bytes(data[at : at + 2], "big"), int.from_bytes(data[at + 2 : at + 4], "big")
        if at + 4 + size > len(data) or len(attributes) > ATTRIBUTES_MAX:
            raise WireError("STUN", "attributes", at, detail="read neither with padding nor without")
        attributes.append(StunAttribute(number, data[at + 4 : at + 4 + size]))
        at += 4 + size
    return msgspec.structs.replace(message, attributes=tuple(attributes), trailing=b"")


def stun_shape(data: bytes) -> tuple[object, ...] | None:
    """What two messages must share to be one of the profile: type, attributes and their lengths."""
    try:
        message = read_stun(data)
    except WireError:
        return None
    return (message.type, len(data), tuple((a.type, a.length) for a in message.attributes))


def stun_table(group: Sequence[bytes], scrub: Scrub, *, up: bool) -> Table:
    """The table of STUN messages of one shape.

    Raises:
        WireError: it is no STUN message.
    """
    messages = [read_stun(data) for data in group]
    first = messages[0]
    scrub.took("identifier")  # the transaction's
    items: list[str] = []
    count = len(first.attributes)
    for number, attribute in enumerate(first.attributes):
        values = [m.attributes[number].value for m in messages if len(m.attributes) == count]
        rest = {a.type for a in first.attributes[number + 1 :]}
        items.append(_attribute(attribute, values, scrub, up=up, rest=rest))
    place = None if up else _place(first)
    size = len(group[0])
    if first.trailing:
        size -= len(first.trailing)
    return table(
        "stun",
        size,
        type=f"0x{first.type:04x}",
        size=size if any("fill" in item for item in items) else None,
        unaligned="true" if not _aligned(first) else None,
        classic="true" if first.is_classic else None,
        place=f'"{place}"' if place else None,
        attributes=listed(items),
    )


def _aligned(message: StunMessage) -> bool:
    """Whether attributes are padded to four bytes, or none of them needs it."""
    return all(a.length % 4 == 0 or len(a.padding) == -a.length % 4 for a in message.attributes)


def _place(message: StunMessage) -> str | None:
    """Where a reply's token may ride; None where there is an integrity, which holds it."""
    kinds = [a.type for a in message.attributes]
    if Attribute.MESSAGE_INTEGRITY in kinds and _ends_well(kinds):
        return None
    for attribute in message.attributes:
        kept = attribute.type in _NUMBERS | _ADDRESSES or attribute.type in {
            0x0008,
            0x8028,
            0x0009,
            0x0014,
            0x8022,
        }
        if attribute.length >= 8 and not kept and attribute.type != Attribute.DATA and attribute.length <= 52:
            return f"0x{attribute.type:04x}"
    return None


def _ends_well(kinds: Sequence[int]) -> bool:
    """Whether only FINGERPRINT follows MESSAGE-INTEGRITY, once."""
    at = kinds.index(Attribute.MESSAGE_INTEGRITY)
    return all(kind == Attribute.FINGERPRINT for kind in kinds[at + 1 :])


def _attribute(
    attribute: StunAttribute, values: Sequence[bytes], scrub: Scrub, *, up: bool, rest: set[int]
) -> str:
    number, size = attribute.type, attribute.length
    head = f"type = 0x{number:04x}"
    if number == Attribute.FINGERPRINT and size == 4 and not rest:
        return "{ fingerprint = true }"
    if number == Attribute.MESSAGE_INTEGRITY and size == 20:
        scrub.took("secret")
        return "{ integrity = true }" if rest <= {Attribute.FINGERPRINT} else f"{{ {head}, random = 20 }}"
    if number in _ADDRESSES:
        return _address(number, values, scrub, up=up, head=head)
    if not size:
        return f"{{ {head} }}"
    parts = _value(number, values, scrub)
    if len(parts) == 1:
        return f"{{ {head}, {parts[0][2:-2]} }}"
    return f"{{ {head}, value = [{', '.join(parts)}] }}"


def _address(number: int, values: Sequence[bytes], scrub: Scrub, *, up: bool, head: str) -> str:
    scrub.took("address")
    size = len(values[0])
    if not up and size == 8 and number in _XOR_MAPPED:
        return "{ xor_mapped = true }" if number == 0x0020 else f"{{ xor_mapped = true, {head} }}"
    if not up and size == 8 and number in _MAPPED:
        return "{ mapped = true }"
    if size > 2:
        family = values[0][:2] if values[0][:1] == b"\0" else b""
        parts = [f'{{ hex = "{family.hex()}" }}'] if family else []
        return f"{{ {head}, value = [{', '.join([*parts, f'{{ constant = {size - len(family)} }}'])}] }}"
    return f"{{ {head}, random = {size} }}" if size else f"{{ {head} }}"


def _value(number: int, values: Sequence[bytes], scrub: Scrub) -> list[str]:  # noqa: C901 -- one case an attribute
    """The parts of an attribute's value."""
    first, size = values[0], len(values[0])
    if number == Attribute.USERNAME:
        return _username(first, scrub)
    if number in {Attribute.REALM, Attribute.SOFTWARE}:
        text = first.decode("utf-8", "replace").rstrip("\0")
        if is_product(text) and len(text.encode()) == size:
            return [f"{{ text = {quoted(text)} }}"]
        scrub.took("text")
        return [f"{{ text_constant = {size} }}"]
    if number == Attribute.ERROR_CODE and size >= 4:
        reason = first[4:].decode("utf-8", "replace")
        if reason in _REASONS:
            return [f'{{ hex = "{first[:4].hex()}" }}', f"{{ text = {quoted(reason)} }}"]
        return [
            f'{{ hex = "{first[:4].hex()}" }}',
            *([f"{{ text_constant = {size - 4} }}"] if size > 4 else []),
        ]
    if number in _NUMBERS and size <= 4:
        return [f'{{ hex = "{first.hex()}" }}']
    if number == Attribute.NONCE:
        scrub.took("secret")
        return spread("text_random", size)
    if number == Attribute.DATA:
        return relayed_parts(first, scrub)
    if number == Attribute.PRIORITY and size == 4:
        scrub.took("identifier")
        return [f'{{ hex = "{first[:1].hex()}" }}', "{ constant = 3 }"]
    if number in {Attribute.ICE_CONTROLLED, Attribute.ICE_CONTROLLING}:
        scrub.took("identifier")
        return [f"{{ constant = {size} }}"]
    if number in _SECRETS:
        scrub.took("secret")
        lead = 1 if number == 0x4000 and size > 8 else 0  # WhatsApp's relay token has a version before it
        return [*([f'{{ hex = "{first[:1].hex()}" }}'] if lead else []), *spread("constant", size - lead)]
    if not any(first) and size >= 64:
        return ['{ fill = "zero" }']
    return plain_parts(values, scrub) or ["{ zero = 1 }"]


def _username(value: bytes, scrub: Scrub) -> list[str]:
    scrub.took("username")
    pieces = value.rstrip(b"\0").split(b":")
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        if index:
            parts.append('{ text = ":" }')
        if piece:
            parts.append(
                f"{{ {'text_constant' if is_text(piece.ljust(4, b'a')) else 'constant'} = {len(piece)} }}"
            )
    zeros = len(value) - len(value.rstrip(b"\0"))
    return [*parts, *([f"{{ zero = {zeros} }}"] if zeros else [])]


def relayed_parts(data: bytes, scrub: Scrub) -> list[str]:
    """A datagram inside a TURN message: its protocol's first bytes, the rest random."""
    scrub.took("payload")
    if len(data) >= 20 and data[4:8] == MAGIC_COOKIE:
        return [f'{{ hex = "{data[:8].hex()}" }}', *spread("random", len(data) - 8)]
    kept = 2 if len(data) > 2 and data[0] >> 6 == 2 else 1
    return (
        [f'{{ hex = "{data[:kept].hex()}" }}', *spread("random", len(data) - kept)]
        if len(data) > 2
        else spread("random", len(data))
    )
