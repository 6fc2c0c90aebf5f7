"""RTCP as compiled: clear header, a length that leaves SRTCP's trailer out, the SSRC of its stream."""

from dataclasses import replace

import pytest

from tests.apps.support import TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.use import UnfitError
from voipwatch.apps.messages import BuildContext, build, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place
from voipwatch.wire.rtp import decode_rtp


def test_the_header_is_that_of_the_captures() -> None:
    # WhatsApp's 26-byte SRTCP of type 208 starts with 81 d0 00 02.
    message = spec(codec="rtcp", type=208, trailer=14).compile(media_use(Direction.UP), no_other)
    data = build(message, context(message, 26))
    assert len(data) == 26
    assert data[:4].hex() == "81d00002"
    assert uplink_place(data) == TOKEN[:16]


def test_it_names_the_ssrc_of_the_stream_it_is_about() -> None:
    use = media_use(Direction.DOWN)
    media = spec(codec="rtp", payload_type=8).compile(use, no_other)
    own = replace(use, stream="report")
    report = spec(codec="rtcp", type=200, count=0, about="audio").compile(own, no_other)
    ssrc = decode_rtp(build(media, context(media, 172))).ssrc
    assert build(report, context(report, 100))[4:8] == ssrc.to_bytes(4, "big")


def test_downlink_it_is_read_back_and_others_are_not() -> None:
    message = spec(codec="rtcp", type=200).compile(media_use(Direction.DOWN), no_other)
    data = build(message, context(message, 60))
    assert read_down(message, data) == TOKEN[:52]
    assert read_down(message, data[:1] + b"\xc9" + data[2:]) is None
    assert read_down(message, b"\x82" + data[1:]) is None
    assert read_down(message, data[:7]) is None


def test_it_is_media_and_needs_room() -> None:
    with pytest.raises(UnfitError, match="only a stream"):
        spec(codec="rtcp", type=200).compile(UP, no_other)
    message = spec(codec="rtcp", type=200).compile(media_use(Direction.UP), no_other)
    with pytest.raises(ValueError, match="no room"):
        build(message, BuildContext(bytes(32), bytes(16), bytes(16), 20))
