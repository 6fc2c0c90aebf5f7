from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.checks import refusal
from voipwatch.wire import sip_headers
from voipwatch.wire.errors import WireError
from voipwatch.wire.sip import SipMessage, build_sip_request, decode_sip, sip_header


def with_header(*pairs: tuple[str, str]) -> SipMessage:
    headers = tuple(sip_header(name, value) for name, value in pairs)
    return decode_sip(build_sip_request("INVITE", "sip:a", headers=headers))


def test_via_of_rfc_3261_with_what_the_server_added() -> None:
    message = with_header(
        (
            "Via",
            "SIP/2.0/UDP server10.biloxi.example;branch=z9hG4bK4b43c2ff8.1;received=192.0.2.3;rport=5070",
        ),
        ("v", 'SIP / 2.0 / TCP [2001:db8::9]:5060 ; Branch = z9hG4bK77 ; x="a,;b\\"" , SIP/2.0/UDP c;rport'),
    )
    first, second, third = sip_headers.vias(message)
    assert (first.transport, first.sent_by, first.branch) == (
        "UDP",
        "server10.biloxi.example",
        "z9hG4bK4b43c2ff8.1",
    )
    assert first.received == "192.0.2.3"
    assert first.rport == 5070
    assert (second.transport, second.sent_by, second.branch) == ("TCP", "[2001:db8::9]:5060", "z9hG4bK77")
    assert second.parameters["x"] == '"a,;b\\""'
    assert third.parameters == {"rport": ""}
    assert third.rport is None
    assert third.branch is None
    assert third.received is None


@pytest.mark.parametrize("value", ["", "UDP host", "SIP/2.0/UDP", "SIP/2.0/UDP " + "a" * 5000])
def test_what_is_no_via_raises(value: str) -> None:
    with pytest.raises(WireError, match="Via"):
        sip_headers.vias(with_header(("Via", value)))


def test_call_id() -> None:
    assert sip_headers.call_id(with_header(("i", "abc@host"))) == "abc@host"
    assert sip_headers.call_id(with_header()) is None


def test_cseq() -> None:
    assert sip_headers.cseq(with_header(("CSeq", "4711 INVITE"))) == (4711, "INVITE")
    assert sip_headers.cseq(with_header(("CSeq", "0009   ACK"))) == (9, "ACK")
    assert sip_headers.cseq(with_header()) is None


@pytest.mark.parametrize(
    "value", ["", "INVITE", "12", "x INVITE", "-1 INVITE", "١ INVITE", "9" * 5000 + " A"]
)
def test_what_is_no_cseq_raises(value: str) -> None:
    with pytest.raises(WireError, match="CSeq"):
        sip_headers.cseq(with_header(("CSeq", value)))


def test_content_length_is_what_is_written() -> None:
    assert sip_headers.content_length(with_header(("l", "349"))) == 349
    assert sip_headers.content_length(with_header()) is None


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 5000])
def test_what_is_no_content_length_raises(value: str) -> None:
    with pytest.raises(WireError, match="Content-Length"):
        sip_headers.content_length(with_header(("Content-Length", value)))


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        ("Alice <sip:alice@a.example>;tag=88sja8x", "88sja8x"),
        ("sip:+12125551212@phone2net.example;tag=887s", "887s"),
        ('"A;tag=no <x>" <sip:c8oqz84zk7z@privacy.example;tag=no> ; x=1 ; TAG = hyh8', "hyh8"),
        ("<sip:a>", None),
        ("<sip:a;tag=no>", None),
        ("sip:a;tag", ""),
    ],
)
def test_tags(value: str, tag: str | None) -> None:
    message = with_header(("From", value), ("t", value))
    assert sip_headers.from_tag(message) == tag
    assert sip_headers.to_tag(message) == tag
    assert sip_headers.from_tag(with_header()) is None


NASTY = st.text(st.sampled_from(';=",\\<> \tabSIP/2.0UDP'), max_size=60)


@given(NASTY)
def test_whatever_the_text_only_wire_errors_come_out(value: str) -> None:
    message = with_header(("Via", value), ("From", value), ("CSeq", value), ("Content-Length", value))
    sip_headers.from_tag(message)
    for read in (sip_headers.vias, sip_headers.cseq, sip_headers.content_length):
        error = refusal(partial(read, message))
        assert error is None or error.protocol == "SIP"
