from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire import stun_text
from voipwatch.wire.stun import decode_stun
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_registry import Attribute
from voipwatch.wire.stun_text import text_attribute, text_of


def test_each_reader_reads_its_own_attribute() -> None:
    built = build_stun(
        1,
        bytes(12),
        [
            text_attribute(Attribute.SOFTWARE, "one"),
            text_attribute(Attribute.NONCE, "two"),
            text_attribute(Attribute.REALM, "three"),
            text_attribute(Attribute.USERNAME, "four"),
            text_attribute(Attribute.REALM, "a second realm does not count"),
        ],
    )
    message = decode_stun(built)
    assert stun_text.software(message) == "one"
    assert stun_text.nonce(message) == "two"
    assert stun_text.realm(message) == "three"
    assert stun_text.username(message) == "four"
    assert text_of(message, Attribute.ALTERNATE_DOMAIN) is None


@given(st.binary(max_size=40))
def test_bytes_that_are_no_utf8_come_back(value: bytes) -> None:
    text = value.decode(errors="surrogateescape")
    assert text_attribute(Attribute.REALM, text).value == value
