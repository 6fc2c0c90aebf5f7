"""Looks beside the mails: what is due, one after the other, and what fails stops nothing."""

from contextlib import suppress
from itertools import count
from threading import Event

from tests.site.campaigns.instance import DAY_S, NOW, rows
from voipwatch.civic.wall import UNREACHED_S, WAITING_LOOK_S, State, WallError, WallPage
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.wall.keeping import Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.site.campaigns.wall.rounds import (
    DOMAIN_PACE_S,
    SITE_PACE_S,
    WAITING_DOMAIN_PACE_S,
    Paces,
    WallRounds,
    run_wall,
)
from voipwatch.store.civic.opening import DatabaseError


class Web:
    """What sites carry at the moment."""

    def __init__(self) -> None:
        self.marks: dict[str, str] = {}
        self.looked: list[str] = []
        self.error: Exception | None = None

    def look(self, page: WallPage, observatory: str) -> Looked:
        assert observatory == "https://watch.example"
        self.looked.append(page.site)
        if self.error is not None:
            raise self.error
        mark = self.marks.get(page.site)
        return Looked(None, PageSays(mark is not None, frozenset({mark} if mark else ())))


def test_weeks_of_a_site_and_the_day_on_which_it_drops_the_counter(walled: Desk) -> None:
    """In virtual time, a step half an hour: about a look a day, and gone within a day of dropping."""
    wall, web = Wall(walled), Web()
    rounds = WallRounds(wall, web.look)
    made = wall.enrol("https://one.example/", now_s=NOW)
    web.marks["one.example"] = made.mark
    now, dropped = NOW, NOW + 20 * DAY_S
    while now < dropped:
        rounds.step(now)
        now += 1800
    assert 20 * 24 / 17.5 <= len(web.looked) <= 20 * 24 / 13
    assert len(wall.curve()) in {20, 21}
    assert wall.shown(now)
    assert [each.state for each in wall.enrolments()] == [State.SHOWN]
    web.marks.clear()
    while wall.enrolments():
        rounds.step(now)
        now += 1800
    assert now - dropped < DAY_S
    assert rows(walled, "wall_sites") == 0
    looks = len(web.looked)
    assert not rounds.step(now + DAY_S)
    assert len(web.looked) == looks


def test_who_enrols_a_strangers_site_over_and_over_has_it_asked_no_more_often(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    rounds = WallRounds(wall, web.look)
    for minute in range(60):
        with suppress(WallError):
            wall.enrol(f"https://one.example/{minute}", now_s=NOW + 60 * minute)
        wall.enrol("https://one.example/", now_s=NOW + 60 * minute)
        rounds.step(NOW + 60 * minute)
    assert 6 <= len(web.looked) <= 7


def test_hosts_of_one_domain_that_wait_are_looked_at_a_minute_apart(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    rounds = WallRounds(wall, web.look)
    for number in range(10):
        wall.enrol(f"https://h{number}.one.press.ma/", now_s=NOW)
    wall.enrol("https://two.press.ma/", now_s=NOW + 1)
    for second in range(WAITING_DOMAIN_PACE_S):
        rounds.step(NOW + 2 + second)
    assert sorted(each.split(".")[-3] for each in web.looked) == ["one", "two"]
    for second in range(10 * WAITING_DOMAIN_PACE_S):
        rounds.step(NOW + 2 + WAITING_DOMAIN_PACE_S + second)
    assert len(set(web.looked)) == len(web.looked) == 11


def test_a_step_passes_over_pages_of_a_domain_that_was_asked_just_now(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    rounds = WallRounds(wall, web.look)
    for number in range(5):
        wall.enrol(f"https://h{number}.one.example/", now_s=NOW)
    wall.enrol("https://two.example/", now_s=NOW + 1)
    assert rounds.step(NOW + 2)
    assert rounds.step(NOW + 4)
    assert web.looked[1] == "two.example"
    assert not rounds.step(NOW + 6)


def test_paces_are_forgotten_where_the_clock_was_set_back() -> None:
    paces, page = Paces(), WallPage("https://a.one.example/", "a.one.example")
    assert paces.free_s(page, waits=True) == 0
    paces.looked(page, NOW)
    assert paces.free_s(page, waits=True) == NOW + SITE_PACE_S
    assert paces.free_s(page, waits=False) == NOW + DOMAIN_PACE_S
    beside = WallPage("https://b.one.example/", "b.one.example")
    assert paces.free_s(beside, waits=True) == NOW + WAITING_DOMAIN_PACE_S
    other = WallPage("https://two.example/", "two.example")
    paces.looked(other, NOW - DAY_S)
    assert paces.free_s(page, waits=True) == 0


def test_pages_that_are_shown_wait_for_no_other_page_of_their_site_but_ten_seconds(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    rounds = WallRounds(wall, web.look)
    pages = []
    for number in range(3):
        pages.append(wall.enrol(f"https://one.example/{number}", now_s=NOW))
        says = PageSays(True, frozenset({pages[-1].mark}))
        wall.note(pages[-1].page, Looked(None, says), now_s=NOW)
    looked = [rounds.step(NOW + DAY_S + second) for second in range(2 * DOMAIN_PACE_S + 1)]
    assert [second for second, done in enumerate(looked) if done] == [0, DOMAIN_PACE_S, 2 * DOMAIN_PACE_S]
    assert web.looked == ["one.example"] * 3


def test_the_time_of_a_look_is_when_it_ended(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    web.marks["one.example"] = wall.enrol("https://one.example/", now_s=NOW).mark
    assert WallRounds(wall, web.look).step(NOW, lambda: NOW + 70.5)
    assert [each.seen_s for each in wall.shown(NOW + 70)] == [NOW + 70]


def test_a_look_that_fails_is_said_once_without_a_name_and_is_due_again(walled: Desk) -> None:
    wall, web, stop = Wall(walled), Web(), Event()
    web.marks["one.example"] = wall.enrol("https://one.example/", now_s=NOW).mark
    web.error = RuntimeError("one.example")
    said: list[str] = []
    error_at, whole_at = NOW + 2 * WAITING_LOOK_S, NOW + 4 * WAITING_LOOK_S
    times = count(NOW, WAITING_LOOK_S)  # read before a look and behind it: at each step one is due

    def clock() -> float:
        now = next(times)
        if now >= error_at:
            web.error = DatabaseError("unreachable", "x") if now < whole_at else None
        if now >= whole_at + 3 * WAITING_LOOK_S:
            stop.set()
        return now

    run_wall(WallRounds(wall, web.look), stop, said.append, clock=clock, pace_s=0.0)
    assert said == [
        "a look at a page of the wall failed: RuntimeError; it is tried again",
        "the wall waits for the database: unreachable: x",
    ]
    assert not [text for text in said if "one.example" in text]
    assert [each.state for each in wall.enrolments()] == [State.SHOWN]


def test_a_page_at_which_every_look_fails_is_not_reached_and_goes_after_a_week(walled: Desk) -> None:
    wall, web = Wall(walled), Web()
    web.marks["one.example"] = wall.enrol("https://one.example/", now_s=NOW).mark
    rounds = WallRounds(wall, web.look)
    assert rounds.step(NOW)
    web.error = AssertionError("one.example")
    failed = 0
    for now in range(NOW, NOW + UNREACHED_S + DAY_S, WAITING_LOOK_S):
        try:
            rounds.step(now)
        except AssertionError:
            failed += 1
        assert len(wall.enrolments()) == 1 or now >= NOW + UNREACHED_S
    assert 14 <= failed <= 20  # hourly while it is shown, then about daily
    assert rows(walled, "wall_sites") == 0


def test_it_ends_at_once(walled: Desk) -> None:
    stop = Event()
    stop.set()
    run_wall(WallRounds(Wall(walled), Web().look), stop, lambda _: None, clock=lambda: NOW, pace_s=60.0)
