"""Told counts for counters: never waited for, kept while the database is gone, looked at once a minute."""

from collections.abc import Callable
from pathlib import Path

from tests.site.campaigns.instance import DAY_S, NOW, folder_of, opened, sign
from tests.support.counted import OPEN, petition
from voipwatch.site.campaigns.app import CampaignsApp
from voipwatch.site.campaigns.figures import LOOK_S, PetitionCounts, look_at
from voipwatch.site.campaigns.mounting import counts_of
from voipwatch.site.campaigns.office import Office
from voipwatch.site.counter.petitions import CountedPetition
from voipwatch.store.civic.opening import DatabaseError


class World:
    """A database and a clock of seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.looks = 0
        self.known: list[CountedPetition] = [OPEN]
        self.gone = False
        self.waiting: list[Callable[[], None]] = []

    def look(self) -> list[CountedPetition]:
        self.looks += 1
        if self.gone:
            raise DatabaseError("unreachable", "gone")
        return list(self.known)

    def counts(self, *, at_once: bool = True) -> PetitionCounts:
        begin = (lambda look: look()) if at_once else self.waiting.append
        return PetitionCounts(self.look, ticks=lambda: self.now_s, begin=begin)


def test_a_look_a_minute_and_the_same_object_until_it_changes() -> None:
    world = World()
    counts = world.counts()
    first = counts()
    assert first == (OPEN,)
    world.known = [petition(count=8130)]
    world.now_s = LOOK_S - 1
    assert counts() is first
    world.now_s = LOOK_S
    assert counts()[0].count == 8130
    again = counts()
    world.now_s = 2 * LOOK_S
    assert counts() is again
    assert world.looks == 3


def test_without_the_database_the_last_known_stays() -> None:
    world = World()
    counts = world.counts()
    known = counts()
    world.gone, world.now_s = True, LOOK_S
    assert counts() is known
    world.gone, world.now_s, world.known = False, 2 * LOOK_S, []
    assert counts() == ()


def test_nobody_waits_and_one_looks_at_a_time() -> None:
    world = World()
    counts = world.counts(at_once=False)
    assert counts() == ()
    world.now_s = LOOK_S
    counts()
    first, second = world.waiting

    def while_looking() -> list[CountedPetition]:
        world.looks += 1
        second()
        return [OPEN]

    counts._look = while_looking
    first()
    assert world.looks == 1
    assert counts() == (OPEN,)


def test_what_a_database_says(tmp_path: Path) -> None:
    desk = opened(folder_of(tmp_path / "campaigns"))
    try:
        assert look_at(desk, lambda: float(NOW))() == [], "nothing was told yet"
        for number in range(12):
            sign(desk, f"a{number}@example.org")
        Office(desk, "tests").turn(NOW)
        (found,) = look_at(desk, lambda: float(NOW))()
        assert (found.id, found.count, found.closed) == ("calls", 10, False)
        (later,) = look_at(desk, lambda: float(NOW + 400 * DAY_S))()
        assert later.closed
        app = CampaignsApp(desk, lambda: float(NOW))
        counts = counts_of(app)
        with counts._looking:
            pass
        counts._refresh()
        assert [each.count for each in counts()] == [10]
    finally:
        desk.close()
