"""What one holds of a store: insert, refresh, read.

Every method raises StoreError, and nothing else that a person can cause.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pyarrow as pa

from voipwatch.model.votes import PANEL, Vote
from voipwatch.store import beside, queries, refresh, retention, segments, series, shards
from voipwatch.store.engine import Engine, Parameters, chunks
from voipwatch.store.errors import StoreError
from voipwatch.store.export import Exported, Selection, export
from voipwatch.store.migrate import migrate
from voipwatch.store.rows import (
    ContextRecord,
    InfluenceRecord,
    SegmentRows,
    SegmentTables,
    context_table,
)
from voipwatch.store.segments import Inserted
from voipwatch.store.series import SeriesKey


class Share(NamedTuple):
    """What of a store's work is one loader's, where several work beside each other."""

    segment: Callable[[str], bool]
    """Whether a name of the ledger is its own."""
    country: Callable[[str], bool]
    """Whether a country's votes are all in segments of its own."""


class Store:
    """An open store. Close it, or use it as a context."""

    def __init__(
        self,
        engine: Engine,
        *,
        before_close: Callable[[], None] | None = None,
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._engine = engine
        self._closing = [before_close, engine.close, on_close]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of engine, door and lock. A second call does nothing."""
        steps, self._closing = self._closing, []
        for step in steps:
            if step is not None:
                step()

    @property
    def writable(self) -> bool:
        """False where another process owns the store and this one reads through its door."""
        return self._engine.writable

    # -- writing
    # --------------------------------------------------------------------------------------------------

    def insert_segment(
        self, segment: str, rows: SegmentRows | SegmentTables, *, share: Share | None = None
    ) -> Inserted:
        """Insert one spool segment, once in effect; see `segments.insert_segment`."""
        owns_country = None if share is None else share.country
        return segments.insert_segment(self._writing(), segment, rows, owns_country)

    def refresh_cells(
        self,
        hours: Sequence[int] | None = None,
        *,
        then: Callable[[Sequence[int], Sequence[str] | None], object] | None = None,
        share: Share | None = None,
    ) -> int:
        """Make cells anew; returns how many. Without `hours`: those of segments whose cells are not made yet.

        Hours whose votes are past their keeping are left as they are. `then` is called with the hours that
        were made and the countries (None: all), before the ledger says so: killed within it, the next call
        makes them again. `share`: what of it is this process's; None: all.
        """
        engine = self._writing()
        pending = segments.pending_hours(engine) if hours is None else {}
        if share is not None:
            pending = {name: of_segment for name, of_segment in pending.items() if share.segment(name)}
        wanted = (
            {hour for of_segment in pending.values() for hour in of_segment} if hours is None else set(hours)
        )
        floor = retention.kept_from(engine)
        kept = sorted(hour for hour in wanted if hour >= floor)
        countries = None
        if share is not None:
            countries = [each for each in refresh.countries_of(engine, kept) if share.country(each)]
        made = refresh.refresh_cells(engine, kept, countries)
        if then is not None:
            then(kept, countries)
        segments.mark_celled(engine, pending)
        return made

    def merge_voices(self, hours: Sequence[int], states: Sequence[bytes]) -> int:
        """Make cells of the `voices` of all shards; returns how many. See `shards.merge`."""
        return shards.merge(self._writing(), hours, states)

    def save_detector(self, detector: str, payload: str) -> None:
        """Keep a detector's memory (JSON); the newest stands."""
        queries.save_state(self._writing(), detector, payload)

    def save_changepoints(self, records: Sequence[dict[str, Any]]) -> None:
        """Keep changepoints: dictionaries of the columns without `version`; an id's newest stands."""
        queries.save_changepoints(self._writing(), records)

    def insert_context(self, records: Sequence[ContextRecord]) -> None:
        """Keep other people's measurements. The same one again replaces itself: one row a part stays."""
        for piece in chunks(context_table(records)):
            self._writing().insert("context", piece)

    def save_influence(
        self,
        hours: Sequence[int],
        records: Sequence[InfluenceRecord],
        countries: Sequence[str] | None = None,
    ) -> None:
        """Keep what it takes to move the cells of these hours; `records` hold all of them, of `countries`."""
        beside.save_influence(self._writing(), hours, records, countries)

    def voices(self, hours: Sequence[int]) -> bytes:
        """What the pseudonyms of these hours said here, as exact states; see `shards.states_of`."""
        return shards.states_of(self._engine, hours)

    def vote_hours(self) -> list[int]:
        """Hours (Unix seconds) that have votes here, ascending."""
        return shards.vote_hours(self._engine)

    def raw_from(self) -> int:
        """Unix seconds of the first hour whose votes are all there; 0 where nothing was forgotten yet."""
        return retention.kept_from(self._engine)

    def drop_raw_before(self, month: str) -> None:
        """Forget reports, observations, votes of before `month` (YYYY-MM); their cells stay."""
        retention.drop_raw_before(self._writing(), month)

    def migrate(self) -> list[str]:
        """Bring the tables to this version; names of what was applied."""
        return migrate(self._writing())

    # -- reading
    # --------------------------------------------------------------------------------------------------

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """Any reading query, for people and tests; nothing else in voipwatch writes SQL."""
        return self._engine.select(sql, parameters)

    def ask(self, question: str) -> pa.Table:
        """A person's question, one SELECT: as a part of another it can be nothing but that."""
        return self._engine.select(f"SELECT * FROM (\n{question.strip().rstrip(';')}\n)")

    def segments(self) -> dict[str, int]:
        """Segment -> step (`segments.BEGUN`, `IN`, `CELLED`)."""
        return segments.known_segments(self._engine)

    def votes_since(
        self,
        received_at_ms: int,
        report_id: str,
        *,
        limit: int = 100_000,
        source: str = PANEL,
        instance: str = "",
    ) -> Iterator[Vote]:
        """Votes in the order of arrival (received_at, report_id, app, stage), after the given place.

        Whole reports only: the last one is left for the next call where `limit` would cut it. Votes of
        segments that are not wholly in are not seen.
        """
        return queries.votes_since(
            self._engine, (received_at_ms, report_id), limit=limit, source=source, instance=instance
        )

    def votes_of_hours(self, hours: Sequence[int], countries: Sequence[str] | None = None) -> list[Vote]:
        """The panel's votes of these hours (Unix seconds), of every instance, in no order."""
        return beside.votes_of_hours(self._engine, hours, countries)

    def load_detector(self, detector: str) -> str | None:
        """A detector's memory, or None."""
        return queries.load_state(self._engine, detector)

    def changepoints(self, *, country: str = "", instance: str = "") -> pa.Table:
        """Changepoints, newest version of each, by series and time; `country` "" means all."""
        return queries.changepoints(self._engine, country=country, instance=instance)

    def matrix(
        self, country: str, operator: str, *, as_of: int | None = None, instance: str = ""
    ) -> pa.Table:
        """An operator's status: one row an access and app, its latest state; `queries.matrix`."""
        return queries.matrix(self._engine, country, operator, as_of=as_of, instance=instance)

    def series(self, key: SeriesKey, *, since: int, until: int, as_of: int | None = None) -> pa.Table:
        """One series, hour by hour, silence and what is provisional included; see `series.series`."""
        return series.series(self._engine, key, since=since, until=until, as_of=as_of)

    def panel(self, key: SeriesKey, *, since: int, until: int) -> pa.Table:
        """Who stood behind a series, day by day: size, joined, left; see `queries.panel`."""
        return queries.panel(self._engine, key, since=since, until=until)

    def cells(
        self,
        *,
        country: str,
        since: int,
        until: int,
        source: str = PANEL,
        instance: str = "",
    ) -> pa.Table:
        """All cells of a country with `since` <= hour < `until` (Unix seconds), in the order of keys."""
        return queries.cells(
            self._engine,
            country=country,
            since=since,
            until=until,
            source=source,
            instance=instance,
        )

    def cells_as_of(
        self, as_of: int, *, country: str, since: int, until: int, instance: str = ""
    ) -> pa.Table:
        """The same cells, as if nothing had arrived after `as_of` (Unix seconds); made of votes."""
        return queries.cells_as_of(
            self._engine, as_of, country=country, since=since, until=until, instance=instance
        )

    def export(
        self,
        table: str,
        out: Path,
        selection: Selection | None = None,
        *,
        told: Callable[[float], None] = lambda _: None,
    ) -> Exported:
        """Write a table as Parquet or CSV, with its data dictionary; see `export.export`."""
        return export(self._engine, table, out, selection, told=told)

    def countries(self, table: str) -> list[str]:
        """Codes of the countries that one of `export.EXPORTED` has rows of, sorted."""
        return queries.countries(self._engine, table)

    def as_of(self) -> int:
        """Unix seconds of the newest report that is in a cell; 0 in an empty store."""
        return series.newest_report(self._engine)

    def status(self) -> dict[str, Any]:
        """What `voipwatch store status` says; see `queries.status`."""
        return queries.status(self._engine)

    def _writing(self) -> Engine:
        if not self._engine.writable:
            raise StoreError("read-only", "another process owns the store")
        return self._engine
