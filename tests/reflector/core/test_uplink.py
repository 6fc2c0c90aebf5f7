"""What a valid token brings in: which flows, ports and numbers are served, and with what."""

import pytest

from tests.reflector.core.support import (
    BIG_PORT,
    CALL,
    HOME,
    NEUTRAL,
    PORT,
    WARM,
    log_of,
    media_seq,
    new_near,
)
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import limits
from voipwatch.wire.token import encode_up


def test_a_request_gets_its_rounds_replies_under_its_number() -> None:
    near = new_near()
    sent = near.send(CALL, 0, 1.0, size=60)
    assert [(to, port, len(data)) for to, port, data in sent] == [(HOME, PORT, 60)]
    assert near.open(CALL, sent[0]).seq == 0


def test_replies_of_a_round_are_numbered_and_wait_the_scripts_delay() -> None:
    near = new_near()
    assert near.send(CALL, 64 + 2 * 4, 1.0, size=80) == []  # round 1, third try
    assert near.core.get_timer() == pytest.approx(1.03)
    sent = near.core.datagrams_to_send(1.03)
    assert [len(data) for _, _, data in sent[:2]] == [70, 71]
    assert [near.open(CALL, each).seq for each in sent[:2]] == [72, 73]


def test_each_try_is_answered_and_a_duplicate_is_not() -> None:
    near = new_near()
    assert len(near.send(CALL, 0, 1.0, size=60)) == 1
    assert len(near.send(CALL, 4, 1.1, size=60)) == 1
    assert near.send(CALL, 0, 1.2, size=60) == []
    assert near.core.counters.duplicates == 1
    flow = log_of(near, 2.0).flows[0]
    assert flow.up.seq == [0, 4]
    assert flow.duplicates == 1


def test_sequence_numbers_that_no_script_has_are_refused() -> None:
    near = new_near()
    for seq in (media_seq(50), 0xFFFFFFFF):
        assert near.send(CALL, seq, 1.0) == []
    assert near.core.counters.refused == 2
    assert near.send(CALL, 3, 1.0) == []  # a reply's number
    assert near.send(CALL, 128, 1.0) == []  # a round too many
    assert near.core.datagrams_to_send(9.0) == []


def test_a_flow_is_served_on_its_scripts_port_alone() -> None:
    near = new_near()
    assert near.send(CALL, 0, 1.0, port=BIG_PORT) == []
    assert near.send(CALL, 0, 1.0, port=NEUTRAL[0]) == []
    assert near.core.counters.refused == 2
    assert len(near.send(CALL, 0, 1.0)) == 1


@pytest.mark.parametrize("port", NEUTRAL)
def test_a_neutral_flow_is_served_on_any_neutral_port(port: int) -> None:
    near = new_near()
    assert len(near.send(WARM, media_seq(0), 1.0, port=port)) == 1
    assert near.send(WARM, media_seq(1), 1.0, port=PORT) == []


def test_a_flow_stays_on_the_port_it_began_on() -> None:
    near = new_near()
    near.send(WARM, media_seq(0), 1.0, port=NEUTRAL[0])
    near.send(WARM, media_seq(1), 1.0, port=NEUTRAL[1])
    assert near.core.counters.refused == 1


def test_a_flow_of_no_kind_is_refused() -> None:
    near = new_near()
    token = encode_up(near.keys, 6 * REPLICATES, 0)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + token)], 1.0)
    assert near.core.counters.garbage + near.core.counters.refused == 1
    assert near.core.counters.sessions == 0


def test_a_tickets_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TICKET_BYTES_MAX", 200)
    near = new_near()
    sizes = [len(near.send(CALL, 4 * n, 1.0 + n, size=60)) for n in range(4)]
    assert sizes == [1, 0, 0, 0]  # 60 + 60, then 60 more in but no room for the answer, then nothing
    assert near.core.counters.refused >= 2


def test_source_addresses_of_a_session_are_bounded() -> None:
    near = new_near()
    for n in range(40):
        near.send(WARM, media_seq(n), 1.0, source=(f"198.51.100.{n}", 1000))
    [session] = near.core._sessions.live.values()
    assert len(session.accounts) <= limits.SOURCES_MAX
    assert log_of(near, 2.0).flows[0].sources == limits.SOURCES_MAX
    assert len(near.core._sessions._bound) <= limits.SOURCES_MAX
