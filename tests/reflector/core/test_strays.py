"""Two workers of one reflector: what comes to the wrong one is put aside for the right one alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reflector.core.support import (
    AWAY,
    CALL,
    HOME,
    PORT,
    TXID,
    WALL_S,
    Near,
    log_of,
    make_core,
    tickets,
)
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.reflector.core import Part, ReflectorCore
from voipwatch.wire.token import CONTROL_FLOW, TCP_FLOW, encode_up

WORKERS = 2
TRIAL_PORT = 5222


def workers() -> tuple[ReflectorCore, ReflectorCore, Near]:
    """Two that know of each other's tickets, and a near end with one of the first's."""
    first, second = (make_core(part=Part(worker, WORKERS)) for worker in range(WORKERS))
    near = Near(first, tickets(first).tickets[0])
    tickets(second, 3)
    introduce(first, second)
    return first, second, near


def introduce(*cores: ReflectorCore) -> None:
    for each in cores:
        each.learn_tickets([ticket for core in cores for ticket in core.live_tickets()], WALL_S)


def test_each_gives_out_numbers_of_its_own() -> None:
    first, second, _ = workers()
    tickets(first, 8, source=AWAY)
    assert {number % WORKERS for number, _ in first.live_tickets()} == {0}
    assert {number % WORKERS for number, _ in second.live_tickets()} == {1}


@pytest.mark.parametrize("kind", [CALL, TXID])
def test_a_datagram_of_anothers_ticket_is_handed_to_its_owner(kind: int) -> None:
    first, second, near = workers()
    data = near.packet(kind, 0, size=60)
    second.receive_datagrams([(AWAY, PORT, data)], 1.0)
    assert (second.counters.garbage, second.counters.refused, second.datagrams_to_send(1.0)) == (0, 0, [])
    assert second.strays() == [(0, AWAY, data)]
    assert second.strays() == [], "each once"
    first.receive_datagrams([(AWAY, PORT, data)], 1.0)
    assert len(first.datagrams_to_send(1.0)) == (1 if kind == CALL else 0), (
        "no more bytes than came from there"
    )
    assert first.strays() == []
    assert log_of(near, 2.0).flows[0].up.seq == [0]


def test_one_alone_puts_nothing_aside() -> None:
    _, _, near = workers()
    alone = make_core()
    alone.learn_tickets([(near.ticket.number + 1, WALL_S + 999)], WALL_S)
    alone.receive_datagrams([(AWAY, PORT, near.packet(CALL, 0))], 1.0)
    assert (alone.strays(), alone.counters.garbage) == ([], 1)


def test_a_ticket_that_nobody_told_of_is_noise() -> None:
    first, second, _ = workers()
    stranger = Near(first, tickets(first, source=AWAY).tickets[0])
    second.receive_datagrams([(AWAY, PORT, stranger.packet(CALL, 0))], 1.0)
    assert (second.strays(), second.counters.garbage) == ([], 1)
    introduce(first, second)
    second.receive_datagrams([(AWAY, PORT, stranger.packet(CALL, 0))], 2.0)
    assert [owner for owner, *_ in second.strays()] == [0]


def test_what_a_call_of_its_own_sends_mangled_stays_its_own() -> None:
    """Of 65,536 numbers some are another's: what a box rewrites is still counted where the session is."""
    _, second, near = workers()
    mine = Near(second, tickets(second, source=HOME, now=1.0).tickets[0])
    mine.send(CALL, MEDIA_SEQ, 1.0)
    second.receive_datagrams([(HOME, PORT, near.packet(CALL, MEDIA_SEQ))], 1.1)
    assert (second.strays(), second.counters.garbage) == ([], 1)


def test_a_hello_of_anothers_ticket_has_its_owner() -> None:
    _, second, near = workers()
    hello = encode_up(near.keys, TCP_FLOW, 1) + bytes(16)
    assert second.tcp_owner(TRIAL_PORT, hello) == 0
    assert second.tcp_owner(1, hello) is None, "no trial port"
    assert second.tcp_owner(TRIAL_PORT, bytes(64)) is None


def test_a_log_is_its_owners() -> None:
    _, second, near = workers()
    near.send(CALL, 0, 1.0, size=60)
    assert log_of(near, 2.0).flows[0].up.seq == [0]
    auth = encode_up(near.keys, CONTROL_FLOW, 1)
    assert second.session_record(near.ticket.number, auth, 2.0) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_noise_or_of_a_ticket_that_was_told(data: bytes) -> None:
    _, second, near = workers()
    second.receive_datagrams([(AWAY, PORT, data)], 1.0)
    found = second.strays()
    assert len(found) + second.counters.garbage == 1
    assert all(owner == near.ticket.number % WORKERS for owner, *_ in found)
