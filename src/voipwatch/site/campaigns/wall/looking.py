"""One look at an enrolled page: its site's robots.txt, the page, and where the mark is not in it, the file.

Redirects and robots are judged place by place: a page that leads on to `https` or `www` is asked there only
after that place's own robots.txt was. What is told is a sight and nothing that the site wrote.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from voipwatch.civic.robots import BYTES_MAX as ROBOTS_BYTES_MAX
from voipwatch.civic.robots import ROBOTS_PATH, may_look
from voipwatch.civic.wall import WELL_KNOWN, Sight, WallPage
from voipwatch.civic.wallpage import PageSays, read_marks, read_page, sight_of
from voipwatch.site.campaigns.links import wall_path
from voipwatch.site.campaigns.wall.fetching import (
    BODY_BYTES_MAX,
    DEADLINE_S,
    PUBLIC,
    Doors,
    Got,
    Missed,
    Why,
    fetch,
)

PRODUCT: Final = "voipwatch-wall"
"""Product token of robots.txt (RFC 9309, section 2.2.1)."""
MARKS_BYTES_MAX: Final = 8_192
PAGE_KINDS: Final = frozenset({"text/html", "application/xhtml+xml"})
_SAID: Final = {
    401: Sight.REFUSED,
    403: Sight.REFUSED,
    404: Sight.GONE,
    410: Sight.GONE,
    451: Sight.REFUSED,
}
"""Answers in which the site itself says that there is nothing for us to see (RFC 9110, RFC 7725)."""
_AWAY: Final = frozenset({Why.ELSEWHERE, Why.PLACE})
"""A redirect out of the site, or to where we do not go."""
_PUT_OFF: Final = 429


class Looked(msgspec.Struct, frozen=True):
    """What was seen of a page, for every mark that may stand on it."""

    sight: Sight | None
    """What it is for all of them; None: as `says` has it for each."""
    says: PageSays = PageSays(False, frozenset())
    why: Why | None = None
    """Why nothing was seen, where the network or the site's server is the reason; for keepers alone."""

    def sight_for(self, mark: str) -> Sight:
        """Of one enrolment."""
        return sight_of(self.says, mark) if self.sight is None else self.sight


def agent_of(observatory: str) -> str:
    """User-Agent: whose wall asks, and where that is explained."""
    return f"{PRODUCT}/1 (+{quote(observatory, safe=':/[]%')}{wall_path('en')})"


def look_at(
    page: WallPage, *, observatory: str, doors: Doors = PUBLIC, clock: Callable[[], float] = monotonic
) -> Looked:
    """Look once. Never raises for what a site does.

    Args:
        page: declared.
        observatory: address of this site, without a slash at its end.
        doors: how the network is reached.
        clock: monotonic, seconds: `DEADLINE_S` holds for all that is asked together.
    """
    return _Look(page, observatory, doors, clock).look()


class _Look:
    """One look; robots.txt is asked once a place."""

    def __init__(self, page: WallPage, observatory: str, doors: Doors, clock: Callable[[], float]) -> None:
        self._page = page
        self._observatory = observatory
        self._doors = doors
        self._clock = clock
        self._until_s = clock() + DEADLINE_S
        self._robots: dict[str, bytes | None] = {}
        self._unreached = False
        self._why: Why | None = None

    def look(self) -> Looked:
        found = self._fetch(self._page.url, self._may)
        if isinstance(found, Missed):
            if found.why in _AWAY:
                return Looked(Sight.ELSEWHERE)
            forbidden = found.why is Why.FORBIDDEN and not self._unreached
            if forbidden:
                return Looked(Sight.FORBIDDEN)
            # Of a page that was not asked for, because its robots.txt could not be read, that reason.
            return Looked(Sight.UNREACHED, why=self._why if found.why is Why.FORBIDDEN else found.why)
        if found.status in _SAID:
            return Looked(_SAID[found.status])
        if found.status != 200 or found.kind not in PAGE_KINDS:
            # An error page, a wall of a provider's, a download: nobody sees there what the site carries.
            return Looked(Sight.UNREACHED)
        html = found.body.decode("utf-8", "replace")
        says = read_page(html, url=found.url, observatory=self._observatory)
        if not says.counter:
            # The file is about marks alone: a page that was read to its end has dropped the counter, whatever
            # its site answers there. Of one that was cut it may stand in the part that was not read.
            return Looked(Sight.UNREACHED if found.cut else Sight.NO_COUNTER)
        if not says.marks:
            marks = self._file(found.url)
            if marks is None:
                return Looked(Sight.UNREACHED, why=self._why)
            says = msgspec.structs.replace(says, marks=marks)
        if found.cut and not says.marks:
            return Looked(Sight.UNREACHED)
        return Looked(None, says)

    def _file(self, url: str) -> frozenset[str] | None:
        """Marks of the site's own file; None: it could not be asked for now."""
        place = urlsplit(url)
        found = self._fetch(
            f"{place.scheme}://{place.netloc}{WELL_KNOWN}", self._may, most_bytes=MARKS_BYTES_MAX
        )
        if isinstance(found, Missed):
            if found.why is Why.FORBIDDEN:
                return None if self._unreached else frozenset()
            self._why = found.why
            return None
        if found.status >= 500 or found.status == _PUT_OFF:
            return None
        if found.status != 200 or found.kind != "text/plain":
            return frozenset()
        return read_marks(found.body.decode("ascii", "replace"))

    def _may(self, url: str) -> bool:
        """By the robots.txt of that very place."""
        place = urlsplit(url)
        origin = f"{place.scheme}://{place.netloc}"
        if origin not in self._robots:
            self._robots[origin] = self._rules(origin)
        rules = self._robots[origin]
        if rules is None:
            self._unreached = True
            return False
        return may_look(rules, url, PRODUCT)

    def _rules(self, origin: str) -> bytes | None:
        """The file; empty where there is none (RFC 9309, section 2.3.1.3); None: it cannot be known now, so
        that nothing may be asked (section 2.3.1.4).
        """
        found = self._fetch(f"{origin}{ROBOTS_PATH}", lambda _: True, most_bytes=ROBOTS_BYTES_MAX)
        if isinstance(found, Missed):
            self._why = found.why
            return None
        if 200 <= found.status < 300:
            return found.body
        return b"" if 400 <= found.status < 500 and found.status != _PUT_OFF else None

    def _fetch(
        self, url: str, may: Callable[[str], bool], *, most_bytes: int = BODY_BYTES_MAX
    ) -> Got | Missed:
        return fetch(
            url,
            hosts=self._page.hosts,
            agent=agent_of(self._observatory),
            may=may,
            most_bytes=most_bytes,
            deadline_s=self._until_s - self._clock(),
            doors=self._doors,
            clock=self._clock,
        )
