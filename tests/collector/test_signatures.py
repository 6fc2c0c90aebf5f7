from hypothesis import given
from hypothesis import strategies as st

from tests.collector.submissions import REFLECTOR, REFLECTOR_KEY
from voipwatch.collector.signatures import log_is_signed
from voipwatch.wire.farlog import sign_farlog, verify_farlog

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of Ed25519's base point (RFC 8032, 5.1)."""
IDENTITY = b"\x01" + bytes(31)
"""The neutral point: of small order, its own signature's public key."""


@given(st.binary(max_size=200))
def test_what_a_reflector_signed_is_signed_by_both_libraries(payload: bytes) -> None:
    signature = sign_farlog(payload, REFLECTOR_KEY)
    assert log_is_signed(payload, signature, REFLECTOR)
    assert verify_farlog(payload, signature, REFLECTOR)
    assert not log_is_signed(payload + b"\0", signature, REFLECTOR)


@given(
    st.binary(max_size=20),
    st.binary(max_size=70) | st.binary(min_size=64, max_size=64),
    st.text("0123456789abcdefg", max_size=66),
)
def test_anything_else_is_not_and_cannot_fail(payload: bytes, signature: bytes, key: str) -> None:
    assert not log_is_signed(payload, signature, REFLECTOR)
    assert not log_is_signed(payload, signature, key)


@given(st.binary(max_size=50), st.integers(0, 511))
def test_a_flipped_bit_is_seen(payload: bytes, bit: int) -> None:
    signature = bytearray(sign_farlog(payload, REFLECTOR_KEY))
    signature[bit // 8] ^= 1 << bit % 8
    assert not log_is_signed(payload, bytes(signature), REFLECTOR)


def test_a_signature_has_one_form() -> None:
    signature = sign_farlog(b"log", REFLECTOR_KEY)
    again = (
        int.from_bytes(signature[32:], "little") + GROUP_ORDER
    )  # RFC 8032, 5.1.7: S below the group's order
    other = signature[:32] + again.to_bytes(32, "little")
    assert not log_is_signed(b"log", other, REFLECTOR)
    assert not verify_farlog(b"log", other, REFLECTOR)


def test_a_key_of_small_order_signs_nothing() -> None:
    for scalar in (bytes(32), b"\x01" + bytes(31)):
        assert not log_is_signed(b"any log", IDENTITY + scalar, IDENTITY.hex())
