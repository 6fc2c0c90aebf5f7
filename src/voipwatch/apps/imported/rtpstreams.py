"""Which packets of a flow are RTP and RTCP: by a source whose numbers count on, not by a first byte alone.

Any encrypted protocol starts a quarter of its packets like RTP (RFC 3550 appendix A.1 asks for sequence
numbers in a row before a source is believed).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

STEP_MAX: Final = 100
"""MAX_DROPOUT is 3000 in RFC 3550; a capture from the line itself misses fewer."""


class Timed(Protocol):
    """A packet with its time and direction."""

    @property
    def at_us(self) -> int:
        """Microseconds."""
        ...

    @property
    def up(self) -> bool:
        """Direction."""
        ...

    @property
    def data(self) -> bytes:
        """Payload."""
        ...


@dataclass(slots=True)
class RtpStream:
    """One source and payload type in one direction."""

    up: bool
    ssrc: bytes
    payload_type: int
    count: int
    in_row: int
    """Packets whose number follows that of the one before."""
    last_sequence: int


def looks_like_rtp(data: bytes) -> bool:
    """By its first two bytes: version 2, no RTCP type (RFC 5761 section 4)."""
    return len(data) >= 12 and data[0] >> 6 == 2 and not 192 <= data[1] <= 223


def is_rtcp(data: bytes) -> bool:
    """Version 2, a type from 192 to 223 and a length that fits the datagram (SRTCP has a trailer)."""
    return (
        len(data) >= 8
        and data[0] >> 6 == 2
        and 192 <= data[1] <= 223
        and 4 + 4 * int.from_bytes(data[2:4], "big") <= len(data)
    )


def rtp_streams(packets: Sequence[Timed]) -> list[RtpStream]:
    """The sources that can be believed: three packets, at least two thirds of which count on."""
    found: dict[tuple[bool, bytes, int], RtpStream] = {}
    for sample in packets:
        data = sample.data
        if not looks_like_rtp(data):
            continue
        key = (sample.up, data[8:12], data[1] & 0x7F)
        sequence = int.from_bytes(data[2:4], "big")
        stream = found.get(key)
        if stream is None:
            found[key] = RtpStream(*key, 1, 0, sequence)
            continue
        if sequence == stream.last_sequence:
            continue  # captured twice
        stream.count += 1
        stream.in_row += 0 < (sequence - stream.last_sequence) & 0xFFFF <= STEP_MAX
        stream.last_sequence = sequence
    return [s for s in found.values() if s.count >= 3 and s.in_row >= 2 * (s.count - 1) / 3]
