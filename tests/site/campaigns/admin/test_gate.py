"""How long tries to sign in are put off: growing, bounded, by name and by network, and never a lock."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.admin.gate import (
    BY_NAME,
    BY_NETWORK,
    BY_SITE,
    FIRST_S,
    LONGEST_S,
    ROOM,
    SignInGate,
)
from voipwatch.site.campaigns.limits import PREFIXES_MAX

KEY = b"k" * 32


def tried(gate: SignInGate, name: str, address: str, now_s: float = 0.0) -> float:
    """One try, over at once."""
    wait_s = gate.enter(name, address, now_s)
    assert wait_s is not None
    gate.leave(name, address)
    return wait_s


def test_one_name_from_many_networks_is_put_off_more_and_more_and_never_long() -> None:
    gate = SignInGate(KEY)
    found = [tried(gate, "amina", f"10.{number}.0.1") for number in range(5 + 300)]
    assert found[:11] == [0, 0, 0, 0, 0, 0.25, 0.5, 1, 2, 4, 4]
    assert max(found) == LONGEST_S
    assert tried(gate, "zoe", "192.0.2.1") == 0


def test_a_minute_without_tries_forgives() -> None:
    gate = SignInGate(KEY)
    for _ in range(BY_NAME.free + 2):
        tried(gate, "amina", "192.0.2.1")
    assert tried(gate, "amina", "192.0.2.1", 10.0) == 2 * FIRST_S
    assert tried(gate, "amina", "192.0.2.1", 90.0) == 0
    assert tried(gate, "amina", "192.0.2.1", -1e9) == 0, "a clock that was set back punishes nobody"


@pytest.mark.parametrize(
    ("addresses", "put_off"),
    [
        ([f"192.0.2.{number}" for number in range(31)], True),
        ([f"192.0.{number}.1" for number in range(31)], False),
        ([f"2001:db8::{number:x}" for number in range(31)], True),
        ([f"2001:db8:0:{number:x}::1" for number in range(31)], False),
        ([f"2001:db8:0:{number:x}::1" for number in range(121)], True),
        ([f"2001:db8:{number:x}::1" for number in range(121)], False),
        ([""] * 31, True),
    ],
)
def test_networks_are_counted_loosely_and_those_of_one_holder_together(
    addresses: list[str], put_off: bool
) -> None:
    gate = SignInGate(KEY)
    found = [tried(gate, f"name{number}", address) for number, address in enumerate(addresses)]
    assert found[-1] == (FIRST_S if put_off else 0)
    assert not any(found[:-1])


def test_one_network_takes_a_part_of_the_room_alone() -> None:
    gate = SignInGate(KEY)
    inside = [gate.enter("amina", "192.0.2.1", 0.0) for _ in range(BY_NETWORK.at_once + 1)]
    assert (None in inside[:-1], inside[-1]) == (False, None)
    assert gate.enter("amina", "198.51.100.1", 0.0) is not None
    gate.leave("amina", "192.0.2.1")
    assert gate.enter("amina", "192.0.2.1", 0.0) is not None
    wide = [gate.enter("zoe", f"2001:db8:0:{number:x}::1", 0.0) for number in range(BY_SITE.at_once + 1)]
    assert (None in wide[:-1], wide[-1]) == (False, None)


def test_the_room_ends_and_is_free_again() -> None:
    gate = SignInGate(KEY)
    addresses = [f"10.{number}.0.1" for number in range(ROOM)]
    assert None not in [gate.enter("amina", address, 0.0) for address in addresses]
    assert gate.enter("zoe", "192.0.2.1", 0.0) is None
    for address in addresses:
        gate.leave("amina", address)
    assert gate.enter("zoe", "192.0.2.1", 0.0) == 0
    gate.leave("zoe", "192.0.2.1")
    assert not gate._under_way


def test_neither_names_nor_addresses_are_in_memory_and_the_table_is_bounded() -> None:
    gate = SignInGate(KEY)
    for number in range(PREFIXES_MAX // 2 + 5):
        tried(gate, f"amina{number}", f"10.{number >> 8 & 255}.{number & 255}.1")
    assert len(gate._tries) <= PREFIXES_MAX
    assert b"amina" not in b"".join(gate._tries)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["192.0.2.1", "::1", ""]), st.floats(-9, 9e9)))
)
def test_whatever_comes_waits_within_bounds(tries: list[tuple[str, str, float]]) -> None:
    gate = SignInGate(KEY)
    assert all(0 <= tried(gate, *each) <= LONGEST_S for each in tries)
