import pytest
from hypothesis import example, given

from tests.wire.checks import comes_back, hostile, survives_every_truncation
from voipwatch.wire.errors import WireError
from voipwatch.wire.sip import (
    SipHeader,
    SipMessage,
    SipRequestLine,
    SipStatusLine,
    build_sip_request,
    build_sip_response,
    decode_sip,
    encode_sip,
    sip_header,
)

# RFC 3261 section 24.1, message F1, shortened.
INVITE = (
    b"INVITE sip:bob@biloxi.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bKnashds8\r\n"
    b"To: Bob <sip:bob@biloxi.example>\r\n"
    b"From: Alice <sip:alice@atlanta.example>;tag=1928301774\r\n"
    b"Call-ID: a84b4c76e66710\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Content-Length: 4\r\n"
    b"\r\n"
    b"v=0\n"
)
# What gateways do: compact names, odd case, spaces around the colon, folding, LF alone, a header twice.
ODD = (
    b"\r\n\r\nSIP/2.0 183 Session  Progress\n"
    b"v : SIP/2.0/UDP a;branch=z9hG4bK1\n"
    b"V:SIP/2.0/UDP b;branch=z9hG4bK2\r\n"
    b"sUBJECT:  one\r\n  two\n\tthree  \r\n"
    b"X-Odd\t:\r\n"
    b"i: 1@h\n"
    b"\n"
    b"body\0\xff"
)
VALID = [INVITE, ODD, b"SIP/2.0 200\r\n\r\n", b"BYE sip:a SIP/2.0\r\n\r\n"]


def test_an_invite() -> None:
    message = decode_sip(INVITE)
    assert message.start == SipRequestLine("INVITE", "sip:bob@biloxi.example", "SIP/2.0")
    assert message.is_request
    assert [header.name for header in message.headers] == [
        "Via", "To", "From", "Call-ID", "CSeq", "Content-Length",
    ]  # fmt: skip
    assert message.header("call-id") == "a84b4c76e66710"
    assert message.header("i") == "a84b4c76e66710"
    assert message.header("Contact") is None
    assert message.body == b"v=0\n"
    assert encode_sip(message) == INVITE


def test_case_folding_white_space_line_ends_and_duplicates_survive() -> None:
    message = decode_sip(ODD)
    assert message.start == SipStatusLine("SIP/2.0", 183, "Session  Progress")
    assert not message.is_request
    assert [header.name for header in message.headers] == ["v", "V", "sUBJECT", "X-Odd", "i"]
    assert message.header_values("Via") == ("SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/UDP b;branch=z9hG4bK2")
    assert message.header("Subject") == "one two three"
    assert message.header("x-odd") == ""
    assert message.headers[2].raw == b"sUBJECT:  one\r\n  two\n\tthree  \r\n"
    assert message.leading == b"\r\n\r\n"
    assert message.separator == b"\n"
    assert message.body == b"body\0\xff"
    assert encode_sip(message) == ODD


def test_only_spaces_and_tabs_before_the_colon_are_left_out_of_a_name() -> None:
    assert SipHeader(b"A\x0b\t : x\r\n").name == "A\x0b"


def test_a_status_line_without_a_reason() -> None:
    assert decode_sip(b"SIP/2.0 200\r\n\r\n").start == SipStatusLine("SIP/2.0", 200, "")


@pytest.mark.parametrize("data", [INVITE, ODD])
def test_a_message_cut_before_its_body_raises(data: bytes) -> None:
    head = data.index(b"body") if b"body" in data else data.index(b"v=0")
    assert survives_every_truncation(decode_sip, encode_sip, data, protocol="SIP") == head


@pytest.mark.parametrize(
    ("data", "field", "offset"),
    [
        (b"", "start line", 0),
        (b"\r\n\r\n", "start line", 4),
        (b"GET / HTTP/1.1\r\n\r\n", "start line", 0),
        (b"INVITE sip:a SIP/2.0 x\r\n\r\n", "start line", 0),
        (b"SIP/2.0 20 OK\r\n\r\n", "start line", 0),
        (b"BYE sip:a SIP/2.0\r\nVia\r\n\r\n", "header", 19),
        (b"BYE sip:a SIP/2.0\r\n: x\r\n\r\n", "header name", 19),
        (b"BYE sip:a SIP/2.0\r\n A: x\r\n\r\n", "header name", 19),
        (b"BYE sip:a SIP/2.0\r\nA: x\r\n", "header", 25),
        (b"BYE sip:a SIP/2.0\r\nA: x\r\n b", "folded header", 25),
        (b"BYE sip:" + b"a" * 9000 + b" SIP/2.0\r\n\r\n", "start line", 0),
    ],
)
def test_errors_name_field_and_offset(data: bytes, field: str, offset: int) -> None:
    with pytest.raises(WireError) as caught:
        decode_sip(data)
    assert (caught.value.field, caught.value.offset) == (field, offset)


@given(hostile(VALID))
@example(b"SIP/2.0 200 \xff\r\n\xfe: \xfd\r\n\r\n")
def test_whatever_the_bytes_only_wire_errors_come_out(data: bytes) -> None:
    if comes_back(decode_sip, encode_sip, data, protocol="SIP") is not None:
        for header in decode_sip(data).headers:
            assert header.name.encode(errors="surrogateescape") in header.raw
            assert isinstance(header.value, str)


def test_reading_a_value_of_white_space_alone_takes_no_time() -> None:
    assert SipHeader(b"A:" + b" " * 60_000 + b"\r\n").value == ""


def test_building() -> None:
    headers = (sip_header("Call-ID", "1"), sip_header("Content-Length", "2"))
    request = build_sip_request("OPTIONS", "sip:a", headers=headers, body=b"ab")
    assert request == b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 2\r\n\r\nab"
    assert decode_sip(request).start == SipRequestLine("OPTIONS", "sip:a", "SIP/2.0")
    response = build_sip_response(200, "OK", headers=headers[:1])
    assert response == b"SIP/2.0 200 OK\r\nCall-ID: 1\r\n\r\n"
    assert decode_sip(response).start == SipStatusLine("SIP/2.0", 200, "OK")


def test_a_message_made_of_lines_is_written_as_they_are() -> None:
    message = SipMessage(
        start=SipRequestLine("BYE", "sip:a", "SIP/2.0"),
        start_raw=b"bye  sip:a sip/2.0\n",
        headers=(SipHeader(b"x : y\n"),),
        separator=b"\n",
    )
    assert encode_sip(message) == b"bye  sip:a sip/2.0\nx : y\n\n"
