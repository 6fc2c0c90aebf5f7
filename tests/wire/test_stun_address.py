import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.stun import StunAttribute, decode_stun
from voipwatch.wire.stun_address import (
    decode_address,
    decode_xor_address,
    encode_address,
    encode_xor_address,
    mapped_address,
    xor_address_attribute,
)
from voipwatch.wire.stun_build import build_stun
from voipwatch.wire.stun_registry import Attribute

ID = bytes.fromhex("b7e7a701bc34d686fa87dfae")
V4 = TransportAddress("192.0.2.1", 32853)
V6 = TransportAddress("2001:db8:1234:5678:11:2233:4455:6677", 32853)


def test_mapped_address_by_hand() -> None:
    assert encode_address(V4) == bytes.fromhex("00018055c0000201")
    assert decode_address(bytes.fromhex("00018055c0000201")) == V4


def test_xor_address_by_hand() -> None:
    # 0x8055 ^ 0x2112 = 0xA147; 0xC0000201 ^ 0x2112A442 = 0xE112A643
    assert encode_xor_address(V4, ID) == bytes.fromhex("0001a147e112a643")
    assert decode_xor_address(bytes.fromhex("0001a147e112a643"), ID) == V4


def test_the_first_byte_is_ignored() -> None:
    assert decode_address(bytes.fromhex("ff018055c0000201")) == V4


def test_a_classic_message_xors_with_its_own_first_bytes() -> None:
    classic = bytes(range(1, 17))
    value = encode_xor_address(V4, classic)
    assert value[2:4] == (0x8055 ^ 0x0102).to_bytes(2, "big")
    assert decode_xor_address(value, classic) == V4


@given(st.ip_addresses().map(str), st.integers(0, 0xFFFF), st.binary(min_size=12, max_size=12))
def test_both_layouts_come_back(host: str, port: int, transaction_id: bytes) -> None:
    address = TransportAddress(host, port)
    assert decode_address(encode_address(address)) == address
    assert decode_xor_address(encode_xor_address(address, transaction_id), transaction_id) == address


@pytest.mark.parametrize(
    "value", ["", "0001", "00018055c00002", "00018055c000020100", "0002" + "00" * 6, "00030000"]
)
def test_wrong_family_or_length_raises(value: str) -> None:
    with pytest.raises(WireError):
        decode_address(bytes.fromhex(value))
    with pytest.raises(WireError):
        decode_xor_address(bytes.fromhex(value), ID)


@given(st.binary(max_size=24))
def test_whatever_the_bytes(value: bytes) -> None:
    try:
        decoded = decode_address(value)
    except WireError:
        return
    assert encode_address(decoded)[1:] == value[1:]


@pytest.mark.parametrize(
    "address", [TransportAddress("name.example", 1), TransportAddress("192.0.2.1", 65536)]
)
def test_encoding_what_is_no_address_raises(address: TransportAddress) -> None:
    with pytest.raises(ValueError, match=r"65536|name\.example"):
        encode_address(address)


def test_mapped_address_prefers_the_xored_one() -> None:
    other = TransportAddress("198.51.100.7", 9)
    plain = StunAttribute(Attribute.MAPPED_ADDRESS, encode_address(other))
    xored = xor_address_attribute(Attribute.XOR_MAPPED_ADDRESS, V6, transaction_id=ID)
    assert mapped_address(decode_stun(build_stun(0x0101, ID, (plain, xored)))) == V6
    assert mapped_address(decode_stun(build_stun(0x0101, ID, (plain,)))) == other
    assert mapped_address(decode_stun(build_stun(0x0101, ID))) is None
