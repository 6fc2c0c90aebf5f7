"""Where there is no page: a server shows it at any address, so that its links begin at the site's root."""

from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from voipwatch.site import links
from voipwatch.site.links import Here
from voipwatch.site.pages.head import Head, Subject
from voipwatch.site.pages.shell import Shell, shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import Words

FILE: Final = "404.html"
"""Below `/LANG/`."""


@dataclass(frozen=True)
class Missing:
    """Context of missing.html."""

    shell: Shell
    home_href: str


class Rooted(Here):
    """The page that links are made from, wherever it is shown."""

    def __init__(self, lang: str, root: str) -> None:
        """`root` is the path of the site's root, `/` or `/x/`."""
        super().__init__(lang, "")
        self.root = root

    def file_at(self, path: str) -> str:
        """As `Here` has it, from the root."""
        return f"{self.root}{path}"


def missing(site: Site, t: Words) -> Missing:
    """The page of one language."""
    here = Rooted(t.lang, f"{urlsplit(site.base).path.rstrip('/')}/")
    frame = shell(site, t, Subject("missing", FILE), title=t.plain("missing.title"), anywhere=here)
    return Missing(replace(frame, canonical="", head=Head()), here.page(links.home()))
