"""The bodies of plain RTCP packets: SR, RR, SDES, BYE, APP (RFC 3550 section 6).

Each `decode_x` takes a packet from `rtcp` and each `encode_x` makes one, with the same bytes. Under SRTCP the
bodies are ciphertext: what these functions read there means nothing.
"""

import struct

import msgspec

from voipwatch.wire.cursor import Cursor
from voipwatch.wire.rtcp import RtcpPacket, RtcpType

CNAME = 1  # the SDES item every compound carries (RFC 3550 section 6.5.1)

_BLOCK = struct.Struct(">IBBHIIII")
_SENDER = struct.Struct(">IQIII")


class ReportBlock(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver says about one source (RFC 3550 section 6.4.1)."""

    ssrc: int
    fraction_lost: int
    """Lost since the last report, in 256ths: 0 to 255."""
    cumulative_lost_count: int
    """Signed, 24 bits: duplicates make it negative."""
    highest_sequence: int
    """Cycles in the upper 16 bits, the sequence number in the lower."""
    jitter: int
    """In ticks of the payload's clock."""
    last_sender_report: int
    """The middle 32 bits of the NTP time of the last SR; 0 if none came."""
    delay_since_last_sender_report: int
    """In units of 1/65536 s."""


class SenderReport(msgspec.Struct, frozen=True, kw_only=True):
    """SR (RFC 3550 section 6.4.1)."""

    ssrc: int
    ntp_time: int
    """64 bits: seconds since 1900 in the upper 32."""
    rtp_timestamp: int
    packet_count: int
    octet_count: int
    blocks: tuple[ReportBlock, ...] = ()
    extension: bytes = b""
    """Profile-specific bytes after the blocks."""


class ReceiverReport(msgspec.Struct, frozen=True, kw_only=True):
    """RR (RFC 3550 section 6.4.2)."""

    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()
    extension: bytes = b""


class SdesChunk(msgspec.Struct, frozen=True):
    """What one source says about itself (RFC 3550 section 6.5)."""

    ssrc: int
    items: tuple[tuple[int, bytes], ...]
    """Item type and text, in order."""
    padding: bytes = b"\0"
    """The zero that ends the list and those up to the next multiple of four, as seen."""


class Bye(msgspec.Struct, frozen=True):
    """BYE (RFC 3550 section 6.6)."""

    ssrcs: tuple[int, ...]
    remainder: bytes = b""
    """The optional reason with its length and padding, as seen."""

    @property
    def reason(self) -> bytes | None:
        """The reason for leaving; None if there is none or its length is wrong."""
        if not self.remainder or 1 + self.remainder[0] > len(self.remainder):
            return None
        return self.remainder[1 : 1 + self.remainder[0]]


class App(msgspec.Struct, frozen=True):
    """APP (RFC 3550 section 6.7)."""

    ssrc: int
    name: bytes
    """4 bytes."""
    data: bytes = b""


def decode_sender_report(packet: RtcpPacket) -> SenderReport:
    """Read an SR.

    Raises:
        WireError: the packet is of another type, or shorter than its report count demands.
    """
    cursor = _cursor(packet, RtcpType.SENDER_REPORT)
    ssrc, ntp_time, timestamp, packets, octets = _SENDER.unpack(cursor.take(24, "sender info"))
    return SenderReport(
        ssrc=ssrc,
        ntp_time=ntp_time,
        rtp_timestamp=timestamp,
        packet_count=packets,
        octet_count=octets,
        blocks=_decode_blocks(cursor, packet.count),
        extension=cursor.rest(),
    )


def encode_sender_report(report: SenderReport) -> RtcpPacket:
    """Make the packet of an SR."""
    body = _SENDER.pack(
        report.ssrc, report.ntp_time, report.rtp_timestamp, report.packet_count, report.octet_count
    )
    body += _encode_blocks(report.blocks) + report.extension
    return RtcpPacket(packet_type=RtcpType.SENDER_REPORT, count=len(report.blocks), body=body)


def decode_receiver_report(packet: RtcpPacket) -> ReceiverReport:
    """Read an RR.

    Raises:
        WireError: the packet is of another type, or shorter than its report count demands.
    """
    cursor = _cursor(packet, RtcpType.RECEIVER_REPORT)
    ssrc = cursor.u32("SSRC")
    blocks = _decode_blocks(cursor, packet.count)
    return ReceiverReport(ssrc=ssrc, blocks=blocks, extension=cursor.rest())


def encode_receiver_report(report: ReceiverReport) -> RtcpPacket:
    """Make the packet of an RR."""
    body = report.ssrc.to_bytes(4, "big") + _encode_blocks(report.blocks) + report.extension
    return RtcpPacket(packet_type=RtcpType.RECEIVER_REPORT, count=len(report.blocks), body=body)


def decode_source_description(packet: RtcpPacket) -> tuple[SdesChunk, ...]:
    """Read an SDES packet.

    Raises:
        WireError: the packet is of another type, or a chunk or an item does not fit.
    """
    cursor = _cursor(packet, RtcpType.SOURCE_DESCRIPTION)
    chunks = []
    for _ in range(packet.count):
        ssrc = cursor.u32("SDES source")
        items = []
        while (item_type := cursor.u8("SDES item type")) != 0:
            items.append((item_type, cursor.take(cursor.u8("SDES item length"), "SDES item")))
        padding = b"\0" + cursor.take(-cursor.offset % 4, "SDES padding")
        chunks.append(SdesChunk(ssrc, tuple(items), padding))
    if not packet.has_padding:  # padding stays in the packet's body, not in the chunks
        cursor.expect_end("SDES")
    return tuple(chunks)


def encode_source_description(chunks: tuple[SdesChunk, ...]) -> RtcpPacket:
    """Make the packet of an SDES; a chunk's zero padding is completed to four bytes."""
    body = b""
    for chunk in chunks:
        body += chunk.ssrc.to_bytes(4, "big")
        for item_type, text in chunk.items:
            body += bytes((item_type, len(text))) + text
        body += chunk.padding
        body += bytes(-len(body) % 4)
    return RtcpPacket(packet_type=RtcpType.SOURCE_DESCRIPTION, count=len(chunks), body=body)


def decode_bye(packet: RtcpPacket) -> Bye:
    """Read a BYE.

    Raises:
        WireError: the packet is of another type, or shorter than its source count demands.
    """
    cursor = _cursor(packet, RtcpType.BYE)
    ssrcs = tuple(cursor.u32("BYE source") for _ in range(packet.count))
    return Bye(ssrcs, cursor.rest())


def encode_bye(bye: Bye) -> RtcpPacket:
    """Make the packet of a BYE."""
    body = b"".join(ssrc.to_bytes(4, "big") for ssrc in bye.ssrcs) + bye.remainder
    return RtcpPacket(packet_type=RtcpType.BYE, count=len(bye.ssrcs), body=body)


def decode_app(packet: RtcpPacket) -> App:
    """Read an APP; its subtype is the packet's `count`.

    Raises:
        WireError: the packet is of another type, or shorter than 8 bytes of body.
    """
    cursor = _cursor(packet, RtcpType.APP)
    return App(cursor.u32("APP source"), cursor.take(4, "APP name"), cursor.rest())


def encode_app(app: App, *, subtype: int = 0) -> RtcpPacket:
    """Make the packet of an APP."""
    body = app.ssrc.to_bytes(4, "big") + app.name + app.data
    return RtcpPacket(packet_type=RtcpType.APP, count=subtype, body=body)


def _cursor(packet: RtcpPacket, packet_type: RtcpType) -> Cursor:
    """A cursor over the body, once the type is right; offsets count from the body's start."""
    cursor = Cursor(packet.body, "RTCP", section="RFC 3550 section 6")
    if packet.packet_type != packet_type:
        raise cursor.fail("packet type", f"{packet.packet_type} is not {packet_type:d}")
    return cursor


def _decode_blocks(cursor: Cursor, count: int) -> tuple[ReportBlock, ...]:
    blocks = []
    for _ in range(count):
        fields = _BLOCK.unpack(cursor.take(24, "report block"))
        lost = fields[2] << 16 | fields[3]
        blocks.append(
            ReportBlock(
                ssrc=fields[0],
                fraction_lost=fields[1],
                cumulative_lost_count=lost - (1 << 24) if lost >= 1 << 23 else lost,
                highest_sequence=fields[4],
                jitter=fields[5],
                last_sender_report=fields[6],
                delay_since_last_sender_report=fields[7],
            )
        )
    return tuple(blocks)


def _encode_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    body = b""
    for block in blocks:
        lost = block.cumulative_lost_count & 0xFFFFFF
        body += _BLOCK.pack(
            block.ssrc,
            block.fraction_lost,
            lost >> 16,
            lost & 0xFFFF,
            block.highest_sequence,
            block.jitter,
            block.last_sender_report,
            block.delay_since_last_sender_report,
        )
    return body
