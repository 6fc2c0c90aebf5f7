import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import comes_back, fits, hostile, survives_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.rtp import RtpExtension, RtpPacket, decode_rtp, encode_rtp

PLAIN = bytes.fromhex("80 78 1234 00000140 deadbeef") + b"voice"
FULL = bytes.fromhex("b2 e6 ffff ffffffff 00000001 00000002 00000003 bede0001 10aa0000") + b"video\0\0\x03"
VALID = [PLAIN, FULL, bytes.fromhex("900d00010000000000000000debe0000")]


def test_plain_header() -> None:
    packet = decode_rtp(PLAIN)
    assert packet == RtpPacket(
        payload_type=120, sequence=0x1234, timestamp=320, ssrc=0xDEADBEEF, payload=b"voice"
    )
    assert encode_rtp(packet) == PLAIN


def test_every_field_at_once() -> None:
    packet = decode_rtp(FULL)
    assert packet == RtpPacket(
        payload_type=102,
        sequence=0xFFFF,
        timestamp=0xFFFFFFFF,
        ssrc=1,
        payload=b"video\0\0\x03",
        marker=True,
        has_padding=True,
        csrcs=(2, 3),
        extension=RtpExtension(0xBEDE, bytes.fromhex("10aa0000")),
    )
    assert packet.padding_bytes == 3
    assert encode_rtp(packet) == FULL


@pytest.mark.parametrize(
    ("payload", "has_padding", "expected"),
    [(b"abc", False, 0), (b"ab\x01", True, 1), (b"\0\0\x03", True, 3), (b"\x04\x04\x04", True, None),
     (b"ab\0", True, None), (b"", True, None)],
)  # fmt: skip
def test_padding_count(payload: bytes, has_padding: bool, expected: int | None) -> None:
    packet = RtpPacket(
        payload_type=0, sequence=0, timestamp=0, ssrc=0, payload=payload, has_padding=has_padding
    )
    assert packet.padding_bytes == expected


def test_truncation_of_the_header_raises_and_of_the_payload_does_not() -> None:
    assert survives_every_truncation(decode_rtp, encode_rtp, PLAIN, protocol="RTP") == 12
    assert survives_every_truncation(decode_rtp, encode_rtp, FULL, protocol="RTP") == 28


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (PLAIN[:11], "header", 0),
        (b"\x40" + PLAIN[1:], "version", 0),
        (b"\x8f" + PLAIN[1:12] + bytes(59), "CSRC list", 12),
        (b"\x90" + PLAIN[1:12] + b"\xbe\xde\0", "extension header", 12),
        (b"\x90" + PLAIN[1:12] + b"\xbe\xde\0\x02" + bytes(7), "extension length", 14),
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_rtp(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@given(
    st.builds(
        RtpPacket,
        payload_type=st.integers(0, 127),
        sequence=st.integers(0, 0xFFFF),
        timestamp=st.integers(0, 0xFFFFFFFF),
        ssrc=st.integers(0, 0xFFFFFFFF),
        payload=st.binary(max_size=20),
        marker=st.booleans(),
        has_padding=st.booleans(),
        csrcs=st.lists(st.integers(0, 0xFFFFFFFF), max_size=15).map(tuple),
        extension=st.none()
        | st.builds(
            RtpExtension, st.integers(0, 0xFFFF), st.integers(0, 9).map(lambda words: bytes(4 * words))
        ),
    )
)
def test_any_packet_comes_back(packet: RtpPacket) -> None:
    assert decode_rtp(encode_rtp(packet)) == packet


@given(hostile(VALID))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    packet = comes_back(decode_rtp, encode_rtp, data, protocol="RTP")
    if packet is not None:
        fits(packet, payload_type=7, sequence=16, timestamp=32, ssrc=32)
        assert packet.version == 2
        assert len(packet.csrcs) == data[0] & 15
        padding = packet.padding_bytes
        assert padding is None or padding <= len(packet.payload)
        assert packet.extension is None or len(packet.extension.data) % 4 == 0


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(payload_type=128, sequence=0, timestamp=0, ssrc=0),
        RtpPacket(payload_type=0, sequence=65536, timestamp=0, ssrc=0),
        RtpPacket(payload_type=0, sequence=0, timestamp=0, ssrc=0, csrcs=tuple(range(16))),
        RtpPacket(payload_type=0, sequence=0, timestamp=0, ssrc=0, extension=RtpExtension(0, b"abc")),
        RtpPacket(payload_type=0, sequence=0, timestamp=0, ssrc=0, version=4),
    ],
)
def test_encoding_what_has_no_place_on_the_wire_raises(packet: RtpPacket) -> None:
    with pytest.raises(ValueError, match=r"fit|at most|multiple"):
        encode_rtp(packet)


def test_a_mutant_of_another_version_is_written() -> None:
    assert encode_rtp(RtpPacket(payload_type=0, sequence=0, timestamp=0, ssrc=0, version=1))[0] == 0x40
