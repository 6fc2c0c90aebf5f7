import hashlib
import hmac

import pytest

from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import MAGIC_COOKIE, StunAttribute, StunMessage, decode_stun
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_integrity import (
    compute_integrity,
    compute_integrity_sha256,
    long_term_key,
    saslprep,
    short_term_key,
    userhash,
    verify_integrity,
    verify_integrity_sha256,
)
from voipwatch.wire.stun_registry import Attribute

ID = bytes(12)
KEY = short_term_key("secret")


def test_integrity_is_the_hmac_of_the_message_with_its_length_changed() -> None:
    bare = bytes.fromhex("000100082112a442") + ID + bytes.fromhex("0006000361626300")
    with_length = bytes.fromhex("000100202112a442") + bare[8:]
    assert compute_integrity(bare, KEY) == hmac.new(b"secret", with_length, hashlib.sha1).digest()


def test_integrity_of_a_built_message_verifies_and_of_a_changed_one_does_not() -> None:
    built = build_stun(1, ID, [StunAttribute(6, b"abc")], integrity_key=KEY)
    assert verify_integrity(decode_stun(built), KEY) is True
    assert verify_integrity(decode_stun(built), b"other") is False
    for at in (3 + 20, 9, 27):
        changed = bytearray(built)
        changed[at] ^= 1
        try:
            assert verify_integrity(decode_stun(bytes(changed)), KEY) is False
        except WireError:  # the change broke the message
            assert at == 23


def test_what_follows_the_attribute_is_not_covered() -> None:
    built = build_stun(1, ID, [StunAttribute(6, b"abc")], integrity_key=KEY, fingerprint=True)
    message = decode_stun(built)
    assert [item.type for item in message.attributes] == [6, 8, 0x8028]
    assert verify_integrity(message, KEY) is True


def test_without_the_attribute_there_is_no_answer() -> None:
    message = decode_stun(build_stun(1, ID))
    assert verify_integrity(message, KEY) is None
    assert verify_integrity_sha256(message, KEY) is None


def test_sha256_verifies_and_may_be_cut() -> None:
    built = decode_stun(build_stun(1, ID, integrity_sha256_key=KEY))
    assert verify_integrity_sha256(built, KEY) is True
    assert verify_integrity_sha256(built, b"other") is False
    bare = build_stun(1, ID)
    value = compute_integrity_sha256(bare, KEY, length_bytes=16)
    assert len(value) == 16
    cut = build_stun(1, ID, [StunAttribute(Attribute.MESSAGE_INTEGRITY_SHA256, value)])
    assert verify_integrity_sha256(decode_stun(cut), KEY) is True


@pytest.mark.parametrize("length_bytes", [0, 12, 15, 18, 36])
def test_sha256_of_another_length_is_refused(length_bytes: int) -> None:
    with pytest.raises(ValueError, match="16 to 32"):
        compute_integrity_sha256(bytes(20), KEY, length_bytes=length_bytes)
    attribute = StunAttribute(Attribute.MESSAGE_INTEGRITY_SHA256, bytes(length_bytes))
    message = StunMessage(
        type=1, length_field=4 + length_bytes, cookie=MAGIC_COOKIE, transaction_id=ID, attributes=(attribute,)
    )
    with pytest.raises(WireError):
        verify_integrity_sha256(message, KEY)


def test_long_term_keys() -> None:
    # RFC 8489 section 9.2.2: the example user, realm and password give this MD5.
    assert long_term_key("user", "realm", password="pass") == hashlib.md5(b"user:realm:pass").digest()
    assert long_term_key("user", "realm", password="pass").hex() == "8493fbc53ba582fb4c044c456bdc40eb"
    assert long_term_key("u", "r", password="p", sha256=True) == hashlib.sha256(b"u:r:p").digest()
    assert userhash("u", "r") == hashlib.sha256(b"u:r").digest()


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # RFC 4013 section 3, examples 1 to 5
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("The\u00adM\u00aatr\u2168", "TheMatrIX"),  # RFC 5769 section 2.4
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("", ""),
    ],
)
def test_saslprep(text: str, prepared: str) -> None:
    assert saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u0627\u0031", "a\u0627", "\ue000", "\u0378"])
def test_saslprep_refuses(text: str) -> None:
    with pytest.raises(ValueError, match="SASLprep"):
        saslprep(text)
