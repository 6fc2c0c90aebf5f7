"""What every page of the protected part has: ways, who is signed in, what was just done."""

from typing import Any, Final

import msgspec

from voipwatch.civic.keepers import form_token
from voipwatch.civic.publiccounts import STEP
from voipwatch.civic.roles import Act, may
from voipwatch.site.campaigns.keepers import Visitor
from voipwatch.site.campaigns.links import MOUNT, admin_path
from voipwatch.site.campaigns.pages import Frame, LanguageLink, style
from voipwatch.site.pages.shell import LANGUAGE_NAMES
from voipwatch.site.words import HTML_LANG, LANGUAGES, RIGHT_TO_LEFT, Words

WAYS: Final = (
    ("home", Act.OVERVIEW, ()),
    ("person", Act.PERSON, ("person",)),
    ("wall", Act.WALL, ("wall",)),
    ("audit", Act.AUDIT, ("audit",)),
)
"""Text, permission, path."""
SAID: Final = frozenset(
    {
        *(Act.HIDE_NAME, Act.SHOW_NAME, Act.PAPER, Act.DELIVER, Act.ANSWER, Act.CLOSE, Act.ERASE),
        *(Act.ERASE_PERSON, Act.OBSERVE, Act.CLOSE_BOYCOTT, Act.WALL_REMOVE),
    }
)
"""What is said to be done after a redirect; anything else in an address says nothing."""


class Link(msgspec.Struct, frozen=True):
    """Of the section's own ways."""

    key: str
    href: str


class AdminPage(msgspec.Struct, frozen=True, kw_only=True):
    """What every page has; `admin-*.html`."""

    frame: Frame
    heading: str
    ways: tuple[Link, ...] = ()
    who: str = ""
    role: str = ""
    form: str = ""
    """The form token."""
    signout: str = ""
    said: str = ""
    """What was just done."""


def tens(t: Words, count: int) -> str:
    """A count in tens as the public sees it."""
    return t.number(count) if count >= STEP else t.plain("admin.few")


def frame(t: Words, title: str, *below: str) -> Frame:
    """Around a page; `below` is its path in the section."""
    site, forms, mark = style()
    languages = tuple(
        LanguageLink(
            HTML_LANG[lang],
            "rtl" if lang in RIGHT_TO_LEFT else "ltr",
            LANGUAGE_NAMES[lang],
            admin_path(lang, *below),
            lang == t.lang,
        )
        for lang in LANGUAGES
    )
    return Frame(title, (site, forms), mark, f"{MOUNT}{t.lang}/", languages)


def of(t: Words, visitor: Visitor, said: str = "") -> dict[str, Any]:
    """What stands on every page of somebody who is signed in."""
    ways = [Link(key, admin_path(t.lang, *below)) for key, act, below in WAYS if may(visitor.role, act)]
    return {
        "ways": tuple(ways), "who": visitor.account, "role": t.plain(f"admin.role.{visitor.role}"),
        "form": form_token(visitor.token), "signout": admin_path(t.lang, "signout"),
        "said": t.plain(f"admin.said.{said}") if said in SAID else "",
    }  # fmt: skip
