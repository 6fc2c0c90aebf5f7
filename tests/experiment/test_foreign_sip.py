"""A stranger's SIP: what is of the flow's own call is told from strays, garbage and rewritten answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.experiment.test_near_flow import at, near_flow
from voipwatch.experiment.foreign_sip import HEAD_BYTES, foreign_sip, is_sip
from voipwatch.experiment.near_flow import FOREIGN_MAX
from voipwatch.lab.policy.sipinject import bye, forbidden

INVITE = (
    b"INVITE sip:200@far.example SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.168.1.2:5060;branch=z9hG4bK0011;rport\r\n"
    b"From: <sip:100@far.example>;tag=abc123\r\n"
    b"To: <sip:200@far.example>\r\n"
    b"Call-ID: 5f5f5f5f\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
)
ANSWER = b"SIP/2.0 200 OK\r\n" + INVITE.partition(b"\r\n")[2].replace(b"le>\r\nCall", b"le>;tag=feed\r\nCall")
TRYING = b"SIP/2.0 100 Trying\r\n" + INVITE.partition(b"\r\n")[2]
REFUSAL = forbidden(INVITE) or b""
HANG_UP = bye(ANSWER) or b""


def told(data: bytes, *answers: bytes) -> tuple[str, bool] | None:
    found = foreign_sip(data, requests=[INVITE], answers=answers, t_us=7)
    assert found is None or found.t_us == 7
    return None if found is None else (found.what, found.after_final)


def test_a_refusal_is_told_with_whether_the_true_answer_was_first() -> None:
    assert told(REFUSAL) == ("403", False)
    assert told(REFUSAL, TRYING) == ("403", False), "100 ends nothing"
    assert told(REFUSAL, TRYING, ANSWER) == ("403", True)


def test_a_hang_up_is_of_a_dialog_that_was_answered() -> None:
    assert told(HANG_UP, ANSWER) == ("BYE", True)
    assert told(HANG_UP) == ("BYE", False)
    assert told(HANG_UP.replace(b"feed", b"beef"), ANSWER) == ("BYE", False), "another dialog's tag"


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        (b"5f5f5f5f", b"6f6f6f6f"),
        (b"abc123", b"abc124"),
        (b"z9hG4bK0011", b"z9hG4bK0012"),
        (b"1 INV", b"2 INV"),
    ],
)
def test_an_answer_of_another_call_is_nothing(mine: bytes, other: bytes) -> None:
    assert told(REFUSAL.replace(mine, other)) is None


@pytest.mark.parametrize(("mine", "other"), [(b"5f5f5f5f", b"6f6f6f6f"), (b"BYE sip", b"OPTIONS sip")])
def test_a_request_of_another_call_or_kind_is_nothing(mine: bytes, other: bytes) -> None:
    assert told(HANG_UP.replace(mine, other), ANSWER) is None


def test_a_stray_hang_up_without_our_tag_is_nothing() -> None:
    assert told(HANG_UP.replace(b"abc123", b"nobody").replace(b"feed", b"beef"), ANSWER) is None


def test_what_lies_beyond_the_head_is_not_read() -> None:
    first, _, rest = REFUSAL.partition(b"\r\n")
    assert told(first + b"\r\nX: " + b"x" * HEAD_BYTES + b"\r\n" + rest) is None


def test_requests_and_answers_are_sip_and_nothing_else_is() -> None:
    assert is_sip(INVITE)
    assert is_sip(ANSWER)
    assert is_sip(HANG_UP)
    assert not is_sip(b"")
    assert not is_sip(b"x" + INVITE)
    assert not is_sip(b"HTTP/1.1 403 Forbidden\r\n")


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 255))
def test_mangled_bytes_never_fail(noise: bytes, n: int, byte: int) -> None:
    for good in (REFUSAL, HANG_UP):
        told(good[:n] + bytes([byte]) + good[n + 1 :], ANSWER)
        told(good[:n] + noise, ANSWER)
    told(noise)


def test_a_flow_keeps_a_few_of_its_own_call_and_none_when_it_speaks_no_sip() -> None:
    silent = near_flow()
    silent.start(at(0))
    silent.emit(at(0))
    silent.receive(REFUSAL, at(0.1))
    assert (silent.record.forged, silent.record.foreign) == (1, [])
    flow = near_flow()
    flow.start(at(0))
    flow._requests.append(INVITE)
    for _ in range(FOREIGN_MAX + 2):
        flow.receive(REFUSAL, at(0.1))
        flow.receive(b"garbage", at(0.1))
    assert flow.record.forged == 2 * FOREIGN_MAX + 4
    assert [(f.what, f.t_us) for f in flow.record.foreign] == [("403", 100_000)] * FOREIGN_MAX
