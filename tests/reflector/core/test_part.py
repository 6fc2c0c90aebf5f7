"""Whose ticket is whose among several workers."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.reflector.core.part import ALONE, OthersTickets, Part

NUMBERS = st.integers(0, 0xFFFF)


@given(NUMBERS, st.integers(1, 64))
def test_a_number_has_one_owner(number: int, workers: int) -> None:
    parts = [Part(worker, workers) for worker in range(workers)]
    assert [part.worker for part in parts if part.owns(number)] == [parts[0].owner(number)]


@given(NUMBERS)
def test_one_alone_has_all(number: int) -> None:
    assert ALONE.owns(number)


def test_of_others_what_was_told_is_known_until_its_end() -> None:
    others = OthersTickets(Part(1, 3))
    others.learn([(2, 100), (3, 100), (4, 100), (6, 50)], 40.0)
    assert [others.owner(number) for number in (2, 3, 4, 5, 6, None)] == [2, 0, None, None, 0, None]
    others.learn([(9, 200)], 60.0)
    assert [others.owner(number) for number in (2, 6, 9)] == [2, None, 0]
    others.learn([], 100.0)
    assert [others.owner(number) for number in (2, 9)] == [None, 0]
