import pytest
from hypothesis import given

from tests.wire.checks import comes_back, hostile, refuses_every_truncation
from voipwatch.wire.ms_turn import MultiplexedTurn, decode_multiplexed_turn, encode_multiplexed_turn

VALID = bytes.fromhex("ff10 000c 0102030405060708 00010000")


def test_by_hand() -> None:
    message = MultiplexedTurn(bytes(range(1, 9)), bytes.fromhex("00010000"))
    assert decode_multiplexed_turn(VALID) == message
    assert encode_multiplexed_turn(message) == VALID


def test_every_truncation_raises() -> None:
    refuses_every_truncation(decode_multiplexed_turn, VALID)


def test_encoding_a_short_session_id_raises() -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        encode_multiplexed_turn(MultiplexedTurn(bytes(7), b""))


@given(hostile([VALID]))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    message = comes_back(decode_multiplexed_turn, encode_multiplexed_turn, data, protocol="MS-TURN")
    if message is not None:
        assert len(message.session_id) == 8
        assert 8 + len(message.payload) == int.from_bytes(data[2:4])
