"""A capture file of either kind as a stream of packets, and the IP packet inside each link layer.

Classic files (draft-ietf-opsawg-pcap) and pcapng; the file may be larger than memory.
"""

import struct
from collections.abc import Iterator
from typing import Final

from voipwatch.wire import pcapng
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import PcapPacket
from voipwatch.wire.pcapng import Read

PACKET_MAX_BYTES: Final = 16_777_216
_CLASSIC_DOC: Final = "draft-ietf-opsawg-pcap section 4"
_CLASSIC: Final = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}
"""Magic number -> byte order, ticks a microsecond."""

NULL, ETHERNET, LOOP, SLL, SLL2 = 0, 1, 108, 113, 276
RAW: Final = frozenset({12, 14, 101, 228, 229})
"""Raw IP: LINKTYPE_RAW, BSD's two numbers for it, and IPv4 or IPv6 alone."""
_IP_TYPES: Final = frozenset({0x0800, 0x86DD})
_VLAN_TYPES: Final = frozenset({0x8100, 0x88A8, 0x9100})
_VLAN_TAGS_MAX: Final = 4


def read_capture(read: Read) -> Iterator[PcapPacket]:
    """The packets of a capture file, as they are asked for; never more than one in memory.

    Raises:
        WireError: at the first packet for a file that is no capture; on reaching it for a packet of over
            16 MiB, or one that the file ends in.
    """
    magic = read(4)
    if magic == pcapng.SECTION.to_bytes(4, "big"):
        yield from pcapng.read_pcapng(read, magic)
        return
    if magic not in _CLASSIC:
        raise WireError("capture", "magic number", 0, detail=f"{magic.hex() or 'nothing'} starts no capture")
    order, divisor = _CLASSIC[magic]
    head = read(20)
    if len(head) < 20:
        raise _error("file header", 4, f"needs 20 bytes, {len(head)} left")
    linktype = struct.unpack_from(order + "I", head, 16)[0] & 0xFFFF
    header = struct.Struct(order + "IIII")
    offset = 24
    while data := read(16):
        if len(data) < 16:
            raise _error("packet header", offset, f"needs 16 bytes, {len(data)} left")
        seconds, fraction, size, original = header.unpack(data)
        if size > PACKET_MAX_BYTES:
            raise _error("packet length", offset + 8, f"says {size} bytes")
        data = read(size) if size else b""
        if len(data) < size:
            raise _error("packet", offset + 16, f"needs {size} bytes, {len(data)} left")
        cut = None if original == size else original
        yield PcapPacket(seconds * 1_000_000 + fraction // divisor, linktype, data, cut)
        offset += 16 + size


def network_packet(packet: PcapPacket) -> bytes:
    """The IP packet in a captured one.

    Raises:
        WireError: it holds none, is too short, or its link layer is none that is read here: raw IP, Ethernet
            with VLAN tags, Linux cooked 1 and 2, BSD loopback.
    """
    data, linktype = packet.data, packet.linktype
    if linktype in RAW:
        return data
    if linktype in {NULL, LOOP}:
        # A family number in somebody's byte order; the IP version that follows tells as much.
        return _ip(data, 4)
    if linktype == SLL:
        return _typed(data, 14, 16)
    if linktype == SLL2:
        return _typed(data, 0, 20)
    if linktype != ETHERNET:
        raise WireError("link layer", "link type", 0, detail=f"{linktype} is none that is read here")
    offset = 12
    for _ in range(_VLAN_TAGS_MAX):
        if int.from_bytes(data[offset : offset + 2], "big") not in _VLAN_TYPES:
            break
        offset += 4
    return _typed(data, offset, offset + 2)


def _typed(data: bytes, type_at: int, start: int) -> bytes:
    kind = int.from_bytes(data[type_at : type_at + 2], "big")
    if kind not in _IP_TYPES:
        raise WireError("link layer", "protocol", type_at, detail=f"0x{kind:04x} is not IP")
    return _ip(data, start)


def _ip(data: bytes, start: int) -> bytes:
    if len(data) <= start:
        raise WireError("link layer", "payload", start, detail=f"{len(data)} bytes hold no packet")
    return data[start:]


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("pcap", field, offset, section=_CLASSIC_DOC, detail=detail)
