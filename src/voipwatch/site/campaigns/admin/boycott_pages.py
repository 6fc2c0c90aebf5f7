"""Boycotts on the protected page: contexts for the templates. No text here, no markup.

There is nothing of anybody to look at: of a pledge nothing is kept that could be hidden or shown.
"""

import msgspec

from voipwatch.civic.boycotts import OBSERVED_MAX, Boycott, stage_of
from voipwatch.civic.pledges import Stage
from voipwatch.civic.roles import Act, may
from voipwatch.civic.turnout import Found
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.admin import layout
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.links import admin_path
from voipwatch.site.campaigns.pages import direction_of
from voipwatch.site.campaigns.pledging.desk import ToldBoycott
from voipwatch.site.campaigns.pledging.links import boycott_path
from voipwatch.site.campaigns.pledging.pages import count_text, state_text
from voipwatch.site.campaigns.pledging.windowview import WindowView, window_view
from voipwatch.site.html import to_html
from voipwatch.site.words import HTML_LANG, Words
from voipwatch.store.civic.pledging import PledgeState


class ShownBoycott(msgspec.Struct, frozen=True):
    """How one stands, in words; its numbers as the public sees them."""

    title: str
    lang: str
    direction: str
    href: str
    state: str
    declared: str
    kept: str
    broken: str


class BoycottPage(layout.AdminPage, frozen=True, kw_only=True):
    """`admin-boycott.html`."""

    shown: ShownBoycott
    window: WindowView
    dates: str
    observed: tuple[tuple[str, str], ...]
    """Day, what was noted."""
    public: str
    found: tuple[tuple[str, str], ...]
    """What an observation may have come to: value, words."""
    acts: tuple[layout.Link, ...]
    """Forms, in their order."""


def shown_boycott(t: Words, told: ToldBoycott, now_s: float) -> ShownBoycott:
    """For the list and for its own page."""
    own = told.boycott
    lang, text = own.text(t.lang)
    return ShownBoycott(
        title=text.title,
        lang=HTML_LANG[lang],
        direction=direction_of(lang),
        href=admin_path(t.lang, "boycott", own.id),
        state=state_text(own, t, now_s),
        declared=count_text(told, PledgeState.DECLARED, t),
        kept=count_text(told, PledgeState.KEPT, t),
        broken=count_text(told, PledgeState.BROKEN, t),
    )


def boycott(t: Words, visitor: Visitor, told: ToldBoycott, now_s: int, said: str) -> bytes:
    """One boycott, with the forms of what this role may do now."""
    own, shown = told.boycott, shown_boycott(t, told, now_s)
    page = BoycottPage(
        frame=layout.frame(t, shown.title, "boycott", own.id),
        heading=shown.title,
        shown=shown,
        window=window_view(own.window, t),
        dates=t.plain(
            "admin.boycott.dates",
            reports=t.moment(iso(own.reporting_ends_s)),
            erased=t.moment(iso(own.erased_at_s)),
        ),
        observed=tuple((t.day(iso(each.at_s)), each.observable.what) for each in own.observed),
        public=boycott_path(t.lang, own.id),
        found=tuple((each.value, t.plain(f"admin.found.{each}")) for each in Found),
        acts=tuple(
            layout.Link(act.value, admin_path(t.lang, "boycott", own.id, act.value))
            for act, can in _possible(own, now_s).items()
            if can and may(visitor.role, act)
        ),
        **layout.of(t, visitor, said),
    )
    return to_html("admin-boycott.html", page, t)


def _possible(own: Boycott, now_s: int) -> dict[Act, bool]:
    begun = now_s >= own.window.begins_s and not own.is_called_off
    return {
        Act.OBSERVE: begun and len(own.observed) < OBSERVED_MAX,
        Act.CLOSE_BOYCOTT: stage_of(own, now_s) is not Stage.CLOSED,
    }
