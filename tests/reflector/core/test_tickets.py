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
from voipwatch.reflector.core import tickets as ticket_module
from voipwatch.reflector.core.tickets import Tickets


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


def test_a_site_that_asks_for_more_than_its_share_gives_up_its_oldest() -> None:
    table = Tickets(bytes(32))
    other = table.issue(b"other", "198.51.100.1", wall_s=WALL_S)
    got = [table.issue(b"%d" % n, f"2001:db8:1:{n:x}00::1", wall_s=WALL_S) for n in range(66)]
    numbers = [t.number for t in got if t is not None]
    assert len(numbers) == 66
    assert len(table) == limits.TICKETS_SITE_MAX + 1, "256 shares of /56 are one /48's"
    assert [n for n in numbers if table.get(n) is None] == numbers[:2]
    assert other is not None
    assert table.get(other.number) is other


def test_a_full_table_takes_from_the_site_that_holds_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticket_module, "TICKETS_LIVE_MAX", 6)
    table = Tickets(bytes(32))
    few = [table.issue(b"a%d" % n, "192.0.2.1", wall_s=WALL_S) for n in range(2)]
    most = [table.issue(b"b%d" % n, f"198.51.100.{n}", wall_s=WALL_S) for n in range(4)]
    assert most[0] is not None
    kept = {most[0].number}
    assert table.issue(b"c", "203.0.113.1", wall_s=WALL_S, kept=kept) is not None
    assert [t is not None and table.get(t.number) is not None for t in few] == [True, True]
    assert [t is not None and table.get(t.number) is not None for t in most] == [True, False, True, True]
