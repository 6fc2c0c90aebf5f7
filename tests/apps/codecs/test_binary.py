"""Codec `parts` and ChannelData: Zoom-like, Discord-like, Telegram-like messages from parts."""

from typing import Any

import pytest

from tests.apps.support import REPLY, TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.use import MessageSpec, UnfitError
from voipwatch.apps.messages import PlaceKind, answers, build, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place
from voipwatch.wire.rtp import decode_rtp
from voipwatch.wire.turn import decode_channel_data


def test_a_telegram_like_ping() -> None:
    parts = [{"constant": 16, "key": "peer-tag"}, {"hex": "ff" * 12 + "feffffff"}, {"random": 24}]
    message = spec(codec="parts", parts=parts).compile(UP, no_other)
    data = build(message, context(message))
    assert len(data) == 56
    assert data[16:32] == b"\xff" * 12 + b"\xfe\xff\xff\xff"
    assert uplink_place(data) == TOKEN[:16]
    again = build(message, context(message, entropy=b"e" * 16))
    assert again[:16] == data[:16]
    assert again[32:40] != data[32:40]


def test_a_discovery_reply_echoes_and_names_the_address() -> None:
    asked = spec(
        "ask", codec="parts", size=74, parts=[{"hex": "00010046"}, {"random": 4}, {"fill": "random"}]
    )
    told = spec(
        "tell",
        codec="parts",
        size=74,
        parts=[
            {"hex": "00020046"},
            {"echo": [4, 4]},
            {"address_text": 40},
            {"fill": "random"},
            {"port": True},
        ],
    )
    question_message = asked.compile(UP, no_other)
    question = build(question_message, context(question_message))
    message = told.compile(REPLY, no_other)
    assert message.place.kind is PlaceKind.NONE  # it ends in a port
    data = build(message, context(message, request=question, source=("203.0.113.5", 50_000)))
    assert data[:8] == b"\x00\x02\x00\x46" + question[4:8]
    assert data[8:20] == b"203.0.113.5\0"
    assert data[-2:] == (50_000).to_bytes(2, "big")
    assert answers(message, question, data)
    assert not answers(message, question[:4] + b"none" + question[8:], data)
    assert read_down(message, b"\x00\x03" + data[2:], question) is None
    assert read_down(message, data + b"!") is None


def test_downlink_the_trailing_random_bytes_carry_the_token() -> None:
    message = spec(codec="parts", parts=[{"hex": "0102"}, {"random": 60}]).compile(REPLY, no_other)
    data = build(message, context(message))
    assert message.room(62) == 52
    assert read_down(message, data) == TOKEN[:52]


def test_media_of_parts_takes_each_packets_size() -> None:
    parts = [{"hex": "05"}, {"counter": 2, "start": 7}, {"length": 2}, {"fill": "random"}]
    message = spec(codec="parts", parts=parts).compile(media_use(Direction.UP), no_other)
    data = build(message, context(message, 90, index=3))
    assert len(data) == 90
    assert data[:5] == b"\x05" + b"\x00\x0a" + (85).to_bytes(2, "big")
    assert uplink_place(data) == TOKEN[:16]


def test_channel_data_carries_rtp() -> None:
    inner = spec("inner", codec="rtp", payload_type=111)

    def lookup(name: str) -> MessageSpec:
        return {"inner": inner}[name]

    outer = spec(codec="channeldata", channel=0x4001, message="inner")
    for direction in (Direction.UP, Direction.DOWN):
        message = outer.compile(media_use(direction), lookup)
        data = build(message, context(message, 76, index=2))
        found = decode_channel_data(data)
        assert (found.channel, len(found.data)) == (0x4001, 72)
        assert decode_rtp(found.data).payload_type == 111
        if direction is Direction.UP:
            assert uplink_place(data) == TOKEN[:16]
        else:
            assert read_down(message, data) == TOKEN[:52]
            assert read_down(message, b"\x40\x02" + data[2:]) is None


def test_a_carried_reply_echoes_the_carried_request() -> None:
    inner = {
        "ask": spec("ask", codec="parts", parts=[{"hex": "01"}, {"random": 40}]),
        "tell": spec("tell", codec="parts", parts=[{"hex": "02"}, {"echo": [1, 8]}, {"random": 20}]),
    }
    asked = spec(codec="channeldata", message="ask").compile(UP, inner.__getitem__)
    told = spec(codec="channeldata", message="tell").compile(REPLY, inner.__getitem__)
    question = build(asked, context(asked))
    data = build(told, context(told, request=question))
    assert len(data) == told.size == 4 + 29
    assert data[5:13] == question[5:13]
    assert answers(told, question, data)
    assert not answers(told, question[:5] + bytes(8) + question[13:], data)


def test_a_framing_around_rtp_counts_it() -> None:
    inner = spec("inner", codec="rtp", payload_type=104)
    outer = spec(codec="parts", parts=[{"hex": "60"}, {"random": 1}, {"length": 2}, {"message": "inner"}])
    message = outer.compile(media_use(Direction.UP), lambda _: inner)
    data = build(message, context(message, 100))
    assert data[2:4] == (96).to_bytes(2, "big")
    assert decode_rtp(data[4:]).payload_type == 104


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"parts": [{"fill": "random"}]}, "needs a size"),
        ({"size": 9, "parts": [{"random": 20}]}, "size says 9 bytes, the parts make 20"),
        ({"size": 30, "parts": [{"random": 20}]}, "size says 30"),
        ({"parts": [{"random": 20}, {"hex": "00"}]}, "0 random bytes at the end, 16 needed"),
        ({"parts": [{"hex": "00"}, {"random": 15}]}, "15 random bytes"),
    ],
)
def test_what_cannot_be_built_says_why(data: dict[str, Any], why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        spec(codec="parts", **data).compile(UP, no_other)


def test_a_stun_message_cannot_be_carried_uplink() -> None:
    inner = spec("inner", codec="stun", type=1)
    outer = spec(codec="channeldata", message="inner")
    with pytest.raises(UnfitError, match="token at the end"):
        outer.compile(UP, lambda _: inner)
