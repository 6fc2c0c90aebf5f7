"""Shapes: what the sequence numbers of one direction of a flow say of its parts, worked out once each.

Both ends play the same script, so that on a line that loses nothing most lists of a thousand reports are the
same few, byte for byte. A list that is new is read with the other new ones of its batch; a list that is known
costs a look at its bytes. What differs from flow to flow, sizes and times, is not in a shape.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from voipwatch.model.flows import MEDIA_SEQ, REPLIES_MAX, ROUNDS_MAX, TRIES_MAX
from voipwatch.model.vocabulary import Stage
from voipwatch.pipeline.flat import Ints, JsonLists, OddListError

ROUND_SPAN: Final = TRIES_MAX * REPLIES_MAX
MEDIA_PART: Final = "media"
REPORTS_PART: Final = "reports"
"""Packets beside the media that carry reports on it (RTCP)."""
WORDS_MAX: Final = 16
"""Different parts; the closed list has six."""
SHAPES_MAX: Final = 20_000
"""Kept; some 10 MB. On a lossy line every list is another, and the book is begun anew every fifty reports."""
ASIDE_MAX: Final = 1 << 16
"""Media packets of a flow that reports are looked for among: twenty minutes of voice."""

Key = tuple[bytes, tuple[str, ...], bytes]
"""Sequence numbers as they lie in the report, stages of the rounds, sequence numbers planned for reports."""
ReadLists = Callable[[Sequence[bytes]], tuple[Ints, Ints]]
"""Lists, as they lie, to flat sequence numbers and how many there are in each. Raises OddListError."""


_MEDIA, _REPORTS, _SETUP = range(3)


class Words:
    """Parts by number."""

    def __init__(self) -> None:
        self.names: list[str] = [MEDIA_PART, REPORTS_PART, Stage.SETUP.value]
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def number(self, name: str) -> int:
        """Of a stage. Raises OddListError for a word that is no stage, and for too many."""
        number = self._numbers.get(name)
        if number is None:
            if self.full:
                raise OddListError("more stages than there are")
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        if number < _SETUP:
            raise OddListError("a stage that is named as the media")
        return number

    @property
    def full(self) -> bool:
        """Whether no new word is taken."""
        return len(self.names) >= WORDS_MAX


class Ragged(NamedTuple):
    """Rows of different lengths, end to end: row i is `begins[i]` and `counts[i]` from there."""

    begins: Ints
    counts: Ints

    def spread(self, rows: Ints) -> tuple[Ints, Ints]:
        """Of chosen rows: every place in them, one after the other, and which of `rows` each is of."""
        counts = self.counts[rows]
        ends = np.cumsum(counts)
        of = np.repeat(np.arange(len(rows)), counts)
        places = np.arange(ends[-1] if len(ends) else 0) + (self.begins[rows] - ends + counts)[of]
        return places, of


class Parts(NamedTuple):
    """The parts of some lists, in the order of their first packets."""

    of: Ints
    """Which list."""
    word: Ints
    """`Words` number."""
    packets: Ints
    size: Ints
    """Sum of the values handed in, over its packets."""
    first: Ints
    """Place of its first packet in the flat arrays of the lists."""
    last: Ints


class Shapes:
    """The shapes of one kind of list (JSON of the near end, MessagePack of the far)."""

    def __init__(self, words: Words, read: ReadLists) -> None:
        self._words = words
        self._read = read
        self._begin()

    def _begin(self) -> None:
        none = np.zeros(0, np.int64)
        self._numbers: dict[Key, int] = {}
        self._packets = none
        self._runs = Ragged(none, none)
        self._run_first, self._run_part = none, none
        self._parts = Ragged(none, none)
        self._part_word, self._part_count, self._part_first, self._part_last = none, none, none, none

    def of(self, keys: Sequence[Key]) -> Ints:
        """The shape of each list; valid until the next call. Raises OddListError: then nothing is kept."""
        if len(self._numbers) + len(keys) > SHAPES_MAX:
            self._begin()
        fresh = [key for key in dict.fromkeys(keys) if key not in self._numbers]
        if fresh:
            self._learn(fresh)
        return np.fromiter(map(self._numbers.__getitem__, keys), np.int64, len(keys))

    def packets(self, shapes: Ints) -> Ints:
        """How many packets each has."""
        return self._packets[shapes]

    def parts(self, shapes: Ints, values: Ints) -> Parts:
        """Parts of lists of these shapes; `values` has one number a packet, list after list."""
        packets = self._packets[shapes]
        offsets = np.cumsum(packets) - packets
        places, of = self._parts.spread(shapes)
        size = np.zeros(len(places), np.int64)
        runs, run_of = self._runs.spread(shapes)
        if len(runs):
            sums = np.add.reduceat(values, offsets[run_of] + self._run_first[runs])
            counts = self._parts.counts[shapes]
            at = (np.cumsum(counts) - counts)[run_of] + self._run_part[runs]
            size = np.bincount(at, sums, len(places)).astype(np.int64)
        return Parts(
            of,
            self._part_word[places],
            self._part_count[places],
            size,
            offsets[of] + self._part_first[places],
            offsets[of] + self._part_last[places],
        )

    def _learn(self, keys: Sequence[Key]) -> None:
        seq, packets = self._read([key[0] for key in keys])
        of = np.repeat(np.arange(len(keys)), packets)
        word = self._words_of(seq, of, keys)
        offsets = np.cumsum(packets) - packets
        # A run is packets of one part in a row; a part is all runs of one word in a list.
        new = np.ones(len(seq), np.bool_)
        new[1:] = (word[1:] != word[:-1]) | (of[1:] != of[:-1])
        starts = np.flatnonzero(new)
        ends = np.append(starts[1:], len(seq))
        key = of[starts] * WORDS_MAX + word[starts]
        named, first_run, part = np.unique(key, return_index=True, return_inverse=True)
        order = np.argsort(first_run)  # as they first appear, instead of by word
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        part = rank[part]
        part_of = named[order] // WORDS_MAX
        part_counts = np.bincount(part_of, minlength=len(keys))
        part_begins = np.cumsum(part_counts) - part_counts
        last_run = np.zeros(len(order), np.int64)
        last_run[part] = np.arange(len(part))  # the last that is written stays
        run_of = of[starts]
        run_counts = np.bincount(run_of, minlength=len(keys))
        known = len(self._numbers)
        self._runs = _more(self._runs, np.cumsum(run_counts) - run_counts + len(self._run_first), run_counts)
        self._run_first = np.append(self._run_first, starts - offsets[run_of])
        self._run_part = np.append(self._run_part, part - part_begins[run_of])
        self._parts = _more(self._parts, part_begins + len(self._part_word), part_counts)
        self._part_word = np.append(self._part_word, named[order] % WORDS_MAX)
        count = np.bincount(part, ends - starts, len(order)).astype(np.int64)
        self._part_count = np.append(self._part_count, count)
        self._part_first = np.append(self._part_first, starts[first_run[order]] - offsets[part_of])
        self._part_last = np.append(self._part_last, ends[last_run] - 1 - offsets[part_of])
        self._packets = np.append(self._packets, packets)
        self._numbers.update((key, known + number) for number, key in enumerate(keys))

    def _words_of(self, seq: Ints, of: Ints, keys: Sequence[Key]) -> Ints:
        """The part of each packet: the stage of its round; set-up where a round has none."""
        table = np.full((len(keys), ROUNDS_MAX + 1), _SETUP, np.int64)
        table[:, ROUNDS_MAX] = _MEDIA
        for row, (_, stages, _) in enumerate(keys):
            for number, stage in enumerate(stages):
                word = self._words.number(stage)
                if number < ROUNDS_MAX:
                    table[row, number] = word
        index = np.minimum(seq // ROUND_SPAN, ROUNDS_MAX)
        words: Ints = table[of, index]
        words[index < 0] = _SETUP
        asides = JsonLists([aside for _, _, aside in keys])
        if len(planned := asides.values()):
            aside_of = np.repeat(np.arange(len(keys)), asides.counts)
            words[_among(seq - MEDIA_SEQ, of, planned - MEDIA_SEQ, aside_of, len(keys))] = _REPORTS
        return words


def _more(known: Ragged, begins: Ints, counts: Ints) -> Ragged:
    return Ragged(np.append(known.begins, begins), np.append(known.counts, counts))


def _among(numbers: Ints, of: Ints, wanted: Ints, wanted_of: Ints, rows: int) -> Ints:
    """Places of those `numbers`, 0 or more, that are `wanted` in the same row."""
    wanted, wanted_of = wanted[wanted >= 0], wanted_of[wanted >= 0]
    widths = np.zeros(rows, np.int64)
    np.maximum.at(widths, wanted_of, wanted + 1)
    if widths.max(initial=0) > ASIDE_MAX:
        raise OddListError("reports are planned far behind the media")
    begins = np.cumsum(widths) - widths
    table = np.zeros(int(widths.sum()), np.bool_)
    table[begins[wanted_of] + wanted] = True
    places: Ints = np.flatnonzero((numbers >= 0) & (numbers < widths[of]))
    found: Ints = places[table[begins[of[places]] + numbers[places]]]
    return found
