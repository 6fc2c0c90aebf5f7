"""The reflector's core in virtual time: what it answers, what it refuses, what bounds it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reflector.core.support import (
    AWAY,
    BIG_PORT,
    CALL,
    HOME,
    NEUTRAL,
    PORT,
    TXID,
    WALL_S,
    WARM,
    Address,
    Near,
    log_of,
    make_core,
    media_seq,
    new_near,
    tickets,
)
from voipwatch.model.flows import REPLICATES
from voipwatch.reflector.core import limits, prefixes
from voipwatch.reflector.core import tickets as ticket_module
from voipwatch.wire.token import CONTROL_FLOW, TokenKeys, encode_up


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


def test_a_place_without_a_number_is_found_among_the_likely_ones() -> None:
    near = new_near()
    for seq in (0, 4, 64, 128 + 15 * 4):
        sent = near.send(TXID, seq, 1.0 + seq)
        assert len(sent) == 1, seq
    assert log_of(near, 2.0).flows[0].up.seq == [0, 4, 64, 188]
    assert near.send(TXID, 192, 999.0) == []  # a fourth round, which the script has not
    assert near.core.counters.garbage == 1


def test_sequence_numbers_that_no_script_has_are_refused() -> None:
    near = new_near()
    for seq in (media_seq(50), 0xFFFFFFFF):
        assert near.send(CALL, seq, 1.0) == []
    assert near.core.counters.refused == 2
    assert near.send(CALL, 3, 1.0) == []  # a reply's number
    assert near.send(CALL, 128, 1.0) == []  # a round too many
    assert near.core.datagrams_to_send(9.0) == []


def test_a_reply_that_cannot_be_made_is_none() -> None:
    near = new_near()
    data = near.packet(TXID, 0) + b"rewritten"
    near.core.receive_datagrams([(HOME, PORT, data)], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.unbuilt == 1


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


ADDRESSES = st.tuples(st.text(max_size=8) | st.sampled_from([HOME[0], "::1"]), st.integers(0, 65535))
PORTS = st.sampled_from([PORT, BIG_PORT, *NEUTRAL]) | st.integers(0, 65535)


@given(batch=st.lists(st.tuples(ADDRESSES, PORTS, st.binary(max_size=200)), max_size=8))
def test_any_bytes_get_no_answer_and_leave_no_state(batch: list[tuple[Address, int, bytes]]) -> None:
    core = make_core()
    tickets(core, 8)
    core.receive_datagrams(batch, 1.0)
    assert core.datagrams_to_send(9.0) == []
    assert core.get_timer() is None
    assert core.counters.garbage == len(batch)
    assert core.counters.sessions == 0


@given(bit=st.integers(0, 8 * 60 - 1))
def test_a_damaged_packet_is_answered_only_if_its_token_is_whole(bit: int) -> None:
    near = new_near()
    data = bytearray(near.packet(CALL, 0, size=60))
    data[bit // 8] ^= 1 << (bit % 8)
    near.core.receive_datagrams([(HOME, PORT, bytes(data))], 1.0)
    answered = len(near.core.datagrams_to_send(1.0))
    # the first byte decides where the token is looked for
    assert answered == (1 if 8 <= bit < 8 * 44 else 0) or bit < 8


def test_truncated_at_every_byte_it_is_garbage_to_its_session() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    whole = near.packet(CALL, 4, size=60)
    for cut in range(len(whole)):
        near.core.receive_datagrams([(HOME, PORT, whole[:cut])], 1.1)
    assert near.core.datagrams_to_send(1.1) == []
    assert near.core.counters.garbage == len(whole)
    assert log_of(near, 2.0).garbage == len(whole)


def test_garbage_from_a_stranger_counts_for_no_session() -> None:
    near = new_near()
    near.send(CALL, 0, 1.0, size=60)
    near.core.receive_datagrams([(AWAY, PORT, b"\x80" + bytes(50))], 1.1)
    assert log_of(near, 2.0).garbage == 0


def test_a_flow_of_no_kind_is_refused() -> None:
    near = new_near()
    token = encode_up(near.keys, 6 * REPLICATES, 0)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + token)], 1.0)
    assert near.core.counters.garbage + near.core.counters.refused == 1
    assert near.core.counters.sessions == 0


def test_another_reflectors_ticket_is_garbage() -> None:
    near = new_near()
    stranger = TokenKeys(near.ticket.number, bytes(32), near.core.offer.salt)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + encode_up(stranger, 32, 0))], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.garbage == 1


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


def test_a_tickets_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TICKET_BYTES_MAX", 200)
    near = new_near()
    sizes = [len(near.send(CALL, 4 * n, 1.0 + n, size=60)) for n in range(4)]
    assert sizes == [1, 0, 0, 0]  # 60 + 60, then 60 more in but no room for the answer, then nothing
    assert near.core.counters.refused >= 2


def test_a_prefix_has_an_hourly_budget_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "PREFIX_BYTES_MAX", 100)
    near = new_near()
    assert len(near.send(CALL, 0, 1.0, size=60)) == 1
    assert near.send(CALL, 4, 2.0, size=60) == []
    assert len(near.send(CALL, 8, 0.5 + limits.PREFIX_S, size=60)) == 1


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


def test_source_addresses_of_a_session_are_bounded() -> None:
    near = new_near()
    for n in range(40):
        near.send(WARM, media_seq(n), 1.0, source=(f"198.51.100.{n}", 1000))
    [session] = near.core._sessions.values()
    assert len(session.accounts) <= limits.SOURCES_MAX
    assert log_of(near, 2.0).flows[0].sources == limits.SOURCES_MAX
    assert len(near.core._bound) <= limits.SOURCES_MAX


def test_tickets_are_bounded_by_prefix_and_hour() -> None:
    core = make_core()
    got = 0
    for n in range(60):
        batch = core.issue_tickets(8, (f"192.0.2.{n}", 1), float(n), WALL_S + n, bytes([n]) * 16)
        got += len(batch.tickets)
    assert got == limits.PREFIX_TICKETS_MAX
    assert 1 <= core.retry_after_s(("192.0.2.1", 1), 60.0) <= 3600
    assert len(core.issue_tickets(8, ("192.0.3.1", 1), 60.0, WALL_S, bytes(16)).tickets) == 8
    later = limits.PREFIX_S + 1
    assert len(core.issue_tickets(8, ("192.0.2.1", 1), later, WALL_S, b"x" * 16).tickets) == 8


def test_live_tickets_are_bounded_and_those_in_use_or_of_one_batch_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticket_module, "TICKETS_LIVE_MAX", 10)
    core = make_core()
    for ticket in tickets(core, 8).tickets:
        assert len(Near(core, ticket).send(CALL, 0, 1.0, size=60)) == 1
    got = tickets(core, 8, source=AWAY, now=1.0).tickets
    assert len(got) == 2
    assert core.counters.tickets_refused == 6
    assert len(tickets(core, 1, source=AWAY, now=2.0).tickets) == 1
    assert [len(Near(core, t).send(CALL, 0, 3.0, source=AWAY, size=60)) for t in got] == [0, 1]


def test_an_offer_says_what_is_served() -> None:
    offer = tickets(make_core(), 3).offer
    assert (offer.protocol, offer.version, offer.profiles_digest) == (1, "1.2.3", "fake")
    assert (offer.udp_ports, offer.neutral_ports, offer.tcp_ports) == (
        [PORT, BIG_PORT],
        list(NEUTRAL),
        [443, 5222],
    )


def test_too_little_entropy_is_misuse() -> None:
    with pytest.raises(ValueError, match="entropy"):
        make_core().issue_tickets(1, HOME, 0.0, WALL_S, bytes(15))
