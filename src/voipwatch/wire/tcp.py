"""TCP segments (RFC 9293 section 3.1): what a capture of a fallback leg or an injected reset is made of."""

import struct
from enum import IntFlag

import msgspec

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import TCP, IpPacket, encode_ip, transport_checksum

_HEADER = struct.Struct(">HHIIHHHH")


class TcpFlag(IntFlag):
    """Control bits (RFC 9293 section 3.1)."""

    FIN = 0x01
    SYN = 0x02
    RST = 0x04
    PSH = 0x08
    ACK = 0x10
    URG = 0x20
    ECE = 0x40
    CWR = 0x80


class TcpSegment(msgspec.Struct, frozen=True, kw_only=True):
    """One TCP segment as it was on the wire."""

    source_port: int
    destination_port: int
    sequence: int
    acknowledgement: int = 0
    flags: int = 0
    """The 12 bits after the data offset; the lower 8 are `TcpFlag`."""
    window: int = 0xFFFF
    checksum: int = 0
    urgent: int = 0
    options: bytes = b""
    """A multiple of four bytes, raw."""
    payload: bytes = b""


def decode_tcp(data: bytes | memoryview) -> TcpSegment:
    """Read the payload of an IP packet as TCP.

    Raises:
        WireError: fewer bytes than the header promises, or a header shorter than 20.
    """
    raw = bytes(data)
    if len(raw) < 20:
        raise _error("header", 0, f"needs 20 bytes, {len(raw)} there")
    source_port, destination_port, sequence, acknowledgement, bits, window, checksum, urgent = (
        _HEADER.unpack_from(raw)
    )
    header_bytes = 4 * (bits >> 12)
    if not 20 <= header_bytes <= len(raw):
        raise _error("data offset", 12, f"says {header_bytes} bytes, {len(raw)} there")
    return TcpSegment(
        source_port=source_port,
        destination_port=destination_port,
        sequence=sequence,
        acknowledgement=acknowledgement,
        flags=bits & 0x0FFF,
        window=window,
        checksum=checksum,
        urgent=urgent,
        options=raw[20:header_bytes],
        payload=raw[header_bytes:],
    )


def encode_tcp(segment: TcpSegment) -> bytes:
    """Write a TCP segment.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    header_bytes = 20 + len(segment.options)
    if header_bytes % 4 or header_bytes > 60:
        raise ValueError("options are a multiple of four bytes, at most 40")
    try:
        header = _HEADER.pack(
            segment.source_port,
            segment.destination_port,
            segment.sequence,
            segment.acknowledgement,
            header_bytes // 4 << 12 | segment.flags,
            segment.window,
            segment.checksum,
            segment.urgent,
        )
    except struct.error as error:
        raise ValueError(f"a field does not fit: {error}") from error
    return header + segment.options + segment.payload


def build_tcp_packet(
    source_host: str, destination_host: str, *, segment: TcpSegment, ttl: int = 64, identification: int = 0
) -> bytes:
    """The bytes of an IP packet with one TCP segment, checksums right whatever the segment's says.

    Raises:
        ValueError: the two hosts are not of one family, or a field does not fit.
    """
    source = TransportAddress(source_host, segment.source_port).packed
    destination = TransportAddress(destination_host, segment.destination_port).packed
    if len(source) != len(destination):
        raise ValueError("source and destination are not of one family")
    raw = encode_tcp(segment)
    raw = raw[:16] + bytes(2) + raw[18:]
    checksum = transport_checksum(source, destination, protocol=TCP, segment=raw)
    packet = IpPacket(
        version=4 if len(source) == 4 else 6,
        source=source,
        destination=destination,
        protocol=TCP,
        payload=raw[:16] + checksum.to_bytes(2, "big") + raw[18:],
        ttl=ttl,
        identification=identification,
    )
    return encode_ip(packet)


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("TCP", field, offset, section="RFC 9293 section 3.1", detail=detail)
