"""The classic capture file (draft-ietf-opsawg-pcap), both byte orders, micro- and nanoseconds; not pcapng.

Files are bytes here: a shell reads and writes them.
"""

import struct
from collections.abc import Iterable, Iterator

import msgspec

from voipwatch.wire.errors import WireError

LINKTYPE_ETHERNET = 1
LINKTYPE_RAW = 101  # the packet starts with the IPv4 or IPv6 header

_MAGIC_US = 0xA1B2C3D4
_MAGIC_NS = 0xA1B23C4D
_SNAPLEN_BYTES = 262_144  # tcpdump's default since 4.9
_PACKET_MAX_BYTES = 16_777_216
# libpcap refuses more than its largest snap length, 256 KiB for most link types; this leaves room


class PcapPacket(msgspec.Struct, frozen=True):
    """One captured packet."""

    ts_us: int
    """Microseconds since 1970, UTC; a nanosecond file's time is cut, not rounded."""
    linktype: int
    """What `data` starts with: `LINKTYPE_RAW` in the files written here."""
    data: bytes
    """The packet as captured."""
    original_bytes: int | None = None
    """The packet's size on the wire where the capture cut it; None where it did not."""


def decode_pcap(data: bytes) -> Iterator[PcapPacket]:
    """The packets of a capture file, read as they are asked for.

    Raises:
        WireError: at once for a header that is not a capture file's; on reaching it for a packet that is
            longer than what is left, or than 16 MiB.
    """
    if len(data) < 24:
        raise _error("file header", 0, f"needs 24 bytes, {len(data)} there")
    for order in ("<", ">"):
        (magic,) = struct.unpack_from(order + "I", data)
        if magic in {_MAGIC_US, _MAGIC_NS}:
            linktype = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
            divisor = 1 if magic == _MAGIC_US else 1000
            return _packets(data, struct.Struct(order + "IIII"), linktype=linktype, divisor=divisor)
    raise _error("magic number", 0, f"{data[:4].hex()} is no capture file")


def encode_pcap(
    packets: Iterable[PcapPacket],
    *,
    linktype: int = LINKTYPE_RAW,
    big_endian: bool = False,
    nanoseconds: bool = False,
) -> bytes:
    """The bytes of a capture file, version 2.4.

    Raises:
        ValueError: a packet of another link type than the file's, or a time before 1970 or after 2106.
    """
    order = ">" if big_endian else "<"
    magic = _MAGIC_NS if nanoseconds else _MAGIC_US
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, _SNAPLEN_BYTES, linktype)]
    header = struct.Struct(order + "IIII")
    for packet in packets:
        if packet.linktype != linktype:
            raise ValueError(f"a packet of link type {packet.linktype} in a file of link type {linktype}")
        seconds, fraction_us = divmod(packet.ts_us, 1_000_000)
        size = len(packet.data)
        original = size if packet.original_bytes is None else packet.original_bytes
        try:
            parts.append(header.pack(seconds, fraction_us * (1000 if nanoseconds else 1), size, original))
        except struct.error as error:
            raise ValueError(f"time or size does not fit: {error}") from error
        parts.append(packet.data)
    return b"".join(parts)


def _packets(data: bytes, header: struct.Struct, *, linktype: int, divisor: int) -> Iterator[PcapPacket]:
    offset = 24
    while offset < len(data):
        start = offset + 16
        if start > len(data):
            raise _error("packet header", offset, f"needs 16 bytes, {len(data) - offset} left")
        seconds, fraction, size, original = header.unpack_from(data, offset)
        end = start + size
        if end > len(data) or size > _PACKET_MAX_BYTES:
            raise _error("packet length", offset + 8, f"says {size} bytes, {len(data) - start} left")
        cut = None if original == size else original
        yield PcapPacket(seconds * 1_000_000 + fraction // divisor, linktype, data[start:end], cut)
        offset = end


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("pcap", field, offset, section="draft-ietf-opsawg-pcap section 4", detail=detail)
