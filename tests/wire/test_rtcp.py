import pytest
from hypothesis import given

from tests.wire.checks import comes_back, fits, hostile, survives_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtcp import RtcpCompound, RtcpPacket, RtcpType, decode_rtcp, encode_rtcp

RECEIVER_REPORT = bytes.fromhex("80c90001 00000001")
SDES = bytes.fromhex("81ca0003 00000001 01046e616d65 0000")
COMPOUND = RECEIVER_REPORT + SDES
# SRTCP: eight bytes in clear, then ciphertext, the E bit with the index, and a tag of ten bytes.
SRTCP = bytes.fromhex("80c80006 11223344") + bytes(range(20)) + bytes.fromhex("80000001") + bytes(range(10))
BYE_WITH_PADDING = bytes.fromhex("a1cb0002 00000001 00000004")
VALID = [RECEIVER_REPORT, COMPOUND, SRTCP, BYE_WITH_PADDING]


def test_compound_of_two() -> None:
    compound = decode_rtcp(COMPOUND)
    assert compound == RtcpCompound(
        (
            RtcpPacket(packet_type=201, body=bytes.fromhex("00000001")),
            RtcpPacket(packet_type=202, count=1, body=SDES[4:]),
        )
    )
    assert encode_rtcp(compound) == COMPOUND


def test_ciphertext_index_and_tag_of_srtcp_are_kept_as_trailing() -> None:
    compound = decode_rtcp(SRTCP)
    assert [packet.packet_type for packet in compound.packets] == [RtcpType.SENDER_REPORT]
    assert compound.trailing == bytes.fromhex("80000001") + bytes(range(10))
    assert encode_rtcp(compound) == SRTCP


def test_padding_stays_in_the_body() -> None:
    packet = decode_rtcp(BYE_WITH_PADDING).packets[0]
    assert packet.has_padding
    assert packet.body == BYE_WITH_PADDING[4:]


def test_truncation_of_the_first_packet_raises_and_later_pieces_are_kept() -> None:
    assert survives_every_truncation(decode_rtcp, encode_rtcp, COMPOUND, protocol="RTCP") == len(
        RECEIVER_REPORT
    )
    piece = decode_rtcp(COMPOUND[:-1])
    assert len(piece.packets) == 1
    assert piece.trailing == SDES[:-1]


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"\x80\xc9\x00", "header", 0),
        (b"\x40" + RECEIVER_REPORT[1:], "version", 0),
        (b"\x80\xbf" + RECEIVER_REPORT[2:], "packet type", 1),
        (b"\x80\xe0" + RECEIVER_REPORT[2:], "packet type", 1),
        (RECEIVER_REPORT[:-1], "length", 2),
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_rtcp(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@given(hostile(VALID))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    compound = comes_back(decode_rtcp, encode_rtcp, data, protocol="RTCP")
    if compound is not None:
        assert compound.packets
        for packet in compound.packets:
            fits(packet, count=5)
            assert (packet.version, packet.packet_type in range(192, 224)) == (2, True)
            assert len(packet.body) % 4 == 0


@pytest.mark.parametrize(
    "packet",
    [
        RtcpPacket(packet_type=201, body=b"abc"),
        RtcpPacket(packet_type=201, count=32),
        RtcpPacket(packet_type=256),
        RtcpPacket(packet_type=201, version=4),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(packet: RtcpPacket) -> None:
    with pytest.raises(ValueError, match=r"fit|at most"):
        encode_rtcp(RtcpCompound((packet,)))
