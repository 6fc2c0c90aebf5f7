import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.cursor import Cursor
from voipwatch.wire.errors import WireError


def test_numbers_are_big_endian_and_advance() -> None:
    cursor = Cursor(bytes(range(1, 25)), "test")
    assert cursor.u8("a") == 0x01
    assert cursor.u16("b") == 0x0203
    assert cursor.u24("c") == 0x040506
    assert cursor.u32("d") == 0x0708090A
    assert cursor.u48("e") == 0x0B0C0D0E0F10
    assert cursor.u64("f") == 0x1112131415161718
    assert cursor.offset == 24
    assert cursor.remaining_bytes == 0


def test_reading_past_the_end_raises_and_does_not_move() -> None:
    cursor = Cursor(b"abc", "test", section="a section")
    cursor.take(1, "first")
    with pytest.raises(WireError) as caught:
        cursor.take(3, "second")
    error = caught.value
    assert (error.protocol, error.field, error.offset, error.section) == ("test", "second", 1, "a section")
    assert cursor.take(2, "rest") == b"bc"


def test_negative_length_raises() -> None:
    with pytest.raises(WireError):
        Cursor(b"abc", "test").take(-1, "field")


def test_a_restricted_cursor_sees_its_part_alone_and_counts_from_the_start() -> None:
    cursor = Cursor(b"abcdef", "test")
    cursor.take(1, "head")
    part = cursor.restrict_to(3, "part")
    assert cursor.rest() == b"ef"
    assert part.take(2, "two") == b"bc"
    with pytest.raises(WireError) as caught:
        part.take(2, "too much")
    assert caught.value.offset == 3
    assert part.rest() == b"d"


def test_restricting_beyond_the_end_raises() -> None:
    with pytest.raises(WireError):
        Cursor(b"abc", "test").restrict_to(4, "part")


def test_expect_end() -> None:
    cursor = Cursor(b"ab", "test")
    with pytest.raises(WireError, match="2 bytes too many"):
        cursor.expect_end("end")
    cursor.rest()
    cursor.expect_end("end")


@given(st.binary(max_size=40), st.lists(st.integers(-3, 20), max_size=8))
def test_it_never_yields_more_than_there_is(data: bytes, lengths: list[int]) -> None:
    cursor = Cursor(data, "test")
    seen = b""
    for length in lengths:
        try:
            seen += cursor.take(length, "field")
        except WireError:
            assert length < 0 or length > cursor.remaining_bytes
    assert seen + cursor.rest() == data
