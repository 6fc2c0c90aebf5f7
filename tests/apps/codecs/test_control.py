"""Control bytes: families, rooms, and what they never look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import SECRET, TOKEN, context
from voipwatch.apps.codecs.control import FIRST_BYTES, control_message
from voipwatch.apps.messages import BuildContext, PlaceKind, answers, build, read_down
from voipwatch.model.vocabulary import Direction, Family
from voipwatch.wire.demux import Kind, demultiplex
from voipwatch.wire.place import uplink_place

FAMILIES = (Family.U, Family.Q)


def test_the_families_lie_in_the_ranges_that_no_call_uses() -> None:
    assert set(FIRST_BYTES) == set(FAMILIES)
    assert all(0x04 <= byte <= 0x0F for byte in FIRST_BYTES[Family.U])
    assert all(0x50 <= byte <= 0x7F for byte in FIRST_BYTES[Family.Q])
    assert all(byte & 7 in (6, 7) for family in FAMILIES for byte in FIRST_BYTES[family])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", [17, 44, 172, 1200])
def test_uplink_the_far_end_finds_the_token(family: Family, size: int) -> None:
    message = control_message("c", family, Direction.UP, size)
    data = build(message, context(message))
    assert len(data) == size
    assert uplink_place(data) == TOKEN[:16]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("size", "room"), [(172, 52), (45, 41), (20, 16), (17, 16), (12, 8), (6, 0)])
def test_downlink_it_carries_as_much_as_fits(family: Family, size: int, room: int) -> None:
    message = control_message("c", family, Direction.DOWN, size)
    assert message.room(size) == room
    assert (message.place.kind is PlaceKind.NONE) == (room == 0)
    data = build(message, context(message))
    assert len(data) == size
    assert read_down(message, data) == TOKEN[:room]
    assert answers(message, b"anything", data)


@given(st.binary(min_size=16, max_size=16), st.sampled_from(FAMILIES), st.integers(17, 1400))
def test_every_packet_keeps_its_family_and_has_no_zero_at_the_fourth_byte(
    entropy: bytes, family: Family, size: int
) -> None:
    message = control_message("c", family, Direction.UP)
    data = build(message, BuildContext(SECRET, entropy, b"\1" * 16, size))
    assert data[0] in FIRST_BYTES[family]
    assert data[3] != 0
    assert demultiplex(data) is (Kind.UNKNOWN if family is Family.U else Kind.QUIC)


def test_all_first_bytes_are_used_and_a_zero_at_the_fourth_never() -> None:
    message = control_message("c", Family.Q, Direction.UP)
    seen = [
        build(message, BuildContext(SECRET, number.to_bytes(16, "big"), bytes(16), 60))
        for number in range(2000)
    ]
    assert {data[0] for data in seen} == set(FIRST_BYTES[Family.Q])
    assert all(data[3] for data in seen)  # left to chance, eight of them would be zero
    assert not all(data[4] for data in seen)


def test_other_datagrams_are_not_taken_for_it() -> None:
    message = control_message("c", Family.U, Direction.DOWN, 60)
    good = build(message, context(message))
    assert read_down(message, b"\x80" + good[1:]) is None
    assert read_down(message, b"\x56" + good[1:]) is None  # the other family
    assert read_down(message, good + b"!") is None
    assert read_down(message, b"") is None
    assert not answers(message, b"", good[:-1])
    media = control_message("c", Family.U, Direction.DOWN)
    assert read_down(media, b"\x06") == b""  # shaped like a packet without room


def test_a_size_without_room_is_refused() -> None:
    message = control_message("c", Family.U, Direction.UP)
    with pytest.raises(ValueError, match="no room"):
        build(message, BuildContext(SECRET, bytes(16), bytes(16), 16))
