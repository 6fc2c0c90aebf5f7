"""Lists of whole numbers, thousands at once, out of JSON or MessagePack into one flat array.

A report is mostly such lists, and an object a number is most of the cost of reading it. `msgspec.Raw` finds
where each list lies and that it is well formed; here all of them are read together: where a number ends is
where something else than a digit stands, and eight digits at a time are turned into their number by three
multiplications (D. Lemire, "Quickly parsing eight digits", 2018).

What these ways do not take (numbers below 0 in JSON, fractions, blanks, very long numbers) is no error of the
report: OddListError says that it is to be read one by one, by a decoder with types.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

EMPTY_JSON: Final = msgspec.Raw(b"[]")
EMPTY_MSGPACK: Final = msgspec.Raw(b"\x90")
DIGITS_MAX: Final = 16
"""Of a number in JSON."""
_WORD: Final = 8
_PAD: Final = b"[" * DIGITS_MAX  # in front, so that sixteen bytes before any end are there
_HALF: Final = 4
_KEEP_OF_EIGHT: Final = np.array([(1 << 64) - (1 << (8 * (8 - n))) for n in range(9)], np.uint64)
"""By digits: keeps the last n of eight bytes."""
_KEEP_OF_FOUR: Final = np.array([(1 << 32) - (1 << (8 * (4 - n))) for n in range(5)], np.uint32)
_OPEN, _COMMA, _CLOSE, _ZERO = b"[,]0"


class OddListError(ValueError):
    """Lists that are not read here."""


class JsonLists:
    """Lists of numbers in JSON, end to end."""

    def __init__(self, lists: Sequence[msgspec.Raw | bytes]) -> None:
        """Find every number. Raises OddListError for anything but lists of digits."""
        self._joined = _PAD + b"".join(lists)
        text = np.frombuffer(self._joined, np.uint8)
        marks = np.flatnonzero((text - _ZERO) > 9)[len(_PAD) - 1 :]
        kinds, digits = text[marks[1:]], np.diff(marks) - 1
        opens = np.flatnonzero(kinds == _OPEN)
        starts = np.cumsum([len(_PAD), *map(len, lists)])[:-1]
        if not np.array_equal(marks[1:][opens], starts):
            raise OddListError("not lists of numbers")
        if int(np.count_nonzero(kinds == _COMMA)) + 2 * len(lists) != len(kinds):
            raise OddListError("lists of something else than digits")
        there = np.flatnonzero(digits)
        self._ends: Ints = marks[1:][there]
        self._digits: Ints = digits[there]
        if self._digits.max(initial=0) > DIGITS_MAX:
            raise OddListError(f"a number of more than {DIGITS_MAX} digits")
        self.counts: Ints = np.diff(np.searchsorted(there, opens), append=len(there))
        """Numbers in each list."""

    def values(self, index: Ints | None = None) -> Ints:
        """The numbers, or those at some places of the flat array."""
        ends, digits = self._ends, self._digits
        if index is not None:
            ends, digits = ends[index], digits[index]
        longest = int(digits.max(initial=0))
        if longest <= _HALF:
            return self._four(ends, digits)
        found = self._eight(ends, np.minimum(digits, _WORD))
        if longest > _WORD:
            (long,) = np.nonzero(digits > _WORD)
            found[long] += 10**_WORD * self._eight(ends[long] - _WORD, digits[long] - _WORD)
        return found

    def _before(self, ends: Ints, kind: str, width: int) -> npt.NDArray[np.unsignedinteger]:
        """The `width` bytes before each end as one number, low nibbles only: a digit's is its value."""
        shape = (len(self._joined) - width + 1,)
        words = np.ndarray(shape, kind, self._joined, strides=(1,))[ends - width]
        words &= 0x0F0F0F0F0F0F0F0F >> (64 - 8 * width)
        return words

    def _four(self, ends: Ints, digits: Ints) -> Ints:
        """Numbers of at most four digits that end before `ends`."""
        word = self._before(ends, "<u4", _HALF)
        word &= _KEEP_OF_FOUR[digits]
        pairs = word >> 8
        word *= 10
        word += pairs  # two digits each in the bytes 0 and 2
        pairs = word >> 16
        pairs &= 0xFF
        word &= 0xFF
        word *= 100
        word += pairs
        return word.astype(np.int64)

    def _eight(self, ends: Ints, digits: Ints) -> Ints:
        """Numbers of at most eight digits that end before `ends`."""
        word = self._before(ends, "<u8", _WORD)
        word &= _KEEP_OF_EIGHT[digits]
        word = 10 * word + (word >> 8)
        low = (word & 0x000000FF000000FF) * (100 + (1_000_000 << 32))
        word = ((word >> 16) & 0x000000FF000000FF) * (1 + (10_000 << 32)) + low
        return (word >> 32).astype(np.int64)


_NUMBER: Final = {
    0xCC: (2, "u1"), 0xCD: (3, ">u2"), 0xCE: (5, ">u4"), 0xCF: (9, ""),
    0xD0: (2, "i1"), 0xD1: (3, ">i2"), 0xD2: (5, ">i4"), 0xD3: (9, ""),
}  # fmt: skip
"""First byte of a number of more than one byte: how many it has, and how numpy calls those behind."""
_FIRST: Final = min(_NUMBER)
_SIZES: Final = np.array([size for size, _ in _NUMBER.values()], np.int64)


class MsgpackLists:
    """Lists of numbers in MessagePack, end to end: `values` flat, `counts` of each list."""

    def __init__(self, lists: Sequence[msgspec.Raw | bytes]) -> None:
        """Read them. Raises OddListError for numbers of 64 bits, and for anything but numbers."""
        text = np.frombuffer(b"".join(lists), np.uint8)
        starts = np.cumsum([0, *map(len, lists)])[:-1]
        begins = _without_heads(text, starts)
        high = np.flatnonzero(((text - _FIRST) < len(_NUMBER)) & begins)
        sizes = _SIZES[text[high] - _FIRST]
        true = _true_tags(high, sizes)
        high, sizes = high[true], sizes[true]
        if len(high) and high[-1] + sizes[-1] > len(text):
            raise OddListError("a number that is cut off")
        for more in range(1, int(sizes.max(initial=1))):
            begins[high[sizes > more] + more] = False
        first = text[begins]
        if np.any((first >= 0x80) & (first < 0xE0) & ((first - _FIRST) >= len(_NUMBER))):
            raise OddListError("lists of something else than numbers")
        self.values: Ints = first.view(np.int8).astype(np.int64)
        ranks = np.cumsum(begins) - 1
        tags = text[high]
        for tag, (size, kind) in _NUMBER.items():
            at = high[tags == tag]
            if not len(at):
                continue
            if not kind:
                raise OddListError("a number of 64 bits")
            behind = text[at + 1] if size == 2 else text[at[:, None] + np.arange(1, size)]
            self.values[ranks[at]] = behind.reshape(-1).view(kind)
        ranks = np.append(ranks, len(self.values) - 1)
        self.counts: Ints = np.diff(ranks[starts], append=len(self.values) - 1)


def _without_heads(text: Bytes, starts: Ints) -> npt.NDArray[np.bool_]:
    """Everywhere but at the heads of the arrays, which begin at `starts`. Raises OddListError."""
    rest = np.ones(len(text), np.bool_)
    heads = text[starts]
    rest[starts] = False
    known = (heads >= 0x90) & (heads < 0xA0)
    for byte, size in ((0xDC, 3), (0xDD, 5)):
        at = starts[heads == byte]
        known |= heads == byte
        for more in range(1, size):
            rest[at + more] = False
    if not known.all():
        raise OddListError("not lists")
    return rest


def _true_tags(high: Ints, sizes: Ints) -> npt.NDArray[np.bool_]:
    """Which of the bytes that look like the first of a number are: the others are part of the one before."""
    true = np.ones(len(high), np.bool_)
    if not len(high):
        return true
    reach = np.maximum.accumulate(high + sizes)
    doubted = np.flatnonzero(high[1:] < reach[:-1]) + 1  # a few in a hundred
    before = (high + sizes)[doubted - 1].tolist()
    begin, size = high[doubted].tolist(), sizes[doubted].tolist()
    last, end = -1, 0
    for number, index in enumerate(doubted.tolist()):
        if index - 1 != last:  # the one before begins something, since nothing reaches it
            end = before[number]
        if begin[number] < end:
            true[index] = False
        else:
            end = begin[number] + size[number]
        last = index
    return true
