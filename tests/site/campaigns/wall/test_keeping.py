"""The wall's desk, with either database: enrolled, shown, left, and nothing of it stays."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.site.campaigns.instance import DAY_S, NOW
from voipwatch.civic.wall import Sight, State, WallError, WallFault, parse_page
from voipwatch.civic.wallpage import PageSays
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.wall import keeping
from voipwatch.site.campaigns.wall.keeping import LEASE_S, WAITING_A_SITE_MAX, WAITING_SAFE_S, Enrolled, Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic.opening import reading

PAGE = parse_page("https://amina-writes.example/")


def carries(*marks: str) -> Looked:
    return Looked(None, PageSays(True, frozenset(marks)))


def put_on(wall: Wall, url: str = PAGE.url, *, now_s: int = NOW) -> Enrolled:
    """Enrolled and seen."""
    made = wall.enrol(url, now_s=now_s)
    wall.note(made.page, carries(made.mark), now_s=now_s)
    return made


def pages(wall: Wall, now_s: int = NOW) -> list[str]:
    return [each.page for each in wall.shown(now_s)]


def held(desk: Desk) -> bytes:
    """Every byte of every file of the instance, its database still open: closing would empty the log."""
    return b"".join(each.read_bytes() for each in desk.campaigns.folder.rglob("*") if each.is_file())


def test_a_site_is_on_the_wall_once_its_mark_was_seen_and_leaves_by_its_code(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made = wall.enrol(PAGE.url, now_s=NOW)
    assert pages(wall) == []
    wall.note(PAGE, carries("x" * 22), now_s=NOW)
    assert pages(wall) == []
    wall.note(PAGE, carries(made.mark), now_s=NOW + 60)
    assert pages(wall) == [PAGE.url]
    assert [(each.since_s, each.seen_s) for each in wall.shown(NOW)] == [(NOW + 60, NOW + 60)]
    wall.leave(f" {made.code} ")
    assert wall.enrolments() == []


def test_codes_that_are_none_take_nobody_off(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made, other = put_on(wall), wall.enrol("https://two.example/", now_s=NOW)
    wrong = made.code[:-2] + ("A" if made.code[-2] != "A" else "B") + made.code[-1]
    for code in (
        "",
        "x",
        made.mark,
        wrong,
        made.code[1:],
        made.code + "A",
        "é" * 43,
        "\0" * 43,
        made.code.swapcase(),
    ):
        wall.leave(code)
    wall.leave(other.code)
    assert pages(wall) == [PAGE.url]


def test_the_mark_on_the_site_says_nothing_of_the_code(walled: Desk) -> None:
    wall = Wall(walled)
    one, two = wall.enrol(PAGE.url, now_s=NOW), wall.enrol(PAGE.url, now_s=NOW)
    assert len({one.mark, two.mark, one.code, two.code}) == 4
    assert one.mark not in one.code


def test_who_enrols_somebody_elses_site_puts_it_nowhere_and_takes_it_from_nowhere(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made = put_on(wall)
    strangers = [
        wall.enrol(PAGE.url, now_s=NOW + number * WAITING_SAFE_S) for number in range(WAITING_A_SITE_MAX + 3)
    ]
    wall.note(PAGE, carries(made.mark), now_s=NOW + 60)
    assert [each.mark for each in wall.shown(NOW + 60)] == [made.mark]
    waiting = [each for each in wall.enrolments() if each.state is State.WAITING]
    assert len(waiting) == WAITING_A_SITE_MAX
    for stranger in strangers:
        wall.leave(stranger.code)
    assert [each.mark for each in wall.enrolments()] == [made.mark]


def test_made_up_pages_of_a_site_take_no_place_from_its_owner_who_has_just_enrolled(
    both_walled: Desk,
) -> None:
    wall = Wall(both_walled)
    made = wall.enrol(PAGE.url, now_s=NOW)
    for number in range(WAITING_A_SITE_MAX - 1):
        wall.enrol(f"{PAGE.url}{number}", now_s=NOW)
    for second in (0, WAITING_SAFE_S - 1):
        with pytest.raises(WallError) as refused:
            wall.enrol(f"{PAGE.url}more", now_s=NOW + second)
        assert refused.value.fault is WallFault.FULL
    assert len(wall.enrolments()) == WAITING_A_SITE_MAX
    wall.enrol("https://two.example/", now_s=NOW)
    wall.note(PAGE, carries(made.mark), now_s=NOW + WAITING_SAFE_S - 1)
    for number in range(WAITING_A_SITE_MAX + 1):
        wall.enrol(f"{PAGE.url}later{number}", now_s=NOW + (number + 1) * WAITING_SAFE_S)
    assert pages(wall) == [PAGE.url]


def test_enrolments_that_wait_are_bounded(walled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WAITING_MAX", 3)
    wall = Wall(walled)
    for number in range(3):
        wall.enrol(f"https://site{number}.example/", now_s=NOW)
    with pytest.raises(WallError) as refused:
        wall.enrol(PAGE.url, now_s=NOW)
    assert refused.value.fault is WallFault.FULL


def test_a_page_that_is_enrolled_anew_keeps_its_date_and_stands_once(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    made = wall.enrol(PAGE.url, now_s=NOW + DAY_S)
    old = wall.shown(NOW)[0].mark
    wall.note(PAGE, carries(old, made.mark), now_s=NOW + DAY_S)
    assert [(each.mark, each.since_s) for each in wall.enrolments()] == [(made.mark, NOW)]


def test_a_site_that_dropped_it_is_hidden_at_once_and_then_deleted(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    due = wall.enrolments()[0].due_s
    assert due - NOW < 23 * 3600
    wall.note(PAGE, carries(), now_s=due)
    assert pages(wall, due) == []
    assert [each.state for each in wall.enrolments()] == [State.LEAVING]
    wall.note(PAGE, carries(), now_s=due + 3600)
    assert wall.enrolments() == []


def test_a_site_that_cannot_be_reached_stays_for_a_week(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    for day in range(1, 7):
        wall.note(PAGE, Looked(Sight.UNREACHED), now_s=NOW + day * DAY_S)
        assert pages(wall, NOW + day * DAY_S) == [PAGE.url]
    wall.note(PAGE, Looked(Sight.UNREACHED), now_s=NOW + 7 * DAY_S)
    assert wall.enrolments() == []


@pytest.mark.parametrize(
    "way", ["code", "mark", "counter", "gone", "keeper", "unreached", "never-seen", "evicted"]
)
def test_nothing_of_a_site_that_left_stands_in_any_file(walled: Desk, way: str) -> None:
    """Of the instance: database, its write-ahead log, secrets, settings. Any of its names would be found."""
    wall = Wall(walled)
    other = put_on(wall, "https://zoubida-paints.example/")
    made = wall.enrol(PAGE.url, now_s=NOW) if way in {"never-seen", "evicted"} else put_on(wall)
    wall.take_point(NOW)
    assert b"amina-writes" in held(walled)
    looks = {"mark": carries(), "counter": Looked(None, PageSays(False, frozenset({made.mark}))),
             "gone": Looked(Sight.GONE)}  # fmt: skip
    if way == "code":
        wall.leave(made.code)
    elif way == "keeper":
        assert wall.remove(PAGE.site, who="tests", now_s=NOW) == 1
    elif way == "evicted":
        late_s = NOW + WAITING_SAFE_S
        later = [wall.enrol(PAGE.url, now_s=late_s + number) for number in range(WAITING_A_SITE_MAX)]
        assert made.mark not in {each.mark for each in wall.enrolments()}
        for each in later:
            wall.leave(each.code)
    elif way in {"unreached", "never-seen"}:
        wall.note(PAGE, Looked(Sight.UNREACHED), now_s=NOW + 8 * DAY_S)
    else:
        for hours in (20, 21):
            wall.note(PAGE, looks[way], now_s=NOW + hours * 3600)
    if way in {"code", "evicted"}:
        # What the process beside does every minute: a code is taken where pages are answered.
        Office(walled, "tests").turn(NOW + DAY_S)
    wall.take_point(NOW + DAY_S)
    found = held(walled)
    assert b"zoubida-paints" in found
    for trace in (b"amina-writes", made.mark.encode(), made.code.encode()):
        assert trace not in found
    assert [each.mark for each in Wall(walled).enrolments()] == [other.mark]


def test_a_keeper_removes_a_site_and_the_audit_log_does_not_say_which(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    put_on(wall, "https://amina-writes.example/b")
    put_on(wall, "https://two.example/")
    assert wall.remove(PAGE.site, who="keeper", now_s=NOW) == 2
    assert wall.remove(PAGE.site, who="keeper", now_s=NOW) == 0
    with reading(both_walled.engine) as connection:
        entries = connection.execute(
            text("SELECT who, act, subject, detail FROM audit_log WHERE act LIKE 'wall%'")
        ).all()
    assert [tuple(each) for each in entries] == [("keeper", "wall-remove", "", "")]
    assert pages(wall) == ["https://two.example/"]


def test_a_look_that_ends_after_the_site_left_brings_nothing_back(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made = put_on(wall)
    page = wall.take_due(NOW + DAY_S)
    assert page == PAGE
    wall.leave(made.code)
    wall.note(page, carries(made.mark), now_s=NOW + DAY_S)
    assert wall.enrolments() == []


def test_what_is_due_is_taken_once_the_longest_due_first(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    wall.enrol("https://b.example/", now_s=NOW)
    wall.enrol("https://a.example/", now_s=NOW + 5)
    taken = [wall.take_due(NOW + 10) for _ in range(3)]
    assert [None if each is None else each.site for each in taken] == ["b.example", "a.example", None]
    again = wall.take_due(NOW + 10 + LEASE_S)
    assert again is not None
    assert wall.take_due(NOW) is None


def test_enrolments_that_wait_hold_up_no_look_at_a_page_on_the_wall(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    for number in range(3):
        wall.enrol(f"https://hangs{number}.example/", now_s=NOW + number)
    assert wall.take_due(NOW + DAY_S) == PAGE


def test_the_number_is_taken_once_a_day_and_of_few_it_is_few(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    for number in range(9):
        put_on(wall, f"https://site{number}.example/")
    put_on(wall, "https://site0.example/more")
    assert wall.take_point(NOW)
    assert not wall.take_point(NOW + 60)
    put_on(wall, "https://site9.example/", now_s=NOW + DAY_S)
    assert wall.take_point(NOW + DAY_S)
    wall.remove("site3.example", who="x", now_s=NOW)
    assert wall.take_point(NOW + 2 * DAY_S)
    assert [each.told for each in wall.curve()] == [0, 10, 0]


def test_codes_live_with_the_instances_secret(walled: Desk) -> None:
    wall = Wall(walled)
    made = put_on(wall)
    key = Path(walled.campaigns.secrets) / "instance.key"
    key.write_bytes(bytes(reversed(range(32))))
    Wall(walled).leave(made.code)
    assert pages(wall) == [PAGE.url]
