"""A gateway of the line's own: every SIP request is answered by it, and none goes on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.payloads import control
from tests.lab.policy.support import FAR, NEAR, Box
from voipwatch.lab.policy.packet import PASS, Inject
from voipwatch.lab.policy.sipgateway import refused
from voipwatch.model.vocabulary import Direction

HEAD = (
    b"Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@b>\r\n"
    b"Call-ID: x@y\r\nCSeq: 7 ANY\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("method", [b"REGISTER", b"INVITE", b"OPTIONS"])
def test_every_request_is_answered_and_stays(method: bytes) -> None:
    action = Box({"policy": "sip-gateway"}).up(method + b" sip:b SIP/2.0\r\n" + HEAD, dport=5062)
    assert isinstance(action, Inject)
    assert not action.original
    [(way, forged)] = action.packets
    assert way is Direction.DOWN
    assert (forged.src, forged.sport, forged.dst, forged.dport) == (FAR, 5062, NEAR, 40_000)
    assert forged.payload.startswith(
        b"SIP/2.0 404 Not Found\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\n"
    )
    assert forged.size == 28 + len(forged.payload)


def test_an_ack_is_taken_without_an_answer() -> None:
    action = Box({"policy": "sip-gateway"}).up(b"ACK sip:b SIP/2.0\r\n" + HEAD)
    assert isinstance(action, Inject)
    assert not action.original
    assert not action.packets


def test_answers_other_bytes_other_ports_and_the_way_down_pass() -> None:
    request = b"REGISTER sip:b SIP/2.0\r\n" + HEAD
    box = Box({"policy": "sip-gateway", "ports": [5060]})
    assert [box.up(p, dport=5060) for p in (b"SIP/2.0 200 OK\r\n" + HEAD, control(4, 90))] == [PASS] * 2
    assert box.up(request, dport=5061) is PASS
    assert box.down(request) is PASS
    assert isinstance(box.up(request, dport=5060), Inject)


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(request: bytes) -> None:
    assert refused(request, b"603 Decline").startswith(b"SIP/2.0 603 Decline\r\n")
