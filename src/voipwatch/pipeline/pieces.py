"""Pieces: how a spool segment is cut into what goes into the store at once.

A piece is a run of whole records of one segment, named by where it begins and ends and by a number that
counts pieces as they are first begun. The store's ledger keeps the names, so that a loader that is killed
finds the same piece again, and so that a segment can be loaded while it still grows. Numbers are the order of
arrival.
"""

import mmap
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from voipwatch.collector.spool import OPEN, SEALED, Damage, Segment, Stored, read_segment
from voipwatch.store.segments import BEGUN, IN
from voipwatch.wire.errors import WireError
from voipwatch.wire.spool import HEADER_BYTES, decode_header, frame_ends

PIECE_BYTES: Final = 8 << 20
"""Of records in one piece, as they lie on disk: some 170 reports of two apps, 90,000 rows, 15 MB as Arrow.
The ledger costs some 50 ms a piece; to judge one takes half a minute, which a stop throws away."""
VOTES: Final = ".v"
"""Ends the ledger's name of a piece's votes."""

_NAME: Final = re.compile(r"([0-9]{10})\.([A-Za-z0-9-]{1,46})\.([0-9]{10})-([0-9]{10})(\.v)?")


class Piece(NamedTuple):
    """A run of records."""

    number: int
    segment: str
    """`collector.spool.Segment.name`."""
    start: int
    """Offset of its first record."""
    end: int
    """Offset after its last."""

    @property
    def name(self) -> str:
        """In the ledger."""
        return f"{self.number:010d}.{self.segment}.{self.start:010d}-{self.end:010d}"

    @property
    def span(self) -> "Span":
        """Where it lies."""
        return Span(self.segment, self.start, self.end)

    @property
    def votes_name(self) -> str:
        """Of its votes, in the ledger."""
        return self.name + VOTES


def segment_of(name: str) -> str | None:
    """The segment of a piece by its name in the ledger; None for a name that is no piece's."""
    match = _NAME.fullmatch(name)
    return None if match is None else match[2]


class Ledger:
    """What the store's ledger says of pieces."""

    def __init__(self, steps: Mapping[str, int], owns: Callable[[str], bool] = bool) -> None:
        """`steps`: `Store.segments()`; names that are no pieces', or not owned, are passed over."""
        self.reached: dict[str, int] = {}
        """Segment -> offset up to which it is in."""
        self.begun: list[Piece] = []
        """Begun and not in, in order; in practice at most one."""
        self.unvoted: list[Piece] = []
        """In, and their votes not, in order."""
        self.voted: list[Piece] = []
        """With their votes in, in order."""
        self._number = 0
        voted: set[Piece] = set()
        loaded: list[Piece] = []
        for name, step in sorted(steps.items()):
            match = _NAME.fullmatch(name)
            if match is None:
                continue
            # Of others' pieces too: a partition that changes hands, or a country whose reports came by the
            # spool before, goes on with greater numbers.
            self._number = max(self._number, int(match[1]))
            if not owns(match[2]):
                continue
            piece = Piece(int(match[1]), match[2], int(match[3]), int(match[4]))
            if match[5]:
                if step >= IN:
                    voted.add(piece)
            elif step == BEGUN:
                self.begun.append(piece)
            else:
                loaded.append(piece)
                self.reached[piece.segment] = max(self.reached.get(piece.segment, 0), piece.end)
        for piece in loaded:
            (self.voted if piece in voted else self.unvoted).append(piece)

    def next_number(self) -> int:
        """A number that no piece of its own has, and greater than all that it knew of at the beginning."""
        self._number += 1
        return self._number

    def begins(self, piece: Piece) -> None:
        """Its insertion is about to begin."""
        if piece not in self.begun:
            self.begun.append(piece)

    def loaded(self, piece: Piece) -> None:
        """Its rows are in."""
        if piece in self.begun:
            self.begun.remove(piece)
        self.reached[piece.segment] = max(self.reached.get(piece.segment, 0), piece.end)
        self.unvoted.append(piece)

    def has_voted(self, piece: Piece) -> None:
        """Its votes are in."""
        self.unvoted.remove(piece)
        self.voted.append(piece)


class Span(NamedTuple):
    """Where a piece lies, before it has its number."""

    segment: str
    start: int
    end: int


class Contents(NamedTuple):
    """What was read of a span."""

    records: list[Stored]
    damages: list[Damage]


def find_segment(folder: Path, name: str) -> Segment | None:
    """A segment by its name; None where it is gone: retention removes whole months."""
    for suffix in (SEALED, OPEN):
        found = next(folder.glob(f"[0-9]*-[0-9]*/{name}{suffix}"), None)
        if found is not None:
            return Segment(found, suffix == SEALED)
    return None


def spans_of(
    segment: Segment, start: int, *, piece_bytes: int = PIECE_BYTES, least_bytes: int = 1
) -> Iterator[Span]:
    """Cut what is behind `start` at whole records, by their lengths alone. Raises OSError.

    Args:
        segment: sealed, or still growing: then as far as it is whole.
        start: up to there it is in; 0 where nothing is.
        piece_bytes: a piece ends with the record that reaches them.
        least_bytes: of a growing segment, less than that waits.
    """
    start = end = max(start, HEADER_BYTES)
    with segment.path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size <= start:
            return
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data, memoryview(data) as view:
            for end in _ends(view, start):
                if end - start >= piece_bytes:
                    yield Span(segment.name, start, end)
                    start = end
    if segment.sealed:
        end = size  # what is torn is told with the last piece
    if end > start and (segment.sealed or end - start >= least_bytes):
        yield Span(segment.name, start, end)


def _ends(data: memoryview, start: int) -> Iterator[int]:
    try:
        decode_header(bytes(data[:HEADER_BYTES]))
    except WireError:
        yield len(data)  # no segment: one piece, which is damage
    else:
        yield from frame_ends(data, start)


def read_span(segment: Segment, start: int, end: int) -> Contents:
    """The records of a piece. Raises OSError."""
    found = _read(segment.path, start, end)
    if any(not damage.torn for damage in found.damages):
        # What is being erased at this moment reads like damage: look again.
        return _read(segment.path, start, end)
    return found


def _read(path: Path, start: int, end: int) -> Contents:
    found = Contents([], [])
    for item in read_segment(path, start):
        if item.offset >= end:
            break
        if isinstance(item, Stored):
            found.records.append(item)
        else:
            found.damages.append(item)
    return found
