"""MESSAGE-INTEGRITY and MESSAGE-INTEGRITY-SHA256 (RFC 8489 sections 14.5 and 14.6), and their keys.

The code is an HMAC over the message up to the attribute, with the header's length changed to end at the
attribute. Classic messages (RFC 3489) and MS-TURN compute it otherwise and are not covered here.
"""

import hashlib
import hmac
import stringprep
import unicodedata

from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import HEADER_BYTES, StunAttribute, StunMessage, encode_stun
from voipwatch.wire.stun_registry import Attribute

_SHA1_BYTES = 20
_SHA256_BYTES = 32
_SHA256_TRUNCATED_MIN_BYTES = 16  # RFC 8489 section 14.6


def short_term_key(password: str) -> bytes:
    """The key of the short-term mechanism: the password itself (RFC 8489 section 9.1.1)."""
    return password.encode()


def long_term_key(username: str, realm: str, *, password: str, sha256: bool = False) -> bytes:
    """The key of the long-term mechanism (RFC 8489 section 9.2.2), 16 bytes, or 32 with SHA-256.

    The texts are taken as they are: apply `saslprep` first where the peer does.
    """
    text = f"{username}:{realm}:{password}".encode()
    if sha256:
        return hashlib.sha256(text).digest()
    return hashlib.md5(
        text, usedforsecurity=False
    ).digest()  # the RFC's choice; nothing is protected by it here


def userhash(username: str, realm: str) -> bytes:
    """The value of USERHASH, 32 bytes (RFC 8489 section 14.4)."""
    return hashlib.sha256(f"{username}:{realm}".encode()).digest()


def saslprep(text: str) -> str:
    """Prepare a user name or password (RFC 4013; RFC 5389 section 15.3 asks for it).

    Raises:
        ValueError: the text holds a prohibited character, or mixes directions (RFC 3454 section 6).
    """
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in text
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    for character in prepared:
        if _is_prohibited(character):
            raise ValueError(f"SASLprep prohibits U+{ord(character):04X}")
    if any(map(stringprep.in_table_d1, prepared)):
        ends_right_to_left = stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])
        if any(map(stringprep.in_table_d2, prepared)) or not ends_right_to_left:
            raise ValueError("SASLprep prohibits text of mixed direction")
    return prepared


def compute_integrity(message: bytes, key: bytes, *, at: int | None = None) -> bytes:
    """The 20-byte value of a MESSAGE-INTEGRITY attribute that starts at byte `at` of `message`.

    Args:
        message: a message, its header included; what follows `at` is not looked at.
        key: from `short_term_key` or `long_term_key`.
        at: where the attribute starts or will start; the end of `message` if None.
    """
    end = len(message) if at is None else at
    return hmac.digest(key, _covered(message[:end], _SHA1_BYTES), "sha1")


def compute_integrity_sha256(
    message: bytes, key: bytes, *, at: int | None = None, length_bytes: int = _SHA256_BYTES
) -> bytes:
    """The value of a MESSAGE-INTEGRITY-SHA256 attribute at byte `at`, cut to `length_bytes` (16 to 32)."""
    if not _SHA256_TRUNCATED_MIN_BYTES <= length_bytes <= _SHA256_BYTES or length_bytes % 4:
        raise ValueError("MESSAGE-INTEGRITY-SHA256 has 16 to 32 bytes, a multiple of 4")
    end = len(message) if at is None else at
    return hmac.digest(key, _covered(message[:end], length_bytes), "sha256")[:length_bytes]


def verify_integrity(message: StunMessage, key: bytes) -> bool | None:
    """Whether the first MESSAGE-INTEGRITY is right under `key`; None if there is none."""
    found = _find(message, Attribute.MESSAGE_INTEGRITY)
    if found is None:
        return None
    offset, attribute = found
    return hmac.compare_digest(compute_integrity(encode_stun(message), key, at=offset), attribute.value)


def verify_integrity_sha256(message: StunMessage, key: bytes) -> bool | None:
    """Whether the first MESSAGE-INTEGRITY-SHA256 is right under `key`; None if there is none.

    Raises:
        WireError: its length is not one that RFC 8489 section 14.6 allows.
    """
    found = _find(message, Attribute.MESSAGE_INTEGRITY_SHA256)
    if found is None:
        return None
    offset, attribute = found
    try:
        expected = compute_integrity_sha256(
            encode_stun(message), key, at=offset, length_bytes=len(attribute.value)
        )
    except ValueError as error:
        raise WireError(
            "STUN", "MESSAGE-INTEGRITY-SHA256", offset, section="RFC 8489 section 14.6", detail=str(error)
        ) from error
    return hmac.compare_digest(expected, attribute.value)


def attribute_offset(message: StunMessage, type_field: int) -> int | None:
    """Where the first attribute of this type starts in the encoded message, in bytes; None if absent."""
    found = _find(message, type_field)
    return None if found is None else found[0]


def _find(message: StunMessage, type_field: int) -> tuple[int, StunAttribute] | None:
    offset = HEADER_BYTES
    for attribute in message.attributes:
        if attribute.type == type_field:
            return offset, attribute
        offset += 4 + len(attribute.value) + len(attribute.padding)
    return None


def _covered(before: bytes, value_bytes: int) -> bytes:
    """`before` with its header's length pointing to the end of an attribute of `value_bytes` after it."""
    length_field = len(before) - HEADER_BYTES + 4 + value_bytes
    return before[:2] + (length_field & 0xFFFF).to_bytes(2, "big") + before[4:]


_PROHIBITED = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def _is_prohibited(character: str) -> bool:
    return any(in_table(character) for in_table in _PROHIBITED)
