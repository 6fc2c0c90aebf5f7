from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import refusal
from voipwatch.wire import rtcp_reports as reports
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtcp import RtcpPacket, RtcpType, decode_rtcp, encode_rtcp_packet

BLOCK = reports.ReportBlock(
    ssrc=0x01020304,
    fraction_lost=128,
    cumulative_lost_count=-2,
    highest_sequence=0x0001FFFF,
    jitter=40,
    last_sender_report=0x5566_7788,
    delay_since_last_sender_report=65536,
)
BLOCK_BYTES = bytes.fromhex("01020304 80fffffe 0001ffff 00000028 55667788 00010000")
SENDER = bytes.fromhex("81c8000c 0000000a 83aa7e80 80000000 000000a0 00000005 00000320") + BLOCK_BYTES
RECEIVER = bytes.fromhex("81c90007 0000000a") + BLOCK_BYTES


def only(data: bytes) -> RtcpPacket:
    (packet,) = decode_rtcp(data).packets
    return packet


def test_sender_report_by_hand() -> None:
    report = reports.decode_sender_report(only(SENDER))
    assert report == reports.SenderReport(
        ssrc=10,
        ntp_time=0x83AA7E80_80000000,  # half a second after 1970
        rtp_timestamp=160,
        packet_count=5,
        octet_count=800,
        blocks=(BLOCK,),
    )
    assert encode_rtcp_packet(reports.encode_sender_report(report)) == SENDER


def test_receiver_report_by_hand() -> None:
    report = reports.decode_receiver_report(only(RECEIVER))
    assert report == reports.ReceiverReport(ssrc=10, blocks=(BLOCK,))
    assert encode_rtcp_packet(reports.encode_receiver_report(report)) == RECEIVER


def test_profile_extensions_are_kept() -> None:
    packet = RtcpPacket(packet_type=201, body=bytes.fromhex("0000000a 01020304"))
    assert reports.decode_receiver_report(packet).extension == bytes.fromhex("01020304")
    assert reports.encode_receiver_report(reports.decode_receiver_report(packet)) == packet


def test_source_description_by_hand() -> None:
    data = bytes.fromhex("82ca0005 00000001 01046e616d65 0000 00000002 020161 00")
    chunks = reports.decode_source_description(only(data))
    assert chunks == (
        reports.SdesChunk(1, ((reports.CNAME, b"name"),), b"\0\0"),
        reports.SdesChunk(2, ((2, b"a"),), b"\0"),
    )
    assert encode_rtcp_packet(reports.encode_source_description(chunks)) == data


def test_source_description_is_padded_when_made_by_hand() -> None:
    packet = reports.encode_source_description((reports.SdesChunk(7, ((1, b"ab"),)),))
    assert packet.body == bytes.fromhex("00000007 0102 6162 00000000")
    assert reports.decode_source_description(packet) == (reports.SdesChunk(7, ((1, b"ab"),), bytes(4)),)


def test_bye_and_its_reason() -> None:
    packet = RtcpPacket(packet_type=203, count=2, body=bytes.fromhex("00000001 00000002 03 627965"))
    bye = reports.decode_bye(packet)
    assert bye.ssrcs == (1, 2)
    assert bye.reason == b"bye"
    assert reports.encode_bye(bye) == packet
    assert reports.Bye((1,)).reason is None
    assert reports.Bye((1,), b"\x09abc").reason is None


def test_app() -> None:
    packet = RtcpPacket(packet_type=204, count=3, body=bytes.fromhex("00000001") + b"namedata")
    app = reports.decode_app(packet)
    assert app == reports.App(1, b"name", b"data")
    assert reports.encode_app(app, subtype=3) == packet


READERS: list[tuple[RtcpType, Callable[[RtcpPacket], object]]] = [
    (RtcpType.SENDER_REPORT, reports.decode_sender_report),
    (RtcpType.RECEIVER_REPORT, reports.decode_receiver_report),
    (RtcpType.SOURCE_DESCRIPTION, reports.decode_source_description),
    (RtcpType.BYE, reports.decode_bye),
    (RtcpType.APP, reports.decode_app),
]


@pytest.mark.parametrize(("packet_type", "read"), READERS)
def test_a_packet_of_another_type_raises(packet_type: RtcpType, read: Callable[[RtcpPacket], object]) -> None:
    with pytest.raises(WireError, match="packet type"):
        read(RtcpPacket(packet_type=207 if packet_type != 207 else 200, body=bytes(64)))


@pytest.mark.parametrize(("packet_type", "read"), READERS)
@given(body=st.binary(max_size=80), count=st.integers(0, 31), has_padding=st.booleans())
def test_whatever_the_bytes_only_wire_errors_come_out(
    packet_type: RtcpType,
    read: Callable[[RtcpPacket], object],
    body: bytes,
    count: int,
    has_padding: bool,
) -> None:
    packet = RtcpPacket(packet_type=packet_type, count=count, body=body, has_padding=has_padding)
    error = refusal(partial(read, packet))
    assert error is None or 0 <= error.offset <= len(body)


BLOCKS = st.lists(
    st.builds(
        reports.ReportBlock,
        ssrc=st.integers(0, 0xFFFFFFFF),
        fraction_lost=st.integers(0, 255),
        cumulative_lost_count=st.integers(-(1 << 23), (1 << 23) - 1),
        highest_sequence=st.integers(0, 0xFFFFFFFF),
        jitter=st.integers(0, 0xFFFFFFFF),
        last_sender_report=st.integers(0, 0xFFFFFFFF),
        delay_since_last_sender_report=st.integers(0, 0xFFFFFFFF),
    ),
    max_size=3,
).map(tuple)


@given(BLOCKS)
def test_any_report_comes_back(blocks: tuple[reports.ReportBlock, ...]) -> None:
    report = reports.ReceiverReport(ssrc=1, blocks=blocks)
    assert reports.decode_receiver_report(reports.encode_receiver_report(report)) == report
