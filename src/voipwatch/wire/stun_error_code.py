"""ERROR-CODE (RFC 8489 section 14.8)."""

import msgspec

from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunAttribute, StunMessage
from voipwatch.wire.stun_registry import Attribute


class StunError(msgspec.Struct, frozen=True):
    """The code and the reason of an error response."""

    code: int
    """Class times 100 plus number: 300 to 699 in RFC 8489; whatever the bytes say in what was decoded."""
    reason: str
    """The phrase; bytes that are not UTF-8 are kept as surrogate escapes."""


def decode_error_code(value: bytes) -> StunError:
    """Read the value of ERROR-CODE.

    Raises:
        WireError: it has fewer than 4 bytes.
    """
    if len(value) < 4:
        detail = f"needs 4 bytes, {len(value)} there"
        raise WireError("STUN", "ERROR-CODE", 0, section="RFC 8489 section 14.8", detail=detail)
    return StunError((value[2] & 0x07) * 100 + value[3], value[4:].decode(errors="surrogateescape"))


def encode_error_code(error: StunError) -> bytes:
    """Write the value of ERROR-CODE.

    Raises:
        ValueError: the code is not from 0 to 799.
    """
    if not 0 <= error.code <= 799:
        raise ValueError(f"error code {error.code} does not fit its three bits and two digits")
    return bytes((0, 0, error.code // 100, error.code % 100)) + error.reason.encode(errors="surrogateescape")


def error_code(message: StunMessage) -> StunError | None:
    """The message's error, or None if it carries no ERROR-CODE.

    Raises:
        WireError: the attribute is there and cannot be read.
    """
    attribute = message.attribute(Attribute.ERROR_CODE)
    return None if attribute is None else decode_error_code(attribute.value)


def error_code_attribute(code: int, reason: str) -> StunAttribute:
    """An ERROR-CODE attribute."""
    return StunAttribute(Attribute.ERROR_CODE, encode_error_code(StunError(code, reason)))
