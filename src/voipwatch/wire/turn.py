"""TURN (RFC 8656): ChannelData, Send and Data indications, and the attributes of allocations.

TURN's requests and responses are STUN messages: `stun.decode_stun` reads them, this file reads their values.
"""

import struct

import msgspec

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunAttribute, StunClass, StunMessage, message_type
from voipwatch.wire.stun_address import decode_xor_address, xor_address_attribute
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_registry import Attribute, Method

CHANNEL_NUMBER_MIN = 0x4000
CHANNEL_NUMBER_MAX = 0x4FFF  # RFC 8656 section 12; RFC 5766 went up to 0x7FFF
LEGACY_CHANNEL_NUMBER_MAX = 0x7FFF

TRANSPORT_UDP = 17  # IANA protocol numbers, as REQUESTED-TRANSPORT carries them
TRANSPORT_TCP = 6
FAMILY_IPV4 = 0x01
FAMILY_IPV6 = 0x02

_HEADER = struct.Struct(">HH")


class ChannelData(msgspec.Struct, frozen=True):
    """One ChannelData message as it was on the wire (RFC 8656 section 12.4)."""

    channel: int
    """0x4000 to 0x7FFF."""
    data: bytes
    """The application's datagram."""
    padding: bytes = b""
    """What follows in the datagram, as seen: over TCP up to 3 bytes, over UDP usually none."""


def decode_channel_data(data: bytes | memoryview) -> ChannelData:
    """Read one ChannelData message.

    Raises:
        WireError: fewer bytes than its length promises, or a channel number outside 0x4000 to 0x7FFF.
    """
    raw = bytes(data)
    if len(raw) < 4:
        raise _error("ChannelData header", 0, f"needs 4 bytes, {len(raw)} there", "12.4")
    channel, length = _HEADER.unpack_from(raw)
    if not CHANNEL_NUMBER_MIN <= channel <= LEGACY_CHANNEL_NUMBER_MAX:
        raise _error("channel number", 0, f"0x{channel:04x} is not in 0x4000 to 0x7FFF", "12.4")
    if length > len(raw) - 4:
        raise _error("ChannelData length", 2, f"says {length} bytes, {len(raw) - 4} there", "12.4")
    return ChannelData(channel, raw[4 : 4 + length], raw[4 + length :])


def encode_channel_data(message: ChannelData) -> bytes:
    """Write one ChannelData message.

    Raises:
        ValueError: the channel or the length does not fit 16 bits.
    """
    try:
        return _HEADER.pack(message.channel, len(message.data)) + message.data + message.padding
    except struct.error as error:
        raise ValueError(f"channel or length does not fit 16 bits: {error}") from error


def build_channel_data(channel: int, data: bytes, *, padded: bool = False) -> bytes:
    """The bytes of a ChannelData message; `padded` to four bytes as TCP demands (RFC 8656 section 12.5)."""
    padding = bytes(-len(data) % 4) if padded else b""
    return encode_channel_data(ChannelData(channel, data, padding))


class RelayedDatagram(msgspec.Struct, frozen=True):
    """What a Send or Data indication carries: a datagram and the peer it goes to or comes from."""

    peer: TransportAddress
    data: bytes


def relayed_datagram(message: StunMessage) -> RelayedDatagram | None:
    """The datagram of a Send or Data indication (RFC 8656 sections 11.1 and 11.4).

    None for any other message, and for an indication without peer or data (a Send with DONT-FRAGMENT alone
    is a probe, not a datagram).

    Raises:
        WireError: the peer's address cannot be read.
    """
    if message.message_class is not StunClass.INDICATION or message.method not in {Method.SEND, Method.DATA}:
        return None
    peer = message.attribute(Attribute.XOR_PEER_ADDRESS)
    data = message.attribute(Attribute.DATA)
    if peer is None or data is None:
        return None
    return RelayedDatagram(decode_xor_address(peer.value, message.transaction_id), data.value)


def build_send_indication(transaction_id: bytes, datagram: RelayedDatagram) -> bytes:
    """The client's indication that asks the relay to send a datagram to a peer."""
    return _build_relayed(Method.SEND, transaction_id, datagram)


def build_data_indication(transaction_id: bytes, datagram: RelayedDatagram) -> bytes:
    """The relay's indication that hands a peer's datagram to the client."""
    return _build_relayed(Method.DATA, transaction_id, datagram)


def relayed_address(message: StunMessage) -> TransportAddress | None:
    """XOR-RELAYED-ADDRESS (RFC 8656 section 18.5); None if absent.

    Raises:
        WireError: it cannot be read.
    """
    attribute = message.attribute(Attribute.XOR_RELAYED_ADDRESS)
    return None if attribute is None else decode_xor_address(attribute.value, message.transaction_id)


def peer_addresses(message: StunMessage) -> tuple[TransportAddress, ...]:
    """Every XOR-PEER-ADDRESS, in order: CreatePermission may carry several (RFC 8656 section 9.1).

    Raises:
        WireError: one of them cannot be read.
    """
    return tuple(
        decode_xor_address(attribute.value, message.transaction_id)
        for attribute in message.attributes_of(Attribute.XOR_PEER_ADDRESS)
    )


def lifetime_s(message: StunMessage) -> int | None:
    """LIFETIME in seconds (RFC 8656 section 18.2); None if absent.

    Raises:
        WireError: it does not have 4 bytes.
    """
    value = _value(message, Attribute.LIFETIME, 4, "18.2")
    return None if value is None else int.from_bytes(value, "big")


def channel_number(message: StunMessage) -> int | None:
    """CHANNEL-NUMBER (RFC 8656 section 18.1); None if absent.

    Raises:
        WireError: it does not have 4 bytes.
    """
    value = _value(message, Attribute.CHANNEL_NUMBER, 4, "18.1")
    return None if value is None else int.from_bytes(value[:2], "big")


def requested_transport(message: StunMessage) -> int | None:
    """REQUESTED-TRANSPORT as an IANA protocol number (RFC 8656 section 18.8); None if absent.

    Raises:
        WireError: it does not have 4 bytes.
    """
    value = _value(message, Attribute.REQUESTED_TRANSPORT, 4, "18.8")
    return None if value is None else value[0]


def requested_address_family(message: StunMessage) -> int | None:
    """REQUESTED-ADDRESS-FAMILY, 1 for IPv4 and 2 for IPv6 (RFC 8656 section 18.6); None if absent.

    Raises:
        WireError: it does not have 4 bytes.
    """
    value = _value(message, Attribute.REQUESTED_ADDRESS_FAMILY, 4, "18.6")
    return None if value is None else value[0]


def lifetime_attribute(lifetime: int) -> StunAttribute:
    """A LIFETIME of so many seconds."""
    return StunAttribute(Attribute.LIFETIME, lifetime.to_bytes(4, "big"))


def channel_number_attribute(channel: int) -> StunAttribute:
    """A CHANNEL-NUMBER."""
    return StunAttribute(Attribute.CHANNEL_NUMBER, channel.to_bytes(2, "big") + bytes(2))


def requested_transport_attribute(protocol: int = TRANSPORT_UDP) -> StunAttribute:
    """A REQUESTED-TRANSPORT; UDP, the only one RFC 8656 knows, unless said otherwise."""
    return StunAttribute(Attribute.REQUESTED_TRANSPORT, bytes((protocol, 0, 0, 0)))


def requested_address_family_attribute(family: int) -> StunAttribute:
    """A REQUESTED-ADDRESS-FAMILY: `FAMILY_IPV4` or `FAMILY_IPV6`."""
    return StunAttribute(Attribute.REQUESTED_ADDRESS_FAMILY, bytes((family, 0, 0, 0)))


def _build_relayed(method: Method, transaction_id: bytes, datagram: RelayedDatagram) -> bytes:
    attributes = (
        xor_address_attribute(Attribute.XOR_PEER_ADDRESS, datagram.peer, transaction_id=transaction_id),
        StunAttribute(Attribute.DATA, datagram.data),
    )
    return build_stun(message_type(method, StunClass.INDICATION), transaction_id, attributes)


def _value(message: StunMessage, attribute: Attribute, length_bytes: int, section: str) -> bytes | None:
    found = message.attribute(attribute)
    if found is None:
        return None
    if len(found.value) != length_bytes:
        raise _error(attribute.wire_name, 0, f"needs {length_bytes} bytes, {len(found.value)} there", section)
    return found.value


def _error(field: str, offset: int, detail: str, section: str) -> WireError:
    return WireError("TURN", field, offset, section=f"RFC 8656 section {section}", detail=detail)
