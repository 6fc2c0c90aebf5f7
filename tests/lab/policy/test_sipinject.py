from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import control
from tests.lab.policy.support import FAR, NEAR, Box
from voipwatch.lab.policy.packet import DROP, PASS, Inject
from voipwatch.lab.policy.sipinject import bye, forbidden
from voipwatch.model.vocabulary import Direction

HEAD = (
    b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@b>\r\n"
    b"Call-ID: x@y\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"
)
INVITE = b"INVITE sip:c@b SIP/2.0\r\n" + HEAD
ANSWER = b"SIP/2.0 200 OK\r\n" + HEAD


def test_an_invite_is_answered_in_the_far_ends_place() -> None:
    box = Box({"policy": "sip-inject"})
    action = box.up(INVITE, dport=5060)
    assert isinstance(action, Inject)
    assert not action.original
    [(way, forged)] = action.packets
    assert way is Direction.DOWN
    assert (forged.src, forged.sport, forged.dst, forged.dport) == (FAR, 5060, NEAR, 40_000)
    assert forged.payload.startswith(
        b"SIP/2.0 403 Forbidden\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\n"
    )
    assert b"\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n" in forged.payload
    assert forged.size == 28 + len(forged.payload)


def test_the_invite_may_go_on_too() -> None:
    action = Box({"policy": "sip-inject", "original": True}).up(INVITE)
    assert isinstance(action, Inject)
    assert action.original


def test_other_text_and_other_ways_pass() -> None:
    box = Box({"policy": "sip-inject"})
    assert [box.up(p) for p in (ANSWER, b"REGISTER sip:b SIP/2.0\r\n" + HEAD, control(4, 90))] == [PASS] * 3
    assert box.down(INVITE) is PASS


def test_a_call_that_was_answered_is_hung_up() -> None:
    box = Box({"policy": "sip-inject", "what": "bye"})
    assert [box.up(INVITE), box.up(ANSWER)] == [PASS, PASS]
    action = box.down(ANSWER)
    assert isinstance(action, Inject)
    (first, answer), (second, forged) = action.packets
    assert first is second is Direction.DOWN
    assert answer.payload == ANSWER
    assert forged.payload.startswith(b"BYE sip:call SIP/2.0\r\nVia: ")
    assert b"\r\nCSeq: 2 BYE\r\n" in forged.payload
    assert b"7 INVITE" not in forged.payload
    assert box.down(ANSWER.replace(b"200 OK", b"180 Ringing")) is PASS
    assert box.down(ANSWER.replace(b"7 INVITE", b"7 REGISTER")) is PASS


@given(st.binary(max_size=120), st.sampled_from([INVITE, ANSWER]), st.integers(0, 220))
def test_no_bytes_raise(noise: bytes, text: bytes, at: int) -> None:
    for payload in (noise, text[:at] + noise + text[at:], text[:at]):
        for made in (forbidden(payload), bye(payload)):
            assert made is None or made.endswith(b"Content-Length: 0\r\n\r\n")


def test_a_pinhole_closes_after_silence_and_opens_again() -> None:
    box = Box({"policy": "sip-pinhole", "timeout_s": 20})
    assert box.down(ANSWER, dport=5060) is DROP, "nobody asked"
    assert box.up(INVITE, dport=5060) is PASS
    box.now = 20.0
    assert box.down(ANSWER, dport=5060) is PASS
    box.now = 20.1
    assert box.down(ANSWER, dport=5060) is DROP, "an answer does not hold it open"
    assert box.down(ANSWER, dport=3478) is PASS
    assert box.up(control(4, 4), dport=5060) is PASS
    assert box.down(ANSWER, dport=5060) is PASS
