"""Transport addresses in STUN: MAPPED-ADDRESS and XOR-MAPPED-ADDRESS (RFC 8489 sections 14.1 and 14.2).

The same two layouts carry every other address of STUN and TURN: XOR-PEER-ADDRESS and XOR-RELAYED-ADDRESS
(RFC 8656 section 18), ALTERNATE-SERVER, RESPONSE-ORIGIN, OTHER-ADDRESS (RFC 5780), MS-XOR-MAPPED-ADDRESS.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, StunAttribute, StunMessage
from voipwatch.wire.stun_registry import Attribute

_FAMILY_BYTES = {0x01: 4, 0x02: 16}


def decode_address(value: bytes) -> TransportAddress:
    """Read the value of MAPPED-ADDRESS and its like; the first byte, 0 by the RFC, is not looked at.

    Raises:
        WireError: an unknown family, or a length that is not the family's.
    """
    return _decode(value, bytes(20))


def encode_address(address: TransportAddress) -> bytes:
    """Write the value of MAPPED-ADDRESS and its like.

    Raises:
        ValueError: the host is no IP address, or the port does not fit 16 bits.
    """
    return _encode(address, bytes(20))


def decode_xor_address(value: bytes, transaction_id: bytes) -> TransportAddress:
    """Read the value of XOR-MAPPED-ADDRESS and its like.

    Args:
        value: 8 bytes for IPv4, 20 for IPv6.
        transaction_id: 12 bytes; or the 16 of a classic message, whose first 4 take the cookie's place.

    Raises:
        WireError: an unknown family, or a length that is not the family's.
    """
    return _decode(value, _mask(transaction_id))


def encode_xor_address(address: TransportAddress, transaction_id: bytes) -> bytes:
    """Write the value of XOR-MAPPED-ADDRESS and its like.

    Raises:
        ValueError: the host is no IP address, or the port does not fit 16 bits.
    """
    return _encode(address, _mask(transaction_id))


def mapped_address(message: StunMessage) -> TransportAddress | None:
    """Where the sender of the request appeared to be: XOR-MAPPED-ADDRESS, else MAPPED-ADDRESS, else None.

    Raises:
        WireError: the attribute is there and cannot be read.
    """
    xored = message.attribute(Attribute.XOR_MAPPED_ADDRESS)
    if xored is not None:
        return decode_xor_address(xored.value, message.transaction_id)
    plain = message.attribute(Attribute.MAPPED_ADDRESS)
    return None if plain is None else decode_address(plain.value)


def xor_address_attribute(
    type_field: int, address: TransportAddress, *, transaction_id: bytes
) -> StunAttribute:
    """An attribute of `type_field` with the XORed address."""
    return StunAttribute(type_field, encode_xor_address(address, transaction_id))


def _mask(transaction_id: bytes) -> bytes:
    """What port and address are XORed with: 2 bytes of the cookie, then cookie and transaction id."""
    key = transaction_id if len(transaction_id) == 16 else MAGIC_COOKIE + transaction_id
    return key[:2] + key


def _decode(value: bytes, mask: bytes) -> TransportAddress:
    if len(value) < 4:
        raise _error("address", 0, f"needs 4 bytes, {len(value)} there")
    family_bytes = _FAMILY_BYTES.get(value[1])
    if family_bytes is None:
        raise _error("address family", 1, f"0x{value[1]:02x} is neither IPv4 (01) nor IPv6 (02)")
    if len(value) != 4 + family_bytes:
        raise _error("address", 4, f"needs {family_bytes} bytes, {len(value) - 4} there")
    plain = _xor(value[2:], mask)
    packed = plain[2:]
    host = IPv4Address(packed) if family_bytes == 4 else IPv6Address(packed)
    return TransportAddress(str(host), int.from_bytes(plain[:2], "big"))


def _encode(address: TransportAddress, mask: bytes) -> bytes:
    host = ip_address(address.host)
    if not 0 <= address.port <= 0xFFFF:
        raise ValueError(f"port {address.port} does not fit 16 bits")
    plain = address.port.to_bytes(2, "big") + host.packed
    return bytes((0, 1 if host.version == 4 else 2)) + _xor(plain, mask)


def _xor(data: bytes, mask: bytes) -> bytes:
    return bytes(byte ^ other for byte, other in zip(data, mask, strict=False))


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("STUN", field, offset, section="RFC 8489 section 14.1", detail=detail)
