"""The page from which webmasters take a counter: blocks of code to copy, no script.

What a counter is and its code come from whoever makes counters (`render.Parts.counters`).
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words

NOWHERE: Final = "https://observatory.example"
"""Stands in the codes for a site that does not say where it will be (RFC 2606)."""


class Snippet(NamedTuple):
    """One way to embed a counter."""

    title: str
    note: str
    code: str


class Counter(NamedTuple):
    """A counter that can be embedded."""

    id: str
    """A country's or an incident's."""
    title: str
    preview: str
    """Path of its picture below the site's root; empty where it has none."""
    alt: str
    snippets: tuple[Snippet, ...]


@dataclass(frozen=True)
class Embed:
    """Context of embed.html."""

    shell: Shell
    counters: tuple[tuple[Counter, str], ...]
    """Each with the address of its picture from here."""
    stand_in: str = ""
    """What stands in the codes for the site's address, where that is not known; else empty."""


def embed(site: Site, t: Words, counters: tuple[Counter, ...]) -> Embed:
    """The page. Where nobody said where the site will be it says so: its codes would show nothing."""
    frame = shell(site, t, Subject("embed", "embed/"), title=t.plain("embed.title"))
    return Embed(
        frame,
        tuple((each, frame.here.file_at(each.preview) if each.preview else "") for each in counters),
        "" if site.base else NOWHERE,
    )
