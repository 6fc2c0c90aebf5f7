"""What every page has around its own text: title, navigation, languages, banners, times."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.site.assetfiles import assets
from voipwatch.site.links import Here
from voipwatch.site.pages.head import Head, Subject
from voipwatch.site.pages.site import Site
from voipwatch.site.words import LANGUAGES, Words, words

LANGUAGE_NAMES: Final = {"en": "English", "fr": "Français", "ar": "العربية", "zgh": "ⵜⴰⵎⴰⵣⵉⵖⵜ"}
TAMAZIGHT: Final = "zgh"
"""Has a first page alone (`pages.tamazight`)."""
NAVIGATION: Final = (
    ("home", ""),
    ("timeline", "timeline/"),
    ("claims", "claims/"),
    ("line-test", "line-test/"),
    ("method", "method/"),
    ("data", "data/"),
)
FOOTER: Final = (
    ("corrections", "corrections/"),
    ("cost", "cost/"),
    ("reputation", "reputation/"),
    ("api", "api/"),
    ("embed", "embed/"),
)


class NavItem(NamedTuple):
    """A link of the navigation."""

    text: Markup
    href: str
    current: bool


class LanguageLink(NamedTuple):
    """The same page in another language."""

    name: str
    lang: str
    """BCP 47."""
    direction: str
    href: str
    current: bool


@dataclass(frozen=True)
class Shell:
    """Around every page."""

    here: Here
    lang: str
    """BCP 47, of the page's own text."""
    subject: Subject
    title: str
    """Plain text; names no operator where an incident's title does not."""
    description: str
    css: str
    mark: str
    navigation: tuple[NavItem, ...]
    footer: tuple[NavItem, ...]
    languages: tuple[LanguageLink, ...]
    as_of: str
    """Empty where nothing has been measured yet."""
    valid_until: str
    """Empty on a page that stays valid for ever, and where nothing has been measured yet."""
    synthetic: bool
    instance: str
    closed: str
    """Why the observatory was closed; empty while it runs."""
    root: str
    """To `/`."""
    canonical: str
    """Whole address, where the base is known."""
    head: Head


def shell(
    site: Site,
    t: Words,
    subject: Subject,
    *,
    title: str,
    description: str = "",
    lasting: str = "",
    anywhere: Here | None = None,
) -> Shell:
    """Around a page.

    Args:
        site: of the bundle.
        t: the language.
        subject: what the page is about.
        title: plain text.
        description: one sentence, plain text; the title where there is none.
        lasting: time as of which a page holds that stays valid for ever; empty: it speaks of the bundle's
            time.
        anywhere: of a page that is shown at any address: its links begin here, and other languages are led
            to by their first pages.
    """
    here = Here(t.lang, subject.path) if anywhere is None else anywhere
    manifest = site.bundle.manifest
    nothing = manifest.is_unmeasured and not lasting
    address = f"{site.base.rstrip('/')}/{t.lang}/{subject.path}" if site.base else ""

    def items(table: tuple[tuple[str, str], ...]) -> tuple[NavItem, ...]:
        return tuple(
            NavItem(t(f"nav.{name}"), here.page(path), subject.path == path)
            for name, path in table
            if name not in {"embed", "line-test"} or name in site.extras
        )

    has_tamazight = subject.kind in {"home", "tamazight"}
    return Shell(
        here=here,
        lang=t.html_lang,
        subject=subject,
        title=title,
        description=description or title,
        css=here.file_at(site.css),
        mark=here.file_at(assets()["mark.svg"][0]),
        navigation=(*items(NAVIGATION), *_campaigns(site, t, here)),
        footer=items(FOOTER),
        languages=tuple(
            LanguageLink(
                LANGUAGE_NAMES[lang],
                words(lang).html_lang,
                words(lang).direction,
                here.page(subject.path if anywhere is None else "", lang=lang),
                lang == t.lang,
            )
            for lang in (*LANGUAGES, *([TAMAZIGHT] if has_tamazight else []))
        ),
        as_of="" if nothing else t.moment(lasting or manifest.as_of),
        valid_until="" if lasting or nothing else t.moment(manifest.valid_until),
        synthetic=manifest.synthetic,
        instance=manifest.instance,
        closed=manifest.final.reason if manifest.final else "",
        root=here.file_at(""),
        canonical=address,
        head=Head() if site.head is None else site.head(site, t, subject),
    )


def _campaigns(site: Site, t: Words, here: Here) -> tuple[NavItem, ...]:
    """The way to the petitions, which `voipwatch serve --campaigns` serves beside the site's own files."""
    if "campaigns" not in site.extras:
        return ()
    return (NavItem(t("nav.campaigns"), here.file_at(f"campaigns/{t.lang}") + "/", current=False),)
