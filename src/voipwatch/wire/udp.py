"""UDP (RFC 768): the eight bytes before every datagram of a call."""

import struct

import msgspec

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import UDP, IpPacket, decode_ip, encode_ip, transport_checksum

_HEADER = struct.Struct(">HHHH")


class UdpDatagram(msgspec.Struct, frozen=True, kw_only=True):
    """One UDP datagram as it was on the wire."""

    source_port: int
    destination_port: int
    payload: bytes = b""
    length_field: int | None = None
    """The length field where it lies; None where it tells the truth."""
    checksum: int = 0
    """As seen; 0 means none over IPv4."""
    trailing: bytes = b""
    """What follows the announced length."""


def decode_udp(data: bytes | memoryview) -> UdpDatagram:
    """Read the payload of an IP packet as UDP.

    Raises:
        WireError: fewer bytes than the header or its length promise, or a length under 8.
    """
    raw = bytes(data)
    if len(raw) < 8:
        raise _error("header", 0, f"needs 8 bytes, {len(raw)} there")
    source_port, destination_port, length, checksum = _HEADER.unpack_from(raw)
    if not 8 <= length <= len(raw):
        raise _error("length", 4, f"says {length} bytes, {len(raw)} there")
    return UdpDatagram(
        source_port=source_port,
        destination_port=destination_port,
        payload=raw[8:length],
        checksum=checksum,
        trailing=raw[length:],
    )


def encode_udp(datagram: UdpDatagram) -> bytes:
    """Write a UDP datagram.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    length = 8 + len(datagram.payload) if datagram.length_field is None else datagram.length_field
    try:
        header = _HEADER.pack(datagram.source_port, datagram.destination_port, length, datagram.checksum)
    except struct.error as error:
        raise ValueError(f"a field does not fit: {error}") from error
    return header + datagram.payload + datagram.trailing


def build_udp_packet(
    source: TransportAddress,
    destination: TransportAddress,
    *,
    payload: bytes,
    ttl: int = 64,
    tos: int = 0,
    identification: int = 0,
) -> bytes:
    """The bytes of an IP packet with one UDP datagram, checksums right.

    Raises:
        ValueError: the two hosts are not of one family, or a field does not fit.
    """
    source_packed, destination_packed = source.packed, destination.packed
    if len(source_packed) != len(destination_packed):
        raise ValueError("source and destination are not of one family")
    bare = UdpDatagram(source_port=source.port, destination_port=destination.port, payload=payload)
    segment = encode_udp(bare)
    checksum = transport_checksum(source_packed, destination_packed, protocol=UDP, segment=segment)
    # A sum of 0 is sent as all ones, because 0 says that there is none (RFC 768).
    segment = segment[:6] + (checksum or 0xFFFF).to_bytes(2, "big") + payload
    packet = IpPacket(
        version=4 if len(source_packed) == 4 else 6,
        source=source_packed,
        destination=destination_packed,
        protocol=UDP,
        payload=segment,
        ttl=ttl,
        tos=tos,
        identification=identification,
    )
    return encode_ip(packet)


def decode_udp_packet(data: bytes | memoryview) -> tuple[IpPacket, UdpDatagram]:
    """Read an IP packet that holds a whole UDP datagram.

    Raises:
        WireError: it is no IP packet, holds another protocol, or is a fragment.
    """
    packet = decode_ip(data)
    if packet.protocol != UDP:
        raise _error("protocol", 0, f"IP protocol {packet.protocol} is not UDP")
    if packet.is_fragment:
        raise _error("fragment", 0, "a piece of a datagram")
    return packet, decode_udp(packet.payload)


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("UDP", field, offset, section="RFC 768", detail=detail)
