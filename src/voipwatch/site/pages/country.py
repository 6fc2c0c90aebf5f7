"""A country: its matrix, its year, its incidents and what sources said."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site import links
from voipwatch.site.charts.overtime import country_chart
from voipwatch.site.pages.claims import ClaimBrief, claim_brief
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.home import Brief, Now, brief, now
from voipwatch.site.pages.matrix import Matrix, country_matrix
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.tally import daily_tally
from voipwatch.site.words import Name, Words


class MonthCount(NamedTuple):
    """One month of a country: series-days by state."""

    name: str
    days: int
    """Days of a series, with votes that decide."""
    stopped: int
    percent: str


@dataclass(frozen=True)
class Country:
    """Context of country.html."""

    shell: Shell
    now: Now
    matrix: Matrix
    chart: Markup
    months: tuple[MonthCount, ...]
    operators: tuple[tuple[Name, str], ...]
    incidents: tuple[Brief, ...]
    claims: tuple[ClaimBrief, ...]
    claims_total: int
    claims_href: str


CLAIMS_SHOWN = 6


def country(site: Site, t: Words, code: str) -> Country:
    """The page of one country."""
    subject = Subject("country", links.country(code), country=code)
    name = t.country(code)
    frame = shell(
        site,
        t,
        subject,
        title=t.plain("country.title", country=name, as_of=Name(t.moment(site.bundle.manifest.as_of))),
        description=t.plain("country.description", country=name),
    )
    here = frame.here
    tally = daily_tally(site, code)
    judged = [each for each in site.claims_of(code) if each.check.state != "not-measurable"]
    return Country(
        shell=frame,
        now=now(site, t, here, code),
        matrix=country_matrix(site, t, here, code),
        chart=country_chart(t, tally, name=name, of=code),
        months=_months(t, tally),
        operators=tuple((Name(each), here.page(links.operator(code, each))) for each in site.operators(code)),
        incidents=tuple(brief(site, t, here, page) for page in site.incidents_of(code)),
        claims=tuple(claim_brief(t, here, each) for each in judged[:CLAIMS_SHOWN]),
        claims_total=len(site.claims_of(code)),
        claims_href=here.page("claims/"),
    )


def _months(t: Words, tally: dict[date, list[int]]) -> tuple[MonthCount, ...]:
    months: dict[str, list[int]] = {}
    for day, (known, stopped) in tally.items():
        month = months.setdefault(str(day)[:7], [0, 0])
        month[0] += known
        month[1] += stopped
    return tuple(
        MonthCount(t.month(name), known, stopped, t.percent(stopped / known))
        for name, (known, stopped) in sorted(months.items())
    )
