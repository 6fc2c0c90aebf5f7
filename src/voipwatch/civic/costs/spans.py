"""How many days a block lasted, as a range: for somebody (`anywhere`), and for everybody (`everywhere`).

What share of a country's calls each operator, app and kind of line carries is not known. So nothing is
weighted: the days on which at least one series was blocked are an upper bound, those on which all of them
were are a lower one, and the truth, weighted by whatever is right, lies between.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

import msgspec

from voipwatch.civic.ranges import Range
from voipwatch.model.incidents import Incident, Phase, PhaseKind, SeriesName, Spread
from voipwatch.model.instants import seconds

DAY_S: Final = 86_400.0
_DAY: Final = timedelta(days=1)
_Stretches = tuple[tuple[float, float], ...]
_CLOSES: Final = frozenset({PhaseKind.ONSET, PhaseKind.EXTENSION, PhaseKind.INTERMITTENT})
"""After one of these the series is blocked again."""
_OPENS: Final = frozenset({PhaseKind.RELIEF, PhaseKind.SILENCE, PhaseKind.END})
"""After one of these nobody can say that it is."""


class Span(msgspec.Struct, frozen=True):
    """Days, each a range."""

    everywhere: Range
    anywhere: Range
    ongoing: bool = False
    """It is counted up to what is known, and goes on."""
    silent: bool = False
    """Some series was not measured for a part of it. An incident does not say when measuring went on: up to
    the next time that the series was found blocked, those days count from nothing to whole."""

    @property
    def days(self) -> Range:
        """From the fewest for everybody to the most for somebody."""
        return Range(self.everywhere.low, self.anywhere.high)


def span_of_days(
    first: tuple[date, date], last: tuple[date, date], *, partly_until: date | None = None
) -> Span:
    """Of calendar days, first and last day both counted, as Brookings counts (1 January to 30 June 2016:
    182).

    Args:
        first: earliest and latest day that may have been the first.
        last: the same of the last.
        partly_until: from this day on the block was everywhere; before, for somebody only.

    Raises:
        ValueError: the first may come after the last, or bounds are the wrong way round.
    """
    if first[0] > first[1] or last[0] > last[1] or first[1] > last[0]:
        raise ValueError("the block must begin before it ends")
    whole = first if partly_until is None else (max(first[0], partly_until), max(first[1], partly_until))
    return Span(everywhere=_inclusive(whole, last), anywhere=_inclusive(first, last))


def _inclusive(first: tuple[date, date], last: tuple[date, date]) -> Range:
    fewest = max(timedelta(0), last[0] - first[1] + _DAY)
    most = max(timedelta(0), last[1] - first[0] + _DAY)
    return Range(fewest / _DAY, most / _DAY)


def span_of_incident(incident: Incident) -> Span:
    """Of an incident's series, in days of 24 h; up to its `as_of` where it goes on.

    Certain for a series is the time from the latest onset to the earliest end, without what was intermittent,
    relieved or not measured; possible is all from the earliest onset to the latest end.

    Raises:
        ValueError: it has no series.
    """
    if not incident.spread:
        raise ValueError(f"{incident.id} has no series")
    as_of_s = seconds(incident.as_of)
    certain = [_certain(row, incident.phases, as_of_s) for row in incident.spread]
    possible = [_possible(row, as_of_s) for row in incident.spread]
    open_ended = any(row.earliest is None for row in incident.spread)
    all_open = all(row.earliest is None for row in incident.spread)
    return Span(
        everywhere=_range(_shared(certain), None if all_open else _shared(possible)),
        anywhere=_range(_joined(certain), None if open_ended else _joined(possible)),
        ongoing=not incident.ended,
        silent=any(phase.kind is PhaseKind.SILENCE for phase in incident.phases),
    )


def _range(least: _Stretches, most: _Stretches | None) -> Range:
    low = _length(least) / DAY_S
    return Range(low, None if most is None else max(low, _length(most) / DAY_S))


def _possible(row: Spread, as_of_s: float) -> _Stretches:
    """Where nothing was seen before the onset it has no bound: then as far back as an instant can be."""
    begin = float("-inf") if row.earliest is None else seconds(row.earliest)
    return ((begin, as_of_s if row.ended_latest is None else seconds(row.ended_latest)),)


def _certain(row: Spread, phases: Iterable[Phase], as_of_s: float) -> _Stretches:
    begin = seconds(row.latest)
    end = as_of_s if row.ended_latest is None else seconds(row.ended_earliest or row.latest)
    found: _Stretches = ((begin, end),) if begin < end else ()
    for gap in _gaps(row.series, phases, as_of_s):
        found = _without(found, gap)
    return found


def _gaps(series: SeriesName, phases: Iterable[Phase], as_of_s: float) -> list[tuple[float, float]]:
    """Times for which nobody can say that a series was blocked all day."""
    found: list[tuple[float, float]] = []
    opened: float | None = None
    for phase in phases:
        if series not in phase.series:
            continue
        since = seconds(phase.earliest or phase.latest)
        if phase.kind in _OPENS and opened is None:
            opened = since
        elif phase.kind in _CLOSES and opened is not None:
            found.append((opened, seconds(phase.latest)))
            opened = None
        if phase.kind is PhaseKind.INTERMITTENT:
            found.append((since, as_of_s if phase.until is None else seconds(phase.until)))
    if opened is not None:
        found.append((opened, float("inf")))
    return found


def _without(stretches: _Stretches, gap: tuple[float, float]) -> _Stretches:
    rest: list[tuple[float, float]] = []
    for begin, end in stretches:
        rest += [(begin, min(end, gap[0])), (max(begin, gap[1]), end)]
    return tuple((begin, end) for begin, end in rest if begin < end)


def _joined(sets: Sequence[_Stretches]) -> _Stretches:
    found: list[tuple[float, float]] = []
    for begin, end in sorted(stretch for each in sets for stretch in each):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return tuple(found)


def _shared(sets: Sequence[_Stretches]) -> _Stretches:
    found = sets[0]
    for other in sets[1:]:
        pairs = ((max(a[0], b[0]), min(a[1], b[1])) for a in found for b in other)
        found = tuple((begin, end) for begin, end in pairs if begin < end)
    return found


def _length(stretches: _Stretches) -> float:
    return sum(end - begin for begin, end in stretches)
