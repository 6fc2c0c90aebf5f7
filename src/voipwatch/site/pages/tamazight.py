"""The first page in Standard Moroccan Tamazight (zgh), as far as there are strings that somebody answers for.

Names of countries and languages, dates and numbers are CLDR's (Unicode's locale data, by Babel), names of
apps are everybody's. No sentence of ours was written by anybody who speaks Tamazight: sentences are French,
marked as such, and every link leads to the French page.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from voipwatch.chronicle.titles import day_of
from voipwatch.model.incidents import Phase
from voipwatch.site import links
from voipwatch.site.links import Here
from voipwatch.site.pages.head import Head, Subject
from voipwatch.site.pages.home import Brief, Now, brief, now
from voipwatch.site.pages.shell import TAMAZIGHT, LanguageLink, Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words, words

READ_IN: Final = "fr"
"""Where links lead, and the language of what Tamazight has no words for."""


class Place(NamedTuple):
    """A country: its name in Tamazight, the rest in French."""

    name: str
    now: Now


class Happening(NamedTuple):
    """An incident: its days in Tamazight, its title in French."""

    began: str
    brief: Brief


@dataclass(frozen=True)
class Tamazight:
    """Context of tamazight.html."""

    shell: Shell
    as_of: str
    places: tuple[Place, ...]
    happenings: tuple[Happening, ...]
    unread_ar: Words
    """The mark is told in Arabic too."""


class _FromTamazight(Here):
    """Links of that page: to French ones, where no other language is asked for."""

    def __init__(self) -> None:
        super().__init__(TAMAZIGHT, links.home())

    def page(self, path: str, *, lang: str | None = None, anchor: str = "") -> str:
        """As `Here` has it."""
        return super().page(path, lang=lang or READ_IN, anchor=anchor)


def tamazight(site: Site) -> Tamazight:
    """The page; its frame is French."""
    t, zgh, here = words(READ_IN), words(TAMAZIGHT), _FromTamazight()
    names = [zgh.country(code) for code in site.countries]
    frame = shell(
        site, t, Subject("tamazight", f"{TAMAZIGHT}/"), title=" · ".join(names), anywhere=here
    )  # fmt: skip
    base = site.base.rstrip("/")
    return Tamazight(
        shell=replace(
            frame,
            lang=zgh.html_lang,
            languages=tuple(_current(each) for each in frame.languages),
            canonical=f"{base}/{TAMAZIGHT}/" if base else "",
            head=Head(),
        ),
        as_of=zgh.moment(site.bundle.manifest.as_of),
        places=tuple(
            Place(name, now(site, t, here, code)) for name, code in zip(names, site.countries, strict=True)
        ),
        happenings=tuple(
            Happening(_began(zgh, page.incident.phases), brief(site, t, here, page))
            for page in site.incidents[:10]
        ),
        unread_ar=words("ar"),
    )


def _current(link: LanguageLink) -> LanguageLink:
    return link._replace(current=link.lang == words(TAMAZIGHT).html_lang)


def _began(zgh: Words, phases: tuple[Phase, ...]) -> str:
    """Days of the onset: no word stands between them."""
    if not phases:
        return ""
    first, last = phases[0].earliest, day_of(phases[0].latest)
    return zgh.day(last) if first is None else zgh.days(min(first[:10], last), last)
