"""The pcapng capture file (draft-ietf-opsawg-pcapng): sections, interfaces, packets; the rest is skipped.

A file is a source of bytes here, `read(n)`, which a shell opens: it may be larger than memory.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final

from voipwatch.wire.cursor import Cursor
from voipwatch.wire.errors import WireError
from voipwatch.wire.pcap import PcapPacket

Read = Callable[[int], bytes]
"""Gives up to that many bytes, fewer only at the end of the file."""

SECTION: Final = 0x0A0D0D0A
"""Type of a section header, the same in both byte orders: a pcapng file starts with it."""
_INTERFACE: Final = 1
_OLD_PACKET: Final = 2
_SIMPLE_PACKET: Final = 3
_ENHANCED_PACKET: Final = 6
_BYTE_ORDERS: Final = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_TSRESOL: Final = 9
BLOCK_MAX_BYTES: Final = 16_777_216 + 4096
"""A packet of 16 MiB, as for classic files, and its options."""
INTERFACES_MAX: Final = 4096
SECTION_DOC: Final = "draft-ietf-opsawg-pcapng section 4"
Interface = tuple[int, int, int]
"""Link type, snap length (0: none), ticks a second."""


def read_pcapng(read: Read, start: bytes = b"") -> Iterator[PcapPacket]:
    """The packets of a file, read as they are asked for; never more than one block in memory.

    `start`: what of it was read already. A packet without a time (Simple Packet Block) has time 0.

    Raises:
        WireError: on reaching it, for what is no block, a block of over 16 MiB, or one that the file ends in.
    """
    source = _Source(read, start)
    order = ""
    interfaces: list[Interface] = []
    while (head := source.take(8, "block header", optional=True)) is not None:
        at = source.offset - 8
        if head[:4] == SECTION.to_bytes(4, "big"):
            magic = source.take(4, "byte order")
            if magic not in _BYTE_ORDERS:
                raise _error("byte order", at + 8, f"{magic.hex()} is none")
            order, interfaces = _BYTE_ORDERS[magic], []
            source.take(_body_bytes(head, order, at) - 4, "section header")
            kind, body = SECTION, b""
        elif not order:
            raise _error("block type", at, f"{head[:4].hex()} where a section header is expected")
        else:
            (kind,) = struct.unpack_from(order + "I", head)
            body = source.take(_body_bytes(head, order, at), "block")
        trailer = source.take(4, "block trailer")
        if trailer != head[4:]:
            raise _error("block trailer", source.offset - 4, "another length than the block's header says")
        if kind == _INTERFACE:
            if len(interfaces) >= INTERFACES_MAX:
                raise _error("interface", at, f"more than {INTERFACES_MAX} in one section")
            interfaces.append(_interface(body, order, at + 8))
        elif kind in {_ENHANCED_PACKET, _OLD_PACKET, _SIMPLE_PACKET}:
            yield _packet(kind, body, order, interfaces, at=at + 8)


class _Source:
    """The file's bytes in order, and how many were taken."""

    def __init__(self, read: Read, start: bytes) -> None:
        self._read = read
        self._start = start
        self.offset = 0

    def take(self, size: int, field: str, *, optional: bool = False) -> bytes:
        data, self._start = self._start[:size], self._start[size:]
        if len(data) < size:
            data += self._read(size - len(data))
        if optional and not data:
            return None  # type: ignore[return-value]  # asked for by the one caller that looks
        if len(data) < size:
            raise _error(field, self.offset, f"needs {size} bytes, {len(data)} left")
        self.offset += size
        return data


def _body_bytes(head: bytes, order: str, at: int) -> int:
    (total,) = struct.unpack_from(order + "I", head, 4)
    if total < 12 or total % 4 or total > BLOCK_MAX_BYTES:
        raise _error("block length", at + 4, f"{total} is no length of a block")
    return int(total) - 12


def _interface(body: bytes, order: str, at: int) -> Interface:
    if len(body) < 8:
        raise _error("interface", at, f"needs 8 bytes, {len(body)} there")
    linktype, _, snaplen = struct.unpack_from(order + "HHI", body)
    ticks = 1_000_000
    offset = 8
    while offset + 4 <= len(body):
        code, length = struct.unpack_from(order + "HH", body, offset)
        value = body[offset + 4 : offset + 4 + length]
        if code == 0:
            break
        if code == _TSRESOL and length == 1 and value:
            exponent = value[0] & 0x7F
            if exponent > (63 if value[0] & 0x80 else 18):
                raise _error("time resolution", at + offset, f"{value.hex()} is finer than any clock")
            ticks = 2**exponent if value[0] & 0x80 else 10**exponent
        offset += 4 + length + -length % 4
    return linktype, snaplen, ticks


def _packet(kind: int, body: bytes, order: str, interfaces: list[Interface], *, at: int) -> PcapPacket:
    cursor = Cursor(body, "pcapng", section=SECTION_DOC)
    ticks_at = 0
    if kind == _SIMPLE_PACKET:
        number = 0
        (original,) = struct.unpack(order + "I", cursor.take(4, "packet length"))
        captured = -1
    elif kind == _ENHANCED_PACKET:
        fields = struct.unpack(order + "IIIII", cursor.take(20, "packet header"))
        number, high, low, captured, original = fields
        ticks_at = high << 32 | low
    else:
        fields = struct.unpack(order + "HHIIII", cursor.take(20, "packet header"))
        number, _, high, low, captured, original = fields
        ticks_at = high << 32 | low
    if number >= len(interfaces):
        raise _error("interface", at, f"packet of interface {number}, {len(interfaces)} are described")
    linktype, snaplen, ticks = interfaces[number]
    if captured < 0:
        captured = min(original, snaplen or original, cursor.remaining_bytes)
    data = cursor.take(captured, "packet data")
    cut = None if original == captured else original
    return PcapPacket(ticks_at * 1_000_000 // ticks, linktype, data, cut)


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("pcapng", field, offset, section=SECTION_DOC, detail=detail)
