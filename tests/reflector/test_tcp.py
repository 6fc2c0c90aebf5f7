"""Doors: how many connections may be open, in all and from one address."""

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reflector import needs_ipv6
from voipwatch.reflector.tcp import Doors, listen


def test_an_address_may_have_only_so_many() -> None:
    doors = Doors(3, 2)
    assert [doors.enter("a"), doors.enter("a"), doors.enter("a")] == [True, True, False]
    assert doors.enter("b")
    assert not doors.enter("c")
    doors.leave("a")
    assert doors.enter("c")


@given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=60))
def test_they_count_like_a_list(steps: list[tuple[bool, str]]) -> None:
    doors, inside = Doors(4, 2), list[str]()
    for entering, who in steps:
        if entering:
            allowed = len(inside) < 4 and inside.count(who) < 2
            assert doors.enter(who) == allowed
            inside += [who] * allowed
        elif who in inside:
            doors.leave(who)
            inside.remove(who)
    assert sorted(doors._open.elements()) == sorted(inside)  # and no address is kept after that


def test_a_listening_port_cannot_be_had_twice() -> None:
    with listen("127.0.0.1", 0) as first:
        assert not first.getblocking()
        with pytest.raises(OSError, match="in use"):
            listen("127.0.0.1", first.getsockname()[1])


@needs_ipv6
def test_ipv6_alone_is_bound() -> None:
    with listen("::1", 0) as bound:
        assert bound.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
