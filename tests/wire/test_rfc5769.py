"""The test vectors of RFC 5769, and of RFC 8489 appendix B.1 with erratum 6268."""

import pytest

from tests.wire.checks import refuses_every_truncation
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.stun import StunAttribute, StunClass, decode_stun, encode_stun
from voipwatch.wire.stun_address import mapped_address
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_fingerprint import verify_fingerprint
from voipwatch.wire.stun_integrity import (
    long_term_key,
    saslprep,
    short_term_key,
    userhash,
    verify_integrity,
    verify_integrity_sha256,
)
from voipwatch.wire.stun_registry import Attribute
from voipwatch.wire.stun_text import nonce, realm, software, username

PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
MATRIX = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9"

# RFC 5769 section 2.1
REQUEST = bytes.fromhex("""
    00010058 2112a442 b7e7a701bc34d686fa87dfae
    80220010 5354554e207465737420636c69656e74
    00240004 6e0001ff
    80290008 932ff9b151263b36
    00060009 6576746a3a68367659 202020
    00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2
    80280004 e57a3bcf
""")
# RFC 5769 section 2.2
IPV4_RESPONSE = bytes.fromhex("""
    0101003c 2112a442 b7e7a701bc34d686fa87dfae
    8022000b 7465737420766563746f72 20
    00200008 0001a147e112a643
    00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7
    80280004 c07d4c96
""")
# RFC 5769 section 2.3
IPV6_RESPONSE = bytes.fromhex("""
    01010048 2112a442 b7e7a701bc34d686fa87dfae
    8022000b 7465737420766563746f72 20
    00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
    00080014 a382954e4be67bf11784c97c8292c275bfe3ed41
    80280004 c8fb0b4c
""")
# RFC 5769 section 2.4
LONG_TERM_REQUEST = bytes.fromhex("""
    00010060 2112a442 78ad3433c6ad72c029da412e
    00060012 e3839ee38388e383aae38383e382afe382b9 0000
    0015001c 662f2f3439396b3935346436 4f4c33346f4c39465354767936347341
    0014000b 6578616d706c652e6f7267 00
    00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666
""")
# RFC 8489 appendix B.1 as erratum 6268 corrects it
SHA256_REQUEST = bytes.fromhex("""
    00010090 2112a442 78ad3433c6ad72c029da412e
    001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
    00150029 6f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341 000000
    0014000b 6578616d706c652e6f7267 00
    001d0004 00020000
    001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65
""")
VECTORS = [REQUEST, IPV4_RESPONSE, IPV6_RESPONSE, LONG_TERM_REQUEST, SHA256_REQUEST]


@pytest.mark.parametrize("vector", VECTORS)
def test_every_vector_comes_back_byte_for_byte(vector: bytes) -> None:
    message = decode_stun(vector)
    assert encode_stun(message) == vector
    assert message.is_aligned
    assert message.trailing == b""


@pytest.mark.parametrize("vector", VECTORS)
def test_every_truncation_of_a_vector_raises(vector: bytes) -> None:
    refuses_every_truncation(decode_stun, vector)


@pytest.mark.parametrize("vector", VECTORS[:3])
def test_short_term_integrity_and_fingerprint(vector: bytes) -> None:
    message = decode_stun(vector)
    assert verify_integrity(message, short_term_key(PASSWORD)) is True
    assert verify_integrity(message, short_term_key(PASSWORD + "x")) is False
    assert verify_fingerprint(message) is True


def test_2_1_sample_request() -> None:
    message = decode_stun(REQUEST)
    assert message.message_class is StunClass.REQUEST
    assert [item.type for item in message.attributes] == [0x8022, 0x0024, 0x8029, 0x0006, 0x0008, 0x8028]
    assert software(message) == "STUN test client"
    assert username(message) == "evtj:h6vY"
    assert message.attributes[3].padding == b"   "
    assert message.attributes[1].value == bytes.fromhex("6e0001ff")


def test_2_1_sample_request_is_built_again() -> None:
    attributes = decode_stun(REQUEST).attributes[:4]
    built = build_stun(
        0x0001,
        bytes.fromhex("b7e7a701bc34d686fa87dfae"),
        attributes,
        integrity_key=short_term_key(PASSWORD),
        fingerprint=True,
    )
    assert built == REQUEST


def test_2_2_sample_ipv4_response() -> None:
    message = decode_stun(IPV4_RESPONSE)
    assert message.message_class is StunClass.SUCCESS
    assert software(message) == "test vector"
    assert mapped_address(message) == TransportAddress("192.0.2.1", 32853)


def test_2_3_sample_ipv6_response() -> None:
    expected = TransportAddress("2001:db8:1234:5678:11:2233:4455:6677", 32853)
    assert mapped_address(decode_stun(IPV6_RESPONSE)) == expected


def test_2_4_long_term_request() -> None:
    message = decode_stun(LONG_TERM_REQUEST)
    assert username(message) == MATRIX
    assert nonce(message) == "f//499k954d6OL34oL9FSTvy64sA"
    assert realm(message) == "example.org"
    key = long_term_key(saslprep(MATRIX), "example.org", password=saslprep("The\u00adM\u00aatr\u2168"))
    assert verify_integrity(message, key) is True
    assert verify_fingerprint(message) is None


def test_2_4_long_term_request_is_built_again() -> None:
    key = long_term_key(MATRIX, "example.org", password="TheMatrIX")
    attributes = decode_stun(LONG_TERM_REQUEST).attributes[:3]
    bare = [StunAttribute(item.type, item.value) for item in attributes]
    identity = bytes.fromhex("78ad3433c6ad72c029da412e")
    assert build_stun(0x0001, identity, bare, integrity_key=key) == LONG_TERM_REQUEST


def test_8489_b_1_long_term_request_with_sha256() -> None:
    message = decode_stun(SHA256_REQUEST)
    hashed = message.attribute(Attribute.USERHASH)
    assert hashed is not None
    assert hashed.value == userhash(MATRIX, "example.org")
    key = long_term_key(MATRIX, "example.org", password="TheMatrIX", sha256=True)
    assert verify_integrity_sha256(message, key) is True
    assert verify_integrity_sha256(message, key[::-1]) is False
