"""SIP templates as built, read by wire's SIP and SDP decoders; what a home router does to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.apps.support import REPLY, TOKEN, UP, context, media_use, no_other, spec
from voipwatch.apps.codecs.sip import HOST_TOO_LONG
from voipwatch.apps.codecs.use import UnfitError, Use
from voipwatch.apps.messages import Message, answers, build, read_down
from voipwatch.model.vocabulary import Direction
from voipwatch.wire.place import uplink_place
from voipwatch.wire.sdp import decode_sdp
from voipwatch.wire.sip import SipRequestLine, SipStatusLine, decode_sip

INVITE = """\
INVITE sip:{peer}@{host} SIP/2.0
Via: SIP/2.0/UDP {client}:5060;branch=z9hG4bK{branch};rport
From: <sip:{user}@{host}>;tag={const:10:caller}
To: <sip:{peer}@{host}>
Call-ID: {const:32:call}
CSeq: 1 INVITE
User-Agent: {pad}
Content-Length: {length}

v=0
o=- 1 1 IN IP4 {client}
s=call
c=IN IP4 {client}
t=0 0
m=audio 16384 RTP/AVP 8
"""
RINGING = """\
SIP/2.0 180 Ringing
Via: {via}
From: {from}
To: {to};tag={totag}
Call-ID: {callid}
CSeq: {cseq}
Server: {pad}
Content-Length: {length}

"""


def invite() -> Message:
    return spec(codec="sip", size=600, text=INVITE).compile(UP, no_other)


def ringing() -> Message:
    return spec(codec="sip", size=620, text=RINGING).compile(REPLY, no_other)


def exchange() -> tuple[bytes, Message, bytes]:
    message = invite()
    question = build(message, context(message, host="192.0.2.80"))
    answer = ringing()
    return question, answer, build(answer, context(answer, request=question, source=("203.0.113.9", 61234)))


def test_a_request_is_right_sip_with_right_sdp() -> None:
    question, _, _ = exchange()
    assert len(question) == 600
    assert uplink_place(question) == TOKEN[:16]
    message = decode_sip(question)
    assert isinstance(message.start, SipRequestLine)
    assert message.start.method == "INVITE"
    assert message.start.uri.endswith("@192.0.2.80")
    assert message.header("content-length") == str(len(message.body))
    assert b"\n" not in question.replace(b"\r\n", b"")
    assert len(decode_sdp(message.body).media) == 1
    via = message.header("via")
    assert via is not None
    assert f"z9hG4bK{TOKEN[:16].hex()}" in via


def test_a_response_echoes_the_request_and_says_where_it_came_from() -> None:
    question, answer, data = exchange()
    asked, told = decode_sip(question), decode_sip(data)
    assert len(data) == 620
    assert isinstance(told.start, SipStatusLine)
    assert told.start.status == 180
    for name in ("from", "call-id", "cseq"):
        assert told.header(name) == asked.header(name)
    assert told.header("to") == f"{asked.header('to')};tag={TOKEN[:16].hex()}"
    assert told.header("via") == str(asked.header("via")).replace(
        ";rport", ";received=203.0.113.9;rport=61234"
    )
    assert read_down(answer, data, question) == TOKEN[:16]
    assert answers(answer, question, data)


def test_another_branch_or_status_is_no_answer() -> None:
    question, answer, data = exchange()
    assert not answers(answer, question.replace(TOKEN[:16].hex().encode(), b"0" * 32), data)
    assert read_down(answer, data.replace(b" 180 ", b" 183 "), question) is None
    assert read_down(answer, data.replace(b";tag=" + TOKEN[:4].hex().encode(), b";tag=xy")) is None


def test_a_reply_that_a_router_rewrote_is_still_read() -> None:
    question, answer, data = exchange()
    rewritten = data.replace(b"Server:", b"X-Router: yes\r\nServer:").replace(b"Via:", b"via :")
    assert read_down(answer, rewritten, question) == TOKEN[:16]


def test_a_rewritten_request_is_answered_at_whatever_length() -> None:
    question, answer, _ = exchange()
    longer = question.replace(b"Call-ID: ", b"Call-ID: " + b"x" * 300)
    data = build(answer, context(answer, request=longer))
    assert len(data) > answer.size
    assert answers(answer, longer, data)
    assert decode_sip(data).header("call-id") == decode_sip(longer).header("call-id")


@given(st.text(alphabet="abcdefghijklmnop.-", min_size=1, max_size=45) | st.just("2001:db8::1"))
def test_the_size_is_the_same_for_every_host(host: str) -> None:
    message = invite()
    data = build(message, context(message, host=host))
    assert len(data) == 600
    assert (f"[{host}]" if ":" in host else host).encode() in data


def test_the_least_size_is_that_of_the_longest_host() -> None:
    message = invite()
    shortest = len(INVITE) + INVITE.count("\n")  # any size too small tells the true one
    with pytest.raises(UnfitError) as caught:
        spec(codec="sip", size=shortest // 2, text=INVITE).compile(UP, no_other)
    least = int(str(caught.value).rsplit(" ", 1)[1])
    assert least < message.size
    tight = spec(codec="sip", size=least, text=INVITE).compile(UP, no_other)
    assert len(build(tight, context(tight, flow_secret=bytes(32), host="h" * 45))) == least
    with pytest.raises(UnfitError, match=f"the text makes {least}"):
        spec(codec="sip", size=least - 1, text=INVITE).compile(UP, no_other)


def test_a_host_that_is_too_long_is_replaced() -> None:
    message = invite()
    assert f"@{HOST_TOO_LONG} ".encode() in build(message, context(message, host="h" * 46))


def test_constants_of_one_label_are_one_and_random_digits_are_new() -> None:
    text = INVITE.replace("s=call", "s={const:10:caller}{rand:6}")
    message = spec(codec="sip", size=600, text=text).compile(UP, no_other)
    one, other = (decode_sip(build(message, context(message, entropy=bytes([n] * 16)))) for n in (1, 2))
    tag = str(one.header("from")).partition("tag=")[2]
    assert str(other.header("from")).endswith(tag)
    session = [str(m.body).partition("s=")[2][:16] for m in (one, other)]
    assert session[0][:10] == session[1][:10] == tag
    assert session[0] != session[1]


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    question, answer, _ = exchange()
    assert read_down(answer, data, question) is None
    assert build(answer, context(answer, request=data))


@pytest.mark.parametrize(
    ("text", "use", "why"),
    [
        (INVITE, media_use(Direction.UP), "no media"),
        (INVITE.replace("{pad}", "phone"), UP, "exactly once"),
        (INVITE.replace("s=call", "s={pad}").replace("Agent: {pad}", "Agent: x"), UP, "in a header"),
        (INVITE.replace("{branch}", "1"), UP, "branch"),
        (INVITE.replace("{peer}@", "{nobody}@"), UP, "unknown placeholder"),
        (INVITE.replace("CSeq: 1", "CSeq: {cseq}"), UP, "echoes nothing"),
        (INVITE, REPLY, "is a response"),
        (RINGING.replace("SIP/2.0 180", "HTTP/1.1 180"), REPLY, "starts with SIP/2.0"),
        (RINGING.replace("{via}", "none"), REPLY, "has {via}"),
        (INVITE.replace("s=call", "s=" + "c" * 300), UP, "size says 600 bytes, with a long host"),
    ],
)
def test_what_cannot_be_built_says_why(text: str, use: Use, why: str) -> None:
    with pytest.raises(UnfitError, match=why):
        spec(codec="sip", size=600, text=text).compile(use, no_other)
