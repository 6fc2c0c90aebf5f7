import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import comes_back, fits, hostile, refuses_every_truncation
from voipwatch.wire.address import TransportAddress
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import IpPacket, decode_ip, encode_ip, transport_checksum
from voipwatch.wire.udp import (
    UdpDatagram,
    build_udp_packet,
    decode_udp,
    decode_udp_packet,
    encode_udp,
)

VALID = bytes.fromhex("0d96 9c40 000b abcd 616263")
V4 = TransportAddress("192.0.2.1", 3478)
V4_PEER = TransportAddress("198.51.100.1", 40000)
V6 = TransportAddress("2001:db8::1", 3478)
V6_PEER = TransportAddress("2001:db8::2", 40000)


def test_by_hand() -> None:
    datagram = UdpDatagram(source_port=3478, destination_port=40000, payload=b"abc", checksum=0xABCD)
    assert decode_udp(VALID) == datagram
    assert encode_udp(datagram) == VALID
    assert encode_udp(decode_udp(VALID + b"more")) == VALID + b"more"


def test_every_truncation_raises() -> None:
    refuses_every_truncation(decode_udp, VALID)


def test_a_length_under_eight_raises() -> None:
    with pytest.raises(WireError, match="length"):
        decode_udp(bytes.fromhex("0d969c40 0007 0000"))


@given(hostile([VALID]))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    datagram = comes_back(decode_udp, encode_udp, data, protocol="UDP")
    if datagram is not None:
        fits(datagram, source_port=16, destination_port=16, checksum=16)
        assert datagram.length_field is None
        assert int.from_bytes(data[4:6]) == 8 + len(datagram.payload)


@pytest.mark.parametrize(("source", "destination"), [(V4, V4_PEER), (V6, V6_PEER)])
@given(payload=st.binary(max_size=60))
def test_built_packets_have_right_checksums(
    source: TransportAddress, destination: TransportAddress, payload: bytes
) -> None:
    data = build_udp_packet(source, destination, payload=payload, ttl=9, tos=0xB8)
    packet, datagram = decode_udp_packet(data)
    assert (packet.source_text, packet.destination_text) == (source.host, destination.host)
    assert (datagram.source_port, datagram.destination_port) == (source.port, destination.port)
    assert datagram.payload == payload
    assert (packet.ttl, packet.tos) == (9, 0xB8)
    # A segment with its right checksum sums to zero.
    total = transport_checksum(packet.source, packet.destination, protocol=17, segment=packet.payload)
    assert total == 0
    assert datagram.checksum != 0
    assert encode_ip(decode_ip(data)) == data


def test_a_checksum_of_zero_is_sent_as_all_ones() -> None:
    # Chosen so that everything sums to 0xFFFF: the payload is the bare segment's checksum.
    bare, _ = decode_udp_packet(build_udp_packet(V4, V4_PEER, payload=bytes(2)))
    checksum = decode_udp(bare.payload).checksum
    data = build_udp_packet(V4, V4_PEER, payload=checksum.to_bytes(2, "big"))
    assert decode_udp_packet(data)[1].checksum == 0xFFFF


def test_families_do_not_mix() -> None:
    with pytest.raises(ValueError, match="family"):
        build_udp_packet(V4, V6_PEER, payload=b"")


def test_what_is_no_whole_datagram_raises() -> None:
    tcp = IpPacket(version=4, source=bytes(4), destination=bytes(4), protocol=6, payload=VALID)
    with pytest.raises(WireError, match="protocol"):
        decode_udp_packet(encode_ip(tcp))
    piece = IpPacket(
        version=4, source=bytes(4), destination=bytes(4), protocol=17, payload=VALID, fragment_field=0x2000
    )
    with pytest.raises(WireError, match="fragment"):
        decode_udp_packet(encode_ip(piece))


def test_a_port_that_does_not_fit_raises() -> None:
    with pytest.raises(ValueError, match="fit"):
        encode_udp(UdpDatagram(source_port=65536, destination_port=1))
