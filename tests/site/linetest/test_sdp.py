"""Session descriptions as the far end changes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.linetest.sdp import offer_is_plain, with_address, without_candidates

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=rtpmap:111 opus/48000/2
a=candidate:1 1 udp 2113937151 10.0.0.1 5000 typ host
a=end-of-candidates
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
a=candidate:1 1 udp 2113937151 internal.example 5000 typ host
""".replace("\n", "\r\n")


def test_a_page_s_offer_is_plain() -> None:
    assert offer_is_plain(OFFER)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=0", "v=1"),
        ("a=group:BUNDLE 0 1\r\n", ""),
        ("m=application", "m=video"),
        ("m=application", "m=audio"),
        ("m=audio 9", "m=application 9"),
        ("opus/48000", "PCMU/8000"),
        ("t=0 0", "m=audio 9 RTP/AVP 0"),
    ],
)
def test_what_is_not_the_page_s_is_not_plain(old: str, new: str) -> None:
    assert not offer_is_plain(OFFER.replace(old, new, 1))


def test_no_stranger_s_address_is_left() -> None:
    told = without_candidates(OFFER)
    assert "candidate" not in told
    assert told.count("m=") == 2


ANSWER = """v=0
m=audio 9 UDP/TLS/RTP/SAVPF 111
a=candidate:a 1 udp 2130706431 192.0.2.7 40000 typ host
a=candidate:b 1 udp 2130706431 172.17.0.1 40001 typ host
a=candidate:c 1 udp 2130706431 2001:db8::7 40002 typ host
""".replace("\n", "\r\n")


def test_only_the_address_that_visitors_reach_is_offered() -> None:
    told = with_address(ANSWER, "192.0.2.7")
    assert [line.split(" ")[4] for line in told.splitlines() if "candidate" in line] == ["192.0.2.7"]


def test_behind_one_to_one_nat_candidates_are_told_as_seen_from_outside() -> None:
    told = with_address(ANSWER, "198.51.100.1")
    candidates = [line.split(" ") for line in told.splitlines() if "candidate" in line]
    assert [(words[4], words[5]) for words in candidates] == [
        ("198.51.100.1", "40000"),
        ("198.51.100.1", "40001"),
    ]


def test_without_an_address_nothing_changes() -> None:
    assert with_address(ANSWER, "") == ANSWER


@given(st.text(max_size=400), st.sampled_from(["", "192.0.2.7", "2001:db8::1"]))
def test_strangers_text_breaks_nothing(text: str, address: str) -> None:
    offer_is_plain(text)
    assert "a=candidate:" not in without_candidates("a=candidate:" + text).split("\r\n")[0]
    with_address(text, address)
