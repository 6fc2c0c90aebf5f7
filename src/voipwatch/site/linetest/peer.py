"""One call at the far end, by aiortc: sends a tone, takes what comes, counts both, echoes the data channel.

The only module that imports aiortc (extra `linetest`); `far_end` imports it when a first call comes.

The browser's candidates are not looked at. Whoever offers could name any address there, and the far end would
knock at it: it answers only to where a check with the right password came from (RFC 8445 section 7.3.1.3).
"""

import asyncio
from contextlib import suppress
from fractions import Fraction
from functools import cache
from time import monotonic
from typing import Any, Final

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.stats import RTCInboundRtpStreamStats, RTCOutboundRtpStreamStats

from voipwatch.site.linetest.messages import FarSight

RATE_HZ: Final = 48_000
FRAME_MS: Final = 20
BIT_RATE: Final = 32_000
SAMPLES: Final = RATE_HZ * FRAME_MS // 1000
ECHOES_MAX: Final = 1_000
ECHO_CHARACTERS_MAX: Final = 64
CLOSE_S: Final = 2.0


@cache
def coded_tone() -> tuple[bytes, ...]:
    """A second of a quiet tone as Opus packets of 20 ms at 32 kbit/s, what browsers use for a voice.

    Coded once a process: aiortc would code each call's anew, at three times the rate of a voice.
    """
    codec = av.AudioCodecContext.create("libopus", "w")
    codec.bit_rate = BIT_RATE
    codec.format = "s16"
    codec.layout = "mono"
    codec.sample_rate = RATE_HZ
    codec.options = {"application": "voip"}
    times = np.arange(RATE_HZ) / RATE_HZ
    wave = np.sin(2 * np.pi * 440 * times) + 0.3 * np.sin(2 * np.pi * 1_330 * times)
    samples = (wave * 3_000).astype(np.int16).reshape(-1, 1, SAMPLES)
    packets: list[bytes] = []
    for number, chunk in enumerate(samples):
        frame = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        frame.pts = number * SAMPLES
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return tuple(packets)


class ToneTrack(MediaStreamTrack):
    """The tone, packet by packet, paced by the clock."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._packets = coded_tone()
        self._count = 0
        self._start_s = 0.0

    async def recv(self) -> "av.Packet[Any]":
        """The next packet when its time has come. Raises MediaStreamError once the track is stopped."""
        if self.readyState != "live":
            raise MediaStreamError
        if self._count == 0:
            self._start_s = monotonic()
        due_s = self._start_s + self._count * FRAME_MS / 1000 - monotonic()
        if due_s > 0:
            await asyncio.sleep(due_s)
        packet = av.Packet(self._packets[self._count % len(self._packets)])
        packet.pts = self._count * SAMPLES
        packet.time_base = Fraction(1, RATE_HZ)
        self._count += 1
        return packet


class Peer:
    """One call. Made, answered, looked at, closed."""

    def __init__(self) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._echoes = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection.on("track", self._on_track)
        self._connection.on("datachannel", self._on_channel)

    async def answer(self, offer: str) -> str:
        """The answer's SDP, with every host candidate of this machine.

        Raises whatever aiortc's parser does on an offer that is none.
        """
        await self._connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        self._connection.addTrack(ToneTrack())
        answer = await self._connection.createAnswer()
        await self._connection.setLocalDescription(answer)
        return str(self._connection.localDescription.sdp)

    async def sight(self) -> FarSight:
        """What was seen until now."""
        received = lost = sent = 0
        jitter_ms = None
        for stats in (await self._connection.getStats()).values():
            if isinstance(stats, RTCInboundRtpStreamStats):
                received, lost = stats.packetsReceived, max(0, stats.packetsLost)
                jitter_ms = stats.jitter * 1000 / RATE_HZ
            elif isinstance(stats, RTCOutboundRtpStreamStats):
                sent = stats.packetsSent
        return FarSight(
            ice=self._connection.iceConnectionState in {"connected", "completed"},
            dtls=self._connection.connectionState == "connected",
            received=received,
            lost=lost,
            jitter_ms=jitter_ms if received else None,
            sent=sent,
            echoes=self._echoes,
        )

    def senders(self) -> frozenset[str]:
        """Addresses that checks with the right password came from: the offer's candidates are not taken."""
        sctp = self._connection.sctp
        candidates = [] if sctp is None else sctp.transport.transport.getRemoteCandidates()
        return frozenset(candidate.ip for candidate in candidates)

    async def close(self) -> None:
        """Hangs up; takes at most two seconds."""
        for task in self._tasks:
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self._connection.close()

    def _on_track(self, track: MediaStreamTrack) -> None:
        task = asyncio.get_running_loop().create_task(_drain(track))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _on_channel(self, channel: RTCDataChannel) -> None:
        def echo(message: str | bytes) -> None:
            if self._echoes < ECHOES_MAX and len(message) <= ECHO_CHARACTERS_MAX:
                self._echoes += 1
                channel.send(message)

        channel.on("message", echo)


async def _drain(track: MediaStreamTrack) -> None:
    """Takes what is decoded and drops it: what nobody takes would be kept."""
    with suppress(MediaStreamError):
        while True:
            await track.recv()
