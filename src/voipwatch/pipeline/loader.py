"""The loader: from spool segments into the store, exactly once in effect, and from rows to votes and cells.

One loader works on a store. Whatever kills it, the next one finds in the store's ledger which piece
(`pipeline.pieces`) was begun, and does that one again. Loading and judging are two steps, since a verdict
costs a thousand times a row: raw rows go in at the spool's pace, votes follow.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from voipwatch.collector.records import Record
from voipwatch.collector.spool import Damage, Stored
from voipwatch.model.submission import Intake
from voipwatch.model.votes import Vote
from voipwatch.pipeline.ballots import votes_of
from voipwatch.pipeline.pieces import PIECE_BYTES, Ledger, Piece, segment_of
from voipwatch.pipeline.published import publish_influence
from voipwatch.pipeline.reading import Readers, Tabled
from voipwatch.pipeline.slim import BodyError
from voipwatch.pipeline.source import Source, SpoolSource
from voipwatch.store.pieces import report_ids
from voipwatch.store.rows import SegmentRows
from voipwatch.store.store import Share, Store

Judges = Callable[[Sequence[Intake]], Iterator["list[Vote] | None"]]
"""Votes of each report, in order; None for one that cannot be judged."""
Say = Callable[[str], None]
GROW_BYTES: Final = 1
"""Bytes that a growing segment must have grown by before they are loaded."""


@dataclass(slots=True)
class Tally:
    """What was done, since the loader was made."""

    pieces: int = 0
    reports: int = 0
    observations: int = 0
    votes: int = 0
    deletions: int = 0
    repeated: int = 0
    """Reports that were in already: not inserted."""
    damaged: int = 0
    """Records that cannot be read: torn, flipped, or of a later version."""
    damaged_bytes: int = 0
    unjudged: int = 0
    """Reports that the judge could not take: our fault, told, and looked at."""
    cells: int = 0
    told: list[str] = field(default_factory=list)


class Loader:
    """Loads one source into one store. Methods raise StoreError, OSError; they may then be called again."""

    def __init__(
        self,
        store: Store,
        source: Path | Source,
        *,
        judges: Judges | None = None,
        say: Say | None = None,
        piece_bytes: int = PIECE_BYTES,
        workers: int = 0,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Args beyond the obvious.

        Args:
            store: that writes.
            source: DATA/spool, or where else records come from.
            judges: give votes; in this process unless said.
            say: told of damage.
            piece_bytes: of records, inserted at once.
            workers: processes that read ahead, for a backlog of several pieces.
            stopping: asked between two reports; once true, what is not begun is left for another day.
        """
        self.tally = Tally()
        self._store = store
        self._source = source = SpoolSource(source) if isinstance(source, Path) else source
        self._judges = judges if judges is not None else judge_here
        self._say = say if say is not None else lambda _: None
        self._piece_bytes = piece_bytes
        self._stopping = stopping
        self._share = share_of(source)
        self._readers = Readers(source, workers)
        self.ledger = Ledger(store.segments(), source.owns)

    def load(self, *, growing: bool = True, grow_bytes: int = GROW_BYTES, at_most: int | None = None) -> int:
        """Load what is in the spool and not in the store; returns how many pieces.

        Args:
            growing: the open segment too, as far as it is whole.
            grow_bytes: that must have come to it since.
            at_most: so many pieces; the next call goes on.
        """
        before = self.tally.pieces
        self._finish_begun()
        found = self._source.spans(
            self.ledger.reached, piece_bytes=self._piece_bytes, growing=growing, grow_bytes=grow_bytes
        )
        spans = islice(found, at_most)
        with closing(self._readers.read(spans)) as read:
            for span, tabled in read:
                if tabled is None:
                    continue  # retention removed it since it was listed
                self._insert(Piece(self.ledger.next_number(), *span), tabled)
                if self._stopping():
                    return self.tally.pieces - before
        self._source.settle()
        return self.tally.pieces - before

    @property
    def worker_pids(self) -> list[int]:
        """Processes that read ahead; none before there is a backlog."""
        return self._readers.worker_pids

    def close(self) -> None:
        """End what reads ahead; the source is its giver's."""
        self._readers.close()

    def vote(self, *, at_most: int | None = None) -> int:
        """Judge pieces whose votes are not in, oldest first; returns how many."""
        count = 0
        for piece in self.ledger.unvoted[:at_most]:
            votes = self._judged(piece)
            if votes is None:
                break
            rows = SegmentRows()
            rows.votes(votes)
            inserted = self._store.insert_segment(piece.votes_name, rows)
            self.tally.votes += inserted.votes
            self.ledger.has_voted(piece)
            count += 1
        return count

    def refresh(self) -> int:
        """Make the cells of touched hours anew, and what stands beside them; returns how many cells."""
        made = self._store.refresh_cells(
            then=lambda hours, countries: publish_influence(self._store, hours, countries),
            share=self._share,
        )
        self.tally.cells += made
        return made

    def _finish_begun(self) -> None:
        for piece in list(self.ledger.begun):
            ((_, tabled),) = self._readers.read([piece.span])
            self._insert(piece, tabled if tabled is not None else Tabled(SegmentRows().tables(), [], 0))

    def _insert(self, piece: Piece, tabled: Tabled) -> None:
        self.ledger.begins(piece)  # should the store fail now, the next pass does this very piece again
        inserted = self._store.insert_segment(piece.name, tabled.tables, share=self._share)
        self.ledger.loaded(piece)
        tally = self.tally
        tally.pieces += 1
        tally.reports += inserted.reports
        tally.observations += inserted.observations
        tally.deletions += inserted.deletions
        tally.repeated += len(inserted.refused) + tabled.repeated
        for damage in tabled.damages:
            self._damaged(piece, damage)

    def _judged(self, piece: Piece) -> list[Vote] | None:
        """All votes of a piece; None where it was told to stop."""
        contents = self._source.contents(piece.span)
        if contents is None:
            return []
        voting = report_ids(self._store, piece.name)
        intakes = [
            record
            for record in records_of(contents.records)
            if isinstance(record, Intake) and record.report_id in voting
        ]
        votes: list[Vote] = []
        for intake, judged in zip(intakes, self._judges(intakes), strict=True):
            if self._stopping():
                return None
            if judged is None:
                self.tally.unjudged += 1
                self._say(f"report {intake.report_id} cannot be judged; it stays without votes")
            else:
                votes += judged
        # Deleted while it was judged? Then it has no row any more, and gets no vote.
        still = report_ids(self._store, piece.name)
        return [vote for vote in votes if vote.report_id in still]

    def _damaged(self, piece: Piece, damage: Damage) -> None:
        self.tally.damaged += 1
        self.tally.damaged_bytes += damage.length
        self._say(f"spool segment {piece.segment}: {damage.length} bytes at {damage.offset}: {damage.reason}")


def share_of(source: Source) -> Share | None:
    """What of the store's work goes with a source; None: all of it."""
    owns_country = source.owns_country
    if owns_country is None:
        return None
    return Share(lambda name: (of := segment_of(name)) is not None and source.owns(of), owns_country)


def records_of(stored: Sequence[Stored]) -> Iterator[Record]:
    """The records alone."""
    return (item.record for item in stored)


def judge_here(intakes: Sequence[Intake]) -> Iterator["list[Vote] | None"]:
    """Judge one after the other in this process."""
    return map(judge_one, intakes)


def judge_one(intake: Intake) -> "list[Vote] | None":
    """Votes of one report; None where the judge fails, which is our fault and must not stop the others."""
    try:
        return votes_of(intake)
    except BodyError:
        return None
    except Exception:  # noqa: BLE001 -- one report that breaks the judge must not stop everybody else's
        return None
