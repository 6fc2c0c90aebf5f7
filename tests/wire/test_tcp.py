import pytest
from hypothesis import given

from tests.wire.checks import comes_back, fits, hostile, survives_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.ip import decode_ip, transport_checksum
from voipwatch.wire.tcp import TcpFlag, TcpSegment, build_tcp_packet, decode_tcp, encode_tcp

SYN = bytes.fromhex("9c40 01bb 00000001 00000000 6002 ffff abcd 0000 020405b4")
RESET = TcpSegment(
    source_port=443, destination_port=40000, sequence=7, flags=TcpFlag.RST | TcpFlag.ACK, checksum=0x1234
)


def test_by_hand() -> None:
    segment = decode_tcp(SYN)
    assert segment == TcpSegment(
        source_port=40000,
        destination_port=443,
        sequence=1,
        flags=TcpFlag.SYN,
        checksum=0xABCD,
        options=bytes.fromhex("020405b4"),
    )
    assert encode_tcp(segment) == SYN


def test_truncation_of_the_header_raises() -> None:
    assert survives_every_truncation(decode_tcp, encode_tcp, SYN + b"data", protocol="TCP") == len(SYN)


def test_a_header_shorter_than_twenty_bytes_raises() -> None:
    with pytest.raises(WireError, match="data offset"):
        decode_tcp(SYN[:12] + b"\x40" + SYN[13:])


@given(hostile([SYN, SYN + b"data"]))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    segment = comes_back(decode_tcp, encode_tcp, data, protocol="TCP")
    if segment is not None:
        fits(segment, source_port=16, destination_port=16, sequence=32, acknowledgement=32, flags=12)
        fits(segment, window=16, checksum=16, urgent=16)
        assert len(segment.options) in range(0, 41, 4)
        assert len(data) == 20 + len(segment.options) + len(segment.payload)


@pytest.mark.parametrize(
    ("source", "destination"), [("192.0.2.1", "198.51.100.1"), ("2001:db8::1", "2001:db8::2")]
)
def test_built_packets_have_right_checksums(source: str, destination: str) -> None:
    packet = decode_ip(build_tcp_packet(source, destination, segment=RESET))
    assert packet.protocol == 6
    assert (packet.source_text, packet.destination_text) == (source, destination)
    segment = decode_tcp(packet.payload)
    assert segment.flags == 0x14
    assert segment.sequence == 7
    assert segment.checksum != RESET.checksum
    assert transport_checksum(packet.source, packet.destination, protocol=6, segment=packet.payload) == 0


def test_families_do_not_mix() -> None:
    with pytest.raises(ValueError, match="family"):
        build_tcp_packet("192.0.2.1", "2001:db8::2", segment=RESET)


@pytest.mark.parametrize(
    "segment",
    [
        TcpSegment(source_port=65536, destination_port=1, sequence=0),
        TcpSegment(source_port=1, destination_port=1, sequence=0, options=b"abc"),
        TcpSegment(source_port=1, destination_port=1, sequence=0, options=bytes(44)),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(segment: TcpSegment) -> None:
    with pytest.raises(ValueError, match=r"fit|options"):
        encode_tcp(segment)
