"""Sessions begin, end and are forgotten; what they hold together is bounded, and given back."""

import pytest

from tests.reflector.core.support import (
    CALL,
    WARM,
    Near,
    log_of,
    make_core,
    media_seq,
    new_near,
    tickets,
)
from voipwatch.reflector.core import limits
from voipwatch.wire.token import CONTROL_FLOW, encode_up


def test_a_session_ends_after_its_hour_and_is_forgotten_later() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    assert near.send(CALL, 4, 1.0 + limits.SESSION_S + 1, size=60) == []
    assert log_of(near, limits.SESSION_S + 2).flows[0].up.seq == [0]
    near.core.handle_timer(1.0 + limits.LOG_S + limits.HOUSEKEEPING_S)
    assert near.core.session_log(near.ticket.number, encode_up(near.keys, CONTROL_FLOW, 1), 1e5) is None
    assert near.core.get_timer() is None
    assert near.send(CALL, 8, 1.0 + limits.LOG_S + 100, size=60) == []
    assert near.core.counters.garbage == 1  # not even the number is known any more


def test_an_expired_ticket_is_refused() -> None:
    near = new_near()
    assert near.send(CALL, 0, limits.TICKET_S + 1.0) == []
    assert near.core.counters.refused == 1


def test_flows_and_packets_of_a_session_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FLOWS_MAX", 2)
    monkeypatch.setattr(limits, "SESSION_PACKETS_MAX", 5)
    near = new_near()
    for n in range(4):
        near.send(CALL, 0, 1.0, replicate=n, size=60)
    log = log_of(near, 2.0)
    assert len(log.flows) == 2
    near.send(CALL, 4, 1.0, size=60)
    near.send(CALL, 8, 1.0, size=60)
    assert sum(len(f.up.seq) + len(f.down.seq) for f in log_of(near, 2.0).flows) == 5


def test_what_all_sessions_hold_is_what_their_logs_hold_and_comes_back() -> None:
    core = make_core()
    nears = [Near(core, ticket) for ticket in tickets(core, 3).tickets]
    for place, near in enumerate(nears):
        for n in range(3):
            near.send(CALL, 4 * n, 1.0 + 1000 * place, size=60)
        near.send(WARM, media_seq(0), 1.0 + 1000 * place)
    logs = [log_of(near, 2001.0) for near in nears]
    logged = sum(len(f.up.seq) + len(f.down.seq) for log in logs for f in log.flows)
    held = core._sessions.held
    assert (held.flows, held.packets) == (6, logged)
    assert logged > 3 * 4, "replies are logged too"
    core.handle_timer(1.5 + limits.LOG_S)  # the first is over
    assert len(core._sessions.live) == 2
    assert (held.flows, held.packets) == (
        4,
        logged - sum(len(f.up.seq) + len(f.down.seq) for f in logs[0].flows),
    )
    core.handle_timer(2002.0 + limits.LOG_S)
    assert (held.flows, held.packets, len(core._sessions.live)) == (0, 0, 0)


def test_packets_of_all_sessions_are_bounded_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    core = make_core()
    first, second, third = (Near(core, ticket) for ticket in tickets(core, 3).tickets)
    monkeypatch.setattr(limits, "PACKETS_MAX", 3)
    assert len(first.send(CALL, 0, 1.0, size=60)) == 1
    assert len(second.send(CALL, 0, 1.0, size=60)) == 1  # 2 held before it, 4 after
    assert third.send(CALL, 0, 1.0, size=60) == []
    assert core.counters.refused == 1
    assert len(first.send(CALL, 4, 1.1, size=60)) == 1, "what has begun goes on"
    core.handle_timer(2.0 + limits.LOG_S)
    assert core._sessions.held.packets == 0


def test_flows_of_all_sessions_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    core = make_core()
    first, second = (Near(core, ticket) for ticket in tickets(core, 2).tickets)
    monkeypatch.setattr(limits, "FLOWS_TOTAL_MAX", 2)
    assert [len(first.send(CALL, 0, 1.0, replicate=n, size=60)) for n in range(3)] == [1, 1, 0]
    assert second.send(CALL, 0, 1.0, size=60) == []
    assert core._sessions.held.flows == 2
