"""What sources said, each beside what the published rows say to it; contradicting ones stand together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.model.claims import ClaimSays
from voipwatch.model.incidents import SeriesName
from voipwatch.site import links
from voipwatch.site.bundle import Judged, State
from voipwatch.site.links import Here
from voipwatch.site.pages import telling
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Name, Words, language_tag


class Told(NamedTuple):
    """A text with its language: in the page's where there is a translation, else as it stands."""

    text: str
    lang: str
    """Empty: the page's own."""


class ClaimBrief(NamedTuple):
    """A claim in a list."""

    id: str
    anchor: str
    href: str
    text: Told
    says: Markup
    type: Markup
    state: str
    """supported, contradicted, not-measurable."""
    state_text: Markup
    why: Markup
    date: Markup
    """When it is said to have been so."""
    as_published: Told
    flag: Markup
    source: Told
    publisher: str
    url: str
    reliability: Markup
    units: int
    units_for: int
    percent: str
    interval: str
    days: int
    series: int
    country: str


class WitnessLine(NamedTuple):
    """A series behind a check, with its first and last row that speak."""

    series: Markup
    rows: tuple[tuple[str, str], ...]
    """When, and the link."""


class Note(NamedTuple):
    """What became of a source."""

    at: str
    text: str
    archived: str


@dataclass(frozen=True)
class Claims:
    """Context of claims.html."""

    shell: Shell
    groups: tuple[tuple[ClaimBrief, ...], ...]
    """Those that cannot be true together are one group."""
    total: int
    states: tuple[tuple[str, Markup, int], ...]


@dataclass(frozen=True)
class ClaimPage:
    """Context of claim.html."""

    shell: Shell
    claim: ClaimBrief
    country: str
    country_href: str
    claims_href: str
    scope: tuple[Markup, ...]
    witnesses: tuple[WitnessLine, ...]
    contradicts: tuple[ClaimBrief, ...]
    notes: tuple[Note, ...]
    gone_at: str
    archived_url: str
    cells_for: int
    cells_against: int
    unread: bool


STATES = ("supported", "contradicted", "not-measurable")


def claims(site: Site, t: Words) -> Claims:
    """The page of all claims."""
    subject = Subject("claims", "claims/")
    frame = shell(site, t, subject, title=t.plain("claims.title"), description=t.plain("claims.description"))
    judged = site.bundle.claims
    briefs = {each.claim.id: claim_brief(t, frame.here, each) for each in judged}
    return Claims(
        shell=frame,
        groups=tuple(tuple(briefs[each.claim.id] for each in group) for group in grouped(judged)),
        total=len(judged),
        states=tuple(
            (state, t(f"claim.state.{state}"), sum(each.check.state == state for each in judged))
            for state in STATES
        ),
    )


def grouped(judged: Sequence[Judged]) -> tuple[tuple[Judged, ...], ...]:
    """Claims that contradict one another side by side, at the place of the first of them."""
    order = {each.claim.id: number for number, each in enumerate(judged)}
    group_of = {name: name for name in order}

    def root(name: str) -> str:
        while group_of[name] != name:
            name = group_of[name]
        return name

    for each in judged:
        for other in each.claim.contradicts:
            if other in order:
                first, second = sorted((root(each.claim.id), root(other)), key=order.__getitem__)
                group_of[second] = first
    groups: dict[str, list[Judged]] = {}
    for each in judged:
        groups.setdefault(root(each.claim.id), []).append(each)
    return tuple(tuple(group) for group in groups.values())


def claim_page(site: Site, t: Words, judged: Judged) -> ClaimPage:
    """The page of one claim, with the rows behind its check."""
    claim, check = judged.claim, judged.check
    text = told(t, claim.text, claim.translations)
    frame = shell(
        site,
        t,
        Subject("claim", links.claim(claim.id), country=claim.scope.country, claim=claim.id),
        title=t.plain("claim.title", text=Name(text.text)),
    )
    here = frame.here
    known = {each.claim.id: each for each in site.bundle.claims}
    return ClaimPage(
        shell=frame,
        claim=claim_brief(t, here, judged),
        country=t.country(claim.scope.country),
        country_href=here.page(links.country(claim.scope.country)),
        claims_href=here.page("claims/"),
        scope=_scope(t, judged),
        witnesses=_witnesses(site, t, here, judged),
        contradicts=tuple(claim_brief(t, here, known[each]) for each in claim.contradicts if each in known),
        notes=tuple(
            _note(t, each["at"], each.get("body", {})) for each in judged.notes
        ),
        gone_at=claim.source.gone_at,
        archived_url=web_address(claim.source.archived_url),
        cells_for=check.cells_for,
        cells_against=check.cells_against,
        unread=t.lang != "en" and not any(
            each.lang == t.lang and each.read for each in claim.translations
        ),
    )  # fmt: skip


def claim_brief(t: Words, here: Here, judged: Judged) -> ClaimBrief:
    """A claim in a list."""
    claim, check, source = judged.claim, judged.check, judged.claim.source
    interval = ""
    if check.share_low is not None and check.share_high is not None:
        interval = t.plain(
            "claim.interval", low=Name(t.percent(check.share_low)), high=Name(t.percent(check.share_high))
        )
    return ClaimBrief(
        id=claim.id,
        anchor=claim.id.replace("/", "-"),
        href=here.page(links.claim(claim.id)),
        text=told(t, claim.text, claim.translations),
        says=t(f"claim.says.{'unmeasurable' if claim.says == ClaimSays.OTHER else claim.says}"),
        type=t(f"claim.type.{claim.type}"),
        state=check.state,
        state_text=t(f"claim.state.{check.state}"),
        why=t(f"claim.why.{check.why}") if t.has(f"claim.why.{check.why}") else t.name(check.why),
        date=telling.said_date(t, claim.date),
        as_published=Told(claim.as_published, language_tag(source.lang)),
        flag=t(f"claim.flag.{claim.flag}") if claim.flag else Markup(""),
        source=told(t, source.title, source.translations),
        publisher=source.publisher,
        url=web_address(source.url),
        reliability=t(f"claim.reliability.{source.reliability}"),
        units=check.units,
        units_for=check.units_for,
        percent="" if check.share is None else t.percent(check.share),
        interval=interval,
        days=check.days,
        series=check.series,
        country=claim.scope.country,
    )


def told(t: Words, text: str, translations: Sequence[object]) -> Told:
    """Our English words, or their translation."""
    for each in translations:
        if getattr(each, "lang", "") == t.lang:
            return Told(str(getattr(each, "text", "")), "")
    return Told(text, "" if t.lang == "en" else "en")


def web_address(url: str) -> str:
    """An address that a link may lead to; a stranger's `javascript:` is none, and becomes empty."""
    return url if url.startswith(("https://", "http://")) else ""


def _note(t: Words, at: str, body: Mapping[str, object]) -> Note:
    archived = web_address(str(body.get("archived_url", "")))
    return Note(t.moment(at), str(body.get("note", "")), archived)


def _scope(t: Words, judged: Judged) -> tuple[Markup, ...]:
    scope = judged.claim.scope
    found = [t.name(t.country(scope.country))]
    if scope.operators:
        found.append(t.list(scope.operators))
    if scope.accesses:
        found.append(telling.accesses(t, scope.accesses))
    if scope.apps:
        found.append(t.list(telling.app(t, app) for app in scope.apps))
    return tuple(found)


def _witnesses(site: Site, t: Words, here: Here, judged: Judged) -> tuple[WitnessLine, ...]:
    found: dict[State, list[tuple[str, str]]] = {}
    for row in judged.check.rows:
        state = site.states.get((row.country, row.operator, row.access, row.app))
        if state is not None:
            path, anchor = site.row_at(state, row.start, row.level)
            link = (t.row_time(row.start, row.level), here.page(path, anchor=anchor))
            found.setdefault(state, []).append(link)
    return tuple(
        WitnessLine(telling.series_name(t, SeriesName(state.operator, state.access, state.app)), tuple(rows))
        for state, rows in found.items()
    )
