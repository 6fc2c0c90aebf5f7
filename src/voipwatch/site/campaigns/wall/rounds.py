"""Looks at enrolled pages, one after the other, beside the mails and never in their way.

A thread of the process beside: a page that answers slowly holds up other looks alone. One look every
`PACE_S` at most: 43,000 pages a day where they answer, some 4,000 where each of them hangs. Pages of one
registrable domain, which may all lie on one machine, wait for one another.
"""

from collections.abc import Callable
from threading import Event
from typing import Any, Final

from voipwatch.civic.registrable import registrable_domain
from voipwatch.civic.wall import Sight, WallPage
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked, look_at
from voipwatch.store.civic.opening import DatabaseError

PACE_S: Final = 2.0
DOMAIN_PACE_S: Final = 10
"""Between two looks at pages of one registrable domain: the blogs of a platform are asked one by one."""
WAITING_DOMAIN_PACE_S: Final = 60
"""The same before one at a page that nobody has proven to be his."""
SITE_PACE_S: Final = 600
"""Before a look at such a page, since the last one at its site: who enrols a stranger's site over and over
makes us ask it no more often.
"""
PUT_OFF_MAX: Final = 50
"""Pages that are passed over in one step."""
Look = Callable[[WallPage, str], Looked]
"""A page and the observatory's address -> what was seen."""


def look(page: WallPage, observatory: str) -> Looked:
    """Over the network."""
    return look_at(page, observatory=observatory)


class Paces:
    """When sites and domains were looked at lately; in memory alone."""

    def __init__(self) -> None:
        self._sites: dict[str, int] = {}
        self._domains: dict[str, int] = {}

    def free_s(self, page: WallPage, *, waits: bool) -> int:
        """From when a page may be looked at; 0: at once."""
        domain_s = self._domains.get(registrable_domain(page.site))
        site_s = self._sites.get(page.site)
        return max(
            0 if domain_s is None else domain_s + (WAITING_DOMAIN_PACE_S if waits else DOMAIN_PACE_S),
            0 if site_s is None or not waits else site_s + SITE_PACE_S,
        )

    def looked(self, page: WallPage, now_s: int) -> None:
        """A look begins."""
        for kept in (self._sites, self._domains):
            for name in [each for each, at_s in kept.items() if not 0 <= now_s - at_s < SITE_PACE_S]:
                del kept[name]  # also what lies ahead: the clock was set back
        self._sites[page.site] = self._domains[registrable_domain(page.site)] = now_s


class WallRounds:
    """What is due of the wall, in virtual time or in ours."""

    def __init__(self, wall: Wall, look: Look = look) -> None:
        self._wall = wall
        self._look = look
        self._paces = Paces()

    def step(self, now_s: int, clock: Callable[[], float] | None = None) -> bool:
        """The day's number and one look, where they are due; whether there was one.

        Args:
            now_s: Unix seconds.
            clock: read again after the look, which may take a minute; None: the look took no time.

        Raises:
            DatabaseError: nothing was noted; the look is due again when its lease is over.
            Exception: of the look itself; it is noted as one that reached nothing.
        """
        self._wall.take_point(now_s)
        page = self._take(now_s)
        if page is None:
            return False
        self._paces.looked(page, now_s)
        try:
            found = self._look(page, self._wall.observatory)
        except Exception:
            # Whatever a page did to the look, nothing was seen of it: without a note it would stay for ever.
            self._note(page, Looked(Sight.UNREACHED), now_s, clock)
            raise
        self._note(page, found, now_s, clock)
        return True

    def _take(self, now_s: int) -> WallPage | None:
        """What is due and may be asked now; whatever was asked lately is put off."""
        for _ in range(PUT_OFF_MAX):
            page = self._wall.take_due(now_s)
            if page is None:
                return None
            free_s = self._paces.free_s(page, waits=self._wall.waits(page))
            if not now_s < free_s <= now_s + SITE_PACE_S:
                return page
            self._wall.put_off(page, until_s=free_s)
        return None

    def _note(self, page: WallPage, looked: Looked, now_s: int, clock: Callable[[], float] | None) -> None:
        self._wall.note(page, looked, now_s=now_s if clock is None else int(clock()))


def run_wall(
    rounds: WallRounds,
    stop: Event,
    say: Callable[[str], Any],
    *,
    clock: Callable[[], float],
    pace_s: float = PACE_S,
) -> None:
    """Look until `stop`. Whatever fails is said once until it changes, without the name of any site."""
    said = ""
    while not stop.wait(pace_s):
        try:
            rounds.step(int(clock()), clock)
            fault = ""
        except DatabaseError as error:
            fault = f"the wall waits for the database: {error}"
        except Exception as error:  # noqa: BLE001 -- the next page's look must not fall with this one's
            fault = f"a look at a page of the wall failed: {type(error).__name__}; it is tried again"
        if fault and fault != said:
            say(fault)
        said = fault
