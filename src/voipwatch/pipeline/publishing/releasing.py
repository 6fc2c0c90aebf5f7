"""Votes out of the store, a few ISO weeks at once, into the rows that may be told of them now."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import pyarrow as pa

from voipwatch.chronicle.coarsen import LEVELS, Told, Voice, closes_at, first_level, start_of, tell
from voipwatch.model.bundle import WEEK_S, Level, PublicRow, SeriesId
from voipwatch.model.vocabulary import Access
from voipwatch.pipeline.publishing.memory import Memory, month_of
from voipwatch.store.store import Store
from voipwatch.store.voices import admitted_voices, voting_span

WEEKS_AT_ONCE: Final = 5
"""Votes of so many weeks lie in memory together: a month, some 60,000 of a country with 240 probes."""

Step = Callable[[int, int], None]
"""Called with the weeks done and all of them."""


class Loose(NamedTuple):
    """A vote that is in no published row, yet or ever: for counting what a changepoint rests on."""

    series: SeriesId
    hour: int


class Released(NamedTuple):
    """What one run of publish adds."""

    rows: list[PublicRow]
    loose: list[Loose]
    """Of the weeks that are still open; of closed ones what is withheld."""
    opened: int
    """Unix seconds: `loose` is complete from here on."""


def voices_of(store: Store, *, instance: str, since: int, until: int, as_of: int) -> list[Voice]:
    """The store's admitted votes as the coarsening takes them."""
    found = admitted_voices(store, instance=instance, since=since, until=until, as_of=as_of)
    columns = [_values(found[name]) for name in found.column_names]
    series_of: dict[tuple[str, ...], SeriesId] = {}
    voices = []
    for world, country, operator, access, app, *rest in zip(*columns, strict=True):
        name = (world, country, operator, access, app)
        series = series_of.get(name)
        if series is None:
            series = series_of[name] = SeriesId(country, operator, Access(access), app, world)
        voices.append(Voice(series, *rest))
    return voices


def _values(column: pa.ChunkedArray) -> list[Any]:
    """As Python values, several times faster than Arrow's own way."""
    if pa.types.is_dictionary(column.type):
        found = []
        for chunk in column.chunks:
            words = chunk.dictionary.to_pylist()
            found += [words[index] for index in chunk.indices.to_numpy().tolist()]
        return found
    return list(column.to_numpy(zero_copy_only=False).tolist())


def release(store: Store, memory: Memory, *, as_of: int, step: Step = lambda _done, _all: None) -> Released:
    """Everything that may be told as of `as_of` and is not out; tallies of what is withheld go to `memory`.

    Raises StoreError.
    """
    span = voting_span(store, instance=memory.kept.instance)
    if span is None:
        return Released([], [], as_of)
    opened = max(start_of(Level.WEEK, span[0]), open_since(memory.kept.until))
    rows: list[PublicRow] = []
    loose: list[Loose] = []
    chunks = list(_chunks(opened, min(span[1], as_of)))
    for number, (since, until) in enumerate(chunks):
        step(number, len(chunks))
        voices = voices_of(store, instance=memory.kept.instance, since=since, until=until, as_of=as_of)
        out = [
            row
            for months in {month_of(at) for at in range(since, until, 86_400)}
            for row in memory.rows.get(months, [])
            if since <= row.start < until
        ]
        told = tell(voices, as_of=as_of, remembered=out, remembered_until=memory.kept.until)
        rows += told.rows
        in_rows = {id(voice) for pool in told.members for voice in pool}
        covered = _Covered(out)
        loose += [
            Loose(voice.series, voice.hour)
            for voice in voices
            if id(voice) not in in_rows and not covered.holds(voice)
        ]
        _tally(memory, told, voices, covered=covered, as_of=as_of)
    step(len(chunks), len(chunks))
    return Released(sorted(rows), loose, opened)


def open_since(until: int) -> int:
    """Start of the first ISO week of which a pool was open at `until`; 0 for the beginning."""
    week = start_of(Level.WEEK, max(until, 0))
    while week > 0 and closes_at(Level.LATE, week - WEEK_S) > until:
        week -= WEEK_S
    return week if until else 0


class _Covered:
    """Which votes are in rows that were out before; their votes are known by pool alone."""

    def __init__(self, rows: list[PublicRow]) -> None:
        self._pools = {(row.series, row.level, row.start) for row in rows}

    def holds(self, voice: Voice) -> bool:
        """Whether a pool on the vote's way became a row."""
        first = first_level(voice) if self._pools else None
        if first is None:
            return False
        way = LEVELS[LEVELS.index(first) :]
        return any((voice.series, level, start_of(level, voice.hour)) in self._pools for level in way)


def _tally(memory: Memory, told: Told, voices: list[Voice], *, covered: _Covered, as_of: int) -> None:
    """Count series-hours of which nothing was told, of weeks that are closed for good since the last time."""
    until = memory.kept.until
    closing = {
        week
        for week in {start_of(Level.WEEK, hour) for hour in {voice.hour for voice in voices}}
        if until < closes_at(Level.LATE, week) <= as_of
    }
    lost = {
        (voice.series, voice.hour) for voice in told.withheld if start_of(Level.WEEK, voice.hour) in closing
    }
    if lost:
        lost -= {(voice.series, voice.hour) for pool in told.members for voice in pool}
        lost -= {(voice.series, voice.hour) for voice in voices if covered.holds(voice)}
    counts = Counter(month_of(hour) for _, hour in lost)
    for month, count in sorted(counts.items()):
        memory.kept.withheld_cells[month] = memory.kept.withheld_cells.get(month, 0) + count


def _chunks(since: int, last: int) -> Iterator[tuple[int, int]]:
    while since <= last:
        yield since, since + WEEKS_AT_ONCE * WEEK_S
        since += WEEKS_AT_ONCE * WEEK_S
