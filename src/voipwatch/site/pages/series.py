"""A series and its published rows: where every figure of the site leads."""

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site import links
from voipwatch.site.bundle import State, series_path
from voipwatch.site.charts.overtime import series_chart
from voipwatch.site.history import Month
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.matrix import Cell, cell
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import HOURS_ON_PAGE, Site, key_of
from voipwatch.site.rowtable import table_rows
from voipwatch.site.words import Name, Words


class MonthView(NamedTuple):
    """One month in the table beside the chart."""

    name: str
    href: str
    """To its first row, or to the page of its hours."""
    own_page: bool
    days: int
    rows: int
    deciding: int
    blocked: int
    percent: str


@dataclass(frozen=True)
class SeriesPage:
    """Context of series.html."""

    shell: Shell
    app: Name
    operator: Name
    operator_href: str
    access: str
    country: str
    country_href: str
    app_href: str
    now: Cell
    now_when: str
    chart: Markup
    months: tuple[MonthView, ...]
    rows: Markup
    file_href: str


@dataclass(frozen=True)
class MonthPage:
    """Context of month.html: hours of one month. It stays valid for ever."""

    shell: Shell
    app: Name
    operator: Name
    access: str
    country: str
    series_href: str
    month: str
    rows: Markup


def series(site: Site, t: Words, state: State) -> SeriesPage:
    """The page of one series."""
    path = links.series(*key_of(state))
    frame = shell(site, t, Subject("series", path, country=state.country), title=_title(t, state))
    here = frame.here
    rows = site.rows(state)
    history = site.history(state)
    apart = {month.name for month in history.months if month.hours}
    return SeriesPage(
        shell=frame,
        app=telling.app(t, state.app),
        operator=Name(state.operator),
        operator_href=here.page(links.operator(state.country, state.operator)),
        access=telling.access(t, state.access),
        country=t.country(state.country),
        country_href=here.page(links.country(state.country)),
        app_href=here.page(links.app(state.country, state.app)),
        now=cell(site, t, here, state),
        now_when=t.row_time(state.row.start, state.row.level) if state.row else "",
        chart=series_chart(t, history.days, title=_title(t, state)),
        months=tuple(_month_view(t, here, path, month) for month in history.months),
        rows=table_rows(
            t,
            (row for row in rows if row.level != "hour" or row.start[:7] not in apart),
            of_hours=False,
        ),
        file_href=here.file_at(f"bundle/{series_path(state).replace('%', '%25')}"),
    )


def month(site: Site, t: Words, state: State, of: Month) -> MonthPage:
    """The hours of one month of a series."""
    path = links.series(*key_of(state))
    title = t.plain("month.title", series=_title(t, state), month=t.month(of.name))
    frame = shell(
        site,
        t,
        Subject("month", links.month(path, of.name), country=state.country),
        title=title,
        lasting=max(row.as_of for row in of.hours),
    )
    return MonthPage(
        shell=frame,
        app=telling.app(t, state.app),
        operator=Name(state.operator),
        access=telling.access(t, state.access),
        country=t.country(state.country),
        series_href=frame.here.page(path),
        month=t.month(of.name),
        rows=table_rows(t, of.hours, of_hours=True),
    )


def _title(t: Words, state: State) -> str:
    return t.plain(
        "series.title",
        app=telling.app(t, state.app),
        operator=Name(state.operator),
        access=Name(telling.access(t, state.access)),
        country=t.country(state.country),
    )


def _month_view(t: Words, here: Here, path: str, month: Month) -> MonthView:
    own = len(month.hours) > HOURS_ON_PAGE
    return MonthView(
        name=t.month(month.name),
        href=here.page(links.month(path, month.name)) if own else f"#{month.first_anchor}",
        own_page=own,
        days=month.days,
        rows=month.rows,
        deciding=month.deciding,
        blocked=month.blocked,
        percent=t.percent(month.blocked / month.deciding) if month.deciding else "",
    )
