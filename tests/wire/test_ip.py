import pytest
from hypothesis import given

from tests.wire.checks import comes_back, fits, hostile, refuses_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import (
    IpPacket,
    decode_ip,
    encode_ip,
    internet_checksum,
    transport_checksum,
)

# The header of RFC 1071's usual worked example: its checksum is 0xB861.
V4 = bytes.fromhex("45000073 00004000 4011b861 c0a80001 c0a800c7") + bytes(95)
V4_OPTIONS = bytes.fromhex("46b80019 12342001 0a060000 c0000201 c0000202 01010100") + b"x"
V6 = bytes.fromhex("6b812345 0008 1140") + bytes(15) + b"\x01" + bytes(15) + b"\x02" + bytes(8)
# Hop-by-hop options, then a first fragment of UDP.
V6_FRAGMENT = (
    bytes.fromhex("60000000 0020 0040") + bytes(31) + b"\x01"
    + bytes.fromhex("2c01 010c") + bytes(12) + bytes.fromhex("1100 0001 00000007") + bytes(8)
)  # fmt: skip
VALID = [V4, V4_OPTIONS, V6, V6_FRAGMENT, V4 + b"pad"]


def test_ipv4_header() -> None:
    packet = decode_ip(V4)
    assert (packet.version, packet.protocol, packet.ttl, packet.checksum) == (4, 17, 64, 0xB861)
    assert (packet.source_text, packet.destination_text) == ("192.168.0.1", "192.168.0.199")
    assert packet.payload == bytes(95)
    assert packet.fragment_field == 0x4000
    assert not packet.is_fragment
    assert encode_ip(packet) == V4


def test_ipv4_checksum_is_computed_where_none_is_given() -> None:
    packet = decode_ip(V4)
    made = IpPacket(
        version=4,
        source=packet.source,
        destination=packet.destination,
        protocol=17,
        payload=packet.payload,
        fragment_field=0x4000,
    )
    assert encode_ip(made) == V4


def test_wrong_checksum_options_and_link_padding_survive() -> None:
    packet = decode_ip(V4_OPTIONS + b"padding")
    assert packet.options == bytes.fromhex("01010100")
    assert packet.checksum == 0
    assert packet.tos == 0xB8
    assert packet.payload == b"x"
    assert packet.trailing == b"padding"
    assert packet.is_fragment
    assert packet.is_later_fragment
    assert encode_ip(packet) == V4_OPTIONS + b"padding"


def test_a_length_of_zero_takes_all() -> None:
    data = V4[:2] + b"\0\0" + V4[4:]
    packet = decode_ip(data)
    assert packet.length_field == 0
    assert packet.payload == bytes(95)
    assert encode_ip(packet) == data


def test_ipv6_header() -> None:
    packet = decode_ip(V6)
    assert (packet.version, packet.tos, packet.flow_label, packet.protocol, packet.ttl) == (
        6,
        0xB8,
        0x12345,
        17,
        64,
    )
    assert (packet.source_text, packet.destination_text) == ("::1", "::2")
    assert packet.payload == bytes(8)
    assert encode_ip(packet) == V6


def test_ipv6_extension_headers_are_walked_and_kept() -> None:
    packet = decode_ip(V6_FRAGMENT)
    assert packet.first_header == 0
    assert packet.protocol == 17
    assert len(packet.options) == 24
    assert packet.payload == bytes(8)
    assert packet.is_fragment
    assert not packet.is_later_fragment
    assert encode_ip(packet) == V6_FRAGMENT


@pytest.mark.parametrize("data", [V4, V4_OPTIONS, V6, V6_FRAGMENT])
def test_every_truncation_raises(data: bytes) -> None:
    refuses_every_truncation(decode_ip, data)


@pytest.mark.parametrize("data", [b"", b"\x50" + V4[1:], b"\x44" + V4[1:], V4[:2] + b"\0\x13" + V4[4:]])
def test_what_is_no_ip_raises(data: bytes) -> None:
    with pytest.raises(WireError):
        decode_ip(data)


@given(hostile(VALID))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    packet = comes_back(decode_ip, encode_ip, data, protocol=("IP", "IPv4", "IPv6"))
    if packet is not None:
        size = {4: 4, 6: 16}[packet.version]
        assert (len(packet.source), len(packet.destination)) == (size, size)
        fits(packet, protocol=8, ttl=8, tos=8, identification=16, fragment_field=16, flow_label=20)
        assert len(packet.options) in range(0, 41, 4) or packet.version == 6
        assert (packet.checksum is None) == (packet.version == 6)
        assert packet.is_fragment or not packet.is_later_fragment


@pytest.mark.parametrize(
    "packet",
    [
        IpPacket(version=4, source=bytes(16), destination=bytes(4), protocol=17),
        IpPacket(version=6, source=bytes(4), destination=bytes(16), protocol=17),
        IpPacket(version=4, source=bytes(4), destination=bytes(4), protocol=256),
        IpPacket(version=4, source=bytes(4), destination=bytes(4), protocol=17, payload=bytes(65536)),
        IpPacket(version=6, source=bytes(16), destination=bytes(16), protocol=17, ttl=-1),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(packet: IpPacket) -> None:
    with pytest.raises(ValueError, match=r"fit|bytes"):
        encode_ip(packet)


def test_checksum_of_rfc_1071() -> None:
    # Section 3: the bytes 00 01 f2 03 f4 f5 f6 f7 sum to ddf2.
    assert internet_checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0xFFFF - 0xDDF2
    assert internet_checksum(bytes.fromhex("ffffffff0001")) == 0xFFFE  # the sum's carry has to be added twice
    assert internet_checksum(b"\x12") == 0xFFFF - 0x1200
    assert internet_checksum(bytes.fromhex("45000073000040004011 b861 c0a80001c0a800c7")) == 0


def test_transport_checksum_by_hand() -> None:
    # Pseudo-header c000 0201 c000 0202 0011 0009, segment 1388 1389 0009 0000 6100.
    total = 0xC000 + 0x0201 + 0xC000 + 0x0202 + 0x0011 + 0x0009 + 0x1388 + 0x1389 + 0x0009 + 0x6100
    total = (total & 0xFFFF) + (total >> 16)
    segment = bytes.fromhex("1388138900090000 61")
    source, destination = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
    assert transport_checksum(source, destination, protocol=17, segment=segment) == 0xFFFF - total
