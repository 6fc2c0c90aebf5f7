"""Spool segments: the file that an accepted report lies in before it is anywhere else.

A segment is a header and records, each appended whole:

    header:  8 bytes b"VWSPOOL1", 16 bytes segment id
    record:  4 bytes length of payload, 4 bytes CRC-32 of length and payload, payload

Integers are big-endian. A power cut tears at most the last record; a flipped bit costs one record, told by
its checksum, and those after it once a length cannot be believed. A CRC tells damage, not tampering: what
must not be forged is signed.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voipwatch.wire.errors import WireError

MAGIC: Final = b"VWSPOOL1"
SEGMENT_ID_BYTES: Final = 16
HEADER_BYTES: Final = len(MAGIC) + SEGMENT_ID_BYTES
FRAME_BYTES: Final = 8
PAYLOAD_MAX: Final = 32 << 20
"""Bytes; a compressed report of the largest check is under 8 MB. A length above it is damage."""

_FRAME: Final = struct.Struct(">II")
_LENGTH: Final = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Frame:
    """One record as it lies in a segment."""

    offset: int
    """Of its first byte, from the start of the segment."""
    payload: bytes | None
    """None where the checksum is wrong."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of what can be read: `torn` bytes after `offset` are no whole record."""

    offset: int
    torn: int


def encode_header(segment_id: bytes) -> bytes:
    """The first bytes of a segment. Raises ValueError for an id of another length than 16 bytes."""
    if len(segment_id) != SEGMENT_ID_BYTES:
        raise ValueError(f"a segment id has {SEGMENT_ID_BYTES} bytes, not {len(segment_id)}")
    return MAGIC + segment_id


def decode_header(data: bytes) -> bytes:
    """The segment's id. Raises WireError when the bytes do not begin a segment."""
    if len(data) < HEADER_BYTES:
        raise WireError("spool", "header", 0, detail=f"{len(data)} bytes, {HEADER_BYTES} needed")
    if data[: len(MAGIC)] != MAGIC:
        raise WireError("spool", "magic", 0, detail="not a spool segment, or of another version")
    return data[len(MAGIC) : HEADER_BYTES]


def encode_frame(payload: bytes) -> bytes:
    """One record. Raises ValueError for a payload that is empty or too long: a length of zero is damage."""
    if not 0 < len(payload) <= PAYLOAD_MAX:
        raise ValueError(f"a payload has 1 to {PAYLOAD_MAX} bytes, not {len(payload)}")
    return _FRAME.pack(len(payload), _checksum(len(payload), payload)) + payload


def decode_frames(data: bytes | memoryview, offset: int = HEADER_BYTES) -> Iterator[Frame | Tail]:
    """Every record from `offset` on, then one `Tail`. Cannot fail: damage is a value, not an error.

    Reading stops for good at a length that cannot be: what lies behind it cannot be told apart.
    """
    view = memoryview(data)
    while offset + FRAME_BYTES <= len(view):
        length, checksum = _FRAME.unpack_from(view, offset)
        end = offset + FRAME_BYTES + length
        if not 0 < length <= PAYLOAD_MAX or end > len(view):
            break
        payload = bytes(view[offset + FRAME_BYTES : end])
        whole = _checksum(length, payload) == checksum
        yield Frame(offset, payload if whole else None)
        offset = end
    yield Tail(offset, len(view) - offset)


def frame_ends(data: bytes | memoryview, offset: int = HEADER_BYTES) -> Iterator[int]:
    """Where the records of `decode_frames` end, told by their lengths alone; the tail is left out."""
    while offset + FRAME_BYTES <= len(data):
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += FRAME_BYTES + length
        if not 0 < length <= PAYLOAD_MAX or offset > len(data):
            return
        yield offset


def _checksum(length: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_LENGTH.pack(length)))
