"""The wall's desk, with either database: enrolled, shown, left, and nothing of it stays."""

from pathlib import Path

import pytest
from sqlalchemy import text

from tests.site.campaigns.instance import DAY_S, NOW, rows
from voipwatch.civic import wallplaces
from voipwatch.civic.wall import HOUR_S, LATE_S, Sight, State, WallError, WallFault, parse_page
from voipwatch.civic.wallpage import PageSays
from voipwatch.civic.wallplaces import UNLOOKED_S, WAITING_A_SITE_MAX
from voipwatch.site.campaigns.desk import Desk
from voipwatch.site.campaigns.office import Office
from voipwatch.site.campaigns.wall import keeping
from voipwatch.site.campaigns.wall.keeping import LEASE_S, Enrolled, Wall
from voipwatch.site.campaigns.wall.looking import Looked
from voipwatch.store.civic.opening import reading

PAGE = parse_page("https://amina-writes.example/")
OTHER = "https://shared.example/"


def carries(*marks: str) -> Looked:
    return Looked(None, PageSays(True, frozenset(marks)))


def put_on(wall: Wall, url: str = PAGE.url, *, now_s: int = NOW) -> Enrolled:
    """Enrolled and seen."""
    made = wall.enrol(url, now_s=now_s)
    wall.note(made.page, carries(made.mark), now_s=now_s)
    return made


def look_at_all(wall: Wall, now_s: int) -> None:
    """All answer, and carry both."""
    for each in wall.enrolments():
        wall.note(parse_page(each.page), carries(each.mark), now_s=now_s)


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
    assert [each.page for each in wall.shown(NOW + 60)] == [PAGE.url]
    assert [(each.since_s, each.seen_s) for each in wall.shown(NOW + 60)] == [(NOW + 60, NOW + 60)]
    wall.leave(f" {made.code} ", now_s=NOW)
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
        wall.leave(code, now_s=NOW)
    wall.leave(other.code, now_s=NOW)
    assert pages(wall) == [PAGE.url]


def test_the_mark_on_the_site_says_nothing_of_the_code(walled: Desk) -> None:
    wall = Wall(walled)
    one, two = wall.enrol(PAGE.url, now_s=NOW), wall.enrol(PAGE.url, now_s=NOW)
    assert len({one.mark, two.mark, one.code, two.code}) == 4
    assert one.mark not in one.code


def test_a_stranger_who_enrols_a_site_over_and_over_changes_nothing_of_what_stands(
    both_walled: Desk,
) -> None:
    wall = Wall(both_walled)
    made = put_on(wall)
    standing = wall.shown(NOW)
    strangers = [wall.enrol(PAGE.url, now_s=NOW + 60 * number) for number in range(100)]
    assert wall.shown(NOW + 6000) == standing
    assert len(wall.enrolments()) == 2
    wall.note(PAGE, carries(made.mark), now_s=NOW + 6000)
    assert [each.mark for each in wall.shown(NOW + 6000)] == [made.mark]
    for stranger in strangers:
        wall.leave(stranger.code, now_s=NOW + 6000)
    assert pages(wall, NOW + 6000) == [PAGE.url]


def test_a_stranger_who_enrols_a_page_again_and_again_takes_no_place_from_its_owner(
    both_walled: Desk,
) -> None:
    """Every mark that was given out for a page that waits is good: whoever was first, last or in between."""
    wall = Wall(both_walled)
    for number in range(50):
        wall.enrol(PAGE.url, now_s=NOW + number)
    made = wall.enrol(PAGE.url, now_s=NOW + 100)
    for number in range(50):
        wall.leave(wall.enrol(PAGE.url, now_s=NOW + 200 + number).code, now_s=NOW + 300)
        if number % 10 == 0:
            wall.note(PAGE, carries(), now_s=NOW + 300)
    assert len(wall.enrolments()) == 1
    wall.note(PAGE, carries(made.mark), now_s=NOW + 400)
    assert [(each.mark, each.since_s) for each in wall.shown(NOW + 400)] == [(made.mark, NOW + 400)]
    wall.leave(made.code, now_s=NOW + 500)
    assert wall.enrolments() == []


def test_a_mark_of_another_page_puts_nothing_on_the_wall(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    other = wall.enrol(f"{PAGE.url}b", now_s=NOW)
    wall.enrol(PAGE.url, now_s=NOW)
    wall.note(PAGE, carries(other.mark), now_s=NOW)
    assert pages(wall) == []
    # Nor do good marks where the counter is not.
    wall.note(other.page, Looked(None, PageSays(False, frozenset({other.mark}))), now_s=NOW)
    wall.note(other.page, carries(other.mark), now_s=NOW)
    assert pages(wall) == [other.page.url]


def test_who_left_is_not_put_back_by_a_stranger_while_the_mark_still_stands(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made = put_on(wall)
    wall.leave(made.code, now_s=NOW)
    wall.enrol(PAGE.url, now_s=NOW + 60)
    wall.note(PAGE, carries(made.mark), now_s=NOW + 60)
    assert pages(wall) == []


def test_who_takes_it_back_before_it_was_seen_does_not_come_onto_the_wall(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made, other = wall.enrol(PAGE.url, now_s=NOW), wall.enrol(PAGE.url, now_s=NOW)
    for _ in range(2):
        wall.leave(made.code, now_s=NOW)
    wall.note(PAGE, carries(made.mark), now_s=NOW + 60)
    assert pages(wall) == []
    with reading(both_walled.engine) as connection:
        kept = connection.execute(text("SELECT mark, page, site FROM wall_sites WHERE state = 'withdrawn'"))
        ((key, page, site),) = kept.all()
    assert (page, site) == ("", "")
    assert made.mark[:12] not in key
    wall.note(PAGE, carries(made.mark, other.mark), now_s=NOW + 60)
    assert [each.mark for each in wall.shown(NOW + 60)] == [other.mark]
    wall.purge(NOW + 8 * DAY_S)
    assert rows(both_walled, "wall_sites") == 0


def test_a_page_that_waits_goes_with_the_last_of_its_marks_that_is_taken_back(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    one, two = wall.enrol(PAGE.url, now_s=NOW), wall.enrol(PAGE.url, now_s=NOW)
    other = wall.enrol(OTHER, now_s=NOW)
    for _ in range(3):
        wall.leave(one.code, now_s=NOW)
    assert len(wall.enrolments()) == 2
    assert {each.seen_s for each in wall.enrolments()} == {0}
    wall.note(PAGE, carries(), now_s=NOW)
    wall.leave(two.code, now_s=NOW)
    assert [each.page for each in wall.enrolments()] == [OTHER]
    wall.note(PAGE, carries(one.mark, two.mark), now_s=NOW)
    wall.leave(other.code, now_s=NOW)
    assert wall.enrolments() == []


def test_what_is_taken_back_is_bounded(walled: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "WITHDRAWN_MAX", 3)
    wall = Wall(walled)
    other = wall.enrol(OTHER, now_s=NOW)
    wall.enrol(OTHER, now_s=NOW)
    wall.leave(other.code, now_s=NOW)
    made = [wall.enrol(PAGE.url, now_s=NOW) for _ in range(6)]
    for each in made[:2]:
        wall.leave(each.code, now_s=NOW)
    assert (rows(walled, "wall_sites"), len(wall.enrolments())) == (2 + 3, 2)
    wall.leave(made[2].code, now_s=NOW)
    assert [each.page for each in wall.enrolments()] == [OTHER], "its page goes, no mark that was taken back"
    wall.note(other.page, carries(other.mark), now_s=NOW)
    assert pages(wall) == []


def test_a_site_without_a_name_takes_nothing_back(walled: Desk) -> None:
    wall = Wall(walled)
    own = wall.enrol(PAGE.url, now_s=NOW)
    wall.enrol(PAGE.url, now_s=NOW)
    wall.leave(own.code, now_s=NOW)
    assert wall.remove("", who="tests", now_s=NOW) == 0
    wall.note(PAGE, carries(own.mark), now_s=NOW)
    assert pages(wall) == []


def test_a_look_by_a_clock_that_was_ahead_keeps_nobody_on_the_wall(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    own = wall.enrol(PAGE.url, now_s=NOW)
    wall.note(PAGE, carries(own.mark), now_s=NOW + 30 * DAY_S)
    assert pages(wall) == []
    assert wall.take_due(NOW + 3600) == PAGE
    assert wall.take_due(NOW + 3601) is None, "once"
    wall.note(PAGE, carries(), now_s=NOW + 3602)
    wall.note(PAGE, carries(), now_s=NOW + 3603)
    assert wall.enrolments() == []


def test_made_up_pages_of_a_site_take_no_place_from_its_front_page_or_one_with_a_counter(
    both_walled: Desk,
) -> None:
    wall = Wall(both_walled)
    own = wall.enrol(f"{PAGE.url}~a/", now_s=NOW)
    wall.note(own.page, carries(), now_s=NOW)
    for number in range(WAITING_A_SITE_MAX - 1):
        wall.enrol(f"{PAGE.url}{number}", now_s=NOW)
    with pytest.raises(WallError) as refused:
        wall.enrol(f"{PAGE.url}more", now_s=NOW)
    assert refused.value.fault is WallFault.FULL
    front = wall.enrol(PAGE.url, now_s=NOW)
    for number in range(2 * WAITING_A_SITE_MAX):
        wall.enrol(f"{PAGE.url}later{number}", now_s=NOW + (number + 1) * UNLOOKED_S)
    for made in (own, front):
        wall.note(made.page, carries(made.mark), now_s=NOW + UNLOOKED_S)
    assert pages(wall, NOW + UNLOOKED_S) == [front.page.url, own.page.url]
    assert len(wall.enrolments()) == WAITING_A_SITE_MAX + 1


def test_a_thousand_made_up_hosts_keep_nobody_out_once_they_were_looked_at(
    walled: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wallplaces, "WAITING_MAX", 3)
    wall = Wall(walled)
    made_up = [wall.enrol(f"https://site{number}.example/", now_s=NOW) for number in range(3)]
    with pytest.raises(WallError) as refused:
        wall.enrol(PAGE.url, now_s=NOW)
    assert refused.value.fault is WallFault.FULL
    assert len(wall.enrolments()) == 3
    wall.note(made_up[1].page, Looked(Sight.UNREACHED), now_s=NOW + 2)
    own = wall.enrol(PAGE.url, now_s=NOW + 4)
    wall.note(own.page, carries(), now_s=NOW + 6)
    for number in range(9):
        wall.enrol(f"https://more{number}.example/", now_s=NOW + (number + 1) * UNLOOKED_S)
    wall.note(own.page, carries(own.mark), now_s=NOW + DAY_S)
    assert pages(wall, NOW + DAY_S) == [PAGE.url]


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


@pytest.mark.parametrize("sight", [Sight.REFUSED, Sight.GONE, Sight.ELSEWHERE, Sight.FORBIDDEN])
def test_a_site_that_says_no_is_hidden_at_that_look(both_walled: Desk, sight: Sight) -> None:
    wall = Wall(both_walled)
    put_on(wall)
    assert wall.note(PAGE, Looked(sight), now_s=NOW + HOUR_S) is sight
    assert pages(wall, NOW + HOUR_S) == []


def test_a_site_that_cannot_be_reached_is_hidden_within_23_hours_and_comes_back(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    made = put_on(wall)
    (known,) = wall.enrolments()
    now = known.due_s
    while now < NOW + 7 * DAY_S:
        wall.note(PAGE, Looked(Sight.UNREACHED), now_s=now)
        assert bool(pages(wall, now)) is (now < known.due_s + LATE_S)
        now += HOUR_S
    assert known.due_s + LATE_S <= NOW + 23 * HOUR_S
    wall.note(PAGE, carries(made.mark), now_s=NOW + 7 * DAY_S - 1)
    assert pages(wall, NOW + 7 * DAY_S) == [PAGE.url]
    wall.note(PAGE, Looked(Sight.UNREACHED), now_s=NOW + 15 * DAY_S)
    assert wall.enrolments() == []


def test_where_nobody_looks_the_wall_empties_within_a_day_and_the_curve_takes_no_number(
    both_walled: Desk,
) -> None:
    wall = Wall(both_walled)
    for number in range(10):
        put_on(wall, f"https://site{number}.example/")
    assert wall.take_point(NOW)
    assert len(pages(wall, NOW + 18 * HOUR_S)) == 10
    assert pages(wall, NOW + 23 * HOUR_S) == []
    for days in (1, 3):
        assert not wall.take_point(NOW + days * DAY_S)
    # Looked at again: those that answer are back, and the day has its number.
    look_at_all(wall, NOW + 3 * DAY_S)
    assert wall.take_point(NOW + 3 * DAY_S)
    assert [each.told for each in wall.curve()] == [10, 10]


def test_a_page_that_does_not_answer_is_not_in_the_number(both_walled: Desk) -> None:
    wall = Wall(both_walled)
    for number in range(10):
        put_on(wall, f"https://site{number}.example/")
    later = NOW + 23 * HOUR_S
    for each in wall.enrolments():
        page = parse_page(each.page)
        silent = each.site == "site3.example"
        wall.note(page, Looked(Sight.UNREACHED) if silent else carries(each.mark), now_s=later)
    assert wall.take_point(later)
    assert [each.told for each in wall.curve()] == [0]
    assert len(pages(wall, later)) == 9


@pytest.mark.parametrize(
    "way", ["code", "mark", "counter", "gone", "keeper", "unreached", "never-seen", "evicted"]
)
def test_nothing_of_a_site_that_left_stands_in_any_file(walled: Desk, way: str) -> None:
    """Of the instance: database, its write-ahead log, secrets, settings. Any of its names would be found."""
    wall = Wall(walled)
    other = put_on(wall, "https://zoubida-paints.example/")
    never = {"never-seen": PAGE.url, "evicted": f"{OTHER}amina-writes"}
    made = wall.enrol(never[way], now_s=NOW) if way in never else put_on(wall)
    wall.take_point(NOW)
    assert b"amina-writes" in held(walled)
    looks = {"mark": carries(), "counter": Looked(None, PageSays(False, frozenset({made.mark}))),
             "gone": Looked(Sight.GONE)}  # fmt: skip
    if way == "code":
        wall.leave(made.code, now_s=NOW)
    elif way == "keeper":
        assert wall.remove(PAGE.site, who="tests", now_s=NOW) == 1
    elif way == "evicted":
        for number in range(WAITING_A_SITE_MAX - 1):
            wall.enrol(f"{OTHER}{number}", now_s=NOW + 1)
        wall.enrol(f"{OTHER}last", now_s=NOW + UNLOOKED_S)
        assert made.page.url not in {each.page for each in wall.enrolments()}
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
    assert [each.mark for each in Wall(walled).enrolments() if each.state is State.SHOWN] == [other.mark]


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
    wall.leave(made.code, now_s=NOW)
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
    look_at_all(wall, NOW + DAY_S)
    assert wall.take_point(NOW + DAY_S)
    wall.remove("site3.example", who="x", now_s=NOW)
    look_at_all(wall, NOW + 2 * DAY_S)
    assert wall.take_point(NOW + 2 * DAY_S)
    assert [each.told for each in wall.curve()] == [0, 10, 0]


def test_codes_live_with_the_instances_secret(walled: Desk) -> None:
    wall = Wall(walled)
    made = put_on(wall)
    key = Path(walled.campaigns.secrets) / "instance.key"
    key.write_bytes(bytes(reversed(range(32))))
    Wall(walled).leave(made.code, now_s=NOW)
    assert pages(wall) == [PAGE.url]
