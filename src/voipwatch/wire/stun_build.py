"""Build STUN messages: lengths, padding, integrity and fingerprint, in the RFCs' form or a dialect's."""

from collections.abc import Iterable

from voipwatch.wire.stun import MAGIC_COOKIE, StunAttribute, encode_attribute
from voipwatch.wire.stun_fingerprint import compute_fingerprint
from voipwatch.wire.stun_integrity import compute_integrity, compute_integrity_sha256
from voipwatch.wire.stun_registry import Attribute


def build_stun(
    type_field: int,
    transaction_id: bytes,
    attributes: Iterable[StunAttribute] = (),
    *,
    integrity_key: bytes | None = None,
    integrity_sha256_key: bytes | None = None,
    fingerprint: bool = False,
    aligned: bool = True,
) -> bytes:
    """The bytes of a message.

    Args:
        type_field: all 16 bits; `stun.message_type` makes one from method and class.
        transaction_id: 12 bytes, the cookie is put before them; or 16, for a classic message without cookie
            (RFC 3489) or a mutant with another.
        attributes: in order; a `padding` they bring is kept.
        integrity_key: if given, MESSAGE-INTEGRITY under this key follows.
        integrity_sha256_key: if given, MESSAGE-INTEGRITY-SHA256 under this key follows.
        fingerprint: whether FINGERPRINT ends the message.
        aligned: pad attributes with zeros to four bytes (RFC 8489 section 14); False packs them, as WhatsApp
            (2015 to 2019) and MS-TURN do.

    Raises:
        ValueError: the transaction id has neither 12 nor 16 bytes, or something does not fit its field.
    """
    if len(transaction_id) not in {12, 16}:
        raise ValueError(f"a transaction id has 12 or 16 bytes, not {len(transaction_id)}")
    message = type_field.to_bytes(2, "big") + bytes(2)
    message += (MAGIC_COOKIE if len(transaction_id) == 12 else b"") + transaction_id
    for attribute in attributes:
        message += _padded(attribute, aligned=aligned)
    if integrity_key is not None:
        code = compute_integrity(message, integrity_key)
        message += encode_attribute(StunAttribute(Attribute.MESSAGE_INTEGRITY, code))
    if integrity_sha256_key is not None:
        code = compute_integrity_sha256(message, integrity_sha256_key)
        message += encode_attribute(StunAttribute(Attribute.MESSAGE_INTEGRITY_SHA256, code))
    if fingerprint:
        code = compute_fingerprint(message)
        message += encode_attribute(StunAttribute(Attribute.FINGERPRINT, code))
    length_field = len(message) - 20
    if length_field > 0xFFFF:
        raise ValueError(f"{length_field} bytes of attributes do not fit a 16-bit length")
    return message[:2] + length_field.to_bytes(2, "big") + message[4:]


def _padded(attribute: StunAttribute, *, aligned: bool) -> bytes:
    if attribute.type > 0xFFFF or attribute.length > 0xFFFF:
        raise ValueError("an attribute's type and length have 16 bits each")
    padding = attribute.padding
    if aligned and not padding:
        padding = bytes(-len(attribute.value) % 4)
    return encode_attribute(attribute) + padding
