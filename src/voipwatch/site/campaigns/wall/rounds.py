"""Looks at enrolled pages, one after the other, beside the mails and never in their way.

A thread of the process beside: a page that answers slowly holds up other looks alone. One look every
`PACE_S` at most: 43,000 pages a day where they answer, some 1,000 where each of them hangs.
"""

from collections.abc import Callable
from threading import Event
from typing import Any, Final

from voipwatch.civic.wall import Sight, WallPage
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked, look_at
from voipwatch.store.civic.opening import DatabaseError

PACE_S: Final = 2.0
SITE_PACE_S: Final = 600
"""Between two looks at pages of one site that nobody has proven to be his: who enrols a stranger's site over
and over makes us ask it no more often.
"""
Look = Callable[[WallPage, str], Looked]
"""A page and the observatory's address -> what was seen."""


def look(page: WallPage, observatory: str) -> Looked:
    """Over the network."""
    return look_at(page, observatory=observatory)


class WallRounds:
    """What is due of the wall, in virtual time or in ours."""

    def __init__(self, wall: Wall, look: Look = look) -> None:
        self._wall = wall
        self._look = look
        self._asked: dict[str, int] = {}
        """Sites that were asked within `SITE_PACE_S` -> when; in memory alone."""

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
        page = self._wall.take_due(now_s)
        if page is None:
            return False
        self._asked = {site: at for site, at in self._asked.items() if 0 <= now_s - at < SITE_PACE_S}
        if page.site in self._asked and self._wall.waits(page):
            return False  # due again when its lease is over
        self._asked[page.site] = now_s
        try:
            found = self._look(page, self._wall.observatory)
        except Exception:
            # Whatever a page did to the look, nothing was seen of it: without a note it would stay for ever.
            self._note(page, Looked(Sight.UNREACHED), now_s, clock)
            raise
        self._note(page, found, now_s, clock)
        return True

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
