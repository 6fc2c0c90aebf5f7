"""Message tables: each codec's keys, and what is wrong with one."""

from typing import Any

import pytest

from tests.apps.support import spec
from voipwatch.apps.codecs.binary import PartsSpec
from voipwatch.apps.codecs.dtls import DtlsSpec
from voipwatch.apps.codecs.rtcp import RtcpSpec
from voipwatch.apps.codecs.rtp import RtpSpec
from voipwatch.apps.codecs.sip import SipSpec
from voipwatch.apps.codecs.stun import StunSpec
from voipwatch.apps.message_tables import read_message
from voipwatch.apps.schema import Findings, Table


def wrong(**data: Any) -> list[tuple[str, str]]:
    findings = Findings("test", {})
    read_message("m", Table(data, "m", findings))
    return [(problem.field, problem.message) for problem in findings.problems]


def test_every_codec_is_read() -> None:
    assert spec(codec="rtp", payload_type=8, marker="first") == RtpSpec("message", 8, "first")
    assert spec(codec="rtp", payload_type=8, extension={"profile": 1, "hex": "00", "random": 3}) == RtpSpec(
        "message", 8, "never", 1, b"\0", 3
    )
    assert spec(codec="rtcp", type=200, count=0, about="a", trailer=14) == RtcpSpec(
        "message", 200, 0, "a", 14
    )
    assert spec(codec="sip", text="x", size=100) == SipSpec("message", "x", 100)
    stun = spec(codec="stun", type=0x0103, unaligned=True, classic=True, place="0x4002", size=20)
    assert stun == StunSpec("message", 0x0103, (), 20, unaligned=True, classic=True, place="0x4002")
    parts = spec(codec="channeldata", channel=0x4002, message="inner")
    assert isinstance(parts, PartsSpec)
    assert (parts.inner, parts.layout.parts[0].expected) == ("inner", b"\x40\x02")
    flight = spec(codec="dtls", first_sequence=3, first_message=2, records=[{"content": "alert", "epoch": 1}])
    assert isinstance(flight, DtlsSpec)
    assert (flight.first_sequence, flight.first_message, flight.records[0].epoch) == (3, 2, 1)


def test_attributes_have_their_own_types_or_a_given_one() -> None:
    message = spec(
        codec="stun",
        type=1,
        attributes=[
            {"xor_mapped": True},
            {"xor_mapped": True, "type": 0x8020},
            {"mapped": True},
            {"type": 0x25},
            {"integrity": True},
            {"fingerprint": True},
        ],
    )
    assert isinstance(message, StunSpec)
    assert [item.type for item in message.attributes] == [0x20, 0x8020, 1, 0x25, 8, 0x8028]
    assert [item.value_bytes for item in message.attributes] == [8, 8, 8, 0, 20, 4]


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "m.codec", "missing"),
        ({"codec": "rtp"}, "m.payload_type", "missing"),
        ({"codec": "rtp", "payload_type": 90}, "m.payload_type", "reads as RTCP"),
        (
            {"codec": "rtp", "payload_type": 8, "extension": {"profile": 1, "random": 3}},
            "m.extension.random",
            "multiple of four",
        ),
        ({"codec": "rtp", "payload_type": 8, "size": 9}, "m.size", "unknown key"),
        ({"codec": "rtcp", "type": 120}, "m.type", "from 192 to 223"),
        ({"codec": "sip", "size": 10, "text": "x"}, "m.size", "from 100 to 1400"),
        ({"codec": "stun", "type": 0}, "m.type", "from 1 to 16383"),
        ({"codec": "stun", "type": 1, "place": "tail"}, "m.place", "not of the form"),
        (
            {"codec": "stun", "type": 1, "attributes": [{"integrity": False}]},
            "m.attributes[0].integrity",
            "true or absent",
        ),
        (
            {"codec": "stun", "type": 1, "attributes": [{"integrity": True, "type": 9}]},
            "m.attributes[0].type",
            "unknown key",
        ),
        (
            {"codec": "stun", "type": 1, "attributes": [{"type": 9, "message": "x"}]},
            "m.attributes[0].message",
            "carries no message",
        ),
        (
            {"codec": "stun", "type": 1, "attributes": [{"type": 9, "value": [{"message": "x"}]}]},
            "m.attributes[0].value",
            "carries no message",
        ),
        (
            {"codec": "stun", "type": 1, "place_span": [0, 4]},
            "m.place_span",
            "8 or more",
        ),
        (
            {"codec": "stun", "type": 1, "place_span": [8]},
            "m.place_span",
            "an offset and a number",
        ),
        ({"codec": "dtls", "records": []}, "m.records", "at least one record"),
        ({"codec": "dtls"}, "m.records", "missing"),
        (
            {"codec": "dtls", "records": [{"content": "noise"}]},
            "m.records[0].content",
            "not one of change_cipher_spec",
        ),
        (
            {"codec": "dtls", "records": [{"handshake": "hello"}]},
            "m.records[0].handshake",
            "not one of client_hello",
        ),
        (
            {"codec": "dtls", "records": [{"handshake": "client_hello"}]},
            "m.records[0].cipher_suites",
            "missing",
        ),
        (
            {"codec": "dtls", "records": [{"content": "alert", "body": [{"message": "x"}]}]},
            "m.records[0].body",
            "carries no message",
        ),
        ({"codec": "channeldata", "channel": 0x5000, "message": "x"}, "m.channel", "from 16384 to 20479"),
        ({"codec": "parts"}, "m.parts", "missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_is_wrong_is_told_at_its_key(data: dict[str, Any], field: str, message: str) -> None:
    found = wrong(**data)
    assert any(at == field and message in text for at, text in found), found
