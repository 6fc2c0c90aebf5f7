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
    Address,
    Near,
    log_of,
    make_core,
    new_near,
    tickets,
)
from voipwatch.reflector.core import limits, prefixes
from voipwatch.reflector.core import tickets as ticket_module
from voipwatch.wire.token import TokenKeys, encode_up


def test_a_place_without_a_number_is_found_among_the_likely_ones() -> None:
    near = new_near()
    for seq in (0, 4, 64, 128 + 15 * 4):
        sent = near.send(TXID, seq, 1.0 + seq)
        assert len(sent) == 1, seq
    assert log_of(near, 2.0).flows[0].up.seq == [0, 4, 64, 188]
    assert near.send(TXID, 192, 999.0) == []  # a fourth round, which the script has not
    assert near.core.counters.garbage == 1


def test_a_reply_that_cannot_be_made_is_none() -> None:
    near = new_near()
    data = near.packet(TXID, 0) + b"rewritten"
    near.core.receive_datagrams([(HOME, PORT, data)], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.unbuilt == 1


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


def test_another_reflectors_ticket_is_garbage() -> None:
    near = new_near()
    stranger = TokenKeys(near.ticket.number, bytes(32), near.core.offer.salt)
    near.core.receive_datagrams([(HOME, PORT, bytes(40) + encode_up(stranger, 32, 0))], 1.0)
    assert near.core.datagrams_to_send(1.0) == []
    assert near.core.counters.garbage == 1


def test_a_prefix_has_an_hourly_budget_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefixes, "PREFIX_BYTES_MAX", 100)
    near = new_near()
    assert len(near.send(CALL, 0, 1.0, size=60)) == 1
    assert near.send(CALL, 4, 2.0, size=60) == []
    assert len(near.send(CALL, 8, 0.5 + limits.PREFIX_S, size=60)) == 1


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
