"""SIP as a template: method and codecs stay, users, hosts, tags and free text go."""

import pytest

from voipwatch.apps.codecs.sip import SipSpec
from voipwatch.apps.codecs.use import Use
from voipwatch.apps.imported.scrub import Scrub
from voipwatch.apps.imported.siptext import sip_key, sip_table
from voipwatch.model.vocabulary import Direction

INVITE = b"""INVITE sip:bob.marley@pbx.secret.example:5070 SIP/2.0\r
Via: SIP/2.0/UDP 203.0.113.9:5070;branch=z9hG4bKsecretbranch\r
From: "Alice Cooper" <sip:alice@pbx.secret.example>;tag=tagtag77\r
To: <sip:bob.marley@pbx.secret.example>\r
Call-ID: 99f1call@203.0.113.9\r
CSeq: 314 INVITE\r
Contact: <sip:alice@203.0.113.9:5070>\r
Max-Forwards: 69\r
Allow: INVITE, ACK, BYE\r
X-Secret: home sweet home\r
User-Agent: AlicePhone 9.1\r
Authorization: Digest username="alice", realm="secret", nonce="n0nce", response="r3sp"\r
Content-Type: application/sdp\r
Content-Length: 0\r
\r
v=0\r
o=alice 12 34 IN IP4 203.0.113.9\r
s=secret talk\r
c=IN IP4 203.0.113.9\r
t=0 0\r
m=audio 40404 RTP/AVP 8 101\r
a=rtpmap:8 PCMA/8000\r
a=rtpmap:101 telephone-event/8000\r
a=fmtp:101 0-16\r
a=ice-ufrag:secr\r
a=sendrecv\r
"""
RINGING = INVITE.replace(INVITE.split(b"\r\n")[0], b"SIP/2.0 180 Ringing", 1)
SECRETS = (
    "alice",
    "bob",
    "marley",
    "secret",
    "203.0.113.9",
    "tagtag77",
    "99f1call",
    "secretbranch",
    "40404",
    "5070",
    "n0nce",
    "r3sp",
    "home sweet",
    "secr",
)


@pytest.mark.parametrize(("data", "up"), [(INVITE, True), (RINGING, False)])
def test_a_template_says_nothing_of_anybody_and_can_be_built(data: bytes, up: bool) -> None:
    scrub = Scrub()
    made = sip_table(data, scrub, up=up)
    assert made is not None
    text = "\n".join(made.lines)
    for secret in SECRETS:
        assert secret.lower() not in text.lower(), secret
    assert scrub.counts["sip"] >= 5
    assert scrub.counts["text"] == 1
    template = text.split("'''\n")[1].removesuffix("'''")
    use = Use(Direction.UP) if up else Use(Direction.DOWN, reply=True)
    assert SipSpec("m", template, made.size).compile(use, pytest.fail).size == made.size


def test_what_a_recogniser_needs_stays() -> None:
    made = sip_table(INVITE, Scrub(), up=True)
    assert made is not None
    text = "\n".join(made.lines)
    for kept in (
        "INVITE sip:",
        "CSeq: 314 INVITE",
        "Allow: INVITE, ACK, BYE",
        "Max-Forwards: 69",
        "m=audio 16384 RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=fmtp:101 0-16",
        "a=sendrecv",
    ):
        assert kept in text


def test_keys_and_what_has_no_template() -> None:
    assert sip_key(INVITE) == ("INVITE", "")
    assert sip_key(RINGING) == ("", "180")
    assert sip_key(b"GET / HTTP/1.1\r\n") is None
    assert sip_table(RINGING, Scrub(), up=True) is None
    assert sip_table(INVITE, Scrub(), up=False) is None
    assert sip_table(b"\r\n\r\n", Scrub(), up=True) is None
    assert sip_table(INVITE + b"a=rtpmap:9 G722/8000\r\n" * 90, Scrub(), up=True) is None


def test_a_strange_reason_is_not_kept() -> None:
    made = sip_table(RINGING.replace(b"Ringing", b"Alice's line 7 is busy"), Scrub(), up=False)
    assert made is not None
    assert "SIP/2.0 180 Answer" in "\n".join(made.lines)
