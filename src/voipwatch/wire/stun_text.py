"""Attributes that hold text: USERNAME, REALM, NONCE, SOFTWARE (RFC 8489 section 14).

Bytes that are not UTF-8 become surrogate escapes, so that text and bytes turn into each other without loss.
"""

from voipwatch.wire.stun import StunAttribute, StunMessage
from voipwatch.wire.stun_registry import Attribute


def text_attribute(type_field: int, text: str) -> StunAttribute:
    """An attribute of `type_field` that holds `text`."""
    return StunAttribute(type_field, text.encode(errors="surrogateescape"))


def text_of(message: StunMessage, type_field: int) -> str | None:
    """The text of the first attribute of this type; None if it is absent."""
    attribute = message.attribute(type_field)
    return None if attribute is None else attribute.value.decode(errors="surrogateescape")


def username(message: StunMessage) -> str | None:
    """USERNAME (RFC 8489 section 14.3); in ICE the two fragments around a colon (RFC 8445 section 7.2.2)."""
    return text_of(message, Attribute.USERNAME)


def realm(message: StunMessage) -> str | None:
    """REALM (RFC 8489 section 14.9)."""
    return text_of(message, Attribute.REALM)


def nonce(message: StunMessage) -> str | None:
    """NONCE (RFC 8489 section 14.10)."""
    return text_of(message, Attribute.NONCE)


def software(message: StunMessage) -> str | None:
    """SOFTWARE (RFC 8489 section 14.14)."""
    return text_of(message, Attribute.SOFTWARE)
