"""The order of spread of an incident: when each series was reached and let go, as table and drawing."""

from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.model.incidents import Incident, Spread
from voipwatch.site import links
from voipwatch.site.charts.spread import SpreadLine, spread_chart
from voipwatch.site.links import Here
from voipwatch.site.pages import standing, telling
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words

APPS_LABELLED: Final = 2
"""Above so many the drawing counts them; the table has each."""


class SpreadView(NamedTuple):
    """One row of the order of spread."""

    rank: int
    series: Markup
    href: str
    reached: Markup
    ended: Markup
    """When its end was seen; else whether it stands, or when it was measured last."""


def spread_rows(site: Site, t: Words, here: Here, told: Incident, at: str) -> tuple[SpreadView, ...]:
    """One row a series, as of `at`, in the order in which they were reached."""
    found = []
    for row in sorted(told.spread, key=lambda each: (each.rank, each.series)):
        series = row.series
        known = (told.country, series.operator, series.access, series.app) in site.states
        found.append(
            SpreadView(
                row.rank,
                telling.series_name(t, series),
                here.page(links.series(told.country, series.operator, series.access, series.app))
                if known
                else "",
                telling.span(t, row.earliest, row.latest),
                standing.told(t, standing.seen_of_series(site, told.country, row, at), at)
                if row.ended_latest is None
                else telling.span(t, row.ended_earliest, row.ended_latest),
            )
        )
    return tuple(found)


def spread_drawing(site: Site, t: Words, told: Incident, title: str) -> Markup:
    """Apps of one line that were reached in the same interval are one row of the drawing.

    What was measured last long before `told` was written may have ended at any time since: drawn light.
    """
    groups: dict[tuple[str, str, str | None, str, _Ends | None], list[Spread]] = {}
    for row in sorted(told.spread, key=lambda each: (each.rank, each.series)):
        ends = _unseen_ends(site, told, row) if row.ended_latest is None else None
        key = (row.series.operator, row.series.access, row.earliest, row.latest, ends)
        groups.setdefault(key, []).append(row)
    rows = []
    for (operator, access, earliest, latest, ends), group in groups.items():
        apps = [telling.app(t, row.series.app) for row in group]
        shown = ", ".join(apps) if len(apps) <= APPS_LABELLED else t.plain("chart.spread.apps", n=len(apps))
        label = " · ".join((operator, telling.access(t, access), shown))
        rows.append(SpreadLine(label, earliest, latest, *(ends or _seen_ends(group))))
    return spread_chart(t, rows, as_of=told.as_of, title=title)


class _Ends(NamedTuple):
    """Between which times it ended; None twice: it stands."""

    earliest: str | None
    latest: str | None


def _seen_ends(group: list[Spread]) -> _Ends:
    return _Ends(
        min(row.ended_earliest or row.ended_latest or "" for row in group),
        max(row.ended_latest or "" for row in group),
    )


def _unseen_ends(site: Site, told: Incident, row: Spread) -> _Ends:
    seen = standing.seen_of_series(site, told.country, row, told.as_of)
    if seen.kind == "stands":
        return _Ends(None, None)
    return _Ends(max(f"{seen.day}T00:00:00Z", row.latest), told.as_of)
