"""When the published rows themselves changed: the detector on daily counts that everybody has.

The store's detector reads votes, with who gave them, and some of its votes are in no published row. Run on
the published days alone, by the same method and setting (`inference.detection.daily`), it gives what a
stranger can recompute from the bundle: less, later and wider, and from nothing hidden. Rows of weeks and late
rows are not fed: their time is coarser than a day.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from voipwatch.chronicle.coarsen import closes_at
from voipwatch.inference.detection import Detector, State, daily
from voipwatch.model.bundle import DAY_S, LEVEL_STEP, Level, PublicChange, PublicRow, SeriesId
from voipwatch.model.series import Changepoint, SeriesRow
from voipwatch.model.vocabulary import LINE, Access

SERIES_MIN: Final = 64
"""Series that the promise is shared by, at least; doubled when there are more (`pipeline.detecting`)."""
ROWS: Final = "rows"

Days = dict[int, tuple[int, int]]
"""Start of a day -> blocked votes, votes that say either."""


def series_key(series: SeriesId) -> str:
    """As one string; NUL is in none of its parts."""
    parts = [series.instance, series.country, series.operator, series.access.value, series.app]
    return "\0".join(parts)


def shared_by(series: Iterable[SeriesId]) -> int:
    """How many series share the promise."""
    count, needed = SERIES_MIN, len(set(series))
    while count < needed:
        count *= 2
    return count


def daily_counts(rows: Iterable[PublicRow], *, since: int, as_of: int) -> dict[SeriesId, Days]:
    """Votes of each published day that closed by `as_of` and does not begin before `since`."""
    found: defaultdict[SeriesId, Days] = defaultdict(dict)
    for row in rows:
        day = row.start // DAY_S * DAY_S
        if row.level not in {Level.HOUR, Level.DAY} or day < since or closes_at(Level.DAY, day) > as_of:
            continue
        hits, votes = says(row)
        if votes:
            before = found[row.series].get(day, (0, 0))
            found[row.series][day] = (before[0] + hits, before[1] + votes)
    return found


def says(row: PublicRow) -> tuple[int, int]:
    """Votes for interference, and votes that say either; as `pipeline.detecting.hit_of` takes them."""
    if row.ok is None:
        return 0, 0
    hits = (row.down or 0) if row.series.app == LINE else (row.blocked or 0) + (row.throttled or 0)
    return hits, hits + row.ok


def advance(states: dict[str, State], counts: Mapping[SeriesId, Days], *, series_count: int) -> None:
    """Feed days, in their order, to the memories in `states`; a series that is new gets one."""
    for series in sorted(counts):
        state = states.setdefault(series_key(series), State())
        detector = Detector(daily(series_count), state)
        for day in sorted(counts[series]):
            hits, votes = counts[series][day]
            detector.receive(SeriesRow(float(day), hits, votes))


def changes(states: Mapping[str, State]) -> list[PublicChange]:
    """What the memories have found, in order."""
    found = []
    for key, state in states.items():
        instance, country, operator, access, app = key.split("\0")
        series = SeriesId(country, operator, Access(access), app, instance)
        found += [_public(series, change) for change in state.changepoints]
    return sorted(found, key=order_of)


def order_of(change: PublicChange) -> tuple[Any, ...]:
    """The order of the table of changepoints: total, since ids differ."""
    return change.series, change.latest, change.kind, change.basis, change.id


def recomputed(rows: Iterable[PublicRow], *, as_of: int) -> list[PublicChange]:
    """All of it from rows alone: what `voipwatch verify` does, and publish where its memory is gone."""
    kept = list(rows)
    states: dict[str, State] = {}
    count = shared_by(row.series for row in kept)
    advance(states, daily_counts(kept, since=0, as_of=as_of), series_count=count)
    return changes(states)


def in_steps(share: float | None) -> int | None:
    """A share in whole steps of `LEVEL_STEP` percent."""
    return None if share is None else round(100 * share / LEVEL_STEP) * LEVEL_STEP


def _public(series: SeriesId, change: Changepoint) -> PublicChange:
    name = f"rows\0{series_key(series)}\0{change.kind.value}\0{int(change.detected_s)}"
    return PublicChange(
        series=series,
        latest=int(change.latest_s),
        kind=change.kind.value,
        basis=ROWS,
        id=sha256(name.encode()).hexdigest()[:32],
        earliest=None if change.earliest_s is None else int(change.earliest_s),
        detected=int(change.detected_s),
        level_before=in_steps(change.level_before),
        level_after=in_steps(change.level_after),
        probes_both_sides=None,
        shown_by="",
        withheld_below=None,
    )
