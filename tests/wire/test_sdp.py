from functools import partial

import pytest
from hypothesis import given

from tests.wire.checks import comes_back, hostile, refusal, survives_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.sdp import (
    SdpMedia,
    SdpSection,
    build_sdp,
    decode_sdp,
    encode_sdp,
    sdp_media,
    sdp_rtpmap,
)

OFFER = (
    b"v=0\r\n"
    b"o=- 20518 0 IN IP4 203.0.113.1\r\n"
    b"s= \r\n"
    b"t=0 0\r\n"
    b"c=IN IP4 203.0.113.1/127\r\n"
    b"a=ice-ufrag:F7gI\r\n"
    b"m=audio 54400 RTP/SAVPF 0 96\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:96 opus/48000/2\r\n"
    b"a=candidate:0 1 UDP 2113667327 203.0.113.1 54400 typ host\r\n"
    b"a=candidate:1 2 UDP 2113667326 203.0.113.1 54401 typ host\r\n"
    b"a=rtcp-mux\r\n"
    b"a=sendonly\r\n"
    b"m=video 55400/2 RTP/SAVPF 97\r\n"
    b"c=IN IP6 2001:db8::1\r\n"
    b"a=rtpmap:97 H264/90000"
)
ODD = b"v=0\ns=\xff\rx\r\n?".replace(b"?", b"z=") + b"\nm=audio\n"
VALID = [OFFER, ODD, b"v=0"]


def test_an_offer() -> None:
    session = decode_sdp(OFFER)
    assert session.session.value("o") == "- 20518 0 IN IP4 203.0.113.1"
    assert session.session.connection_address == "203.0.113.1"
    assert session.session.attribute("ice-ufrag") == "F7gI"
    assert session.session.value("b") is None
    audio, video = session.media
    assert sdp_media(audio) == SdpMedia(kind="audio", port=54400, protocol="RTP/SAVPF", formats=("0", "96"))
    assert sdp_media(video) == SdpMedia(
        kind="video", port=55400, port_count=2, protocol="RTP/SAVPF", formats=("97",)
    )
    assert sdp_rtpmap(audio) == {"0": "PCMU/8000", "96": "opus/48000/2"}
    assert len(audio.attributes("candidate")) == 2
    assert audio.attribute("rtcp-mux") == ""
    assert audio.attribute("crypto") is None
    assert audio.direction == "sendonly"
    assert video.direction is None
    assert audio.connection_address is None
    assert video.connection_address == "2001:db8::1"
    assert encode_sdp(session) == OFFER


def test_line_ends_and_bytes_that_are_no_utf8_survive() -> None:
    session = decode_sdp(ODD)
    assert [line.type for line in session.session.lines] == ["v", "s", "z"]
    assert session.session.value("s") == "\udcff\rx"
    assert encode_sdp(session) == ODD


def test_truncations() -> None:
    # Refused: up to "v", and each line's first letter without its equals sign.
    refused = survives_every_truncation(decode_sdp, encode_sdp, OFFER, protocol="SDP")
    assert refused == 2 + OFFER.count(b"\n")


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"", "v=", 0),
        (b"s=x\r\n", "v=", 0),
        (b"v=0\r\n\r\n", "line", 5),
        (b"v=0\r\ns x\r\n", "line", 5),
        (b"v=0\n1=x\n", "line", 4),
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_sdp(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@pytest.mark.parametrize(
    "line", ["audio", "audio x RTP/AVP 0", "audio 70000 RTP/AVP 0", "audio 1/x RTP/AVP 0", "audio 9 RTP/AVP",
             "audio " + "9" * 5000 + " RTP/AVP 0"],
)  # fmt: skip
def test_what_is_no_media_line_raises(line: str) -> None:
    session = decode_sdp(f"v=0\r\nm={line}\r\n".encode())
    with pytest.raises(WireError, match=r"m="):
        sdp_media(session.media[0])


def test_a_section_without_a_media_line_raises() -> None:
    with pytest.raises(WireError):
        sdp_media(SdpSection(()))


@given(hostile(VALID))
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    if comes_back(decode_sdp, encode_sdp, data, protocol="SDP") is not None:
        for section in decode_sdp(data).media:
            sdp_rtpmap(section)
            assert section.connection_address is None or section.connection_address in str(section.value("c"))
            error = refusal(partial(sdp_media, section))
            assert error is None or error.protocol == "SDP"


def test_building() -> None:
    built = build_sdp(("v=0", "s=-"), (("m=audio 9 RTP/AVP 0", "a=sendrecv"),))
    assert built == b"v=0\r\ns=-\r\nm=audio 9 RTP/AVP 0\r\na=sendrecv\r\n"
    with pytest.raises(ValueError, match="line"):
        build_sdp(("v=0", "nonsense"))
