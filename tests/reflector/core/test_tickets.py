"""Tickets over a restart, and their numbers and keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reflector.core.support import (
    CALL,
    HOME,
    WALL_S,
    Near,
    log_of,
    make_core,
    tickets,
)
from voipwatch.reflector.core import limits


def test_unused_tickets_outlive_a_restart_and_used_ones_do_not() -> None:
    core = make_core()
    one, two = (Near(core, ticket) for ticket in tickets(core, 2).tickets)
    one.send(CALL, 0, 1.0, size=60)
    state = core.export_state()
    assert HOME[0].encode() not in state
    again = make_core()
    assert again.import_state(state, 50.0, WALL_S + 100) == 1
    one.core = two.core = again
    assert one.send(CALL, 4, 51.0, size=60) == []
    assert len(two.send(CALL, 0, 51.0, size=60)) == 1
    assert log_of(two, 52.0).started_at == "2016-01-07T12:01:41.000Z"


def test_expired_tickets_do_not_come_back() -> None:
    core = make_core()
    tickets(core, 2)
    assert make_core().import_state(core.export_state(), 0.0, WALL_S + limits.TICKET_S) == 0


@given(state=st.binary(max_size=100))
def test_a_damaged_state_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        make_core().import_state(state, 0.0, WALL_S)


def test_ticket_numbers_are_unique_and_keys_are_too() -> None:
    core = make_core()
    got = [t for n in range(30) for t in tickets(core, 8, source=(f"10.{n}.0.1", 1)).tickets]
    assert len({t.number for t in got}) == len({t.key for t in got}) == 240
