"""Rooms, constants, and what `build` refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import SECRET, UP, context, no_other, spec
from voipwatch.apps.messages import build, down_tail_room, flow_constant, tail_room
from voipwatch.model.vocabulary import Direction


@pytest.mark.parametrize(
    ("size", "kept", "room"),
    [
        (172, 12, 52),
        (64, 12, 52),
        (63, 12, 51),
        (28, 12, 16),
        (27, 12, 8),
        (20, 12, 8),
        (19, 12, 0),
        (5, 12, 0),
    ],
)
def test_downlink_tail_room_is_what_is_left_within_its_steps(size: int, kept: int, room: int) -> None:
    assert down_tail_room(size, kept) == room


def test_uplink_tail_room_is_always_sixteen() -> None:
    assert {tail_room(Direction.UP, size, 12) for size in (28, 60, 1200)} == {16}


@given(st.integers(1, 1400), st.text(max_size=20))
def test_a_flow_constant_has_its_size_and_stays(size: int, label: str) -> None:
    first = flow_constant(SECRET, label, size)
    assert len(first) == size
    assert flow_constant(SECRET, label, size) == first
    if size >= 8:
        assert flow_constant(SECRET, label + "'", size) != first
        assert flow_constant(bytes(32), label, size) != first


def test_long_constants_do_not_repeat_their_blocks() -> None:
    long = flow_constant(SECRET, "long", 192)
    assert len({long[:64], long[64:128], long[128:]}) == 3


def test_a_token_of_the_wrong_length_is_refused() -> None:
    message = spec(codec="stun", type=1).compile(UP, no_other)
    ctx = context(message)
    ctx.token += b"!"
    with pytest.raises(ValueError, match="token of 13 bytes for 12 of room"):
        build(message, ctx)
