"""The wall of supporters on the protected page: contexts for the template. No text here, no markup.

What is on no wall any more is in no row, and so not here: nobody may read who once was.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import msgspec

from voipwatch.civic.wall import Enrolment, State
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.admin import layout
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.links import admin_path
from voipwatch.site.html import to_html
from voipwatch.site.words import Words

SITES_A_PAGE: Final = 100


class EnrolledPage(msgspec.Struct, frozen=True):
    """One page of a site."""

    address: str
    state: str


class EnrolledSite(msgspec.Struct, frozen=True):
    """One site: what is taken off at once."""

    site: str
    pages: tuple[EnrolledPage, ...]


class WallPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-wall.html`."""

    standing: str
    """How many sites stand on it and wait, as a sentence."""
    off: bool
    """The settings have no wall."""
    sites: tuple[EnrolledSite, ...]
    remove: str
    earlier: str
    later: str


def wall(
    t: Words,
    visitor: Visitor,
    enrolled: Sequence[Enrolment],
    page: int,
    *,
    off: bool,
    said: str,
) -> bytes:
    """Sites in order of their names, a hundred a page.

    Args:
        t: the language.
        visitor: who looks.
        enrolled: every page that is enrolled now, by site.
        page: from 0.
        off: the settings have no wall.
        said: the act that was just done; empty: none.
    """
    heading, here = t.plain("admin.wall.heading"), admin_path(t.lang, "wall")
    sites = [(site, tuple(own)) for site, own in groupby(enrolled, key=lambda each: each.site)]
    first = page * SITES_A_PAGE
    standing = sum(any(each.state is State.SHOWN for each in own) for _, own in sites)
    made = WallPage(
        frame=layout.frame(t, heading, "wall"),
        heading=heading,
        standing=t.plain(
            "admin.wall.standing", standing=t.number(standing), waiting=t.number(len(sites) - standing)
        ),
        off=off,
        sites=tuple(
            EnrolledSite(site, tuple(EnrolledPage(each.page, _state(t, each)) for each in own))
            for site, own in sites[first : first + SITES_A_PAGE]
        ),
        remove=here,
        earlier=f"{here}?page={page - 1}" if page else "",
        later=f"{here}?page={page + 1}" if len(sites) > first + SITES_A_PAGE else "",
        **layout.of(t, visitor, said),
    )
    return to_html("admin-wall.html", made, t)


def _state(t: Words, known: Enrolment) -> str:
    days = {"since": t.day(iso(known.since_s))}
    if known.state is not State.WAITING:
        days["seen"] = t.day(iso(known.seen_s))
    return t.plain(f"admin.wall.state.{known.state}", **days)
