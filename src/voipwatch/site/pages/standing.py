"""Whether an incident stands: until when its open series were measured, and what was seen of them last.

A chronicle keeps an incident open until its end is seen. Where nobody measures any more no end can be seen:
then a page says when it was measured last, and not that it stands; nor where all that is open passes again.
"""

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from voipwatch.chronicle.titles import Seen, day_of, rows_told
from voipwatch.model.incidents import Incident, IncidentStatus, Spread
from voipwatch.model.instants import seconds
from voipwatch.site.bundle import State
from voipwatch.site.names import BAD
from voipwatch.site.pages import telling
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words

STALE_AFTER_S: Final = 168 * 3600
"""Without a row that decides for so long a series is no longer measured (docs/bundle.md)."""
DAY_S: Final = 86_400


def seen_of_series(site: Site, country: str, row: Spread, at: str) -> Seen:
    """What was seen last, as of `at` (ISO 8601), of a series that no end was seen of.

    Its onset is itself something seen, also where no row of it is published.
    """
    series = row.series
    state = site.states.get((country, series.operator, series.access, series.app))
    found = (seconds(row.latest), day_of(row.latest), True)
    last = None if state is None else _last_row(site, state, at)
    if last is not None and last[0] > found[0]:
        found = last
    end_s, day, bad = found
    measured = seconds(at) - end_s <= STALE_AFTER_S
    if state is not None and at == site.bundle.manifest.as_of:
        measured = state.measured  # as the tables of the same page say
    if measured:
        return Seen("stands" if bad else "passes", day)
    return Seen("stood" if bad else "unseen", day)


def _last_row(site: Site, state: State, at: str) -> tuple[float, str, bool] | None:
    """End (Unix seconds), day and badness of the newest row that decides by `at`."""
    until, row = state.measured_until, state.row
    if until is None or row is None:
        return None
    if seconds(until) <= seconds(at):
        return seconds(until), day_of(until), row.state in BAD
    # An older revision: as it was then. A day is over by `at` where its date is before that of `at`.
    for day in reversed(site.history(state).days):
        if day.share is not None and str(day.day) < at[: len("2016-01-05")]:
            return seconds(f"{day.day}T00:00:00Z") + DAY_S, str(day.day), day.state in BAD
    return None


def seen_of(site: Site, incident: Incident, at: str, rows: Iterable[Spread] | None = None) -> Seen:
    """Of an incident's open series together, or of those of `rows`: one that is still measured and does not
    get through stands for all of them; else that one speaks which was seen last not to get through, else the
    one that was seen last.
    """
    found = [
        seen_of_series(site, incident.country, row, at)
        for row in (incident.spread if rows is None else rows)
        if row.ended_latest is None
    ]
    for kind in ("stands", "stood", "passes", "unseen"):
        days = [each.day for each in found if each.kind == kind]
        if days:
            return Seen(kind, max(days))
    return Seen("stands", "")


def headline(site: Site, t: Words, incident: Incident, at: str) -> Markup:
    """Its title as of `at`, for where "as of" stands beside it: in the present tense where it stands."""
    signed = site.bundle.signed_revision(incident)
    return telling.title(t, incident, signed, seen=_seen_of_title(site, incident, signed, at), as_of=at)


def title(site: Site, t: Words, incident: Incident, at: str) -> Markup:
    """The same for a place of its own: true whenever it is read."""
    signed = site.bundle.signed_revision(incident)
    seen = _undated(_seen_of_title(site, incident, signed, at))
    return telling.title(t, incident, signed, seen=seen, as_of=at)


def plain_title(site: Site, t: Words, incident: Incident, at: str) -> str:
    """The same as plain text."""
    signed = site.bundle.signed_revision(incident)
    seen = _undated(_seen_of_title(site, incident, signed, at))
    return telling.plain_title(t, incident, signed, seen=seen, as_of=at)


def _seen_of_title(site: Site, incident: Incident, signed: Incident | None, at: str) -> Seen | None:
    """Of the series that the title is of: beside names, of theirs. Nothing of one that is withdrawn."""
    if incident.status is IncidentStatus.WITHDRAWN:
        return None
    return seen_of(site, incident, at, rows_told(incident, signed))


def _undated(seen: Seen | None) -> Seen | None:
    return None if seen is None or seen.kind == "stands" else seen


def told(t: Words, seen: Seen, as_of: str) -> Markup:
    """`not over as of …`, or when it was measured last; true whenever it is read."""
    day = Name(t.day(seen.day)) if seen.day else ""
    return t(f"standing.{seen.kind}", as_of=Name(t.moment(as_of)), date=day)
