"""Where a loader takes records from: the spool's files on this machine, or the stream's partitions.

Both are cut into spans (`pieces.Span`), which can be read again by whoever continues: the position is the
store's ledger and nobody else's, so that a record is counted once whatever dies in between.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from voipwatch.collector.spool import list_segments
from voipwatch.pipeline.pieces import Contents, Span, find_segment, read_span, spans_of


class Origin(msgspec.Struct, frozen=True):
    """What a process that reads ahead is told: enough to open the same source. Never on a command line."""

    spool: str = ""
    """Folder."""
    stream: str = ""
    """URL, with its password."""
    instance: str = ""
    partitions: tuple[int, ...] = ()


class SourceError(OSError):
    """Records are elsewhere and cannot be had at this moment; the message says why. None is lost by it."""


class Source(Protocol):
    """Spans, and what is in them. Methods raise OSError, `SourceError` among them."""

    origin: Origin

    partitions: tuple[int, ...]
    """Of a stream; none of a spool."""
    owns_country: Callable[[str], bool] | None
    """Whether all reports of a country come from here; None: all reports of all countries do."""

    def owns(self, segment: str) -> bool:
        """Whether pieces of a segment are this source's: a ledger may hold those of several loaders."""

    def spans(
        self, reached: Mapping[str, int], *, piece_bytes: int, growing: bool, grow_bytes: int
    ) -> Iterator[Span]:
        """What is not in the store yet, oldest first.

        Args:
            reached: segment -> up to where it is in.
            piece_bytes: of one span, about.
            growing: what is still being written too, as far as it is whole.
            grow_bytes: of it at least.
        """

    def settle(self) -> None:
        """All that `spans` gave is in the store."""

    def contents(self, span: Span) -> Contents | None:
        """The records of a span; None where they were removed since."""

    def close(self) -> None:
        """Give back what is open."""


class SpoolSource:
    """The spool of a collector on this machine: DATA/spool."""

    partitions: tuple[int, ...]
    owns_country: Callable[[str], bool] | None

    def __init__(self, folder: Path) -> None:
        self.origin = Origin(spool=str(folder))
        self.partitions = ()
        self.owns_country = None
        self._folder = folder
        self._finished: list[str] = []
        self._done: set[str] = set()
        """Sealed segments that are in: they are not looked at again."""

    def owns(self, segment: str) -> bool:
        """All of them: one loader works on a store that is fed by a spool."""
        return bool(segment)

    def spans(
        self, reached: Mapping[str, int], *, piece_bytes: int, growing: bool, grow_bytes: int
    ) -> Iterator[Span]:
        """As `Source.spans`."""
        self._finished = []
        for segment in list_segments(self._folder):
            if segment.name in self._done or not (segment.sealed or growing):
                continue
            start = reached.get(segment.name, 0)
            try:
                yield from spans_of(segment, start, piece_bytes=piece_bytes, least_bytes=grow_bytes)
            except FileNotFoundError:
                continue  # sealed, and so renamed, since it was listed: the next pass finds it
            if segment.sealed:
                self._finished.append(segment.name)

    def settle(self) -> None:
        """As `Source.settle`."""
        self._done.update(self._finished)

    def contents(self, span: Span) -> Contents | None:
        """As `Source.contents`."""
        try:
            return self._contents(span)
        except FileNotFoundError:  # sealed, and so renamed, since it was found
            return self._contents(span)

    def _contents(self, span: Span) -> Contents | None:
        segment = find_segment(self._folder, span.segment)
        return None if segment is None else read_span(segment, span.start, span.end)

    def close(self) -> None:
        """Nothing is open."""


def open_source(origin: Origin) -> Source:
    """The source that is meant. Raises SourceError for a URL that is no stream's."""
    if not origin.stream:
        return SpoolSource(Path(origin.spool))
    from voipwatch.pipeline.stream_source import StreamSource  # noqa: PLC0415 -- an extra

    return StreamSource(origin)
