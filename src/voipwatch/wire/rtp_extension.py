"""Elements inside an RTP header extension (RFC 8285 sections 4.2 and 4.3).

Reading them is apart from `rtp`, which keeps the extension raw: under SRTP with encrypted extensions
(RFC 6904, Discord) and in private profiles the bytes hold no elements.
"""

from collections.abc import Iterable

import msgspec

from voipwatch.wire.cursor import Cursor
from voipwatch.wire.rtp import RtpExtension

ONE_BYTE_PROFILE = 0xBEDE
TWO_BYTE_PROFILE = 0x1000  # the low four bits are the application's


class ExtensionElement(msgspec.Struct, frozen=True):
    """One element: what it is was negotiated by `a=extmap` (RFC 8285 section 5)."""

    id: int
    """1 to 14 with one-byte headers, 1 to 255 with two-byte headers."""
    data: bytes
    """1 to 16 bytes with one-byte headers, 0 to 255 with two-byte headers."""


def decode_extension_elements(extension: RtpExtension) -> tuple[ExtensionElement, ...]:
    """The elements of an RFC 8285 extension, in order; none for another profile. Padding is skipped.

    Raises:
        WireError: an element is longer than what is left.
    """
    cursor = Cursor(extension.data, "RTP extension", section="RFC 8285 section 4")
    if extension.profile == ONE_BYTE_PROFILE:
        return _decode_one_byte(cursor)
    if extension.profile & 0xFFF0 == TWO_BYTE_PROFILE:
        return _decode_two_byte(cursor)
    return ()


def encode_extension_elements(
    elements: Iterable[ExtensionElement], *, two_byte: bool = False
) -> RtpExtension:
    """An extension with these elements, padded with zeros to four bytes.

    Raises:
        ValueError: an id or a length that the form cannot say.
    """
    data = b""
    for element in elements:
        size = len(element.data)
        if two_byte:
            data += bytes((element.id, size)) + element.data
        elif 1 <= element.id <= 14 and 1 <= size <= 16:
            data += bytes((element.id << 4 | size - 1,)) + element.data
        else:
            raise ValueError(f"element {element.id} of {size} bytes does not fit a one-byte header")
    return RtpExtension(TWO_BYTE_PROFILE if two_byte else ONE_BYTE_PROFILE, data + bytes(-len(data) % 4))


def _decode_one_byte(cursor: Cursor) -> tuple[ExtensionElement, ...]:
    elements = []
    while cursor.remaining_bytes:
        head = cursor.u8("element header")
        if head >> 4 == 15:  # section 4.2: stop here and ignore the rest
            break
        if head:
            elements.append(ExtensionElement(head >> 4, cursor.take((head & 0x0F) + 1, "element")))
    return tuple(elements)


def _decode_two_byte(cursor: Cursor) -> tuple[ExtensionElement, ...]:
    elements = []
    while cursor.remaining_bytes:
        element_id = cursor.u8("element id")
        if element_id:
            elements.append(ExtensionElement(element_id, cursor.take(cursor.u8("element length"), "element")))
    return tuple(elements)
