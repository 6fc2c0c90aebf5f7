"""Shapes against a loop over packets, and against a tally by hand."""

from collections.abc import Sequence
from itertools import chain

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.pipeline import shapes as module
from voipwatch.pipeline.flat import Ints, JsonLists, OddListError
from voipwatch.pipeline.rows import tally
from voipwatch.pipeline.shapes import Key, Shapes, Words


def read(lists: Sequence[bytes]) -> tuple[Ints, Ints]:
    found = JsonLists(lists)
    return found.values(), found.counts


def key_of(seq: list[int], stages: list[str], aside: list[int]) -> Key:
    return msgspec.json.encode(seq), tuple(stages), msgspec.json.encode(aside)


def parts_of(shapes: Shapes, words: Words, keys: list[Key], sizes: list[int]) -> list[dict[str, list[int]]]:
    found = shapes.of(keys)
    packets = shapes.packets(found)
    parts = shapes.parts(found, np.array(sizes, np.int64))
    begins = np.cumsum(packets) - packets
    out: list[dict[str, list[int]]] = [{} for _ in keys]
    for of, word, count, size, first, last in zip(*(each.tolist() for each in parts), strict=True):
        assert words.names[word] not in out[of]
        out[of][words.names[word]] = [count, size, first - begins[of], last - begins[of]]
    return out


def test_parts_by_hand() -> None:
    words = Words()
    shapes = Shapes(words, read)
    seq = [0, 64, 65, 128, MEDIA_SEQ, MEDIA_SEQ + 1, MEDIA_SEQ + 2]
    keys = [
        key_of(seq, ["setup", "handshake"], [MEDIA_SEQ + 1]),
        key_of([], [], []),
        key_of([70], ["a", "b"], []),
    ]
    found = parts_of(shapes, words, keys, [10, 20, 30, 40, 50, 60, 70, 5])
    assert found == [
        {
            "setup": [2, 50, 0, 3],  # round 2 has no name: set-up
            "handshake": [2, 50, 1, 2],
            "media": [2, 120, 4, 6],
            "reports": [1, 60, 5, 5],
        },
        {},
        {"b": [1, 5, 0, 0]},
    ]
    assert [list(each) for each in found] == [["setup", "handshake", "media", "reports"], [], ["b"]]


flow = st.tuples(
    st.lists(st.one_of(st.integers(0, 200), st.integers(1000, 1040), st.integers(0, 10**15)), max_size=30),
    st.lists(st.sampled_from(["setup", "handshake", "ring"]), max_size=20),
    st.lists(st.one_of(st.integers(1020, 1040), st.integers(0, 100)), max_size=4),
)


@given(st.lists(flow, max_size=6), st.integers(1, 3))
def test_parts_are_what_a_loop_over_packets_counts(
    flows: list[tuple[list[int], list[str], list[int]]], batch: int
) -> None:
    """In batches, so that some lists are known and some are new."""
    words = Words()
    shapes = Shapes(words, read)
    flows = flows + flows[:2]
    for start in range(0, len(flows), batch):
        some = flows[start : start + batch]
        sizes = [[(7 * number + len(seq)) % 1500 for number in seq] for seq, _, _ in some]
        found = parts_of(shapes, words, [key_of(*each) for each in some], list(chain.from_iterable(sizes)))
        assert found == [
            tally(seq, size, stages, aside) for (seq, stages, aside), size in zip(some, sizes, strict=True)
        ]


def test_the_book_is_begun_anew_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHAPES_MAX", 3)
    words = Words()
    shapes = Shapes(words, read)
    for number in range(10):
        keys = [key_of([number, MEDIA_SEQ], ["setup"], []), key_of([number], [], [])]
        found = parts_of(shapes, words, keys, [1, 2, 3])
        assert found == [{"setup": [1, 1, 0, 0], "media": [1, 2, 1, 1]}, {"setup": [1, 3, 0, 0]}]


@pytest.mark.parametrize(
    "key",
    [
        key_of([1], ["media"], []),  # a stage of that name would be taken for the media
        key_of([1], ["reports"], []),
        key_of([MEDIA_SEQ], [], [MEDIA_SEQ + (1 << 20)]),
        key_of([1], [f"stage {n}" for n in range(20)], []),
        (b"[-1]", (), b"[]"),
        (b"[1]", (), b"[-1]"),
    ],
)
def test_what_is_odd_is_left_to_others_and_nothing_of_it_is_kept(key: Key) -> None:
    words = Words()
    shapes = Shapes(words, read)
    sound = key_of([5], ["setup"], [])
    with pytest.raises(OddListError):
        shapes.of([sound, key])
    assert parts_of(shapes, words, [sound], [9]) == [{"setup": [1, 9, 0, 0]}]
    assert words.full == (len(key[1]) > 15)
