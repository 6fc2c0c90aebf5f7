"""The first page of a language: what is blocked now, since when, for whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.model.incidents import Incident, IncidentStatus, SeriesName
from voipwatch.site import links
from voipwatch.site.bundle import IncidentPage, State
from voipwatch.site.charts.overtime import country_chart
from voipwatch.site.links import Here
from voipwatch.site.pages import standing, telling
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.matrix import Count, bad_now, counts
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site, is_line
from voipwatch.site.pages.tally import daily_tally
from voipwatch.site.words import Name, Words


class Brief(NamedTuple):
    """An incident in a list."""

    href: str
    title: Markup
    marks: tuple[Markup, ...]
    id: str
    standing: bool
    """It is measured, and does not get through."""
    withdrawn: bool
    began: Markup
    ended: Markup | None
    told: Markup
    """Of one that no end was seen of: whether it stands, or when it was measured last."""


class AppNow(NamedTuple):
    """One app in a country."""

    name: Name
    href: str
    counts: tuple[Count, ...]
    rows_href: str
    """Where each counted series leads to its row."""
    lines: int


class Now(NamedTuple):
    """What is known of a country at the bundle's time."""

    code: str
    name: str
    href: str
    blocked: bool
    headline: Markup
    counted: bool
    """The headline is a count of series."""
    since: Markup
    """Since when, or what was last; may be empty."""
    measured: int
    series: int
    rows_href: str
    """Where each counted series leads to its row; empty where there is none."""
    apps: tuple[AppNow, ...]
    line: AppNow | None
    newest: Brief | None
    chart: Markup
    chart_table: str
    """Where the chart's table is."""


@dataclass(frozen=True)
class Home:
    """Context of home.html."""

    shell: Shell
    countries: tuple[Now, ...]
    incidents: tuple[Brief, ...]
    claims: int
    claims_href: str
    timeline_href: str
    method_href: str


def home(site: Site, t: Words) -> Home:
    """The page."""
    subject = Subject("home", links.home())
    manifest = site.bundle.manifest
    title = t.plain("home.title", as_of=Name(t.moment(manifest.as_of)))
    if manifest.is_unmeasured:
        title = t.plain("home.heading")
    frame = shell(site, t, subject, title=title, description=t.plain("home.description"))
    return Home(
        shell=frame,
        countries=tuple(now(site, t, frame.here, country) for country in site.countries),
        incidents=tuple(brief(site, t, frame.here, page) for page in site.incidents[:10]),
        claims=len(site.bundle.claims),
        claims_href=frame.here.page("claims/"),
        timeline_href=frame.here.page("timeline/"),
        method_href=frame.here.page("method/"),
    )


def brief(site: Site, t: Words, here: Here, page: IncidentPage) -> Brief:
    """An incident as lists show it: title and marks together."""
    incident = page.incident
    began = ended = None
    if incident.phases:
        began = telling.days(t, incident.phases[0].earliest, incident.phases[0].latest)
    if incident.ended and incident.spread:
        last = max(incident.spread, key=lambda row: row.ended_latest or "")
        ended = telling.days(t, last.ended_earliest, last.ended_latest or "")
    as_of = site.bundle.manifest.as_of
    seen = standing.seen_of(site, incident, as_of)
    open_still = not incident.ended and incident.status is not IncidentStatus.WITHDRAWN
    return Brief(
        href=here.page(links.incident(incident.id)),
        title=standing.title(site, t, incident, as_of),
        marks=telling.marks(t, incident),
        id=incident.id,
        standing=open_still and seen.kind == "stands",
        withdrawn=incident.status is IncidentStatus.WITHDRAWN,
        began=began or Markup(""),
        ended=ended,
        told=standing.told(t, seen, as_of),
    )


def _shows(incident: Incident, bad: Iterable[State]) -> bool:
    """Whether a bad state is of a series that the incident still holds; beside names, of theirs."""
    open_now = {
        row.series
        for row in incident.spread
        if row.ended_latest is None and (not incident.named or row.series.operator in incident.named)
    }
    return any(SeriesName(state.operator, state.access, state.app) in open_now for state in bad)


def now(site: Site, t: Words, here: Here, country: str) -> Now:
    """What is known of a country."""
    states = site.of(country)
    apps = [state for state in states if not is_line(state)]
    measured = [state for state in apps if state.measured]
    bad = bad_now(apps)
    still_open = [
        page
        for page in site.incidents_of(country)
        if not page.incident.ended and page.incident.status is not IncidentStatus.WITHDRAWN
    ]
    past = [page for page in site.incidents_of(country) if page.incident.ended]
    headline, since = t("now.nothing-measured"), Markup("")
    seen = [page for page in still_open if _shows(page.incident, bad)]
    if seen:
        newest = brief(site, t, here, seen[0])
        headline = standing.headline(site, t, seen[0].incident, site.bundle.manifest.as_of)
        since = t("now.began", days=newest.began)
    elif bad:
        headline = t("now.blocked", n=len(bad), measured=len(measured))
    elif measured:
        headline = t("now.nothing-blocked")
    if not bad and still_open:
        last = brief(site, t, here, still_open[0])
        since = t("now.not-seen-to-end", days=last.began, standing=last.told)
    elif not bad and past:
        last = brief(site, t, here, past[0])
        since = t("now.last", began=last.began, ended=last.ended or "")
    shown = still_open or past or list(site.incidents_of(country))
    return Now(
        code=country,
        name=t.country(country),
        href=here.page(links.country(country)),
        blocked=bool(bad),
        headline=headline,
        counted=bool(bad) and not seen,
        since=since,
        measured=len(measured),
        series=len(apps),
        rows_href=here.page(links.country(country), anchor="matrix") if states else "",
        apps=tuple(_app_now(site, t, here, (country, app)) for app in site.apps(country) if app != "line"),
        line=_app_now(site, t, here, (country, "line")) if "line" in site.apps(country) else None,
        newest=brief(site, t, here, shown[0]) if shown else None,
        chart=country_chart(t, daily_tally(site, country), name=t.country(country), of=country),
        chart_table=here.page(links.country(country), anchor="year"),
    )


def _app_now(site: Site, t: Words, here: Here, of: tuple[str, str]) -> AppNow:
    country, app = of
    states = site.of(country, app=app)
    path = links.app(country, app)
    return AppNow(
        telling.app(t, app), here.page(path), counts(t, states), here.page(path, anchor="now"), len(states)
    )
