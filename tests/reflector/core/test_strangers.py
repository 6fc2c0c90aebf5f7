"""What arrives without a token from next to a proved address is counted for its session, by port."""

import pytest

from tests.reflector.core.support import (
    AWAY,
    BIG_PORT,
    CALL,
    HOME,
    PORT,
    TXID,
    log_of,
    new_near,
)
from voipwatch.reflector.core import limits
from voipwatch.reflector.core.session import Session
from voipwatch.reflector.core.strangers import Strangers, neighbourhood
from voipwatch.wire.token import TokenKeys

REWRITTEN = b"INVITE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK77\r\n\r\n"
NEXT = ("192.0.2.99", 5060)


def test_strangers_are_counted_by_port_once_the_address_is_proved() -> None:
    near = new_near()
    near.core.receive_datagrams([(HOME, BIG_PORT, REWRITTEN)], 0.5)  # before the session
    near.send(CALL, 0, 1.0, size=60)
    near.core.receive_datagrams([(("192.0.2.10", 9), BIG_PORT, REWRITTEN)] * 3, 1.1)
    near.core.receive_datagrams([(NEXT, PORT, REWRITTEN), (AWAY, PORT, REWRITTEN)], 1.2)
    log = log_of(near, 2.0)
    assert log.strangers == [(PORT, 1), (BIG_PORT, 3)]
    assert log.garbage == 0, "none came from an endpoint of the session"
    assert (log.refused, log.refused_us) == (0, None)


def test_an_address_that_proved_nothing_has_no_strangers_until_its_nonce_comes() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, source=AWAY, size=60)
    near.core.receive_datagrams([(AWAY, PORT, REWRITTEN)], 1.1)
    assert log_of(near, 1.2).strangers == []
    nonce = near.open(CALL, near.send(CALL, 4, 1.3, source=AWAY, size=60)[0]).nonce
    near.send(CALL, 8, 1.4, source=AWAY, size=60, nonce=nonce)
    near.core.receive_datagrams([(AWAY, PORT, REWRITTEN)], 1.5)
    assert log_of(near, 1.6).strangers == [(PORT, 1)]


def test_a_session_that_is_over_counts_nothing_and_is_forgotten() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    near.core.receive_datagrams([(HOME, PORT, REWRITTEN)], 2.0 + limits.SESSION_S)
    assert log_of(near, 3.0 + limits.SESSION_S).strangers == []
    assert len(near.core._strangers) == 1
    near.core.handle_timer(2.0 + limits.LOG_S)
    assert len(near.core._strangers) == 0


def test_a_neighbourhood_holds_no_more_sessions_than_garbage_may_cost() -> None:
    strangers = Strangers()
    keys = TokenKeys(1, bytes(32), bytes(16))
    sessions = [Session(keys, 0.0, 0.0, 0.0) for _ in range(limits.NEIGHBOURS_MAX + 1)]
    for session in sessions:
        session.prove("192.0.2.1")
        strangers.watch(session, "192.0.2.1")
    strangers.receive("192.0.2.2", 5060, 1.0)
    assert [s.strangers.get(5060, 0) for s in sessions] == [0] + [1] * limits.NEIGHBOURS_MAX
    assert neighbourhood("2001:db8::1") == "2001:db8::1"


def test_what_a_limit_refused_is_in_the_log_with_its_first_time() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    session = near.core._sessions.live[near.ticket.number]
    session.bytes_used = limits.TICKET_BYTES_MAX - 100
    near.send(CALL, 64, 1.5, size=80)  # fits; its replies do not
    near.core.datagrams_to_send(1.6)
    near.send(CALL, 68, 2.5, size=80)
    log = log_of(near, 3.0)
    assert log.flows[0].up.seq == [0, 64]
    assert log.refused >= 2
    assert log.refused_us is not None
    assert 500_000 < log.refused_us <= 600_000


def test_every_other_limit_tells_the_log_too(monkeypatch: pytest.MonkeyPatch) -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    monkeypatch.setattr(limits, "FLOWS_MAX", 1)
    near.send(TXID, 0, 2.0)
    assert (log_of(near, 2.0).refused, log_of(near, 2.0).refused_us) == (1, 1_000_000)
    near.send(CALL, 4, 2.0 + limits.SESSION_S, size=60)
    assert log_of(near, 3.0 + limits.SESSION_S).refused == 2
