"""RTP data packets (RFC 3550 section 5.1), plain or under SRTP (RFC 3711), whose header is the same.

The payload keeps its padding and, under SRTP, its tag: with encryption the padding count is not in clear.
"""

import struct

import msgspec

from voipwatch.wire.errors import WireError

VERSION = 2
HEADER_BYTES = 12

_HEADER = struct.Struct(">BBHII")
_EXTENSION = struct.Struct(">HH")


class RtpExtension(msgspec.Struct, frozen=True):
    """A header extension, its elements unread (RFC 3550 section 5.3.1): `rtp_extension` reads them."""

    profile: int
    """16 bits: 0xBEDE and 0x1000 to 0x100F are RFC 8285's, WhatsApp sends 0xDEBE too."""
    data: bytes
    """A multiple of four bytes."""


class RtpPacket(msgspec.Struct, frozen=True, kw_only=True):
    """One RTP packet as it was on the wire."""

    payload_type: int
    """0 to 127."""
    sequence: int
    """0 to 65535."""
    timestamp: int
    """32 bits, in ticks of the payload's clock."""
    ssrc: int
    """32 bits."""
    payload: bytes = b""
    """All that follows the header: padding, and under SRTP the tag, included."""
    marker: bool = False
    has_padding: bool = False
    """The P bit."""
    csrcs: tuple[int, ...] = ()
    """0 to 15 contributing sources."""
    extension: RtpExtension | None = None
    """None if the X bit is 0."""
    version: int = VERSION
    """Always 2 in what was decoded; a mutant may say otherwise."""

    @property
    def padding_bytes(self) -> int | None:
        """How much of a plain payload is padding (RFC 3550 section 5.1); None if the count is impossible.

        Under SRTP the last byte belongs to the tag or the ciphertext, and this number means nothing.
        """
        if not self.has_padding:
            return 0
        count = self.payload[-1] if self.payload else 0
        return count if 0 < count <= len(self.payload) else None


def decode_rtp(data: bytes | memoryview) -> RtpPacket:
    """Read one RTP packet.

    Raises:
        WireError: another version than 2, or fewer bytes than the header promises.
    """
    raw = bytes(data)
    size = len(raw)
    if size < HEADER_BYTES:
        raise _error("header", 0, f"needs {HEADER_BYTES} bytes, {size} there")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(raw)
    if first >> 6 != VERSION:
        raise _error("version", 0, f"{first >> 6} is not 2")
    offset = HEADER_BYTES
    csrcs: tuple[int, ...] = ()
    if first & 0x0F:
        count = first & 0x0F
        offset += 4 * count
        if offset > size:
            raise _error("CSRC list", HEADER_BYTES, f"{count} sources need {offset} bytes, {size} there")
        csrcs = struct.unpack_from(f">{count}I", raw, HEADER_BYTES)
    extension = None
    if first & 0x10:
        start = offset + 4
        if start > size:
            raise _error("extension header", offset, f"needs 4 bytes, {size - offset} left")
        profile, words = _EXTENSION.unpack_from(raw, offset)
        offset = start + 4 * words
        if offset > size:
            raise _error("extension length", start - 2, f"says {4 * words} bytes, {size - start} left")
        extension = RtpExtension(profile, raw[start:offset])
    return RtpPacket(
        payload_type=second & 0x7F,
        sequence=sequence,
        timestamp=timestamp,
        ssrc=ssrc,
        payload=raw[offset:],
        marker=second >= 0x80,
        has_padding=first & 0x20 != 0,
        csrcs=csrcs,
        extension=extension,
    )


def encode_rtp(packet: RtpPacket) -> bytes:
    """Write one RTP packet.

    Raises:
        ValueError: a field does not fit its place on the wire.
    """
    extension = packet.extension
    if len(packet.csrcs) > 15 or not 0 <= packet.payload_type <= 127 or not 0 <= packet.version <= 3:
        raise ValueError("at most 15 contributing sources, a payload type up to 127, a version up to 3")
    if extension is not None and len(extension.data) % 4:
        raise ValueError("a header extension is a multiple of four bytes")
    first = packet.version << 6 | packet.has_padding << 5 | (extension is not None) << 4 | len(packet.csrcs)
    second = packet.marker << 7 | packet.payload_type
    try:
        header = _HEADER.pack(first, second, packet.sequence, packet.timestamp, packet.ssrc)
        if packet.csrcs:
            header += struct.pack(f">{len(packet.csrcs)}I", *packet.csrcs)
        if extension is not None:
            header += _EXTENSION.pack(extension.profile, len(extension.data) // 4) + extension.data
    except struct.error as error:
        raise ValueError(f"a field does not fit: {error}") from error
    return header + packet.payload


def _error(field: str, offset: int, detail: str) -> WireError:
    return WireError("RTP", field, offset, section="RFC 3550 section 5.1", detail=detail)
