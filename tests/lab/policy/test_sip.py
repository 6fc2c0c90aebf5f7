import re

from hypothesis import given
from hypothesis import strategies as st

from tests.lab.policy.support import FAR, NEAR, Box
from voipwatch.lab.policy.packet import PASS, Inject
from voipwatch.lab.policy.sip import rewrite
from voipwatch.model.vocabulary import Direction

BODY = (
    b"v=0\r\no=- 37 37 IN IP4 10.1.2.3\r\ns=call\r\nc=IN IP4 10.1.2.3\r\nt=0 0\r\nm=audio 16384 RTP/AVP 8\r\n"
)
INVITE = (
    b"INVITE sip:bob@reflector.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 10.1.2.3:5060;branch=z9hG4bK00112233445566778899aabbccddeeff;rport\r\n"
    b"From: <sip:alice@reflector.example>;tag=1\r\nTo: <sip:bob@reflector.example>\r\n"
    b"Call-ID: 77@10.1.2.3\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@10.1.2.3:5060>\r\n"
    b"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
)


def test_a_helper_puts_its_address_everywhere_but_where_the_dialog_lives() -> None:
    out = rewrite(INVITE, b"198.51.100.10")
    assert b"Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bK00112233445566778899aabbccddeeff;rport" in out
    assert b"Contact: <sip:alice@198.51.100.10:5060>" in out
    assert b"o=- 37 37 IN IP4 198.51.100.10\r\n" in out
    assert b"c=IN IP4 198.51.100.10\r\n" in out
    assert b"Call-ID: 77@10.1.2.3\r\n" in out
    assert out.startswith(b"INVITE sip:bob@reflector.example SIP/2.0\r\n")


def test_a_gateway_may_put_its_own_identifiers_there_equal_ones_for_equal_ones() -> None:
    out = rewrite(INVITE, b"198.51.100.10", ids=True)
    branch, call = re.search(rb"branch=z9hG4bK([^;]*);rport", out), re.search(rb"Call-ID: (\S+)\r\n", out)
    assert branch
    assert call
    assert len(branch[1]) == 16
    assert b"00112233" not in branch[1]
    assert call[1].endswith(b"@198.51.100.10")
    assert call[1] != b"77@10.1.2.3"
    assert rewrite(INVITE, b"198.51.100.10", ids=True) == out
    box = Box({"policy": "sip-alg", "public": "198.51.100.9", "ids": True})
    action = box.up(INVITE, dport=5060)
    assert isinstance(action, Inject)
    assert action.packets[0][1].payload == rewrite(INVITE, b"198.51.100.9", ids=True)


def test_content_length_is_right_after_the_rewrite() -> None:
    out = rewrite(INVITE, b"198.51.100.10")
    head, _, body = out.partition(b"\r\n\r\n")
    found = re.search(rb"Content-Length: (\d+)", head)
    assert found
    assert int(found[1]) == len(body) != len(BODY)


def test_it_acts_on_the_way_up_to_sip_s_port_and_injects_in_the_original_s_place() -> None:
    box = Box({"policy": "sip-alg", "public": "198.51.100.9"})
    action = box.up(INVITE, dport=5060)
    assert isinstance(action, Inject)
    assert not action.original
    ((direction, packet),) = action.packets
    assert direction is Direction.UP
    assert (packet.src, packet.sport, packet.dst, packet.dport) == (NEAR, 40_000, FAR, 5060)
    assert packet.payload == rewrite(INVITE, b"198.51.100.9")
    assert packet.size == len(packet.payload) + 28
    assert box.up(INVITE, dport=5080) is PASS
    assert box.down(INVITE, dport=5060) is PASS
    assert box.up(b"not sip at all", dport=5060) is PASS


@given(st.binary(max_size=200))
def test_what_is_no_sip_comes_back_as_it_was(data: bytes) -> None:
    assert rewrite(data, b"198.51.100.10") == data


@given(st.binary(max_size=120))
def test_a_broken_message_does_not_break_the_helper(tail: bytes) -> None:
    assert isinstance(rewrite(b"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP " + tail, b"198.51.100.10"), bytes)
