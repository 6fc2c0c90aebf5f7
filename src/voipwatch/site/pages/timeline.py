"""Incidents and claims in one order of time."""

from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.chronicle.titles import day_of
from voipwatch.model.edtf import EdtfError, decode_edtf
from voipwatch.model.instants import iso, seconds
from voipwatch.site import links
from voipwatch.site.charts.timeline import Mark, timeline_chart
from voipwatch.site.pages import standing, telling
from voipwatch.site.pages.claims import ClaimBrief, claim_brief
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words


class Entry(NamedTuple):
    """One thing of the timeline: a phase of an incident, or a claim."""

    sort: float
    day: Markup
    """When it was; `datetime` is the day by which it is in order."""
    datetime: str
    month: str
    """`January 2016`: entries of one stand together."""
    phase: "PhaseEntry | None"
    claim: ClaimBrief | None
    anchor: str


class PhaseEntry(NamedTuple):
    """A phase in the timeline."""

    kind: str
    name: Markup
    days: Markup
    line: Markup
    title: Markup
    marks: tuple[Markup, ...]
    href: str


@dataclass(frozen=True)
class Timeline:
    """Context of timeline.html."""

    shell: Shell
    chart: Markup
    months: tuple[tuple[str, tuple[Entry, ...]], ...]
    undated: tuple[ClaimBrief, ...]


def timeline(site: Site, t: Words) -> Timeline:
    """The page."""
    frame = shell(
        site,
        t,
        Subject("timeline", "timeline/"),
        title=t.plain("timeline.title"),
        description=t.plain("timeline.description"),
    )
    here = frame.here
    entries: list[Entry] = []
    marks: list[Mark] = []
    for page in site.incidents:
        told = page.incident
        title = standing.title(site, t, told, site.bundle.manifest.as_of)
        if told.phases:
            over = max((row.ended_latest or told.as_of for row in told.spread), default=told.as_of)
            marks.append(Mark("stands", told.status, seconds(told.phases[0].latest), seconds(over)))
        for number, phase in enumerate(told.phases):
            at = seconds(phase.latest)
            entry = PhaseEntry(
                phase.kind,
                t(f"phase.{phase.kind}"),
                telling.days(t, phase.earliest, phase.latest),
                telling.phase_line(t, told.country, phase),
                title,
                telling.marks(t, told),
                here.page(links.incident(told.id), anchor=f"phase-{number + 1}"),
            )
            day = day_of(phase.latest)
            entries.append(
                Entry(at, entry.days, day, t.month(day[:7]), entry, None, f"{told.id}-phase-{number + 1}")
            )
            low = seconds(phase.earliest) if phase.earliest else at
            marks.append(Mark("phase", phase.kind, low, at))
    undated = []
    for judged in site.bundle.claims:
        brief = claim_brief(t, here, judged)
        bounds = _bounds(judged.claim.date)
        if bounds is None:
            undated.append(brief)
            continue
        low, high = bounds
        day = iso(low)[:10]
        entries.append(Entry(low, brief.date, day, t.month(day[:7]), None, brief, f"claim-{brief.anchor}"))
        if not brief.flag:
            # A date that the source cannot mean would stretch the axis over years; the list has it.
            marks.append(Mark("claim", brief.state, low, high))
    entries.sort(key=lambda entry: (entry.sort, entry.anchor))
    months: dict[str, list[Entry]] = {}
    for each in entries:
        months.setdefault(each.month, []).append(each)
    return Timeline(
        shell=frame,
        chart=timeline_chart(t, marks, title=t.plain("timeline.title")),
        months=tuple((name, tuple(found)) for name, found in months.items()),
        undated=tuple(undated),
    )


def _bounds(date: str) -> tuple[float, float] | None:
    """Of an EDTF date; an open end is its other end; None where there is no such day."""
    try:
        span = decode_edtf(date)
    except EdtfError:
        return None
    low = span.since_s if span.since_s is not None else span.until_s
    high = span.until_s if span.until_s is not None else span.since_s
    if span.impossible or low is None or high is None:
        return None
    return low, high
