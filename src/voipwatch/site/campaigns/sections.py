"""A part of the campaigns with a path of its own, and what it is asked and answers.

Petitions lie at `/campaigns/LANG/ID/`; a section at `/campaigns/LANG/NAME/`, so that no petition may be
called as one is (`links.SECTIONS`); what programs read of it at `/campaigns/api/NAME/`. A form reaches a
section only after it was found to come from our own page, within the limits, and readable.
"""

from http import HTTPStatus
from typing import Final, Protocol, runtime_checkable

import msgspec

from voipwatch.site.openapi import problem
from voipwatch.site.words import Words

HTML_KIND: Final = b"text/html; charset=utf-8"
FRESH: Final = b"no-store"
"""Cache-Control of what is said to one person."""
PAGE_S: Final = 60
"""How long what is public may be kept by whoever asked."""
_ANYBODY: Final = (b"access-control-allow-origin", b"*")


class Answer(msgspec.Struct, frozen=True):
    """What is sent."""

    status: int
    body: bytes
    kind: bytes = HTML_KIND
    cache: bytes = FRESH
    more: tuple[tuple[bytes, bytes], ...] = ()


class SectionAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a section."""

    t: Words
    path: tuple[str, ...]
    """Below the section's: `("",)` is its first page."""
    form: dict[str, str] | None
    """None: no POST."""
    headers: dict[bytes, bytes]
    """Names in lower case."""
    query: bytes
    now_s: float
    """Unix seconds."""
    who: str = ""
    """Network address of who asks: for limits in memory, and for nothing else."""
    local: bool = False
    """Whether a browser on this machine asks (`forms.is_local`)."""


class Section(Protocol):
    """What answers below one name. Raises DatabaseError, which is told as 503."""

    async def answer(self, ask: SectionAsk) -> Answer | None:
        """None: there is no such page."""
        ...


@runtime_checkable
class ApiSection(Section, Protocol):
    """A section that also answers `/campaigns/api/NAME/...`. Raises as `Section`."""

    async def api(self, path: tuple[str, ...], now_s: float) -> Answer | None:
        """Of a GET, below the section's name; None: there is no such document."""
        ...


@runtime_checkable
class GuardedSection(Section, Protocol):
    """A section that says before a form is read whether there is anything for who sends it: else each
    refusal of a form (another site's, too many, too long) would tell that something is there. It limits
    forms by itself. Raises as `Section`.
    """

    async def form_bytes(self, ask: SectionAsk) -> int | None:
        """How long the form may be; None: there is nothing here, and nothing of the form matters."""
        ...


def html(
    status: int, body: bytes, *, cache: bytes = FRESH, more: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """An HTML page."""
    return Answer(status, body, cache=cache, more=more)


def document(body: bytes) -> Answer:
    """A JSON document that every page may read."""
    return Answer(200, body, b"application/json", b"public, max-age=%d" % PAGE_S, (_ANYBODY,))


def problem_of(status: int, detail: str, more: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """Why there is no document (RFC 9457)."""
    body = problem(status, HTTPStatus(status).phrase, detail)
    return Answer(status, body, b"application/problem+json", more=(*more, _ANYBODY))
