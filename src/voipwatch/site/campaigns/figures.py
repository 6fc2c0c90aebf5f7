"""Told counts for the counters, looked up beside the requests: no counter ever waits for the database.

What was known last stays while the database cannot be asked; each figure says of when it is.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Final

from voipwatch.site.app import wall_clock
from voipwatch.site.campaigns.desk import Desk, Told
from voipwatch.site.counter.petitions import CountedPetition, counted, shown
from voipwatch.store.civic.opening import DatabaseError

LOOK_S: Final = 60.0
"""Between two looks; the office tells counts once an hour at most."""
Begin = Callable[[Callable[[], None]], object]
"""Runs a look, beside or at once."""


class PetitionCounts:
    """Of one process; may be asked by any thread."""

    def __init__(
        self,
        look: Callable[[], Iterable[CountedPetition]],
        *,
        ticks: Callable[[], float] = time.monotonic,
        begin: Begin | None = None,
    ) -> None:
        """Begin a first look.

        Args:
            look: at the database; may raise DatabaseError.
            ticks: seconds that only grow.
            begin: in a thread, unless given.
        """
        self._look = look
        self._ticks = ticks
        self._begin = _beside if begin is None else begin
        self._known: tuple[CountedPetition, ...] = ()
        self._looking = threading.Lock()
        self._looked_at_s = ticks()
        self._begin(self._refresh)

    def __call__(self) -> tuple[CountedPetition, ...]:
        """What is known; the same object until it changes. A look begins where the last is a minute old."""
        if self._ticks() - self._looked_at_s >= LOOK_S:
            self._looked_at_s = self._ticks()
            self._begin(self._refresh)
        return self._known

    def _refresh(self) -> None:
        if not self._looking.acquire(blocking=False):
            return  # one is under way, and waits for the database
        try:
            found = shown(self._look())
        except DatabaseError:
            return  # who sends the mails says so: this process keeps no log
        finally:
            self._looking.release()
        if found != self._known:
            self._known = found


def look_at(desk: Desk, clock: Callable[[], float] = wall_clock) -> Callable[[], list[CountedPetition]]:
    """A look at the petitions of an instance."""

    def look() -> list[CountedPetition]:
        now_s = clock()
        every = (_told(desk, each.id) for each in desk.petitions())
        found = (counted(told.petition, told.line, now_s) for told in every if told is not None)
        return [each for each in found if each is not None]

    return look


def _told(desk: Desk, name: str) -> Told | None:
    """None also for one whose rows cannot be read: counters then tell of the others."""
    try:
        return desk.told(name)
    except DatabaseError as error:
        if error.reason != "damaged":
            raise
        return None


def _beside(look: Callable[[], None]) -> None:
    threading.Thread(target=look, daemon=True, name="petition-counts").start()
