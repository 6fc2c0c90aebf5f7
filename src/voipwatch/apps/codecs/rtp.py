"""Codec `rtp`: RTP and SRTP packets (RFC 3550 section 5.1, RFC 3711); the payload is random like ciphertext.

Sequence number, timestamp and SSRC start at values of the flow's own. The timestamp follows the stream's
rhythm, so that packets of one video frame share it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_128
from itertools import accumulate
from struct import Struct
from typing import Final

from voipwatch.apps.codecs.use import MessageSpec, UnfitError, Use
from voipwatch.apps.messages import BuildContext, Message, Place, PlaceKind, flow_constant, tail_room
from voipwatch.model.vocabulary import Direction

HEADER_BYTES: Final = 12
_HEADER: Final = Struct("!BBHII")
_SSRC: Final = Struct("!I")
_START: Final = Struct("!HI")
VERSION: Final = 2
SEQUENCE_STEP: Final = 40_503
TIMESTAMP_STEP: Final = 2_654_435_769
"""Odd, and as near to the golden part of the ranges as odd numbers come: multiples of them lie far apart and
take each value once (Knuth, The Art of Computer Programming 3, section 6.4)."""
MARKERS: Final = ("never", "first", "frame", "always")
"""When the marker bit is set: a talk spurt's first packet, a video frame's last (RFC 3551, RFC 6184)."""


@lru_cache(maxsize=1024)
def stream_start(flow_secret: bytes, label: str) -> tuple[int, int, int]:
    """SSRC, first sequence number and first timestamp of a stream: the same for all its packets."""
    (ssrc,) = _SSRC.unpack(ssrc_bytes(flow_secret, label))
    sequence, timestamp = _START.unpack(flow_constant(flow_secret, f"rtp/{label}", _START.size))
    return ssrc, sequence, timestamp


def ssrc_bytes(flow_secret: bytes, label: str) -> bytes:
    """The four bytes of a stream's SSRC; RTCP about the stream names it too."""
    return flow_constant(flow_secret, f"ssrc/{label}", 4)


@dataclass(frozen=True, slots=True)
class RtpCodec:
    """A compiled stream."""

    direction: Direction
    label: str
    first: int
    """The first byte: version, padding, extension, CSRC count."""
    payload_type: int
    head: bytes
    """The extension's header and its fixed bytes."""
    extension_random: int
    """Random bytes that end the extension."""
    marker: str
    ticks: tuple[int, ...]
    """Timestamp of each packet of a cycle, from the cycle's start."""
    cycle_ticks: int
    last_of_frame: tuple[bool, ...]
    scattered: bool = False
    """A mutant's numbering: neither sequence numbers nor timestamps count up."""

    def build(self, ctx: BuildContext) -> bytes:
        """Header, extension, random payload, token."""
        ssrc, sequence, timestamp = stream_start(ctx.flow_secret, self.label)
        index = ctx.index
        cycle, step = divmod(index, len(self.ticks))
        marker = self.marker
        marked = (
            (marker == "frame" and self.last_of_frame[step])
            or (marker == "first" and index == 0)
            or marker == "always"
        )
        ticks = cycle * self.cycle_ticks + self.ticks[step]
        if self.scattered:
            index, ticks = index * SEQUENCE_STEP, ticks * TIMESTAMP_STEP
        header = _HEADER.pack(
            self.first,
            self.payload_type | marked << 7,
            (sequence + index) & 0xFFFF,
            (timestamp + ticks) & 0xFFFFFFFF,
            ssrc,
        )
        filler = ctx.size - HEADER_BYTES - len(self.head) - len(ctx.token)
        if filler < self.extension_random:
            raise ValueError(f"{ctx.size} bytes have no room for an RTP header and a token")
        return header + self.head + shake_128(ctx.entropy).digest(filler) + ctx.token

    def room(self, size: int) -> int:
        """At the payload's end: uplink 16 bytes, downlink up to 52."""
        return tail_room(self.direction, size, HEADER_BYTES + len(self.head) + self.extension_random)

    def read(self, data: bytes) -> bytes | None:
        """The end of an RTP packet of this payload type."""
        if len(data) < HEADER_BYTES or data[0] != self.first or data[1] & 0x7F != self.payload_type:
            return None
        room = self.room(len(data))
        return data[len(data) - room :] if room else None

    def echoes(self, request: bytes, data: bytes) -> bool:  # noqa: ARG002 -- media answers nothing
        """Whether it has the shape."""
        return self.read(data) is not None


@dataclass(frozen=True, slots=True)
class RtpSpec:
    """An RTP packet as a profile declares it."""

    name: str
    payload_type: int
    marker: str = "never"
    extension_profile: int | None = None
    """16 bits (RFC 3550 section 5.3.1); None without extension."""
    extension: bytes = b""
    """Fixed bytes of the extension."""
    extension_random: int = 0
    """Random bytes after them; together a multiple of four."""
    version: int = VERSION
    """0 to 3; a mutant's may be another than 2."""
    scattered: bool = False
    """Numbers and times that do not count up (a mutant's); packets of one frame share their time still."""

    @property
    def overhead_bytes(self) -> int:
        """Header and extension."""
        if self.extension_profile is None:
            return HEADER_BYTES
        return HEADER_BYTES + 4 + len(self.extension) + self.extension_random

    def compile(self, use: Use, lookup: Callable[[str], MessageSpec]) -> Message:  # noqa: ARG002 -- of no use here
        """Fix the timestamps of the stream's cycle."""
        if use.timing is None:
            raise UnfitError("an rtp message is media: only a stream can send it")
        words = (len(self.extension) + self.extension_random) // 4
        head = b""
        if self.extension_profile is not None:
            head = self.extension_profile.to_bytes(2, "big") + words.to_bytes(2, "big") + self.extension
        gaps = use.timing.gaps_us
        frame_us = use.timing.frame_us
        passed_us = [frame_us if frame_us and gap >= 1_000 else gap for gap in gaps]
        at_us = [0, *accumulate(passed_us)]
        ticks = [round(at * use.timing.clock_hz / 1_000_000) for at in at_us]
        # A gap under a millisecond is pacing inside one frame, and a frame has one timestamp.
        last = tuple(gap >= 1_000 for gap in gaps)
        frame_ticks = [0]
        for step in range(1, len(gaps)):
            frame_ticks.append(ticks[step] if last[step - 1] else frame_ticks[-1])
        codec = RtpCodec(
            direction=use.direction,
            label=use.label,
            first=self.version << 6 | (self.extension_profile is not None) << 4,
            payload_type=self.payload_type,
            head=head,
            extension_random=self.extension_random,
            marker=self.marker,
            ticks=tuple(frame_ticks),
            cycle_ticks=ticks[-1],
            last_of_frame=last,
            scattered=self.scattered,
        )
        return Message(self.name, use.direction, Place(PlaceKind.TAIL), 0, codec)
