"""How long tries to sign in are put off, who has a place, and whose turn it is: a flood is in its own way."""

import heapq
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.site.campaigns.admin.gate import (
    BY_NAME,
    BY_NETWORK,
    BY_SITE,
    FIRST_S,
    HASHED_AT_ONCE,
    LONGEST_S,
    ROOM,
    SignInGate,
    Try,
)
from voipwatch.site.campaigns.limits import PREFIXES_MAX

KEY = b"k" * 32


def tried(gate: SignInGate, name: str, address: str, now_s: float = 0.0) -> float:
    """One try, over at once."""
    entered = gate.enter(name, address, now_s)
    assert entered is not None
    gate.leave(entered.own)
    return entered.own.wait_s


def inside(gate: SignInGate, name: str, address: str) -> Try:
    """One try that has a place and took nobody's."""
    entered = gate.enter(name, address, 0.0)
    assert entered is not None
    assert entered.displaced is None
    return entered.own


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
    tries = [inside(gate, "amina", "192.0.2.1") for _ in range(BY_NETWORK.at_once)]
    assert gate.enter("amina", "192.0.2.1", 0.0) is None
    inside(gate, "amina", "198.51.100.1")
    gate.leave(tries[0])
    inside(gate, "amina", "192.0.2.1")
    for number in range(BY_SITE.at_once):
        inside(gate, "zoe", f"2001:db8:0:{number:x}::1")
    assert gate.enter("zoe", "2001:db8:0:ffff::1", 0.0) is None


def test_the_room_ends_and_is_free_again() -> None:
    gate = SignInGate(KEY)
    tries = [inside(gate, "amina", f"10.{number}.0.1") for number in range(ROOM)]
    assert gate.enter("zoe", "192.0.2.1", 0.0) is None, "whoever is alone of his network keeps his place"
    gate.leave(tries[0])
    gate.leave(tries[0])
    assert inside(gate, "zoe", "192.0.2.1").wait_s == 0
    assert gate.enter("zoe", "192.0.3.1", 0.0) is None
    assert len(gate._inside) == ROOM


def test_a_newcomer_gets_the_newest_place_of_who_holds_most() -> None:
    gate = SignInGate(KEY)
    few = [inside(gate, "zoe", f"10.{number}.0.1") for number in range(ROOM - 16 - 9)]
    some = [inside(gate, "zoe", "198.51.100.1") for _ in range(9)]
    most = [inside(gate, "zoe", f"192.0.2.{number}") for number in range(16)]
    gate.ready(most[-1])
    assert gate.called() is most[-1]
    for number in range(7):
        entered = gate.enter("amina", f"172.16.{number}.1", 0.0)
        assert entered is not None
        assert entered.displaced is most[-2 - number], "the newest that is not looked at"
    entered = gate.enter("amina", "172.17.0.1", 0.0)
    assert entered is not None
    assert entered.displaced in {some[-1], most[-9]}
    assert gate.enter("zoe", "192.0.2.77", 0.0) is None, "one of those who hold most is refused himself"
    assert gate.enter("zoe", "198.51.100.77", 0.0) is None
    assert all(each in gate._inside for each in few)
    gate.ready(most[-2])
    gate.leave(most[-1])
    assert gate.called() is None, "who lost his place has no turn"


def test_networks_that_hold_about_as_much_do_not_drive_one_another_out() -> None:
    gate = SignInGate(KEY)
    for number in range(32):
        inside(gate, "zoe", f"2001:db8:1:{number:x}::1")
        inside(gate, "zoe", f"2001:db8:2:{number:x}::1")
    entered = gate.enter("amina", "192.0.2.1", 0.0)
    assert entered is not None
    for site in (1, 2, 1, 2):
        assert gate.enter("zoe", f"2001:db8:{site}:99::1", 0.0) is None


def test_turns_go_round_by_network_and_one_is_looked_at_at_once() -> None:
    gate = SignInGate(KEY)
    flood = [inside(gate, "zoe", f"2001:db8:0:{number:x}::1") for number in range(9)]
    for each in flood:
        gate.ready(each)
    keeper, other = inside(gate, "amina", "192.0.2.1"), inside(gate, "amina", "198.51.100.1")
    assert [gate.called(), gate.called()] == [flood[0], None]
    assert HASHED_AT_ONCE == 1
    gate.ready(keeper)
    gate.ready(other)
    gate.leave(flood[3])
    turns = []
    now: Try | None = flood[0]
    while now is not None:
        gate.leave(now)
        now = gate.called()
        turns.append(now)
    assert turns == [flood[1], keeper, other, flood[2], *flood[4:], None]
    assert not gate._ready
    assert not gate._inside


HASH_S = 0.05


class Flooded:
    """A gate in virtual time: each of the loops begins its next try as soon as its last one is over."""

    def __init__(self, loops: list[str], *, again_s: float = 0.25) -> None:
        self.gate = SignInGate(KEY)
        self.now_s = 0.0
        self.hashed = 0
        self._again_s = again_s
        self._number = 0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._over: dict[Try, Callable[[bool], None]] = {}
        for address in loops:
            self._loop(address)

    def at(self, after_s: float, then: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (self.now_s + after_s, self._number, then))

    def run(self, until_s: float) -> None:
        while self._due and self._due[0][0] <= until_s:
            self.now_s, _, then = heapq.heappop(self._due)
            then()
            assert len(self.gate._inside) <= ROOM

    def begin(self, name: str, address: str, over: Callable[[bool], None]) -> float:
        """How long it is put off; `over`: whether it was looked at."""
        entered = self.gate.enter(name, address, self.now_s)
        if entered is None:
            over(False)
            return 0.0
        self._over[entered.own] = over
        if entered.displaced is not None:
            self._over.pop(entered.displaced)(False)
        self.at(entered.own.wait_s, lambda: self._ready(entered.own))
        return entered.own.wait_s

    def _ready(self, one: Try) -> None:
        self.gate.ready(one)
        self._call()

    def _call(self) -> None:
        one = self.gate.called()
        if one is not None:
            self.at(HASH_S, lambda: self._done(one))

    def _done(self, one: Try) -> None:
        self.hashed += 1
        self.gate.leave(one)
        self._over.pop(one)(True)
        self._call()

    def _loop(self, address: str) -> None:
        name = f"name{self._number}"

        def begin() -> None:
            self.begin(name, address, lambda _: self._loop(address))

        self.at(self._again_s, begin)


def visits(flooded: Flooded, name: str, many: int = 20) -> list[tuple[bool, float, float]]:
    """A keeper's tries, 7 s apart: whether he was looked at, after how long, and how long he was put off."""
    told: list[tuple[bool, float, float]] = []
    for number in range(many):
        begun_s = 10.0 + 7 * number
        flooded.run(begun_s)
        flooded.now_s = begun_s
        ended: list[tuple[bool, float]] = []

        def over(found: bool, ended: list[tuple[bool, float]] = ended) -> None:
            ended.append((found, flooded.now_s))

        own_s = flooded.begin(name, "198.51.100.7", over)
        flooded.run(begun_s + 6.9)
        told += [(found, ended_s - begun_s, own_s) for found, ended_s in ended]
    return told


FLOODS = {
    "two /48": [f"2001:db8:{number % 2 + 1}:{number // 2 % 4}::1" for number in range(72)],
    "four /24": [f"203.0.{number % 4}.{number}" for number in range(72)],
}


@pytest.mark.parametrize("loops", FLOODS.values(), ids=FLOODS)
def test_a_keeper_of_another_network_is_looked_at_whatever_few_networks_do(loops: list[str]) -> None:
    told = visits(Flooded(loops), "amina")
    assert len(told) == 20
    assert all(found for found, _, _ in told)
    holders = len({address[:10] for address in loops})
    # Besides what he is put off himself: the hash that runs, and one of each network before his.
    assert all(after_s <= own_s + (holders + 2) * HASH_S + 1e-6 for _, after_s, own_s in told), told


def test_one_whose_name_is_flooded_too_waits_no_longer_than_his_own_delay() -> None:
    flooded = Flooded(FLOODS["four /24"])

    def begin() -> None:
        flooded.begin("amina", "203.0.0.1", lambda _: again())

    def again() -> None:
        flooded.at(0.2, begin)

    again()
    told = visits(flooded, "amina")
    assert all(found and after_s <= LONGEST_S + 6 * HASH_S + 1e-6 for found, after_s, _ in told), told
    assert max(own_s for _, _, own_s in told) == LONGEST_S


def test_a_flood_of_hundreds_of_networks_is_bounded_and_passes() -> None:
    flooded = Flooded([f"10.{number >> 8}.{number & 255}.1" for number in range(300)], again_s=0.5)
    told = visits(flooded, "amina")
    assert flooded.hashed <= flooded.now_s / HASH_S
    assert not all(found for found, _, _ in told), "so many are in the way while they last: docs/petition.md"
    assert all(after_s <= (ROOM + 1) * HASH_S + LONGEST_S for _, after_s, _ in told)
    calm = SignInGate(KEY)
    for number in range(300):
        tried(calm, "zoe", f"10.0.{number & 255}.1")
    assert tried(calm, "amina", "198.51.100.7") == 0


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
