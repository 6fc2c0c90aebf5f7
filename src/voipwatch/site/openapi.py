"""The OpenAPI 3.1 document of the public API, its schemas made from the structs that are written."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

_REF: Final = "#/components/schemas/{name}"
SUMMARIES: Final[Mapping[str, tuple[str, str]]] = {
    "/index.json": ("getIndex", "Where the other documents are."),
    "/countries.json": ("listCountries", "Countries that are measured, or were."),
    "/countries/{country}/states.json": ("getStates", "What is known last of each series of a country."),
    "/incidents.json": ("listIncidents", "All incidents, withdrawn ones too, in short."),
    "/incidents/{id}.json": ("getIncident", "The newest revision, and what was said of it."),
    "/incidents/{id}/revisions.json": ("listRevisions", "Revisions of an incident."),
    "/incidents/{id}/revisions/{revision}.json": ("getRevision", "One revision, as it was."),
    "/claims.json": ("listClaims", "What sources said, and what the published rows say to it."),
    "/corrections.json": ("listCorrections", "Corrections and withdrawals, in order."),
    "/changes.json": ("listChanges", "When series changed, and what that rests on."),
}
PARAMETERS: Final[Mapping[str, dict[str, Any]]] = {
    "country": {
        "description": "ISO 3166, two capital letters.",
        "schema": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "example": "MA",
    },
    "id": {
        "description": "Of an incident: country, month, letters; LAB- before it where emulated.",
        "schema": {"type": "string", "pattern": "^(LAB-)?[A-Z]{2}-[0-9]{4}-[0-9]{2}-[a-z]+$"},
        "example": "LAB-MA-2016-01-a",
    },
    "revision": {
        "description": "From 1.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 999999},
        "example": 1,
    },
}
EXAMPLES: Final[Mapping[str, dict[str, Any]]] = {
    "/index.json": {
        "as_of": "2016-12-28T05:59:59Z",
        "valid_until": "2016-12-30T05:59:59Z",
        "synthetic": True,
        "instance": "morocco-2016",
        "bundle": "0" * 64,
        "version": 1,
        "documents": {"incidents": "incidents.json"},
    },
    "/countries.json": {
        "as_of": "2016-12-28T05:59:59Z",
        "valid_until": "2016-12-30T05:59:59Z",
        "synthetic": True,
        "instance": "morocco-2016",
        "bundle": "0" * 64,
        "countries": [
            {
                "country": "MA",
                "name": {"en": "Morocco", "fr": "Maroc", "ar": "المغرب"},
                "series": 36,
                "measured": 0,
                "incidents": ["LAB-MA-2016-01-a"],
                "states": "countries/MA/states.json",
            }
        ],
    },
    "/incidents.json": {
        "as_of": "2016-12-28T05:59:59Z",
        "valid_until": "2016-12-30T05:59:59Z",
        "synthetic": True,
        "instance": "morocco-2016",
        "bundle": "0" * 64,
        "incidents": [
            {
                "id": "LAB-MA-2016-01-a",
                "urn": "urn:uuid:00000000-0000-5000-8000-000000000000",
                "country": "MA",
                "revision": 13,
                "status": "detected",
                "kind": "calls",
                "title": {"en": "Morocco: calls by imo and WhatsApp were stopped; over by 4 November 2016"},
                "onset": {"earliest": "2016-01-02T12:00:00Z", "latest": "2016-01-06T12:00:00Z"},
                "ended": True,
                "named": [],
                "updated": "2016-11-08T18:00:00Z",
                "path": "incidents/LAB-MA-2016-01-a.json",
                "page": {"en": "en/incidents/LAB-MA-2016-01-a/"},
            }
        ],
    },
    "/corrections.json": {
        "as_of": "2016-12-28T05:59:59Z",
        "valid_until": "2016-12-30T05:59:59Z",
        "synthetic": True,
        "instance": "morocco-2016",
        "bundle": "0" * 64,
        "corrections": [],
    },
}
ETAG: Final = {
    "ETag": {"description": "Of these bytes; send it back as If-None-Match.", "schema": {"type": "string"}}
}


class Problem(msgspec.Struct, frozen=True):
    """Why there is no answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""


def problem(status: int, title: str, detail: str = "") -> bytes:
    """Of the media type application/problem+json."""
    return msgspec.json.encode(Problem("about:blank", title, status, detail)) + b"\n"


def openapi_document(types: Mapping[str, type[Any]], base_url: str = "") -> dict[str, Any]:
    """The document; `types`: what each path answers. Without `base_url` the server is where it lies."""
    roots, schemas = msgspec.json.schema_components([*types.values(), Problem], ref_template=_REF)
    *answers, refused = roots
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "voipwatch",
            "version": "1",
            "description": "Whether internet calls get through: published measurements of many lines "
            "together. Every document is a file, the same for everybody. No key, no cookie, no log.",
            "license": {"name": "CC BY 4.0", "identifier": "CC-BY-4.0"},
        },
        "servers": [{"url": f"{base_url.rstrip('/')}/api/v1" if base_url else "."}],
        "paths": {
            path: {"get": _get(path, answer, refused)} for path, answer in zip(types, answers, strict=True)
        },
        "components": {"schemas": schemas},
    }


def _get(path: str, answer: dict[str, Any], refused: dict[str, Any]) -> dict[str, Any]:
    name, summary = SUMMARIES[path]
    media: dict[str, Any] = {"schema": answer}
    if path in EXAMPLES:
        media["example"] = EXAMPLES[path]
    not_there = {
        "description": "There is no such document.",
        "content": {"application/problem+json": {"schema": refused}},
    }
    found: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "responses": {
            "200": {
                "description": summary,
                "headers": ETAG,
                "content": {"application/json": media},
            },
            "304": {"description": "Not changed since."},
            "404": not_there,
        },
    }
    parameters = [
        {"name": name, "in": "path", "required": True, **PARAMETERS[name]}
        for name in PARAMETERS
        if f"{{{name}}}" in path
    ]
    return found | ({"parameters": parameters} if parameters else {})
