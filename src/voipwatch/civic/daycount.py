"""The day number of a counter: how many days a block has lasted, as a range, in a named zone.

Days are counted as people count them: the day of the onset is day 0, so that from 5 January to 4 November
2016 it is 304 days and from 31 December 2015 it is 309. Both dates are calendar days of the zone, and the
number is their difference: no seconds are divided by 86,400, no reader's clock is asked, nothing is made
positive by dropping a sign. A counter never vanishes: what has ended keeps its final count, what nobody
measures any more or what is outdated keeps the last number that was known, what was withdrawn says so.

What is open and was last seen getting through is not counted on: only an end that is established gives a
final number, and a number that grows would say that it is stopped today.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.civic.zones import date_at, next_midnight_s
from voipwatch.model.incidents import Incident, IncidentStatus, PhaseKind, SeriesName, Spread
from voipwatch.model.instants import seconds
from voipwatch.model.vocabulary import APP_IDS, LINE


class CountState(StrEnum):
    """What a counter says."""

    NONE = "none"
    """No incident is on record, somebody measures, and what is measured gets through."""
    UNESTABLISHED = "unestablished"
    """Series do not get through, and no incident is on record for that."""
    ACTIVE = "active"
    """Every series that was ever reached stands."""
    PARTIAL = "partial"
    """Some are known to stand; others ended, get through now, or are not measured any more."""
    INTERMITTENT = "intermittent"
    """What stands is blocked at some hours of the day."""
    PASSING = "passing"
    """Open, and all of it that is measured was last seen getting through: an end is not established."""
    ENDED = "ended"
    AGAIN = "again"
    """It ended, and series of it do not get through again."""
    DISPUTED = "disputed"
    """Somebody it speaks of contests it; `DayCount.line` has what the lines do."""
    UNMEASURED = "unmeasured"
    """Nobody has measured what stood for seven days: neither blocked nor ended."""
    WITHDRAWN = "withdrawn"
    """It was no incident."""


COUNTING: Final = frozenset({CountState.ACTIVE, CountState.PARTIAL, CountState.INTERMITTENT})
"""States whose number grows at midnight."""
_OVER: Final = frozenset({CountState.ENDED, CountState.AGAIN})


class Days(msgspec.Struct, frozen=True):
    """So many whole days, at least `low`, at most `high`."""

    low: int
    high: int | None
    """None: nothing was seen before the onset, there is no upper bound."""


class LastKnown(msgspec.Struct, frozen=True):
    """The number on the last day of which something is known."""

    low: int
    high: int | None
    date: date


class Bracket(msgspec.Struct, frozen=True):
    """A day that is known to lie between two."""

    earliest: date | None
    """None: not known, before the other."""
    latest: date


class ZeroKind(StrEnum):
    """Where day zero comes from."""

    MEASURED = "measured"
    CLAIM = "claim"


class DayZero(msgspec.Struct, frozen=True, kw_only=True):
    """Day zero as a source told it, in the calendar of the country."""

    bracket: Bracket
    source: str
    """Who told it; empty where `operator` says all that is told of that."""
    claim: str = ""
    """Id of the claim."""
    title: str = ""
    """Of what it was told in."""
    url: str = ""
    operator: bool = False
    """An operator told it: said so, without its name."""


class Measuring(msgspec.Struct, frozen=True):
    """Whether a series is measured: what a bundle's states say of it."""

    measured: bool
    """False after seven days without enough probes."""
    until_s: float | None = None
    """End of its newest row that decides, Unix seconds."""
    through: bool | None = None
    """What that row says: it gets through, or (blocked, throttled, down, at some hours) it does not. None:
    nothing is told but what the incident has."""


class Blocked(msgspec.Struct, frozen=True):
    """Series that do not get through."""

    count: int
    measured: int
    """Of so many that are measured."""


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """What a counter knows at one moment."""

    state: CountState
    line: CountState
    """The same, without regard to a dispute."""
    live: bool
    """It speaks of today."""
    outdated: bool
    """Now is past `valid_until_s`."""
    day: Days | None
    """Of today where it counts; of an ended incident the final count, always."""
    today: date | None
    """The day that `day` counts; None unless it is live."""
    last_known: LastKnown | None
    began: Bracket | None
    claimed: DayZero | None
    """Where `began` is a claim's; None: it was measured."""
    ended: Bracket | None
    unmeasured_since: date | None
    """First day of which nothing is known any more."""
    zone: str
    as_of_s: float
    valid_until_s: float | None
    next_change_s: float | None
    """When to ask again; None where time alone changes nothing."""
    apps: tuple[str, ...]
    """Ids: those that stand, or, where nothing stands, all that were reached."""
    blocked: Blocked
    """Of the incident's series; without an incident, of all calls of the country."""

    @property
    def zero(self) -> ZeroKind:
        """Where day zero comes from."""
        return ZeroKind.MEASURED if self.claimed is None else ZeroKind.CLAIM


NEVER_MEASURED: Final = Measuring(False)


def followed(incident: Incident, incidents: Mapping[str, Incident]) -> Incident:
    """The incident that this one became by merging, as far as `incidents` (by id) know; else itself."""
    seen = {incident.id}
    while incident.merged_into is not None and incident.merged_into not in seen:
        survivor = incidents.get(incident.merged_into)
        if survivor is None:
            break
        seen.add(survivor.id)
        incident = survivor
    return incident


def day_count(
    incident: Incident | None,
    *,
    zone: str,
    as_of_s: float,
    valid_until_s: float | None,
    now_s: float | None,
    measuring: Mapping[SeriesName, Measuring],
    zero: DayZero | None = None,
) -> DayCount:
    """What a counter shows of an incident.

    Args:
        incident: already `followed`; None where the country has none.
        zone: IANA name; days begin at its midnight.
        as_of_s: nothing that arrived later is in the incident; Unix seconds, as are the other times.
        valid_until_s: from then on nothing is said of today; None: never was.
        now_s: None for a mirror, which knows no today. A clock that is behind `as_of_s` is wrong: none.
        measuring: by series of the country; a series that is not in it is not measured. What the newest rows
            say is held against the incident: nothing is told that they contradict.
        zero: day zero by a claim instead of the measured onset.

    Raises:
        KeyError: no such zone.
        ValueError: day zero lies after `as_of_s`: a counter that has not begun cannot count.
    """
    rows = () if incident is None else incident.spread
    standing = [row for row in rows if row.ended_latest is None]
    known = [row for row in standing if measuring.get(row.series, NEVER_MEASURED).measured]
    blocked = blocked_of(measuring, None if incident is None else [row.series for row in rows])
    stopped = [row for row in known if measuring[row.series].through is not True]
    line = _line_state(incident, known=known, stopped=stopped, blocked=blocked)
    outdated = now_s is not None and (valid_until_s is None or now_s >= valid_until_s)
    live = now_s is not None and not outdated and now_s >= as_of_s
    began = None if incident is None else _began(incident, as_of_s, zone)
    claimed = zero if began is not None else None
    if claimed is not None:
        began = _in_time(claimed.bracket, as_of_s, zone)
    ended = _ended(rows, as_of_s, zone) if line in _OVER else None
    today = date_at(now_s, zone) if live and now_s is not None else None
    relevant = [row.series for row in standing or rows] if incident is not None else list(measuring)
    since = _unmeasured_since(relevant, measuring, zone)
    return DayCount(
        state=CountState.DISPUTED if _disputed(incident, line) else line,
        line=line,
        live=live,
        outdated=outdated,
        day=_day(began, ended, today, line),
        today=today,
        last_known=_last_known(
            line, began, since[0], date_at(as_of_s, zone) if outdated and line in COUNTING else None
        ),
        began=began,
        claimed=claimed,
        ended=ended,
        unmeasured_since=since[1],
        zone=zone,
        as_of_s=as_of_s,
        valid_until_s=valid_until_s,
        next_change_s=_next_change_s(now_s, valid_until_s, zone, line) if live else None,
        apps=_apps(stopped or known or standing or rows),
        blocked=blocked,
    )


def blocked_of(
    measuring: Mapping[SeriesName, Measuring], series: Iterable[SeriesName] | None = None
) -> Blocked:
    """How many of these series (None: of all calls) are measured, and do not get through."""
    names = [each for each in measuring if each.app != LINE] if series is None else set(series)
    found = [measuring[each] for each in names if each in measuring and measuring[each].measured]
    return Blocked(sum(each.through is False for each in found), len(found))


def shows(incident: Incident, measuring: Mapping[SeriesName, Measuring]) -> bool:
    """Whether a series that stands is measured, and was not last seen getting through."""
    standing = [row.series for row in incident.spread if row.ended_latest is None]
    known = [measuring[each] for each in standing if each in measuring]
    return not incident.ended and any(each.measured and each.through is not True for each in known)


def _line_state(
    incident: Incident | None, *, known: list[Spread], stopped: list[Spread], blocked: Blocked
) -> CountState:
    """Of the series that stand `known` are measured, and `stopped` of these were not seen getting through."""
    if incident is None:
        if blocked.count:
            return CountState.UNESTABLISHED
        return CountState.NONE if blocked.measured else CountState.UNMEASURED
    if incident.status is IncidentStatus.WITHDRAWN:
        return CountState.WITHDRAWN
    if incident.ended:
        return CountState.AGAIN if blocked.count else CountState.ENDED
    if not known:
        return CountState.UNMEASURED
    if not stopped:
        return CountState.PASSING
    scheduled = {
        series
        for phase in incident.phases
        if phase.kind is PhaseKind.INTERMITTENT and phase.until is None
        for series in phase.series
    }
    if all(row.series in scheduled for row in stopped):
        return CountState.INTERMITTENT
    return CountState.ACTIVE if len(stopped) == len(incident.spread) else CountState.PARTIAL


def _disputed(incident: Incident | None, line: CountState) -> bool:
    return (
        incident is not None
        and incident.status is IncidentStatus.DISPUTED
        and line is not CountState.WITHDRAWN
    )


def _day(began: Bracket | None, ended: Bracket | None, today: date | None, line: CountState) -> Days | None:
    """The final count of what is over, else that of today."""
    if began is None:
        return None
    if ended is not None:
        return _between(began, ended)
    return _between(began, Bracket(today, today)) if today is not None and line in COUNTING else None


def _in_time(claimed: Bracket, as_of_s: float, zone: str) -> Bracket:
    if claimed.latest > date_at(as_of_s, zone):
        raise ValueError(f"day zero {claimed.latest} lies after what is known")
    return claimed


def _began(incident: Incident, as_of_s: float, zone: str) -> Bracket | None:
    """From the first day on which it can have begun to the one by which its onset was over.

    All phases of the onset count: series that are told more coarsely than others have one of their own.
    """
    first = [phase for phase in incident.phases if phase.kind in _BEGINNINGS][:1]
    onsets = [*first, *(phase for phase in incident.phases if phase.kind is PhaseKind.ONSET)]
    found = [(each.earliest, each.latest) for each in onsets]
    found = found or [(row.earliest, row.latest) for row in incident.spread[:1]]
    if not found:
        return None
    earliest = None if any(low is None for low, _ in found) else min(low for low, _ in found if low)
    return _bracket(earliest, max(latest for _, latest in found), as_of_s, zone)


_BEGINNINGS: Final = frozenset({PhaseKind.ONSET, PhaseKind.EXTENSION, PhaseKind.INTERMITTENT})


def _ended(rows: Iterable[Spread], as_of_s: float, zone: str) -> Bracket | None:
    """It is over when its last series is."""
    latest = max((row.ended_latest or "" for row in rows), default="")
    earliest = max((row.ended_earliest or "" for row in rows), default="")
    return _bracket(earliest or None, latest, as_of_s, zone) if latest else None


def _bracket(earliest: str | None, latest: str, as_of_s: float, zone: str) -> Bracket:
    """Days of an interval of instants. Midnight as an upper bound is the end of the day before; a bound that
    was rounded up beyond what was known is cut back: it had happened by then.
    """
    last = date_at(min(seconds(latest), as_of_s + 1) - 1, zone)
    return Bracket(None if earliest is None else min(date_at(seconds(earliest), zone), last), last)


def _between(began: Bracket, end: Bracket) -> Days:
    """Never below 0: where the brackets overlap it may have lasted no day."""
    low = max(0, ((end.earliest or began.latest) - began.latest).days)
    high = None if began.earliest is None else max(low, (end.latest - began.earliest).days)
    return Days(low, high)


def _unmeasured_since(
    series: Iterable[SeriesName], measuring: Mapping[SeriesName, Measuring], zone: str
) -> tuple[date | None, date | None]:
    """The last day of which one of the series says something, and the day after.

    Both None while one is measured, or where nothing was ever measured.
    """
    found = [measuring.get(each, NEVER_MEASURED) for each in series]
    ends = [each.until_s for each in found if each.until_s is not None]
    if not ends or any(each.measured for each in found):
        return None, None
    return date_at(max(ends) - 1, zone), date_at(max(ends), zone)


def _last_known(
    line: CountState, began: Bracket | None, measured: date | None, of_bundle: date | None
) -> LastKnown | None:
    """Of what nobody measures: on its last measured day; of what is outdated: on the day of the bundle."""
    on = measured if line is CountState.UNMEASURED else of_bundle
    if began is None or on is None:
        return None
    days = _between(began, Bracket(on, on))
    return LastKnown(days.low, days.high, on)


def _next_change_s(now_s: float | None, valid_until_s: float | None, zone: str, line: CountState) -> float:
    assert now_s is not None
    assert valid_until_s is not None
    return min(valid_until_s, next_midnight_s(now_s, zone)) if line in COUNTING else valid_until_s


def _apps(rows: Iterable[Spread]) -> tuple[str, ...]:
    order = {app: number for number, app in enumerate(APP_IDS)}
    return tuple(sorted({row.series.app for row in rows}, key=lambda app: (order.get(app, len(order)), app)))
