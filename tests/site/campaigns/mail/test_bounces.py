"""Mails that came back, and everything that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.mail.bounces import BYTES_MAX, bounce_token

TOKEN = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst"
BOUNCES = "bounces@watch.example"
ADDRESS = f"bounces+{TOKEN}@watch.example"
# After the example of RFC 3464, appendix E.1.
REPORT = f"""\
Date: Thu, 7 Jul 2026 17:16:05 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>
To: {ADDRESS}
Subject: Returned mail: no such user
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
    boundary="RAA14128.773615765/mx.example.net"

--RAA14128.773615765/mx.example.net

The original message was received at Sat, 2 Jul 2026 17:10:28 -0400

--RAA14128.773615765/mx.example.net
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Original-Recipient: rfc822;nobody@example.net
Final-Recipient: rfc822;nobody@example.net
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such user

--RAA14128.773615765/mx.example.net
Content-Type: message/rfc822

Subject: Please confirm

--RAA14128.773615765/mx.example.net--
"""


def token_of(text: str, *recipients: str) -> str | None:
    return bounce_token(text.replace("\n", "\r\n").encode(), BOUNCES, recipients)


def test_a_notification_of_failure() -> None:
    assert token_of(REPORT) == TOKEN
    assert bounce_token(REPORT.encode(), BOUNCES) == TOKEN, "line ends of Unix"
    assert token_of(REPORT.replace(ADDRESS, ADDRESS.upper())) == TOKEN
    assert token_of(REPORT.replace(ADDRESS, "postmaster@watch.example"), ADDRESS) == TOKEN
    other = ADDRESS.replace("abc", "xyz", 1)
    assert token_of(REPORT, other) == TOKEN.replace("abc", "xyz", 1), "the envelope is believed first"


@pytest.mark.parametrize(
    ("of", "to"),
    [
        ("Action: failed", "Action: delayed"),
        ("Action: failed", "Action: delivered"),
        ("Status: 5.1.1", "Status: 4.4.1"),
        ("Status: 5.1.1", "Status: x"),
        ("Status: 5.1.1", ""),
        ("multipart/report", "multipart/mixed"),
        ("message/delivery-status", "text/plain"),
        (ADDRESS, "bounces@watch.example"),
        (ADDRESS, f"bounces+{TOKEN[:-1]}@watch.example"),
        (ADDRESS, f"bounces+{TOKEN}@watch.example.org"),
        (ADDRESS, f"otherbounces+{TOKEN}@watch.example"),
        ("Action: failed\nStatus: 5.1.1", "Action: failed\nStatus: 5.1.1\n\nAction: relayed\nStatus: 2.0.0"),
    ],
)
def test_what_is_none(of: str, to: str) -> None:
    assert of in REPORT
    assert token_of(REPORT.replace(of, to)) is None


def test_answers_of_people_and_holidays_are_none() -> None:
    text = f"From: amina@example.org\nTo: {ADDRESS}\nSubject: Out of office\n\nStatus: 5.1.1\n"
    assert token_of(text) is None


def test_more_than_a_mail_is_not_read() -> None:
    assert bounce_token(REPORT.encode() + b"x" * BYTES_MAX, BOUNCES) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    assert bounce_token(content, BOUNCES) is None


@given(st.integers(0, len(REPORT)), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_notification_is_one_or_none(place: int, gone: int, put: bytes) -> None:
    whole = REPORT.encode()
    assert bounce_token(whole[:place] + put + whole[place + gone :], BOUNCES) in {None, TOKEN} or put
