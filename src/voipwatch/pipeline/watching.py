"""The detectors of all that one process watches: one memory for a spool, one a partition of the stream.

A country's reports are all in one partition, so that partitions can be watched by whichever process: what is
remembered of each goes with it, and the number of its last piece too.
"""

from collections.abc import Sequence
from typing import Final

from voipwatch.collector.streaming.partitions import partition_named
from voipwatch.inference.detection import Settings
from voipwatch.pipeline.detecting import INDEX, Detecting, Found
from voipwatch.pipeline.pieces import Piece
from voipwatch.store.store import Store

SPOOL: Final = -1


class Watching:
    """As `Detecting`, which it shares the work out to. Methods raise StoreError."""

    def __init__(
        self, store: Store, partitions: Sequence[int] = (), settings: Settings | None = None
    ) -> None:
        """`partitions`: of the stream; none where the loader reads a spool."""
        self._parts = {SPOOL: Detecting(store, settings)} if not partitions else {}
        for partition in partitions:
            self._parts[partition] = Detecting(store, settings, index=f"{INDEX}@{partition:02d}")

    def consume(self, pieces: Sequence[Piece]) -> list[Found]:
        """As `Detecting.consume`. `pieces`: of this process's partitions."""
        shares: dict[int, list[Piece]] = {}
        for piece in pieces:
            partition = partition_named(piece.segment)
            # What was loaded from a spool, before there was a stream, was watched then.
            shares.setdefault(SPOOL if SPOOL in self._parts or partition is None else partition, []).append(
                piece
            )
        return [found for key, part in self._parts.items() for found in part.consume(shares.get(key, []))]

    @property
    def lag_s(self) -> float:
        """The longest of its parts'."""
        return max(part.lag_s for part in self._parts.values())

    @property
    def surplus(self) -> int:
        """Votes beyond their prefix's cap."""
        return sum(part.surplus for part in self._parts.values())
