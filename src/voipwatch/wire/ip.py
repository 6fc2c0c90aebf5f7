"""IPv4 and IPv6 headers (RFC 791 section 3.1, RFC 8200 sections 3 and 4), and the internet checksum.

What was seen is kept, wrong checksums and lengths included: `encode_ip(decode_ip(data)) == data`.
"""

import struct
from ipaddress import IPv4Address, IPv6Address

import msgspec

from voipwatch.wire.cursor import Cursor

ICMP = 1
TCP = 6
UDP = 17
ICMPV6 = 58

_IPV6_FRAGMENT = 44
_IPV6_EXTENSIONS = frozenset((0, 43, 60, 135, 139, 140, _IPV6_FRAGMENT))
# Hop-by-hop, routing, destination options, mobility, HIP, shim6: lengths in units of 8 bytes, the first one
# not counted (RFC 6564); a fragment header has 8 bytes always.


class IpPacket(msgspec.Struct, frozen=True, kw_only=True):
    """One IP packet as it was on the wire."""

    version: int
    """4 or 6."""
    source: bytes
    """4 or 16 bytes."""
    destination: bytes
    """4 or 16 bytes."""
    protocol: int
    """IANA's number of what `payload` holds."""
    payload: bytes = b""
    """What follows the header, and in IPv6 the extension headers."""
    ttl: int = 64
    """TTL or hop limit, 0 to 255."""
    tos: int = 0
    """DSCP and ECN, 8 bits."""
    identification: int = 0
    """IPv4 alone; 16 bits."""
    fragment_field: int = 0
    """Flags and offset, 16 bits as on the wire: IPv4's header, or IPv6's fragment header."""
    flow_label: int = 0
    """IPv6 alone; 20 bits."""
    options: bytes = b""
    """IPv4 options, or all IPv6 extension headers."""
    first_header: int | None = None
    """IPv6 alone: the number of the first extension header; None without any."""
    checksum: int | None = None
    """IPv4 alone, as seen; None in a packet made by hand: `encode_ip` computes it."""
    length_field: int | None = None
    """Total (IPv4) or payload (IPv6) length where it lies; None where it tells the truth."""
    trailing: bytes = b""
    """What follows the packet's announced end (link layer padding)."""

    @property
    def source_text(self) -> str:
        """The source address in its usual form."""
        return _text(self.source)

    @property
    def destination_text(self) -> str:
        """The destination address in its usual form."""
        return _text(self.destination)

    @property
    def is_fragment(self) -> bool:
        """Whether it is a piece of a packet: offset not 0, or more pieces to come."""
        return self.fragment_field & (0x3FFF if self.version == 4 else 0xFFF9) != 0

    @property
    def is_later_fragment(self) -> bool:
        """Whether its payload does not start with the transport's header."""
        return self.fragment_field & (0x1FFF if self.version == 4 else 0xFFF8) != 0


def decode_ip(data: bytes | memoryview) -> IpPacket:
    """Read one IP packet.

    Raises:
        WireError: neither IPv4 nor IPv6, or fewer bytes than its header promises.
    """
    raw = bytes(data)
    version = raw[0] >> 4 if raw else None
    if version == 4:
        return _decode_ipv4(Cursor(raw, "IPv4", section="RFC 791 section 3.1"))
    if version == 6:
        return _decode_ipv6(Cursor(raw, "IPv6", section="RFC 8200 section 3"))
    raise Cursor(raw, "IP").fail("version", f"{version} is neither 4 nor 6")


def encode_ip(packet: IpPacket) -> bytes:
    """Write one IP packet.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    try:
        return _encode_ipv4(packet) if packet.version == 4 else _encode_ipv6(packet)
    except (OverflowError, struct.error) as error:
        raise ValueError(f"a field does not fit: {error}") from error


def internet_checksum(data: bytes) -> int:
    """The one's complement of the one's complement sum of 16-bit words (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def transport_checksum(source: bytes, destination: bytes, *, protocol: int, segment: bytes) -> int:
    """The checksum of a UDP, TCP or ICMPv6 segment whose checksum field is 0 (RFC 768, RFC 8200 section 8.1).

    Args:
        source: 4 or 16 bytes.
        destination: as many.
        protocol: IANA's number.
        segment: header and payload.
    """
    if len(source) == 4:
        pseudo = source + destination + struct.pack(">BBH", 0, protocol, len(segment) & 0xFFFF)
    else:
        pseudo = source + destination + struct.pack(">II", len(segment), protocol)
    return internet_checksum(pseudo + segment)


def _decode_ipv4(cursor: Cursor) -> IpPacket:
    first, tos, total, identification, fragment = struct.unpack(">BBHHH", cursor.take(8, "header"))
    ttl, protocol, checksum = struct.unpack(">BBH", cursor.take(4, "header"))
    source, destination = cursor.take(4, "source"), cursor.take(4, "destination")
    options = cursor.take(4 * (first & 0x0F) - 20, "options")
    header_bytes = cursor.offset
    # 0: segmentation offload; the packet was captured before the card wrote its length.
    payload = cursor.take(total - header_bytes, "payload") if total else cursor.rest()
    return IpPacket(
        version=4,
        source=source,
        destination=destination,
        protocol=protocol,
        payload=payload,
        ttl=ttl,
        tos=tos,
        identification=identification,
        fragment_field=fragment,
        options=options,
        checksum=checksum,
        length_field=None if total else 0,
        trailing=cursor.rest(),
    )


def _encode_ipv4(packet: IpPacket) -> bytes:
    if len(packet.source) != 4 or len(packet.destination) != 4 or len(packet.options) % 4:
        raise ValueError("IPv4 addresses have 4 bytes, options a multiple of 4")
    header_bytes = 20 + len(packet.options)
    total = header_bytes + len(packet.payload) if packet.length_field is None else packet.length_field
    words = (0x40 | header_bytes // 4, packet.tos, total, packet.identification, packet.fragment_field)
    start = struct.pack(">BBHHHBB", *words, packet.ttl, packet.protocol)
    end = packet.source + packet.destination + packet.options
    checksum = internet_checksum(start + bytes(2) + end) if packet.checksum is None else packet.checksum
    return start + struct.pack(">H", checksum) + end + packet.payload + packet.trailing


def _decode_ipv6(cursor: Cursor) -> IpPacket:
    first, length, next_header, ttl = struct.unpack(">IHBB", cursor.take(8, "header"))
    source, destination = cursor.take(16, "source"), cursor.take(16, "destination")
    body = cursor.restrict_to(length, "payload") if length else cursor
    protocol, options, fragment = next_header, b"", 0
    while protocol in _IPV6_EXTENSIONS:
        head = body.take(8, "extension header")
        if protocol == _IPV6_FRAGMENT:
            fragment = int.from_bytes(head[2:4], "big")
        else:
            head += body.take(8 * head[1], "extension header")
        protocol, options = head[0], options + head
        if fragment & 0xFFF8:
            break  # what follows is the middle of something
    payload = body.rest()
    return IpPacket(
        version=6,
        source=source,
        destination=destination,
        protocol=protocol,
        payload=payload,
        ttl=ttl,
        tos=first >> 20 & 0xFF,
        fragment_field=fragment,
        flow_label=first & 0xFFFFF,
        options=options,
        first_header=next_header if options else None,
        length_field=None if length or not (options or payload) else 0,
        trailing=cursor.rest(),
    )


def _encode_ipv6(packet: IpPacket) -> bytes:
    if len(packet.source) != 16 or len(packet.destination) != 16:
        raise ValueError("IPv6 addresses have 16 bytes")
    body = packet.options + packet.payload
    length = len(body) if packet.length_field is None else packet.length_field
    next_header = packet.protocol if packet.first_header is None else packet.first_header
    first = 6 << 28 | packet.tos << 20 | packet.flow_label
    header = struct.pack(">IHBB", first, length, next_header, packet.ttl)
    return header + packet.source + packet.destination + body + packet.trailing


def _text(packed: bytes) -> str:
    return str(IPv4Address(packed) if len(packed) == 4 else IPv6Address(packed))
