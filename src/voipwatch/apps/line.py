"""The warm-up: control bytes on a neutral port, which wake the radio and measure the line before any app.

For two seconds a packet every 20 ms each way (radio promotion takes up to 2 s, Wi-Fi power save a beacon
interval or more). Then eight packets of 1,000 bytes back to back each way: the spread with which they arrive
gives the line's rate by packet dispersion (Prasad, Murray, Dovrolis, Claffy, "Bandwidth estimation", 2003).
"""

from typing import Final

from voipwatch.apps.codecs.control import control_message
from voipwatch.apps.scripts import IP_UDP_BYTES, MediaPacket, Script, family_of
from voipwatch.model.flows import FlowKind
from voipwatch.model.ruleset import WARMUP_S
from voipwatch.model.vocabulary import LINE, Arm, Direction

WARMUP_KIND: Final = FlowKind(app=LINE, dialect="", leg="warmup", arm=Arm.W)
"""Kind 0 of every kind table. Its media is NONE: it plays no call, its packets say nothing of a stage."""
PACKET_BYTES: Final = 160
SPACING_US: Final = 20_000
BURST_PACKETS: Final = 8
BURST_BYTES: Final = 1000


def compile_line_script(kind: FlowKind, replicate: int) -> Script:
    """The warm-up of one flow; even replicates carry family U, odd ones Q."""
    family = family_of(kind, replicate)
    up = _packets(kind, replicate, Direction.UP)
    down = _packets(kind, replicate, Direction.DOWN)
    return Script(
        kind=kind,
        family=family,
        port=None,
        rounds=(),
        up=up,
        down=down,
        media_stage=None,
        media_s=WARMUP_S,
        bytes_up=sum(packet.size + IP_UDP_BYTES for packet in up),
        bytes_down=sum(packet.size + IP_UDP_BYTES for packet in down),
    )


def _packets(kind: FlowKind, replicate: int, direction: Direction) -> tuple[MediaPacket, ...]:
    message = control_message("warmup", family_of(kind, replicate), direction)
    end_us = round(WARMUP_S * 1_000_000)
    steady = [
        MediaPacket(at, message, PACKET_BYTES, index) for index, at in enumerate(range(0, end_us, SPACING_US))
    ]
    # The burst ends the two seconds: one spacing before their end, so that it lies inside the media's time.
    burst = [
        MediaPacket(end_us - SPACING_US, message, BURST_BYTES, len(steady) + index)
        for index in range(BURST_PACKETS)
    ]
    return tuple(steady + burst)
