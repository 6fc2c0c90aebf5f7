"""TCP trials at the reflector's core: keyed hellos get keyed answers, everything else nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reflector.core.support import AWAY, HOME, Near, make_core, new_near, tickets
from voipwatch.reflector.core import limits
from voipwatch.wire.tls import TLS_ANSWER_BYTES, build_tls_client_hello, tls_server_random
from voipwatch.wire.token import NO_NONCE, TCP_FLOW, TokenKeys, encode_up, open_down_untrusted

FILLER = bytes(range(64))


def raw_hello(near: Near, trial: int = 3, nonce: bytes = NO_NONCE) -> bytes:
    return encode_up(near.keys, TCP_FLOW, trial, nonce=nonce) + bytes(range(16))


def tls_hello(near: Near, trial: int = 3) -> bytes:
    return build_tls_client_hello(bytes(16) + encode_up(near.keys, TCP_FLOW, trial), filler=FILLER)


def test_a_raw_hello_gets_a_keyed_answer() -> None:
    near = new_near()
    answer = near.core.tcp_answer(HOME, 5222, raw_hello(near), 1.0)
    assert answer is not None
    assert len(answer) == 32
    token = open_down_untrusted(near.keys, TCP_FLOW, answer[16:], reply_seq=3)
    assert token is not None


def test_a_tls_hello_gets_a_tls_answer_with_the_token_in_its_random() -> None:
    near = new_near()
    answer = near.core.tcp_answer(HOME, 443, tls_hello(near), 1.0)
    assert answer is not None
    assert len(answer) == TLS_ANSWER_BYTES
    random = tls_server_random(answer)
    assert random is not None
    assert open_down_untrusted(near.keys, TCP_FLOW, random[16:], reply_seq=3) is not None


def test_how_much_of_a_hello_is_missing_at_every_byte() -> None:
    near = new_near()
    for hello in (raw_hello(near), tls_hello(near)):
        for cut in range(len(hello)):
            needed = near.core.peek_tcp(443, hello[:cut], source=HOME)
            assert needed is not None, cut
            assert cut < needed <= len(hello), cut
            assert near.core.tcp_answer(HOME, 443, hello[:cut], 1.0) is None or cut >= 43, cut
        assert near.core.peek_tcp(443, hello, source=HOME) == len(hello)


def test_a_raw_hello_that_begins_like_tls_is_still_found() -> None:
    near = new_near()
    hello = next(h for n in range(10**6) if (h := raw_hello(near, n))[:1] == b"\x16")
    forced = hello[:1] + hello[1:]
    assert near.core.peek_tcp(443, forced, source=HOME) == 32


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".ljust(40),
        bytes(32),
        b"\x16\3\1\xff\xff" + bytes(40),
        b"\xff" * 33,
    ],
)
def test_what_is_no_hello_is_closed_without_a_byte(first: bytes) -> None:
    near = new_near()
    assert near.core.peek_tcp(443, first, source=HOME) is None
    assert near.core.tcp_answer(HOME, 443, first, 1.0) is None


def test_a_port_that_is_no_trial_port_answers_nothing() -> None:
    near = new_near()
    assert near.core.peek_tcp(8443, raw_hello(near), source=HOME) is None
    assert near.core.tcp_answer(HOME, 8443, raw_hello(near), 1.0) is None


def test_a_token_of_another_ticket_or_flow_is_no_hello() -> None:
    near = new_near()
    stranger = TokenKeys(near.ticket.number, bytes(32), near.core.offer.salt)
    assert near.core.tcp_answer(HOME, 443, encode_up(stranger, TCP_FLOW, 1) + bytes(16), 1.0) is None
    assert near.core.tcp_answer(HOME, 443, encode_up(near.keys, 5, 1) + bytes(16), 1.0) is None
    assert near.core.counters.tcp_refused == 2


def test_a_replayed_hello_is_answered_a_few_times_only() -> None:
    near = new_near()
    answers = [near.core.tcp_answer(AWAY, 443, raw_hello(near), 1.0 + n) for n in range(10)]
    assert [answer is not None for answer in answers] == [True] * limits.TCP_ANSWERS_MAX + [False] * (
        10 - limits.TCP_ANSWERS_MAX
    )
    assert near.core.tcp_answer(HOME, 443, raw_hello(near, 4), 20.0) is not None


def test_trials_of_a_session_are_bounded() -> None:
    near = new_near()
    answered = [near.core.tcp_answer(HOME, 443, raw_hello(near, n), 1.0) is not None for n in range(100)]
    assert sum(answered) == limits.TCP_TRIALS_MAX


def test_a_damaged_hello_is_refused_at_every_bit_of_its_token() -> None:
    near = new_near()
    whole = raw_hello(near)
    for bit in range(128):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        assert near.core.tcp_answer(HOME, 443, bytes(damaged), 1.0) is None, bit


@given(first=st.binary(max_size=200), port=st.sampled_from([443, 5222, 1]))
def test_any_stream_gets_no_answer(first: bytes, port: int) -> None:
    core = make_core()
    tickets(core, 8)
    needed = core.peek_tcp(port, first, source=HOME)
    assert needed is None or 1 <= needed <= 1024
    assert core.tcp_answer(HOME, port, first, 1.0) is None
