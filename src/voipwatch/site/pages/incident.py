"""An incident: what happened, on what evidence, in which order, and all that was said of it."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.model.incidents import Incident
from voipwatch.site import links
from voipwatch.site.bundle import IncidentPage
from voipwatch.site.feeds.jsonld import names_nobody_else
from voipwatch.site.links import Here
from voipwatch.site.pages import standing, telling
from voipwatch.site.pages.citing import Cite, cite, downloads, share_text
from voipwatch.site.pages.claims import ClaimBrief, claim_brief
from voipwatch.site.pages.evidence import PhaseView, phase_view, quality_figures
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.said import CorrectionView, Said, correction_view, said_of
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.spread import SpreadView, spread_drawing, spread_rows
from voipwatch.site.words import Name, Words

NAMED_OPEN: Final = 12
"""More named operators than this are folded away."""


class Facts(NamedTuple):
    """An incident in figures, at the head of its page."""

    began: Markup
    ended: Markup | None
    told: Markup
    """Of one that no end was seen of: whether it stands, or when it was measured last; empty of another."""
    apps: Markup
    operators: int
    accesses: Markup
    series: int
    named: Markup
    named_many: int
    """How many, where they are too many to be read at one look; else 0."""


class RevisionLink(NamedTuple):
    """One revision in the list of all."""

    number: int
    at: str
    href: str
    current: bool
    reviewed: bool


@dataclass(frozen=True)
class IncidentView:
    """Context of incident.html, of the newest revision and of each for ever."""

    shell: Shell
    id: str
    revision: int
    newest: int
    is_revision: bool
    newest_href: str
    title: Markup
    marks: tuple[Markup, ...]
    status: str
    country: str
    country_href: str
    reason: str
    merged: tuple[Markup, ...]
    """What it became or came from, each a sentence."""
    facts: Facts
    phases: tuple[PhaseView, ...]
    chart: Markup
    spread: tuple[SpreadView, ...]
    mechanisms: tuple[str, ...]
    quality: tuple[tuple[Markup, str], ...]
    attribution: tuple[Markup, ...]
    claims: tuple[ClaimBrief, ...]
    said: tuple[Said, ...]
    corrections: tuple[CorrectionView, ...]
    revisions: tuple[RevisionLink, ...]
    cite: Cite
    share: str
    downloads: tuple[tuple[str, str], ...]


def incident(site: Site, t: Words, page: IncidentPage) -> IncidentView:
    """The page of the newest revision."""
    return _view(site, t, page, page.incident, path=links.incident(page.incident.id), is_revision=False)


def revision(site: Site, t: Words, page: IncidentPage, number: int) -> IncidentView:
    """The page of one revision as it was."""
    told = site.bundle.revision(page.incident.id, number)
    return _view(site, t, page, told, path=links.revision(told.id, number), is_revision=True)


def _view(
    site: Site, t: Words, page: IncidentPage, told: Incident, *, path: str, is_revision: bool
) -> IncidentView:
    signed = site.bundle.signed_revision(told)
    at = told.as_of if is_revision else site.bundle.manifest.as_of
    title = standing.plain_title(site, t, told, at)
    frame = _frame(site, t, told, title, path=path, is_revision=is_revision)
    here = frame.here
    marks = telling.marks(t, told)
    return IncidentView(
        shell=frame,
        id=told.id,
        revision=told.revision,
        newest=page.incident.revision,
        is_revision=is_revision,
        newest_href=here.page(links.incident(told.id)),
        title=standing.headline(site, t, told, at),
        marks=marks,
        status=told.status,
        country=t.country(told.country),
        country_href=here.page(links.country(told.country)),
        reason=told.reason,
        merged=_relations(t, here, told),
        facts=_facts(site, t, told, at),
        phases=tuple(phase_view(site, t, here, told, phase) for phase in told.phases),
        chart=spread_drawing(site, t, told, title),
        spread=spread_rows(site, t, here, told, at),
        mechanisms=told.mechanisms,
        quality=quality_figures(t, told),
        attribution=marks[_marks_before_attribution(told) :],
        claims=_claims(site, t, here, told),
        said=said_of(t, page),
        corrections=_corrections(site, t, here, told),
        revisions=_revisions(t, here, page, current=told.revision if is_revision else 0),
        cite=cite(site, told, signed),
        share=share_text(site, t, told, title, path),
        downloads=downloads(site, here, told),
    )


def _frame(site: Site, t: Words, told: Incident, title: str, *, path: str, is_revision: bool) -> Shell:
    subject = Subject(
        "revision" if is_revision else "incident",
        path,
        country=told.country,
        incident=told.id,
        revision=told.revision,
    )
    return shell(
        site,
        t,
        subject,
        title=t.plain("incident.revision-title", title=title, revision=told.revision)
        if is_revision
        else title,
        description=" · ".join([title, *telling.plain_marks(t, told)]),
        lasting=told.as_of if is_revision else "",
    )


def _facts(site: Site, t: Words, told: Incident, at: str) -> Facts:
    """As of `at`."""
    last = max(told.spread, key=lambda row: row.ended_latest or "") if told.spread else None
    return Facts(
        began=telling.days(t, told.phases[0].earliest, told.phases[0].latest) if told.phases else Markup(""),
        ended=telling.days(t, last.ended_earliest, last.ended_latest or "")
        if told.ended and last is not None
        else None,
        told=Markup("")
        if told.ended or told.status == "withdrawn"
        else standing.told(t, standing.seen_of(site, told, at), at),
        apps=t.list(telling.app(t, app) for app in sorted({row.series.app for row in told.spread})),
        operators=len({row.series.operator for row in told.spread}),
        accesses=telling.accesses(t, (row.series.access for row in told.spread)),
        series=len(told.spread),
        named=t.list(Name(name) for name in told.named),
        named_many=len(told.named) if len(told.named) > NAMED_OPEN else 0,
    )


def _marks_before_attribution(told: Incident) -> int:
    return 2 if told.synthetic else 1


def _relations(t: Words, here: Here, told: Incident) -> tuple[Markup, ...]:
    def link(name: str) -> Markup:
        return Markup('<a href="{}">{}</a>').format(here.page(links.incident(name)), name)

    found = []
    if told.merged_into is not None:
        found.append(t("incident.merged-into", id=link(told.merged_into)))
    for key, names in (
        ("merged-from", told.merged_from),
        ("split-from", told.split_from),
        ("split-into", told.split_into),
    ):
        found += [t(f"incident.{key}", id=link(name)) for name in names]
    return tuple(found)


def _claims(site: Site, t: Words, here: Here, told: Incident) -> tuple[ClaimBrief, ...]:
    """Of its country, where a line can show it; none that names an operator which the incident does not."""
    return tuple(
        claim_brief(t, here, each)
        for each in site.claims_of(told.country)
        if each.check.state != "not-measurable" and names_nobody_else(each, told)
    )


def _corrections(site: Site, t: Words, here: Here, told: Incident) -> tuple[CorrectionView, ...]:
    return tuple(
        correction_view(t, here, each)
        for each in site.bundle.corrections
        if each["body"].get("incident") == told.id
    )


def _revisions(t: Words, here: Here, page: IncidentPage, *, current: int) -> tuple[RevisionLink, ...]:
    """All of them; `current` is the one that is looked at, 0 for the newest's own page."""
    told = page.incident
    return tuple(
        RevisionLink(
            number,
            t.moment(at),
            here.page(links.revision(told.id, number)),
            number == current,
            number == told.reviewed_revision,
        )
        for number, at in enumerate(page.revised_at, 1)
    )
