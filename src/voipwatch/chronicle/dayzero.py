"""Day zero of an incident as a claim tells it: which claim may be one, and which days it names.

A measured onset is when lines that took part showed it; a source may have told an earlier day, or a nearer
one. An editor may have the counter count from there. What cannot be day zero of that incident is refused: the
number would have no ground. So is what measurements contradict, and what is far from the measured onset: a
counter's number stands beside "measured by", and days that nobody measured must not be most of it.
"""

import re
from collections.abc import Container, Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from voipwatch.model.claims import Claim, ClaimSays, ClaimType, Scope
from voipwatch.model.edtf import EdtfError, decode_edtf
from voipwatch.model.incidents import Incident, SeriesName, Spread
from voipwatch.model.instants import seconds

ZONES_BEHIND_S: Final = 12 * 3600
"""By which the last clock on earth is behind UTC: what is past there is past everywhere."""

FAR_DAYS: Final = 31
"""A claim may lie so far from the measured onset: as far as a source that names a month can be off,
which is what "about" adds to a month (`chronicle.edtf.ROUGH_DAYS`).
"""
FAR_UNSEEN_DAYS: Final = 366
"""Before an onset before which nobody measured: calls may have been stopped long before, and a claim is the
only witness; further back than a year it is more likely of another stop.
"""
_SHORT: Final = 3
"""Letters: a shorter name of an operator is no sign of it within other words."""


class ZeroRefusal(StrEnum):
    """Why a claim is no day zero of an incident."""

    COUNTRY = "country"
    """It is of another one."""
    APPS = "apps"
    """It speaks of none of the incident's."""
    SCOPE = "scope"
    """It is of other operators or accesses than the incident's."""
    SAYS = "says"
    """It tells no onset."""
    DAY = "day"
    """Its date is impossible, or open towards now."""
    LATER = "later"
    """It is not past yet as of then, or the incident was over by it."""
    FAR = "far"
    """It is further from the measured onset than `FAR_DAYS`, or `FAR_UNSEEN_DAYS`."""
    CONTRADICTED = "contradicted"
    """What was measured contradicts it."""


class ClaimedDays(NamedTuple):
    """Between which days of the country's calendar, both included."""

    earliest: date | None
    """None: open."""
    latest: date


def claimed_days(claim: Claim) -> ClaimedDays | None:
    """As a claim dates it; None where its date is none, impossible, or open towards now.

    A claim's days are those of its country's calendar, whatever its clock.
    """
    try:
        span = decode_edtf(claim.date)
    except EdtfError:
        return None
    if span.impossible or span.until_s is None:
        return None
    earliest = None if span.since_s is None else _day(span.since_s)
    return ClaimedDays(earliest, _day(span.until_s - 1))


def zero_refusal(
    claim: Claim, incident: Incident, *, as_of: str, contradicted: Container[str] = ()
) -> ZeroRefusal | None:
    """Why the claim cannot be day zero of the incident; None where it can.

    Args:
        claim: what a source said.
        incident: as it is told now.
        as_of: ISO 8601; a day zero is past by then.
        contradicted: ids of claims that the measurements contradict, as far as that is known.
    """
    if claim.scope.country != incident.country:
        return ZeroRefusal.COUNTRY
    reached = {row.series.app for row in incident.spread}
    if claim.scope.apps and reached and not reached & set(claim.scope.apps):
        return ZeroRefusal.APPS
    if reached and not any(_in_scope(row.series, claim.scope) for row in incident.spread):
        return ZeroRefusal.SCOPE
    if claim.says is not ClaimSays.ONSET:
        return ZeroRefusal.SAYS
    days = claimed_days(claim)
    if days is None:
        return ZeroRefusal.DAY
    last = _day(seconds(as_of) - ZONES_BEHIND_S)
    over = [row.ended_latest for row in incident.spread if row.ended_latest is not None]
    if incident.ended and over:
        last = min(last, _day(seconds(max(over)) - 1))
    if days.latest > last:
        return ZeroRefusal.LATER
    if _is_far(days, incident.spread):
        return ZeroRefusal.FAR
    return ZeroRefusal.CONTRADICTED if claim.id in contradicted else None


def _in_scope(series: SeriesName, scope: Scope) -> bool:
    return (
        (not scope.apps or series.app in scope.apps)
        and (not scope.operators or series.operator in scope.operators)
        and (not scope.accesses or series.access in scope.accesses)
    )


def _is_far(days: ClaimedDays, spread: Iterable[Spread]) -> bool:
    """Any day of it; of an incident that spread the onset is that of the series that was the first."""
    first = min(spread, key=lambda row: row.latest, default=None)
    if first is None:
        return False
    latest = _day(seconds(first.latest))
    low = latest - timedelta(FAR_UNSEEN_DAYS)
    if first.earliest is not None:
        low = _day(seconds(first.earliest)) - timedelta(FAR_DAYS)
    return (days.earliest or days.latest) < low or days.latest > latest + timedelta(FAR_DAYS)


def of_operator(claim: Claim, operators: Iterable[str]) -> bool:
    """Whether an operator told it: by its type, or because a name of `operators` is in its publisher's.

    A counter has no room for what must stand beside an operator's name, and names none.
    """
    if claim.type is ClaimType.OPERATOR_STATEMENT:
        return True
    publisher = source_of(claim).casefold()
    return any(
        name == publisher
        or (len(name) >= _SHORT and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", publisher) is not None)
        for name in (each.casefold() for each in operators)
    )


def source_of(claim: Claim) -> str:
    """Who told it, in a word or two."""
    return claim.source.publisher or claim.source.title


def _day(time_s: float) -> date:
    return datetime.fromtimestamp(time_s, tz=UTC).date()
