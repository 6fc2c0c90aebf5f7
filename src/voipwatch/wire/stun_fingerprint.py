"""FINGERPRINT (RFC 8489 section 14.7): the CRC-32 of the message up to the attribute, XOR 0x5354554E.

The header's length already counts the attribute, which is the last one.
"""

import zlib

from voipwatch.wire.stun import HEADER_BYTES, StunMessage, encode_stun
from voipwatch.wire.stun_integrity import attribute_offset
from voipwatch.wire.stun_registry import Attribute

_XOR = 0x5354554E  # "STUN"


def compute_fingerprint(message: bytes, *, at: int | None = None) -> bytes:
    """The 4-byte value of a FINGERPRINT that starts at byte `at` of `message`, at its end if None."""
    before = message if at is None else message[:at]
    length_field = len(before) - HEADER_BYTES + 8
    covered = before[:2] + (length_field & 0xFFFF).to_bytes(2, "big") + before[4:]
    return (zlib.crc32(covered) ^ _XOR).to_bytes(4, "big")


def verify_fingerprint(message: StunMessage) -> bool | None:
    """Whether the first FINGERPRINT is right; None if there is none."""
    attribute = message.attribute(Attribute.FINGERPRINT)
    if attribute is None:
        return None
    offset = attribute_offset(message, Attribute.FINGERPRINT)
    return compute_fingerprint(encode_stun(message), at=offset) == attribute.value
