"""An incident: what happened, on what evidence, in which order, and all that was said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.chronicle.cite import (
    Citation,
    cite_bibtex,
    cite_ris,
    cite_text,
    permanent_url,
)
from voipwatch.model.incidents import Incident, Phase, SeriesName, Spread
from voipwatch.site import links
from voipwatch.site.bundle import IncidentPage
from voipwatch.site.charts.spread import SpreadLine, spread_chart
from voipwatch.site.feeds.jsonld import names_nobody_else
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.claims import ClaimBrief, claim_brief, web_address
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words, words


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


class SpreadView(NamedTuple):
    """One row of the order of spread."""

    rank: int
    series: Markup
    href: str
    reached: Markup
    ended: Markup | None


class Said(NamedTuple):
    """A reply, dispute, review, notice or hold."""

    kind: Markup
    at: str
    who: str
    text: str
    lang: str
    """BCP 47, or empty where it is not known."""
    url: str
    note: Markup


class CorrectionView(NamedTuple):
    """One line of the public list."""

    at: str
    kind: Markup
    incident: str
    href: str
    revision: int
    what: str
    why: str
    evidence: int


class RevisionLink(NamedTuple):
    """One revision in the list of all."""

    number: int
    at: str
    href: str
    current: bool
    reviewed: bool


class Cite(NamedTuple):
    """How it is cited."""

    text: str
    ris: str
    bibtex: str


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
    began: Markup
    ended: Markup | None
    standing: bool
    apps: Markup
    operators: int
    accesses: Markup
    series: int
    phases: tuple[PhaseView, ...]
    chart: Markup
    spread: tuple[SpreadView, ...]
    mechanisms: tuple[str, ...]
    quality: tuple[tuple[Markup, str], ...]
    attribution: tuple[Markup, ...]
    attributed: bool
    named: Markup
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
    title = telling.plain_title(t, told, signed)
    subject = Subject(
        "revision" if is_revision else "incident",
        path,
        country=told.country,
        incident=told.id,
        revision=told.revision,
    )
    marks = telling.marks(t, told)
    frame = shell(
        site,
        t,
        subject,
        title=t.plain("incident.revision-title", title=title, revision=told.revision)
        if is_revision
        else title,
        description=" · ".join([title, *(str(mark.striptags()) for mark in marks)]),
        lasting=told.as_of if is_revision else "",
    )
    here = frame.here
    last = max(told.spread, key=lambda row: row.ended_latest or "") if told.spread else None
    return IncidentView(
        shell=frame,
        id=told.id,
        revision=told.revision,
        newest=page.incident.revision,
        is_revision=is_revision,
        newest_href=here.page(links.incident(told.id)),
        title=telling.title(t, told, signed),
        marks=marks,
        status=told.status,
        country=t.country(told.country),
        country_href=here.page(links.country(told.country)),
        reason=told.reason,
        merged=_relations(t, here, told),
        began=telling.days(t, told.phases[0].earliest, told.phases[0].latest) if told.phases else Markup(""),
        ended=telling.days(t, last.ended_earliest, last.ended_latest or "")
        if told.ended and last is not None
        else None,
        standing=not told.ended and told.status != "withdrawn",
        apps=t.list(telling.app(t, app) for app in sorted({row.series.app for row in told.spread})),
        operators=len({row.series.operator for row in told.spread}),
        accesses=telling.accesses(t, (row.series.access for row in told.spread)),
        series=len(told.spread),
        phases=tuple(_phase(site, t, here, told, phase) for phase in told.phases),
        chart=_chart(t, told, title),
        spread=_spread(site, t, here, told),
        mechanisms=told.mechanisms,
        quality=_quality(t, told),
        attribution=marks[_marks_before_attribution(told) :],
        attributed=told.attribution.state == "attributed",
        named=t.list(Name(name) for name in told.named),
        claims=tuple(
            claim_brief(t, here, each)
            for each in site.claims_of(told.country)
            if each.check.state != "not-measurable" and names_nobody_else(each, told)
        ),
        said=_said(t, page),
        corrections=tuple(
            correction_view(t, here, each)
            for each in site.bundle.corrections
            if each["body"].get("incident") == told.id
        ),
        revisions=tuple(
            RevisionLink(
                number,
                t.moment(at),
                here.page(links.revision(told.id, number)),
                is_revision and number == told.revision,
                number == page.incident.reviewed_revision,
            )
            for number, at in enumerate(page.revised_at, 1)
        ),
        cite=_cite(site, told, signed),
        share=_share(site, t, told, title, path),
        downloads=_downloads(site, here, told),
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


def _phase(site: Site, t: Words, here: Here, told: Incident, phase: Phase) -> PhaseView:
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


def _spread(site: Site, t: Words, here: Here, told: Incident) -> tuple[SpreadView, ...]:
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
                None if row.ended_latest is None else telling.span(t, row.ended_earliest, row.ended_latest),
            )
        )
    return tuple(found)


def _chart(t: Words, told: Incident, title: str) -> Markup:
    """Apps of one line that were reached in the same interval are one row of the drawing."""
    groups: dict[tuple[str, str, str | None, str, bool], list[Spread]] = {}
    for row in sorted(told.spread, key=lambda each: (each.rank, each.series)):
        line = (row.series.operator, row.series.access)
        key = (*line, row.earliest, row.latest, row.ended_latest is None)
        groups.setdefault(key, []).append(row)
    rows = []
    for (operator, access, earliest, latest, stands), group in groups.items():
        apps = [telling.app(t, row.series.app) for row in group]
        shown = ", ".join(apps) if len(apps) <= APPS_LABELLED else t.plain("chart.spread.apps", n=len(apps))
        rows.append(
            SpreadLine(
                " · ".join((operator, telling.access(t, access), shown)),
                earliest,
                latest,
                None if stands else min(row.ended_earliest or row.ended_latest or "" for row in group),
                None if stands else max(row.ended_latest or "" for row in group),
            )
        )
    return spread_chart(t, rows, as_of=told.as_of, title=title)


APPS_LABELLED = 2
"""Above so many the drawing counts them; the table has each."""


def _quality(t: Words, told: Incident) -> tuple[tuple[Markup, str], ...]:
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


def _said(t: Words, page: IncidentPage) -> tuple[Said, ...]:
    found: list[tuple[int, Said]] = []
    for review in page.reviews:
        text = t("said.review", reviewer=Name(review.body.reviewer), revision=review.body.revision)
        found.append(
            (
                review.line,
                Said(t("said.kind.review"), t.moment(review.at), "", review.body.note, "", "", text),
            )
        )
    for notice in page.notices:
        text = t(
            "said.notice",
            n=notice.operators_count or len(notice.body.operators),
            until=Name(t.moment(notice.body.until)),
        )
        named = ", ".join(notice.body.operators)
        found.append(
            (
                notice.line,
                Said(t("said.kind.notice"), t.moment(notice.at), named, notice.body.channel, "", "", text),
            )
        )
    for reply in page.replies:
        who = t(
            "said.reply",
            name=Name(reply.body.name),
            side=t(f"said.side.{reply.body.side}"),
            received=Name(reply.body.received),
        )
        found.append(
            (
                reply.line,
                Said(
                    t("said.kind.reply"), t.moment(reply.at), "", reply.body.text, reply.body.lang,
                    web_address(reply.body.url), who,
                ),
            )
        )  # fmt: skip
    for dispute in page.disputes:
        text = t("said.dispute", by=Name(dispute.body.by))
        found.append(
            (
                dispute.line,
                Said(t("said.kind.dispute"), t.moment(dispute.at), "", dispute.body.ground, "", "", text),
            )
        )
    for hold in page.holds:
        text = t("said.hold", revision=hold.body.revision, until=Name(t.moment(hold.body.until)))
        found.append((hold.line, Said(t("said.kind.hold"), t.moment(hold.at), "", "", "", "", text)))
    return tuple(said for _, said in sorted(found, key=lambda each: each[0]))


def correction_view(t: Words, here: Here, entry: Mapping[str, object]) -> CorrectionView:
    """A correction or withdrawal of the public list."""
    body = entry["body"]
    assert isinstance(body, dict)
    name = str(body.get("incident", ""))
    return CorrectionView(
        at=t.moment(str(entry["at"])),
        kind=t(f"correction.kind.{entry['kind']}"),
        incident=name,
        href=here.page(links.incident(name)) if name else "",
        revision=int(body.get("revision", 0)),
        what=str(body.get("what", "") or body.get("reason", "")),
        why=str(body.get("why", "")),
        evidence=len(body.get("changepoints", ())),
    )


def _cite(site: Site, told: Incident, signed: Incident | None) -> Cite:
    """In English, as `voipwatch chronicle cite` prints it."""
    citation = Citation(
        id=told.id,
        revision=told.revision,
        title=telling.plain_title(words("en"), told, signed),
        as_of=told.as_of,
        digest=site.bundle.digest,
        url=permanent_url(f"{site.base.rstrip('/')}/bundle", told.id, told.revision),
        synthetic=told.synthetic,
    )
    return Cite(cite_text(citation), cite_ris(citation).replace("\r\n", "\n"), cite_bibtex(citation))


def _share(site: Site, t: Words, told: Incident, title: str, path: str) -> str:
    """A text to copy: title, marks, as of, address."""
    marks = "; ".join(telling.plain_marks(t, told))
    address = f"{site.base.rstrip('/')}/{t.lang}/{path}" if site.base else ""
    return t.plain(
        "share.text", title=title, marks=marks, as_of=Name(t.moment(told.as_of)), url=Name(address)
    ).strip()


def _downloads(site: Site, here: Here, told: Incident) -> tuple[tuple[str, str], ...]:
    wanted = (
        f"incidents/{told.id}/r{told.revision}.json",
        f"incidents/{told.id}.json",
        "tables/changepoints.csv",
        "tables/changepoints.parquet",
        "tables/incidents.csv",
        "chronicle/log.jsonl",
    )
    known = set(site.bundle.paths)
    return tuple((path, here.file_at(f"bundle/{path}")) for path in wanted if path in known)
