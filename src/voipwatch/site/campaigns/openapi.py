"""The OpenAPI 3.1 document of campaigns: what programs read, and what forms send.

It lies at `/campaigns/api/openapi.json`, apart from the one of the measurements (`site.openapi`): a mirror
has that one and no campaigns. The protected page is not in it: nothing there is for programs.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from voipwatch.site.campaigns.countsfile import PetitionCounts
from voipwatch.site.campaigns.links import MOUNT
from voipwatch.site.campaigns.pledging.figures import PledgeFigures
from voipwatch.site.openapi import Problem
from voipwatch.site.words import LANGUAGES

PETITIONS: Final = "/{lang}/{id}"
PLEDGES: Final = "/{lang}/pledge/{id}"
_REF: Final = "#/components/schemas/{name}"
_ID: Final = "^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"
_YES: Final = {"type": "string", "enum": ["yes"]}
_WORDS: Final = {"type": "string"}
_TRAP: Final = {"type": "string", "maxLength": 0, "description": "Stays empty: only programs fill it."}
PARAMETERS: Final[Mapping[str, dict[str, Any]]] = {
    "lang": {
        "description": "Of the page.",
        "schema": {"type": "string", "enum": list(LANGUAGES)},
        "example": LANGUAGES[0],
    },
    "id": {
        "description": "Of a petition or a boycott, as its address has it.",
        "schema": {"type": "string", "pattern": _ID},
    },
    "token": {
        "description": "Of a link.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]{22,128}$"},
    },
}
REASONS: Final[Mapping[int, str]] = {
    400: "No form, or not a whole one: nothing was kept.",
    403: "Another site's page sent it.",
    404: "There is no such page, or the link leads to nothing.",
    409: "Not at this time, or not with this form again.",
    410: "The link did its work already, or is too old.",
    422: "Something in it cannot be as it is: the page says what.",
    429: "Too many forms of this network within a minute.",
    503: "The database cannot be used: nothing was kept.",
}
_WAITS: Final = frozenset({429, 503})
_SENT: Final = (400, 403, 404, 429, 503)
"""What may be said to any form."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to ask for."""

    name: str
    summary: str
    refused: tuple[int, ...] = (404, 503)
    form: Mapping[str, Mapping[str, Any]] | None = None
    """Field -> schema; None: a GET."""
    required: tuple[str, ...] = ()
    kind: str = "text/html"


def _page(name: str, summary: str, *refused: int) -> Operation:
    return Operation(name=name, summary=summary, refused=(*sorted({404, 503, *refused}),))


def _form(
    name: str,
    summary: str,
    form: Mapping[str, Mapping[str, Any]],
    *refused: int,
    required: tuple[str, ...] = (),
) -> Operation:
    return Operation(
        name=name, summary=summary, refused=tuple(sorted({*_SENT, *refused})), form=form, required=required
    )


_EMAIL: Final = {"type": "string", "maxLength": 320}
OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/{lang}/": {"get": _page("listPetitions", "All petitions.")},
    f"{PETITIONS}/": {"get": _page("getPetition", "One petition, with its form while it can be signed.")},
    f"{PETITIONS}/sign": {
        "post": _form(
            "askToSign",
            "Asks for the mail that confirms. The answer is the same whatever is known of the address.",
            {"email": _EMAIL, "consent": _YES, "website": _TRAP},
            409, 422, required=("email", "consent"),
        )
    },
    f"{PETITIONS}/confirm/{{token}}": {
        "get": _page("showConfirmation", "The button behind a mail's link; changes nothing.", 409, 410),
        "post": _form(
            "confirm", "Signs. A link signs once.", {"name": _WORDS, "public": _YES}, 409, 410, 422
        ),
    },
    f"{PETITIONS}/revoke": {
        "get": _page("showRevocationForm", "Where the mail that revokes is asked for."),
        "post": _form(
            "askToRevoke", "Asks for the mail that revokes; as the one that confirms.",
            {"email": _EMAIL}, 409, 422, required=("email",),
        ),
    },
    f"{PETITIONS}/revoke/{{token}}": {
        "get": _page("showRevocation", "The button behind a mail's link; changes nothing."),
        "post": _form("revoke", "Takes back whatever this address has signed here.", {}),
    },
    "/{lang}/pledge/": {"get": _page("listBoycotts", "All boycott campaigns.")},
    f"{PLEDGES}/": {"get": _page("getBoycott", "One campaign.")},
    f"{PLEDGES}/declare": {
        "get": _page("showPledgeForm", "The form, with a fresh token.", 409),
        "post": _form(
            "pledge",
            "Pledges. The same token again is the same pledge, and none once that was taken back.",
            {"token": _WORDS, "consent": _YES, "website": _TRAP},
            409, 422, required=("token", "consent"),
        ),
    },
    f"{PLEDGES}/reminder.ics": {
        "get": Operation(
            name="getReminder", summary="The window as a calendar (RFC 5545), the same for everybody.",
            kind="text/calendar",
        )
    },
    f"{PLEDGES}/mine/{{token}}": {
        "get": _page("getOwnPledge", "A pledge of one's own."),
        "post": _form(
            "report", "Says whether it was kept; the newest word counts.",
            {"kept": {"type": "string", "enum": ["yes", "no"]}}, 409, required=("kept",),
        ),
    },
    f"{PLEDGES}/mine/{{token}}/revoke": {
        "post": _form("takeBack", "Deletes the pledge and its report.", {}),
    },
    "/api/{id}/counts.json": {
        "get": Operation(
            name="getPetitionCounts", summary="Told counts of a petition, with their log.",
            kind="application/json",
        )
    },
    "/api/pledge/{id}.json": {
        "get": Operation(
            name="getPledgeFigures", summary="A boycott's three ladders, with their logs.",
            kind="application/json",
        )
    },
}  # fmt: skip
WALLED: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/{lang}/wall/": {"get": _page("getWall", "The wall of supporters.")},
    "/{lang}/wall/enrol": {
        "get": _page("showEnrolment", "The warning, and the form."),
        "post": _form(
            "enrol", "Enrols a page; it is shown once its mark was seen on it.",
            {"page": _WORDS, "consent": _YES, "website": _TRAP}, 422, required=("page", "consent"),
        ),
    },
    "/{lang}/wall/leave": {
        "get": _page("showLeaving", "The form that leaves."),
        "post": _form("leave", "Takes a page off the wall.", {"code": _WORDS}, required=("code",)),
    },
}  # fmt: skip
"""Where the instance has a wall."""
TYPES: Final[Mapping[str, type[Any]]] = {
    "/api/{id}/counts.json": PetitionCounts,
    "/api/pledge/{id}.json": PledgeFigures,
}


@lru_cache(maxsize=4)
def description(url: str, *, walled: bool) -> bytes:
    """The document as it is served; `url` is the site's."""
    return msgspec.json.encode(openapi_document(url, walled=walled))


def openapi_document(url: str, *, walled: bool) -> dict[str, Any]:
    """The document; `walled`: the instance has a wall of supporters."""
    roots, schemas = msgspec.json.schema_components([*TYPES.values(), Problem], ref_template=_REF)
    *answers, refused = roots
    kinds = dict(zip(TYPES, answers, strict=True))
    operations = {**OPERATIONS, **(WALLED if walled else {})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "voipwatch campaigns",
            "version": "1",
            "description": "Petitions and pledges of one instance. Documents are public and the same for "
            "everybody; forms answer with pages in HTML. Nothing here sets a cookie.",
        },
        "servers": [{"url": f"{url}{MOUNT.rstrip('/')}"}],
        "paths": {
            path: {method: _operation(path, each, kinds.get(path), refused) for method, each in item.items()}
            for path, item in operations.items()
        },
        "components": {"schemas": schemas},
    }


def _operation(
    path: str, of: Operation, answer: dict[str, Any] | None, refused: dict[str, Any]
) -> dict[str, Any]:
    wrong = ("application/problem+json", refused) if answer is not None else ("text/html", _WORDS)
    found: dict[str, Any] = {
        "operationId": of.name,
        "summary": of.summary,
        "responses": {
            "200": {"description": of.summary, "content": {of.kind: {"schema": answer or _WORDS}}},
            **{str(status): _refusal(status, *wrong) for status in of.refused},
        },
    }
    named = [name for name in PARAMETERS if f"{{{name}}}" in path]
    found["parameters"] = [
        {"name": name, "in": "path", "required": True, **PARAMETERS[name]} for name in named
    ]
    if of.form is not None:
        schema = {"type": "object", "properties": of.form, "required": list(of.required)}
        media = {"application/x-www-form-urlencoded": {"schema": schema}}
        found["requestBody"] = {"required": True, "content": media}
    return found


def _refusal(status: int, kind: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"description": REASONS[status], "content": {kind: {"schema": schema}}}
    if status in _WAITS:
        seconds = {"description": "Seconds.", "schema": {"type": "integer"}}
        found["headers"] = {"Retry-After": seconds}
    return found
