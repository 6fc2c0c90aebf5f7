"""What stands behind an incident: its phases, the changepoints of each, and the rows that show them."""

from collections.abc import Mapping
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.model.incidents import Incident, Phase, SeriesName
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words


class Change(NamedTuple):
    """A changepoint behind a phase."""

    id: str
    series: Markup
    kind: Markup
    when: Markup
    before: str
    after: str
    href: str
    """To the rows about it; empty where nothing of it is published."""
    shown_by_rows: bool
    withheld_below: int | None


class PhaseView(NamedTuple):
    """One phase."""

    kind: str
    name: Markup
    days: Markup
    line: Markup
    changes: tuple[Change, ...]


def phase_view(site: Site, t: Words, here: Here, told: Incident, phase: Phase) -> PhaseView:
    """One phase of an incident with the changepoints behind it."""
    changes = site.changes
    return PhaseView(
        kind=phase.kind,
        name=t(f"phase.{phase.kind}"),
        days=telling.days(t, phase.earliest, phase.latest),
        line=telling.phase_line(t, told.country, phase),
        changes=tuple(
            _change(site, t, here, changes[name]) for name in phase.changepoints if name in changes
        ),
    )


def _change(site: Site, t: Words, here: Here, change: Mapping[str, str]) -> Change:
    key = (change["country"], change["operator"], change["access"], change["app"])
    row = site.row_near(key, change["detected"][:10])

    def level(value: str) -> str:
        return t.percent(int(value) / 100) if value else ""

    return Change(
        id=change["id"],
        series=telling.series_name(t, SeriesName(*key[1:])),
        kind=t(f"change.{change['kind']}") if t.has(f"change.{change['kind']}") else t.name(change["kind"]),
        when=telling.span(t, change["earliest"] or None, change["latest"]),
        before=level(change["level_before"]),
        after=level(change["level_after"]),
        href="" if row is None else here.page(row[0], anchor=row[1]),
        shown_by_rows=bool(change["shown_by"]),
        withheld_below=int(change["withheld_below"]) if change["withheld_below"] else None,
    )


def quality_figures(t: Words, told: Incident) -> tuple[tuple[Markup, str], ...]:
    """Name and figure of what an incident rests on; figures that it has not are left out."""
    quality = told.quality
    figures: list[tuple[str, float | None]] = [
        ("probes", quality.probes),
        ("probes_least", quality.probes_least),
        ("probes_both_sides", quality.probes_both_sides),
        ("joined", quality.joined),
        ("left", quality.left),
        ("votes_surplus", quality.votes_surplus),
        ("arl_days", round(quality.arl_days)),
        ("arl_votes", None if quality.arl_votes is None else round(quality.arl_votes)),
    ]
    return tuple((t(f"quality.{name}"), t.number(value)) for name, value in figures if value is not None)
