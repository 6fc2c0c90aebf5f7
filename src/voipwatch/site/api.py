"""The JSON API, version 1: files under `/api/v1/`, so that a mirror answers as the server does.

Thin and stable: what is in the bundle, under shapes that are in the OpenAPI document (`site.openapi`) and
only ever get more fields. Each document says as of when, until when one may say "now" (null: for ever), and
whether it is emulated. The bundle itself is under `/bundle/`, with digests and signature.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from voipwatch.chronicle.titles import title_of
from voipwatch.model.acts import Dispute, Reply, Review
from voipwatch.model.incidents import Incident
from voipwatch.site import links
from voipwatch.site.bundle import Bundle, IncidentPage, Judged, Said, State
from voipwatch.site.feeds.entries import root_of, updated_of, uuid_of
from voipwatch.site.feeds.telling import plain
from voipwatch.site.links import part_of
from voipwatch.site.openapi import openapi_document
from voipwatch.site.words import LANGUAGES, words

ROOT: Final = "api/v1/"


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """What every document begins with."""

    as_of: str
    """Nothing that arrived later is in it; UTC, ISO 8601."""
    valid_until: str | None
    """Whoever reads it later must not say "now". Null: it is valid for ever."""
    synthetic: bool
    """Emulated."""
    instance: str
    """Name of the emulation; empty for real measurements."""
    bundle: str
    """SHA-256, hex, of the manifest of the bundle that it was made of; empty where every later one has it."""


class CountryItem(msgspec.Struct, frozen=True, kw_only=True):
    """One country."""

    country: str
    """ISO 3166."""
    name: dict[str, str]
    """By language."""
    series: int
    measured: int
    """Series that are measured still."""
    incidents: tuple[str, ...]
    """Ids, in order."""
    states: str
    """Path of its states, from the root of the API."""


class Countries(Dated, frozen=True, kw_only=True):
    """`countries.json`."""

    countries: tuple[CountryItem, ...]


class States(Dated, frozen=True, kw_only=True):
    """`countries/CC/states.json`."""

    country: str
    series: tuple[State, ...]


class Interval(msgspec.Struct, frozen=True):
    """Bounds of a time; UTC."""

    earliest: str | None
    """Null: nothing was seen before."""
    latest: str


class IncidentItem(msgspec.Struct, frozen=True, kw_only=True):
    """One incident in short."""

    id: str
    urn: str
    """Its id in the feeds: permanent, whoever hosts it."""
    country: str
    revision: int
    status: str
    kind: str
    title: dict[str, str]
    """By language; names an operator only where a person signed it."""
    onset: Interval | None
    ended: bool
    named: tuple[str, ...]
    updated: str
    path: str
    """From the root of the API."""
    page: dict[str, str]
    """By language, from the root of the site."""


class Incidents(Dated, frozen=True, kw_only=True):
    """`incidents.json`."""

    incidents: tuple[IncidentItem, ...]


class IncidentDocument(Dated, frozen=True, kw_only=True):
    """`incidents/ID.json`: the newest revision, and what was said of it."""

    summary: IncidentItem
    incident: Incident
    revised_at: tuple[str, ...]
    reviews: tuple[Said[Review], ...]
    replies: tuple[Said[Reply], ...]
    disputes: tuple[Said[Dispute], ...]
    revisions: str
    """Path of the list of revisions, from the root of the API."""


class RevisionItem(msgspec.Struct, frozen=True):
    """One revision in short."""

    revision: int
    status: str
    as_of: str
    path: str
    """From the root of the API."""


class Revisions(Dated, frozen=True, kw_only=True):
    """`incidents/ID/revisions.json`. One that is held by an embargo, or was, and is not out, is not in it."""

    id: str
    revisions: tuple[RevisionItem, ...]


class RevisionDocument(Dated, frozen=True, kw_only=True):
    """`incidents/ID/revisions/N.json`: as it was."""

    title: dict[str, str]
    incident: Incident


class Claims(Dated, frozen=True, kw_only=True):
    """`claims.json`: what sources said, and what the published rows say to it."""

    claims: tuple[Judged, ...]


class Corrections(Dated, frozen=True, kw_only=True):
    """`corrections.json`: corrections and withdrawals, in order, as the bundle's file of that name."""

    corrections: tuple[dict[str, Any], ...]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a series, as the bundle's table of changepoints."""

    id: str
    country: str
    operator: str
    access: str
    app: str
    kind: str
    basis: str
    earliest: str | None
    latest: str
    detected: str
    level_before: int | None
    """Blocked votes, percent in steps of 5."""
    level_after: int | None
    probes_both_sides: int | None


class Changes(Dated, frozen=True, kw_only=True):
    """`changes.json`."""

    changes: tuple[Change, ...]


class Index(Dated, frozen=True, kw_only=True):
    """`index.json`: where the rest is, from the root of the API."""

    version: int
    documents: dict[str, str]


DOCUMENTS: Final = {
    "countries": "countries.json",
    "incidents": "incidents.json",
    "claims": "claims.json",
    "corrections": "corrections.json",
    "changes": "changes.json",
    "openapi": "openapi.json",
}
TYPES: Final[dict[str, type[Any]]] = {
    "/index.json": Index,
    "/countries.json": Countries,
    "/countries/{country}/states.json": States,
    "/incidents.json": Incidents,
    "/incidents/{id}.json": IncidentDocument,
    "/incidents/{id}/revisions.json": Revisions,
    "/incidents/{id}/revisions/{revision}.json": RevisionDocument,
    "/claims.json": Claims,
    "/corrections.json": Corrections,
    "/changes.json": Changes,
}


def api_files(bundle: Bundle, base_url: str = "") -> Iterator[tuple[str, bytes]]:
    """Path from the site's root, and JSON; the same bundle gives the same bytes."""
    head = _head(bundle)
    yield _file("index.json", Index(**head, version=1, documents=dict(DOCUMENTS)))
    yield _file("openapi.json", openapi_document(TYPES, base_url))
    yield _file("countries.json", Countries(**head, countries=tuple(_countries(bundle))))
    for code in _codes(bundle):
        series = tuple(state for state in bundle.states if state.country == code)
        yield _file(_states_path(code), States(**head, country=code, series=series))
    root = root_of(bundle)
    items = [_item(bundle, page, root) for page in bundle.incidents]
    yield _file("incidents.json", Incidents(**head, incidents=tuple(items)))
    for page, item in zip(bundle.incidents, items, strict=True):
        yield from _incident(bundle, page, item, head)
    yield _file("claims.json", Claims(**head, claims=bundle.claims))
    yield _file("corrections.json", Corrections(**head, corrections=bundle.corrections))
    yield _file("changes.json", Changes(**head, changes=tuple(map(_change, bundle.changes))))


def _head(bundle: Bundle) -> dict[str, Any]:
    manifest = bundle.manifest
    return {
        "as_of": manifest.as_of,
        "valid_until": manifest.valid_until,
        "synthetic": manifest.synthetic,
        "instance": manifest.instance,
        "bundle": bundle.digest,
    }


def _file(path: str, document: object) -> tuple[str, bytes]:
    return ROOT + path, msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _codes(bundle: Bundle) -> list[str]:
    return sorted(
        {state.country for state in bundle.states} | {page.incident.country for page in bundle.incidents}
    )


def _states_path(code: str) -> str:
    return f"countries/{part_of(code)}/states.json"


def _countries(bundle: Bundle) -> Iterator[CountryItem]:
    for code in _codes(bundle):
        series = [state for state in bundle.states if state.country == code]
        yield CountryItem(
            country=code,
            name={lang: words(lang).country(code) for lang in LANGUAGES},
            series=len(series),
            measured=sum(state.measured for state in series),
            incidents=tuple(page.incident.id for page in bundle.incidents if page.incident.country == code),
            states=_states_path(code),
        )


def _titles(incident: Incident, signed: Incident | None) -> dict[str, str]:
    sentence = title_of(incident, signed)
    return {lang: plain(sentence, words(lang), named=incident.named) for lang in LANGUAGES}


def _item(bundle: Bundle, page: IncidentPage, root: str) -> IncidentItem:
    incident = page.incident
    first = incident.phases[0] if incident.phases else None
    return IncidentItem(
        id=incident.id,
        urn=uuid_of(root, incident.id).urn,
        country=incident.country,
        revision=incident.revision,
        status=incident.status.value,
        kind=incident.kind.value,
        title=_titles(incident, bundle.signed_revision(incident)),
        onset=None if first is None else Interval(first.earliest, first.latest),
        ended=incident.ended,
        named=incident.named,
        updated=updated_of(page),
        path=f"incidents/{part_of(incident.id)}.json",
        page={lang: f"{lang}/{links.incident(incident.id)}" for lang in LANGUAGES},
    )


def _incident(
    bundle: Bundle, page: IncidentPage, item: IncidentItem, head: dict[str, Any]
) -> Iterator[tuple[str, bytes]]:
    incident, folder = page.incident, f"incidents/{part_of(page.incident.id)}"
    document = IncidentDocument(
        **head,
        summary=item,
        incident=incident,
        revised_at=page.revised_at,
        reviews=page.reviews,
        replies=page.replies,
        disputes=page.disputes,
        revisions=f"{folder}/revisions.json",
    )
    yield _file(f"{folder}.json", document)
    items = []
    for number in range(1, incident.revision + 1):
        if f"incidents/{incident.id}/r{number}.json" not in bundle.paths:
            continue
        old = bundle.revision(incident.id, number)
        path = f"{folder}/revisions/{number}.json"
        items.append(RevisionItem(number, old.status.value, old.as_of, path))
        lasting = head | {"as_of": old.as_of, "valid_until": None, "bundle": ""}
        title = _titles(old, bundle.signed_revision(old))
        yield _file(path, RevisionDocument(**lasting, title=title, incident=old))
    yield _file(f"{folder}/revisions.json", Revisions(**head, id=incident.id, revisions=tuple(items)))


def _change(row: dict[str, str]) -> Change:
    def whole(name: str) -> int | None:
        return int(row[name]) if row[name] else None

    return Change(
        id=row["id"],
        country=row["country"],
        operator=row["operator"],
        access=row["access"],
        app=row["app"],
        kind=row["kind"],
        basis=row["basis"],
        earliest=row["earliest"] or None,
        latest=row["latest"],
        detected=row["detected"],
        level_before=whole("level_before"),
        level_after=whole("level_after"),
        probes_both_sides=whole("probes_both_sides"),
    )
