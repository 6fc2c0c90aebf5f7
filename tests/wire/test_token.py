"""Session tokens: round trips, refusal of everything that was not made with the key, whatever the bytes."""

from collections.abc import Callable, Iterable
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.token import (
    NO_FLOW,
    NO_NONCE,
    RECEIPT_BYTES,
    FlowReceipt,
    TokenKeys,
    UpToken,
    decode_receipts,
    encode_down,
    encode_receipts,
    encode_up,
    open_down_untrusted,
    open_up_untrusted,
)

KEYS = TokenKeys(0xBEEF, bytes(range(32)), bytes(range(100, 116)))
NONCE = b"nonc"
ROOMS_UP = [12, 13, 15, 16, 17, 20, 32, 100]
ROOMS_DOWN = [8, 11, 15, 16, 17, 20, 32, 34, 52, 200]
FLOWS = st.integers(0, 0xFFFF)
SEQS = st.integers(0, 0xFFFFFFFF)


def open_up(
    place: bytes,
    *,
    keys: TokenKeys = KEYS,
    nonce: bytes | None = NONCE,
    likely: Iterable[int] = (),
) -> UpToken | None:
    lookup: Callable[[int], bytes | None] = {keys.number: keys.key}.get
    return open_up_untrusted(
        place, keys.salt, lookup, nonce_for=lambda _: nonce, likely_seqs=lambda number, flow: likely
    )


@pytest.mark.parametrize("room", ROOMS_UP)
@pytest.mark.parametrize("nonce", [NO_NONCE, NONCE])
def test_an_uplink_token_says_who_and_which(room: int, nonce: bytes) -> None:
    place = encode_up(KEYS, 77, 1025, nonce=nonce, room=room)
    token = open_up(place, likely=(0, 64, 1025))
    assert len(place) == room
    assert token is not None
    assert (token.number, token.flow, token.seq, token.echoed) == (0xBEEF, 77, 1025, nonce == NONCE)
    assert token.extra == bytes(max(0, room - 16))


def test_the_uplink_layout_is_the_one_of_the_protocol() -> None:
    # by hand, from docs/experiments/session-protocol.md: seq, handle (blinded), tag from the end
    tag = blake2b(b"\0\x4d\0\0\4\1nonc", key=KEYS.key, person=b"vw-up", digest_size=8).digest()
    mask = blake2b(tag, key=KEYS.salt, person=b"vw-blind", digest_size=8).digest()
    plain = b"\xbe\xef\0\x4d\0\0\4\1"
    hidden = bytes(a ^ b for a, b in zip(plain, mask, strict=True))
    assert encode_up(KEYS, 77, 1025, nonce=NONCE) == hidden[4:] + hidden[:4] + tag


def test_the_downlink_layout_is_the_one_of_the_protocol() -> None:
    tag = blake2b(b"\0\x4d\0\0\4\1nonc", key=KEYS.key, person=b"vw-down", digest_size=8).digest()
    mask = blake2b(tag, key=KEYS.salt, person=b"vw-blind", digest_size=8).digest()
    hidden = bytes(a ^ b for a, b in zip(b"nonc\0\0\4\1", mask, strict=True))
    assert encode_down(KEYS, 77, 1025, nonce=NONCE) == hidden + tag


def test_a_short_place_needs_a_likely_sequence_number() -> None:
    place = encode_up(KEYS, 77, 64, room=12)
    assert open_up(place, likely=(0, 4, 8)) is None
    assert open_up(place, likely=(0, 64)) is not None


def test_a_wrong_nonce_is_no_echo_and_no_token() -> None:
    assert open_up(encode_up(KEYS, 1, 4, nonce=b"else")) is None
    fresh = open_up(encode_up(KEYS, 1, 4), nonce=None)
    assert fresh is not None
    assert not fresh.echoed


def test_a_token_of_another_session_is_refused() -> None:
    other = TokenKeys(KEYS.number, bytes(32), KEYS.salt)
    place = encode_up(other, 1, 4)
    assert open_up(place) is None
    assert open_down_untrusted(KEYS, 1, encode_down(other, 1, 4, nonce=NONCE)) is None


@pytest.mark.parametrize("room", [12, 16, 34])
def test_every_flipped_bit_of_an_uplink_token_is_refused(room: int) -> None:
    place = encode_up(KEYS, 77, 64, nonce=NONCE, room=room)
    for bit in range(8 * room):
        flipped = bytearray(place)
        flipped[bit // 8] ^= 1 << (bit % 8)
        assert open_up(bytes(flipped), likely=(0, 64)) is None, bit


@pytest.mark.parametrize("room", [8, 16, 34, 52])
def test_every_flipped_bit_of_a_downlink_token_is_refused(room: int) -> None:
    place = encode_down(KEYS, 77, 64, nonce=NONCE, room=room, extra=bytes(range(36)))
    for bit in range(8 * room):
        flipped = bytearray(place)
        flipped[bit // 8] ^= 1 << (bit % 8)
        assert open_down_untrusted(KEYS, 77, bytes(flipped), reply_seq=64) is None, bit


@pytest.mark.parametrize("room", ROOMS_DOWN)
def test_a_truncated_token_is_refused_at_every_byte(room: int) -> None:
    down = encode_down(KEYS, 77, 64, nonce=NONCE, room=room)
    for cut in range(len(down)):
        # a place under 16 bytes is read as the short form; its tag is another
        assert open_down_untrusted(KEYS, 77, down[:cut], reply_seq=64) is None, cut
    up = encode_up(KEYS, 77, 64, room=16)
    for cut in range(len(up)):
        assert open_up(up[:cut], likely=(64,)) is None, cut


@pytest.mark.parametrize("room", ROOMS_DOWN)
def test_a_downlink_token_carries_nonce_seq_and_extra(room: int) -> None:
    extra = bytes(range(1, 251))
    place = encode_down(KEYS, 5, 1030, nonce=NONCE, room=room, extra=extra)
    token = open_down_untrusted(KEYS, 5, place, reply_seq=1030)
    assert len(place) == room
    assert token is not None
    assert (token.seq, token.nonce) == (1030, NONCE)
    assert token.extra == extra[: max(0, room - 16)]


def test_a_downlink_token_is_bound_to_its_flow_and_to_the_request() -> None:
    for room in (8, 16, 40):
        place = encode_down(KEYS, 5, 65, nonce=NONCE, room=room)
        assert open_down_untrusted(KEYS, 6, place, reply_seq=65) is None
        assert open_down_untrusted(KEYS, 5, place, reply_seq=66) is None
    assert open_down_untrusted(KEYS, 5, encode_down(KEYS, 5, 65, nonce=NONCE, room=8)) is None


def test_up_and_down_are_not_interchangeable() -> None:
    assert open_down_untrusted(KEYS, 5, encode_up(KEYS, 5, 64), reply_seq=64) is None
    assert open_up(encode_down(KEYS, 5, 64, nonce=NONCE)) is None


@pytest.mark.parametrize("room", [0, 11])
def test_a_place_without_room_is_misuse(room: int) -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        encode_up(KEYS, 1, 0, room=room)


def test_a_downlink_place_without_room_is_misuse() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        encode_down(KEYS, 1, 0, nonce=NONCE, room=7)


def test_the_same_bits_do_not_repeat_from_packet_to_packet() -> None:
    # to a box on the path a token is noise: over 256 packets every bit takes both values
    ones, zeros = 0, 0
    for seq in range(1024, 1280):
        value = int.from_bytes(encode_up(KEYS, 3, seq), "big")
        ones |= value
        zeros |= ~value
    every = (1 << 128) - 1
    assert (ones & every, zeros & every) == (every, every)


@given(flow=FLOWS, seq=SEQS, nonce=st.binary(min_size=4, max_size=4), room=st.integers(16, 80))
def test_round_trip_of_every_uplink_token(flow: int, seq: int, nonce: bytes, room: int) -> None:
    token = open_up(encode_up(KEYS, flow, seq, nonce=nonce, room=room), nonce=nonce)
    assert token is not None
    assert (token.flow, token.seq, token.echoed) == (flow, seq, True)


@given(flow=FLOWS, seq=SEQS, extra=st.binary(max_size=64), room=st.integers(16, 80))
def test_round_trip_of_every_downlink_token(flow: int, seq: int, extra: bytes, room: int) -> None:
    place = encode_down(KEYS, flow, seq, nonce=NONCE, room=room, extra=extra)
    token = open_down_untrusted(KEYS, flow, place)
    assert token is not None
    assert token.seq == seq
    assert token.extra == extra[: room - 16].ljust(room - 16, b"\0")


@given(
    place=st.binary(max_size=120),
    salt=st.binary(min_size=16, max_size=16),
    nonce=st.none() | st.binary(min_size=4, max_size=4),
    likely=st.lists(SEQS, max_size=4),
)
def test_no_bytes_are_an_uplink_token_by_accident(
    place: bytes, salt: bytes, nonce: bytes | None, likely: list[int]
) -> None:
    key = bytes(32)  # every number is live: the worst case
    found = open_up_untrusted(
        place, salt, lambda _: key, nonce_for=lambda _: nonce, likely_seqs=lambda _, __: likely
    )
    assert found is None


@given(place=st.binary(max_size=120), flow=FLOWS, reply_seq=st.none() | SEQS)
def test_no_bytes_are_a_downlink_token_by_accident(place: bytes, flow: int, reply_seq: int | None) -> None:
    assert open_down_untrusted(KEYS, flow, place, reply_seq=reply_seq) is None


RECEIPTS = st.builds(
    FlowReceipt,
    flow=st.integers(0, NO_FLOW - 1),
    highest_seq=st.integers(0, 0xFFFF),
    count=st.integers(0, 0xFFFF),
    far_us=st.integers(0, 0xFFFFFFFF),
    bitmap=st.integers(0, (1 << 64) - 1),
)


@given(receipts=st.lists(RECEIPTS, max_size=5), space=st.integers(0, 100))
def test_receipts_fill_the_space_they_are_given(receipts: list[FlowReceipt], space: int) -> None:
    packed = encode_receipts(receipts, space)
    slots = space // RECEIPT_BYTES
    assert len(packed) == slots * RECEIPT_BYTES
    assert decode_receipts(packed) == receipts[:slots]


@given(extra=st.binary(max_size=80))
def test_receipts_are_read_from_anything(extra: bytes) -> None:
    assert len(decode_receipts(extra)) <= len(extra) // RECEIPT_BYTES


def test_a_receipt_whose_numbers_are_too_large_is_clamped() -> None:
    packed = encode_receipts([FlowReceipt(1, 70_000, 70_000, (1 << 32) + 5, 3)], RECEIPT_BYTES)
    assert decode_receipts(packed) == [FlowReceipt(1, 0xFFFF, 0xFFFF, 5, 3)]
