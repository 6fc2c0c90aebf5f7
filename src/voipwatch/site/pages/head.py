"""What a page is about, and what feeds, cards and structured data add to its head."""

from dataclasses import dataclass
from typing import NamedTuple


class HeadLink(NamedTuple):
    """A `<link>` of the head."""

    rel: str
    href: str
    type: str = ""
    title: str = ""
    hreflang: str = ""


class HeadMeta(NamedTuple):
    """A `<meta property=… content=…>`, as Open Graph has them."""

    property: str
    content: str


@dataclass(frozen=True)
class Head:
    """What feeds and cards add to the head of a page."""

    links: tuple[HeadLink, ...] = ()
    metas: tuple[HeadMeta, ...] = ()
    json_ld: str = ""
    """One JSON document, as text; the template keeps it from ending its element."""


@dataclass(frozen=True)
class Subject:
    """What a page is about, for those who add to its head."""

    kind: str
    """home, country, operator, app, series, month, incident, revision, timeline, claims, claim, corrections,
    cost, reputation, method, data, api, embed, line-test, missing, tamazight."""
    path: str
    """Below `/LANG/`."""
    country: str = ""
    incident: str = ""
    revision: int = 0
    claim: str = ""
