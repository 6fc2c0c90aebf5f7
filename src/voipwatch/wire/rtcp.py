"""RTCP compound packets (RFC 3550 section 6.1), plain or under SRTCP (RFC 3711 section 3.4).

Bodies stay raw; `rtcp_reports` reads those that are plain. Under SRTCP only the first eight bytes are in
clear, so reading stops at the first header that makes no sense and the rest is kept as `trailing`:
ciphertext, the SRTCP index and tag, or an app's own suffix (Discord, Teams).
"""

import struct
from enum import IntEnum

import msgspec

from voipwatch.wire.errors import WireError

_HEADER = struct.Struct(">BBH")


class RtcpType(IntEnum):
    """Packet types (RFC 3550 section 12.1, RFC 4585 section 6.1, RFC 3611 section 2)."""

    SENDER_REPORT = 200
    RECEIVER_REPORT = 201
    SOURCE_DESCRIPTION = 202
    BYE = 203
    APP = 204
    TRANSPORT_FEEDBACK = 205
    PAYLOAD_FEEDBACK = 206
    EXTENDED_REPORT = 207


PACKET_TYPE_MIN = 192
PACKET_TYPE_MAX = 223  # RFC 5761 section 4: what tells RTCP from RTP on one port


class RtcpPacket(msgspec.Struct, frozen=True, kw_only=True):
    """One packet of a compound, its body raw."""

    packet_type: int
    """192 to 223 in what was decoded; the known ones are in `RtcpType`."""
    count: int = 0
    """The five bits after padding: report count, source count, subtype or feedback format. 0 to 31."""
    has_padding: bool = False
    """The P bit; the padding stays at the end of the body."""
    body: bytes = b""
    """What follows the four header bytes, a multiple of four."""
    version: int = 2


class RtcpCompound(msgspec.Struct, frozen=True):
    """What one datagram of RTCP holds."""

    packets: tuple[RtcpPacket, ...]
    """At least one."""
    trailing: bytes = b""
    """What follows the last readable packet: never looked into, never dropped."""


def decode_rtcp(data: bytes | memoryview) -> RtcpCompound:
    """Read one datagram of RTCP.

    Raises:
        WireError: the first packet's header is missing, is not version 2 or of no RTCP type, or promises more
            bytes than there are. A later packet that does so becomes part of `trailing`.
    """
    raw = bytes(data)
    packet, offset = _decode_packet(raw, 0)
    packets = [packet]
    while offset < len(raw):
        try:
            packet, offset = _decode_packet(raw, offset)
        except WireError:
            break
        packets.append(packet)
    return RtcpCompound(tuple(packets), raw[offset:])


def encode_rtcp(compound: RtcpCompound) -> bytes:
    """Write one datagram of RTCP.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    return b"".join(encode_rtcp_packet(packet) for packet in compound.packets) + compound.trailing


def encode_rtcp_packet(packet: RtcpPacket) -> bytes:
    """Write one packet of a compound.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    if len(packet.body) % 4 or not 0 <= packet.count <= 31 or not 0 <= packet.version <= 3:
        raise ValueError("a body is a multiple of four bytes, a count at most 31, a version at most 3")
    first = packet.version << 6 | packet.has_padding << 5 | packet.count
    try:
        return _HEADER.pack(first, packet.packet_type, len(packet.body) // 4) + packet.body
    except struct.error as error:
        raise ValueError(f"a field does not fit: {error}") from error


def _decode_packet(raw: bytes, offset: int) -> tuple[RtcpPacket, int]:
    """The packet at `offset` and where the next one starts."""
    body_at = offset + 4
    if body_at > len(raw):
        raise _error("header", offset, f"needs 4 bytes, {len(raw) - offset} left")
    first, packet_type, words = _HEADER.unpack_from(raw, offset)
    if first >> 6 != 2:
        raise _error("version", offset, f"{first >> 6} is not 2")
    if not PACKET_TYPE_MIN <= packet_type <= PACKET_TYPE_MAX:
        raise _error("packet type", offset + 1, f"{packet_type} is not in 192 to 223")
    end = body_at + 4 * words
    if end > len(raw):
        raise _error("length", offset + 2, f"says {4 * words} bytes, {len(raw) - body_at} left")
    packet = RtcpPacket(
        packet_type=packet_type, count=first & 0x1F, has_padding=first & 0x20 != 0, body=raw[body_at:end]
    )
    return packet, end


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("RTCP", field, offset, section="RFC 3550 section 6.4.1", detail=detail)
