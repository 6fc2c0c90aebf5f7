"""Flat lists against a decoder with types, and what is left to that decoder."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.pipeline.flat import JsonLists, MsgpackLists, OddListError

digits = st.integers(0, 16).flatmap(lambda count: st.integers(0, 10**count - 1))
lists = st.lists(st.lists(digits, max_size=12), max_size=6)
# Bytes from 0xcc to 0xd3 within a number look like the beginning of one.
tricky = st.sampled_from(
    [0xCC, 0xCD, 0xCE, 0xCCCC, 0xCDCE, 0xD2CCCDCE, 0xCECECECE, 0x90, 0xDC, -0x34, -0x33CD]
)
numbers = st.one_of(st.integers(-(1 << 31), (1 << 32) - 1), st.integers(-32, 300), tricky)


@given(lists)
def test_json_is_read_as_a_typed_decoder_does(wanted: list[list[int]]) -> None:
    found = JsonLists([msgspec.json.encode(each) for each in wanted])
    assert found.values().tolist() == [number for each in wanted for number in each]
    assert found.counts.tolist() == [len(each) for each in wanted]


def test_some_numbers_can_be_asked_for() -> None:
    import numpy as np  # noqa: PLC0415 -- only here

    found = JsonLists([b"[1,22,333]", b"[]", b"[4444,1234567890]"])
    assert found.values(np.array([4, 0, 4])).tolist() == [1234567890, 1, 1234567890]
    assert JsonLists([]).values().tolist() == []


@pytest.mark.parametrize(
    "odd",
    ["[-1]", "[1.0]", "[1e3]", "[ 1]", "[1, 2]", "[null]", '["1"]', "[[1],[2]]", "[true]", "null", "7", "{}",
     '"[1]"', "[[]]", "[12345678901234567]"],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_list_of_digits_in_json_is_left_to_others(odd: str, place: int) -> None:
    given_lists = [b"[1,2]", b"[3]"]
    given_lists[place] = odd.encode()
    with pytest.raises(OddListError):
        JsonLists(given_lists)


def test_two_odd_lists_do_not_pass_for_two_sound_ones() -> None:
    with pytest.raises(OddListError):
        JsonLists([b"5", b"[[1]]"])


@given(st.lists(st.lists(numbers, max_size=40), max_size=6))
def test_messagepack_is_read_as_a_typed_decoder_does(wanted: list[list[int]]) -> None:
    found = MsgpackLists([msgspec.msgpack.encode(each) for each in wanted])
    assert found.values.tolist() == [number for each in wanted for number in each]
    assert found.counts.tolist() == [len(each) for each in wanted]


def test_a_long_list_in_messagepack_has_a_longer_head() -> None:
    wanted = [list(range(n)) for n in (15, 16, 70_000)]
    found = MsgpackLists([msgspec.msgpack.encode(each) for each in wanted])
    assert found.counts.tolist() == [15, 16, 70_000]
    assert found.values.tolist() == [number for each in wanted for number in each]


@pytest.mark.parametrize(
    "odd", [[1 << 32], [-(1 << 40)], [1.0], [None], ["a"], [True], [[1]], [b"\xcc"], {"a": 1}, 7, None, [{}]]
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_list_of_short_numbers_in_messagepack_is_left_to_others(odd: object, place: int) -> None:
    given_lists = [msgspec.msgpack.encode([1, 200]), msgspec.msgpack.encode([3])]
    given_lists[place] = msgspec.msgpack.encode(odd)
    with pytest.raises(OddListError):
        MsgpackLists(given_lists)


@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=4))
def test_any_bytes_are_lists_or_left_to_others(garbage: list[bytes]) -> None:
    """`msgspec.Raw` gives nothing but whole values; what reads beyond them would read the next list."""
    whole = []
    for each in garbage:
        try:
            msgspec.msgpack.decode(each)
        except msgspec.DecodeError:
            continue
        except (ValueError, TypeError):
            continue
        whole.append(each)
    try:
        found = MsgpackLists(whole)
    except OddListError:
        return
    wanted = [msgspec.msgpack.decode(each, type=list[int]) for each in whole]
    assert found.values.tolist() == [number for each in wanted for number in each]
