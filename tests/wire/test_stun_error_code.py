import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import decode_stun
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_error_code import (
    StunError,
    decode_error_code,
    encode_error_code,
    error_code,
    error_code_attribute,
)


def test_by_hand() -> None:
    assert encode_error_code(StunError(438, "Stale Nonce")) == b"\0\0\x04\x26Stale Nonce"
    assert decode_error_code(b"\0\0\x04\x26Stale Nonce") == StunError(438, "Stale Nonce")


def test_reserved_bits_are_ignored() -> None:
    assert decode_error_code(b"\xff\xff\xfc\x01").code == 401


def test_of_a_message() -> None:
    built = build_stun(0x0113, bytes(12), [error_code_attribute(401, "Unauthenticated")])
    assert error_code(decode_stun(built)) == StunError(401, "Unauthenticated")
    assert error_code(decode_stun(build_stun(0x0101, bytes(12)))) is None


@pytest.mark.parametrize("value", [b"", b"\0\0\x04"])
def test_too_short_raises(value: bytes) -> None:
    with pytest.raises(WireError):
        decode_error_code(value)


def test_a_code_that_does_not_fit_raises() -> None:
    with pytest.raises(ValueError, match="800"):
        encode_error_code(StunError(800, ""))


@given(st.integers(0, 7), st.integers(0, 99), st.binary(max_size=20))
def test_any_reason_comes_back(hundreds: int, number: int, reason: bytes) -> None:
    value = bytes((0, 0, hundreds, number)) + reason
    assert encode_error_code(decode_error_code(value)) == value
