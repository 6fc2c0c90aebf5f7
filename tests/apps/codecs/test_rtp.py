"""RTP streams as compiled: numbers that go on, timestamps that follow the rhythm; read by wire's decoder."""

from hashlib import shake_128
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import SECRET, TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.use import UnfitError
from voipwatch.apps.messages import BuildContext, Message, build, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place
from voipwatch.wire.rtp import RtpPacket, decode_rtp


def stream(
    direction: Direction = Direction.UP, gaps: tuple[int, ...] = (20_000,), clock: int = 8000, **more: Any
) -> Message:
    return spec(codec="rtp", **{"payload_type": 8, **more}).compile(
        media_use(direction, gaps, clock), no_other
    )


def packet(message: Message, index: int, size: int = 172) -> RtpPacket:
    return decode_rtp(build(message, context(message, size, index=index)))


def test_consecutive_packets_of_one_stream_belong_together() -> None:
    message = stream()
    first, second, hundredth = (packet(message, index) for index in (0, 1, 100))
    assert first.payload_type == 8
    assert first.ssrc == second.ssrc == hundredth.ssrc
    assert (second.sequence - first.sequence) % 65536 == 1
    assert (second.timestamp - first.timestamp) % 2**32 == 160
    assert (hundredth.timestamp - first.timestamp) % 2**32 == 16_000


def test_sequence_numbers_wrap() -> None:
    message = stream()
    numbers = [packet(message, index).sequence for index in range(0, 65_540, 5)]
    assert numbers[0] == (numbers[-1] - 65_535) % 65_536
    assert max(numbers) <= 65_535


def test_both_directions_and_every_flow_have_their_own_ssrc() -> None:
    up, down = stream(Direction.UP), stream(Direction.DOWN)
    other = BuildContext(bytes(32), bytes(16), TOKEN[:16], 172)
    seen = {packet(up, 0).ssrc, packet(down, 0).ssrc, decode_rtp(build(up, other)).ssrc}
    assert len(seen) == 3


def test_packets_of_one_frame_share_their_timestamp_and_the_last_is_marked() -> None:
    message = stream(gaps=(400, 400, 66_000), clock=90_000, marker="frame")
    frames = [packet(message, index) for index in range(6)]
    assert len({item.timestamp for item in frames[:3]}) == 1
    assert len({item.timestamp for item in frames[3:]}) == 1
    assert (frames[3].timestamp - frames[0].timestamp) % 2**32 == round(0.0668 * 90_000)
    assert [item.marker for item in frames] == [False, False, True] * 2


@pytest.mark.parametrize(
    ("marker", "marked"), [("never", [0, 0, 0]), ("first", [1, 0, 0]), ("always", [1, 1, 1])]
)
def test_markers(marker: str, marked: list[int]) -> None:
    message = stream(marker=marker)
    assert [packet(message, index).marker for index in range(3)] == [bool(bit) for bit in marked]


def test_an_extension_has_its_profile_fixed_and_random_bytes() -> None:
    message = stream(extension={"profile": 0xBEDE, "hex": "1022", "random": 6})
    found = packet(message, 0).extension
    assert found is not None
    assert found.profile == 0xBEDE
    assert found.data == b"\x10\x22" + shake_128(bytes(16)).digest(6)
    empty = packet(stream(extension={"profile": 0xDEBE}), 0).extension
    assert empty is not None
    assert (empty.profile, empty.data) == (0xDEBE, b"")


@given(st.integers(28, 1400), st.integers(0, 10_000))
def test_uplink_the_far_end_finds_the_token(size: int, index: int) -> None:
    message = stream()
    data = build(message, context(message, size, index=index))
    assert len(data) == size
    assert uplink_place(data) == TOKEN[:16]


def test_downlink_the_payload_carries_up_to_52_bytes() -> None:
    message = stream(Direction.DOWN, extension={"profile": 0xBEDE, "random": 4})
    for size, room in ((172, 52), (60, 40), (36, 16)):
        data = build(message, context(message, size))
        assert len(data) == size
        assert message.room(size) == room
        assert read_down(message, data) == TOKEN[:room]


def test_other_streams_are_not_taken_for_it() -> None:
    message = stream(Direction.DOWN)
    data = build(message, context(message, 60))
    assert read_down(message, data[:1] + b"\x09" + data[2:]) is None
    assert read_down(message, b"\x90" + data[1:]) is None
    assert read_down(message, data[:11]) is None
    assert read_down(message, data[:15]) is None  # no room at its end
    assert read_down(message, data[:1] + b"\x88" + data[2:]) is not None  # a marker changes nothing


def test_it_is_media_and_needs_room() -> None:
    with pytest.raises(UnfitError, match="only a stream"):
        spec(codec="rtp", payload_type=8).compile(UP, no_other)
    message = stream()
    with pytest.raises(ValueError, match="no room"):
        build(message, BuildContext(SECRET, bytes(16), bytes(16), 27))
