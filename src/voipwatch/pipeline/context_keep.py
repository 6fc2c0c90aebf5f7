"""Context rows into the store, many at once. The same measurement again replaces its rows."""

from collections.abc import Iterable
from typing import Final

from voipwatch.pipeline.context import ContextRow
from voipwatch.store.rows import ContextRecord
from voipwatch.store.store import Store

ROWS_AT_ONCE: Final = 100_000
"""Rows of one insert, which the engine syncs to disk: 20 MB of memory."""


class ContextKeeper:
    """Collects rows and keeps them in a store; `flush` at the end. Methods raise StoreError."""

    def __init__(self, store: Store, *, received_at_ms: int, rows_at_once: int = ROWS_AT_ONCE) -> None:
        """`received_at_ms`: of the import, Unix ms; of a measurement's two imports the later stands."""
        self.kept = 0
        """Rows handed to the store."""
        self._store = store
        self._received_at_ms = received_at_ms
        self._rows_at_once = rows_at_once
        self._waiting: list[ContextRecord] = []

    def take(self, rows: Iterable[ContextRow]) -> None:
        """Rows of any measurements."""
        self._waiting += [record_of(row, received_at_ms=self._received_at_ms) for row in rows]
        if len(self._waiting) >= self._rows_at_once:
            self.flush()

    def flush(self) -> None:
        """What waits is on disk when this returns."""
        if self._waiting:
            self._store.insert_context(self._waiting)
            self.kept += len(self._waiting)
            self._waiting.clear()


def record_of(row: ContextRow, *, received_at_ms: int) -> ContextRecord:
    """A row as the store keeps it: one word instead of four figures."""
    return ContextRecord(
        row.source,
        row.report_id,
        row.country,
        row.asn,
        row.test,
        row.part,
        row.target,
        row.observed_at_s * 1000,
        received_at_ms,
        "ok" if row.ok else "anomaly" if row.anomaly else "stale" if row.stale else "failed",
        row.failure,
        row.confounder,
        row.test_version,
        row.engine,
    )
