"""Real calls by aiortc on loopback: what one end sends, the other counts."""

import asyncio
from pathlib import Path

import aioice.ice
import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription

from voipwatch.site.linetest.far_end import FarEnd, is_installed
from voipwatch.site.linetest.messages import Answers, Arm, FarSight, Offer, Progress
from voipwatch.site.linetest.peer import ToneTrack, coded_tone
from voipwatch.site.linetest.proofs import Proofs


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of itself aioice never offers loopback."""
    monkeypatch.setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])


async def call(far: FarEnd) -> tuple[FarSight, int]:
    """One call with echoes: what the far end saw at last, and how many echoes came back."""
    near = RTCPeerConnection()
    near.addTrack(ToneTrack())
    channel = near.createDataChannel("echo")
    back: list[str] = []
    channel.on("message", back.append)

    def speak() -> None:
        for number in range(5):
            channel.send(str(number))
        channel.send("x" * 65)  # longer than what is echoed

    channel.on("open", speak)
    await near.setLocalDescription(await near.createOffer())
    last = FarSight()
    lines = far.calls([Offer(Arm.DIRECT, near.localDescription.sdp)], "198.51.100.9")
    try:
        async with asyncio.timeout(20):
            async for line in lines:
                if isinstance(line, Answers):
                    answer = RTCSessionDescription(sdp=line.sdp["direct"], type="answer")
                    await near.setRemoteDescription(answer)
                elif isinstance(line, Progress):
                    last = line.arms["direct"]
                    if last.received >= 40 and last.sent >= 40 and last.echoes >= 5:
                        break
    finally:
        await lines.aclose()  # type: ignore[attr-defined]  # an async generator, told as an iterator
        await near.close()
    return last, len(back)


def test_a_call_is_counted_at_the_far_end_and_proves_the_way(loopback: None, tmp_path: Path) -> None:
    far = FarEnd("127.0.0.1", proofs=Proofs(tmp_path, "192.0.2.7", lambda: 1_000_000.0, bytes(16)))
    seen, echoes = asyncio.run(call(far))
    assert (seen.ice, seen.dtls, seen.lost, seen.echoes, echoes) == (True, True, 0, 5, 5)
    assert seen.received >= 40
    assert seen.sent >= 40
    assert seen.jitter_ms is not None
    assert list(far.reached("203.0.113.9")) == ["direct"]
    assert far.running == 0


def test_the_tone_is_a_second_of_a_voice_s_rate() -> None:
    packets = coded_tone()
    assert 48 <= len(packets) <= 50
    assert 24_000 < 8 * sum(map(len, packets)) < 40_000
    assert coded_tone() is packets


def test_aiortc_is_found() -> None:
    assert is_installed()
