"""Spool segments: what is written is read, and damage costs what it touched and no more."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.wire.errors import WireError
from voipwatch.wire.spool import (
    FRAME_BYTES,
    HEADER_BYTES,
    MAGIC,
    PAYLOAD_MAX,
    Frame,
    Tail,
    decode_frames,
    decode_header,
    encode_frame,
    encode_header,
    frame_ends,
)

ID = bytes(range(16))
PAYLOADS = [b"one", b"\x00" * 40, b"the third"]


def segment(payloads: list[bytes] = PAYLOADS) -> bytes:
    return encode_header(ID) + b"".join(map(encode_frame, payloads))


def payloads_of(data: bytes) -> list[bytes | None]:
    return [each.payload for each in decode_frames(data) if isinstance(each, Frame)]


def test_a_hand_worked_record() -> None:
    # CRC-32 (IEEE 802.3) of 00 00 00 01 61, computed by `printf '\0\0\0\1a' | gzip -c | tail -c8 | od -tx4`
    assert encode_frame(b"a") == bytes.fromhex("00000001") + bytes.fromhex("e58c9792") + b"a"


def test_what_is_written_is_read_with_its_places() -> None:
    data = segment()
    assert decode_header(data) == ID
    *frames, tail = decode_frames(data)
    assert [frame.payload for frame in frames if isinstance(frame, Frame)] == PAYLOADS
    assert [each.offset for each in frames] == [24, 24 + 8 + 3, 24 + 8 + 3 + 8 + 40]
    assert tail == Tail(len(data), 0)
    assert payloads_of(data[:HEADER_BYTES]) == []


@pytest.mark.parametrize("cut", range(len(segment())))
def test_cut_at_every_byte_the_whole_records_before_survive(cut: int) -> None:
    data = segment()[:cut]
    if cut < HEADER_BYTES:
        with pytest.raises(WireError, match=r"spool: (header|magic)"):
            decode_header(data)
        return
    ends = [24 + 11, 24 + 11 + 48, 24 + 11 + 48 + 17]
    whole = sum(end <= cut for end in ends)
    assert payloads_of(data) == PAYLOADS[:whole]
    *_, tail = decode_frames(data)
    assert isinstance(tail, Tail)
    assert tail.offset + tail.torn == cut
    assert tail.offset == ([HEADER_BYTES, *ends])[whole]


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=6), st.data())
@example([b"a", b"b"], None)
def test_a_flipped_bit_never_gives_another_payload(payloads: list[bytes], data: st.DataObject | None) -> None:
    whole = bytearray(segment(payloads))
    if data is None or not payloads:
        assert payloads_of(bytes(whole)) == payloads
        return
    bit = data.draw(st.integers(HEADER_BYTES * 8, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    read = [payload for payload in payloads_of(bytes(whole)) if payload is not None]
    assert len(read) < len(payloads)
    assert all(payload in payloads for payload in read)


@given(st.binary(max_size=200))
def test_any_bytes_end_in_one_tail(data: bytes) -> None:
    *frames, tail = decode_frames(data, 0)
    assert all(isinstance(each, Frame) for each in frames)
    assert isinstance(tail, Tail)
    assert tail.offset + tail.torn == len(data)


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=4), st.binary(max_size=40), st.integers(0, 200))
def test_records_end_where_the_next_begins_whatever_their_bytes(
    payloads: list[bytes], rest: bytes, flipped: int
) -> None:
    data = bytearray(segment(payloads) + rest)
    data[flipped % len(data)] ^= 0x10
    found = list(decode_frames(bytes(data)))
    begins = [each.offset for each in found]  # of the tail too, which begins where the last record ends
    assert list(frame_ends(bytes(data))) == begins[1:]


def test_lengths_that_cannot_be_end_the_reading() -> None:
    for length in (0, PAYLOAD_MAX + 1, 2**32 - 1):
        data = segment([b"good"]) + length.to_bytes(4, "big") + bytes(12)
        *frames, tail = decode_frames(data)
        assert [each.payload for each in frames if isinstance(each, Frame)] == [b"good"]
        assert tail == Tail(24 + FRAME_BYTES + 4, 16)


@pytest.mark.parametrize("payload", [b"", bytes(PAYLOAD_MAX + 1)], ids=["empty", "too long"])
def test_payloads_that_cannot_be_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 33554432 bytes"):
        encode_frame(payload)


def test_headers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        encode_header(b"short")
    with pytest.raises(WireError, match="spool: magic"):
        decode_header(b"x" + MAGIC[1:] + ID)
