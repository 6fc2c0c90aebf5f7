"""What a page says of itself: does it carry the counter, and which marks of supporters.

Read is the HTML as it was sent, no script is run. A counter is one of the pieces that docs/counter.md hands
out: the picture or the frame, of this observatory or of a copy on the site itself, or the custom element,
wherever its script lies. A mark is only taken from the head, where what readers write into a page never
stands, or from the site's own file.
"""

import re
from contextlib import suppress
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from voipwatch.civic.wall import MARK_NAME, Sight

MARKS_MAX: Final = 20
"""More are not looked at: a page needs one."""
SOURCES_MAX: Final = 5_000
"""Pictures and frames that are looked at: to resolve an address takes time, and a page may have 100,000."""
BASE_CHARACTERS_MAX: Final = 500
"""Of a `<base href>`; a longer one is left out, for the same reason."""
ELEMENT: Final = "voipwatch-counter"
_MARK: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_PICTURE: Final = re.compile(r"/counter/(?:en|fr|ar)/[^/]+\.svg")
_FRAME: Final = re.compile(r"/counter/(?:en|fr|ar)/[^/]+/(?:index\.html)?")
_SOURCES: Final = ("src", "data-src", "data-lazy-src")
"""The second and third are what plugins that load pictures later put in the first one's place."""
_HEAD: Final = frozenset({"html", "head", "meta", "title", "link", "script", "style", "base", "noscript"})
"""HTML, section 13.2.6.4.4, "in head": any other element ends the head, as text does."""
_UNSEEN: Final = frozenset({"template", "textarea", "title", "iframe", "xmp", "noembed", "noframes"})
"""What stands inside of these is text, or shown to nobody."""


class PageSays(msgspec.Struct, frozen=True):
    """Of one page."""

    counter: bool
    marks: frozenset[str]


class _Reader(HTMLParser):
    """Start tags, as far as anybody would see them."""

    def __init__(self, url: str, observatory: str) -> None:
        super().__init__()
        self._base = url
        self._has_base = False
        self._sources = 0
        self._own = _place(url)
        self._observatory = _place(observatory)
        self._in_head = True
        self._unseen: list[str] = []
        self.counter = False
        self.marks: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._unseen:
            if tag == self._unseen[0] == "template":
                self._unseen.append(tag)
            return
        if tag not in _HEAD and tag != "template":
            self._in_head = False
        given = {name: value or "" for name, value in reversed(attrs)}  # of two of one name the first counts
        if tag == "base" and "href" in given:
            self._take_base(given["href"])
        elif tag == "meta" and self._in_head and given.get("name", "").strip().lower() == MARK_NAME:
            self._take(given.get("content", ""))
        elif self._carries(tag, given):
            self.counter = True
        if tag in _UNSEEN:
            self._unseen = [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # `<iframe/>` is a start tag all the same: HTML has no such ends but for void elements.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag == "head" and not self._unseen:
            self._in_head = False

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._unseen and self.cdata_elem is None:
            self._in_head = False

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        # `<![if !IE]>`, `<![CDATA[`, `<![ x ]>`: in HTML a remark up to the next `>` (section 13.2.5.42).
        # Python's parser would look for the end that SGML has, leave what follows unread, or raise.
        return self.parse_bogus_comment(i, report)

    def _take_base(self, href: str) -> None:
        # The first counts, against the page's own address (HTML, section 4.2.3).
        if self._in_head and not self._has_base:
            self._has_base = True
            if len(href) <= BASE_CHARACTERS_MAX:
                self._base = _joined(self._base, href)

    def _take(self, content: str) -> None:
        if len(self.marks) < MARKS_MAX and _MARK.fullmatch(content.strip()):
            self.marks.add(content.strip())

    def _carries(self, tag: str, given: dict[str, str]) -> bool:
        if self.counter or "hidden" in given:
            return False
        if tag == ELEMENT:
            return bool(given.get("src", "").strip())
        shape = {"img": _PICTURE, "iframe": _FRAME}.get(tag)
        self._sources += shape is not None
        if self._sources > SOURCES_MAX:
            return False
        return shape is not None and any(
            self._is_counter(given[name], shape) for name in _SOURCES if given.get(name)
        )

    def _is_counter(self, source: str, shape: re.Pattern[str]) -> bool:
        scheme, host, path = _place(_joined(self._base, source.strip()))
        if scheme not in {"http", "https"}:
            return False
        _, ours, below = self._observatory
        if host == ours:
            return path.startswith(below) and shape.fullmatch(path.removeprefix(below)) is not None
        # A copy that the site serves itself lies wherever it was put.
        return _without_www(host) == _without_www(self._own[1]) and shape.search(path) is not None


def read_page(html: str, *, url: str, observatory: str) -> PageSays:
    """What a page says.

    Args:
        html: the document, or its beginning.
        url: where it was found, against which its links are resolved.
        observatory: address of the site that gives the counters out, without a slash at its end.
    """
    reader = _Reader(url, observatory)
    # Never closed: what an unfinished tag would have been is nobody's to guess, and guessing takes Python's
    # parser time that grows with the square of the page (CVE-2025-6069).
    with suppress(
        AssertionError
    ):  # a stranger's page that the parser gives up at is what was read of it so far
        reader.feed(html)
    return PageSays(reader.counter, frozenset(reader.marks))


def read_marks(text: str) -> frozenset[str]:
    """Marks of the site's own file: a line each, `#` begins a remark."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return frozenset([line for line in lines if _MARK.fullmatch(line)][:MARKS_MAX])


def sight_of(says: PageSays, mark: str) -> Sight:
    """What a page that was read means for an enrolment."""
    if mark not in says.marks:
        return Sight.NO_MARK
    return Sight.CARRIES if says.counter else Sight.NO_COUNTER


def _place(url: str) -> tuple[str, str, str]:
    """Scheme, host with its port, path; empty where it is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ("", "", "")
    return (parts.scheme.lower(), parts.netloc.lower(), parts.path)


def _joined(base: str, source: str) -> str:
    try:
        return urljoin(base, source)
    except ValueError:
        return ""


def _without_www(host: str) -> str:
    return host.removeprefix("www.")
