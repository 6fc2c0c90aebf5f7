"""Pages that are enrolled: how they are spelt, when they are looked at, when they leave, what is told."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.civic.keyed import supporter_mark
from voipwatch.civic.wall import (
    AGAIN_S,
    DAY_S,
    HOUR_S,
    LATE_S,
    LOOK_S,
    NAME_CHARACTERS_MAX,
    SECOND_LOOK_S,
    SPREAD_S,
    UNREACHED_S,
    WAITING_S,
    CurvePoint,
    CurveRun,
    Enrolment,
    Sight,
    State,
    WallError,
    WallFault,
    WallPage,
    after_look,
    curve_runs,
    enrolled,
    enrolled_again,
    is_front,
    is_on_wall,
    is_overdue,
    next_look_s,
    page_name,
    parse_page,
    point_due,
    settled,
    sites_of,
    told_sites,
)

SECRET = bytes(range(32))
NOW = 1_794_000_000
PAGE = WallPage("https://one.example/", "one.example")


def known(state: State = State.SHOWN, **changes: int | str) -> Enrolment:
    found = {
        "mark": "m" * 22,
        "page": PAGE.url,
        "site": PAGE.site,
        "since_s": NOW,
        "seen_s": NOW,
        "due_s": NOW,
    }
    return Enrolment(state=state, **(found | changes))  # type: ignore[arg-type]  # one dict of both kinds


@pytest.mark.parametrize(
    ("typed", "url", "site"),
    [
        ("https://one.example", "https://one.example/", "one.example"),
        (" HTTPS://One.Example:443/A?b=c#d ", "https://one.example/A?b=c", "one.example"),
        ("http://www.one.example:80/", "http://www.one.example/", "one.example"),
        ("https://www.example/", "https://www.example/", "www.example"),
        ("https://bücher.example/é", "https://xn--bcher-kva.example/%C3%A9", "xn--bcher-kva.example"),
        ("https://موقع.المغرب/صفحة", "https://xn--4gbrim.xn--mgbc0a9azcg/%D8%B5%D9%81%D8%AD%D8%A9",
         "xn--4gbrim.xn--mgbc0a9azcg"),
        ("https://one.example/a%2Fb%25", "https://one.example/a%2Fb%25", "one.example"),
        ("https://one.example/~u/?p=1&q=%C3%A9", "https://one.example/~u/?p=1&q=%C3%A9", "one.example"),
        ('https://one.example/"<x>', "https://one.example/%22%3Cx%3E", "one.example"),
    ],
)  # fmt: skip
def test_pages_have_one_spelling(typed: str, url: str, site: str) -> None:
    found = parse_page(typed)
    assert (found.url, found.site) == (url, site)
    assert found.hosts == {site, f"www.{site}"}
    assert parse_page(found.url) == found


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", WallFault.EMPTY),
        ("  ", WallFault.EMPTY),
        ("one.example", WallFault.SCHEME),
        ("ftp://one.example/", WallFault.SCHEME),
        ("file:///etc/passwd", WallFault.SCHEME),
        ("javascript:alert(1)", WallFault.SCHEME),
        ("gopher://one.example:80/", WallFault.SCHEME),
        ("https://user@one.example/", WallFault.USER),
        ("https://user:secret@one.example/", WallFault.USER),
        ("https://good.example@one.example/", WallFault.USER),
        ("https://one.example:8080/", WallFault.PORT),
        ("http://one.example:443/", WallFault.PORT),
        ("https://one.example:80/", WallFault.PORT),
        ("https://one.example:0/", WallFault.PORT),
        ("https://one.example:x/", WallFault.HOST),
        ("https:///x", WallFault.HOST),
        ("https://localhost/", WallFault.HOST),
        ("https://127.0.0.1/", WallFault.HOST),
        ("https://2130706433/", WallFault.HOST),
        ("https://0x7f.1/", WallFault.HOST),
        ("https://[::1]/", WallFault.HOST),
        ("https://[::ffff:127.0.0.1]/", WallFault.HOST),
        ("https://[x/", WallFault.HOST),
        ("https://one.example./", WallFault.HOST),
        ("https://gmаil.com/", WallFault.LOOKALIKE),  # a Cyrillic letter in it
        ("https://one.example/../x", WallFault.PATH),
        ("https://one.example/%2e%2E/x", WallFault.PATH),
        ("https://one.example/a%0d%0aX: y", WallFault.PATH),
        ("https://one.example/%00", WallFault.PATH),
        ("https://one.example/a b", WallFault.PATH),
        ("https://one.example/a\r\nHost: x", WallFault.PATH),
        ("https://one.exa\tmple/", WallFault.PATH),
        ("https://one.example\\@two.example/", WallFault.PATH),
        ("https://one.example/\u202e", WallFault.PATH),
        ("https://one.example/" + "a" * 500, WallFault.LONG),
        ("https://one.example/" + "é" * 200, WallFault.LONG),
    ],
)  # fmt: skip
def test_what_is_no_page(typed: str, fault: WallFault) -> None:
    with pytest.raises(WallError) as refused:
        parse_page(typed)
    assert refused.value.fault is fault


@given(
    st.text(max_size=80) | st.text("aé.:/@?#%&=+\\[]0Я-_~", max_size=60).map("https://one.example/{}".format)
)
@example("https://one.example/?%")
@example("https://one.example/%FF")
def test_whatever_is_typed_has_one_spelling_that_is_safe_on_a_line_or_is_refused(typed: str) -> None:
    try:
        found = parse_page(typed)
    except WallError:
        return
    assert found.url.isascii()
    assert not set(found.url) & set(' \r\n\t"<>\\')
    assert found.url.split("/")[2].removeprefix("www.") == found.site.removeprefix("www.")
    assert parse_page(found.url) == found


def test_a_mark_is_of_the_form_that_pages_are_read_for() -> None:
    mark = supporter_mark(SECRET, bytes(16), "seed")
    assert len(mark) == 22
    assert mark != supporter_mark(SECRET, bytes(15) + b"x", "seed")
    assert mark != supporter_mark(bytes(32), bytes(16), "seed")


def test_an_enrolment_waits_until_mark_and_counter_were_seen() -> None:
    new = enrolled(PAGE, "m" * 22, now_s=NOW)
    assert (new.state, new.due_s, new.seen_s, new.given) == (State.WAITING, NOW, 0, 1)
    for sight in set(Sight) - {Sight.CARRIES}:
        still = after_look(new, sight, now_s=NOW + HOUR_S, secret=SECRET)
        assert still is not None
        state = State.COUNTED if sight is Sight.NO_MARK else State.BARE
        assert (still.state, still.due_s, still.since_s) == (state, NOW + 2 * HOUR_S, NOW)
    later = after_look(new, Sight.NO_MARK, now_s=NOW + DAY_S, secret=SECRET)
    assert later is not None
    assert later.due_s >= NOW + DAY_S + LOOK_S - SPREAD_S
    on = after_look(new, Sight.CARRIES, now_s=NOW + 3 * HOUR_S, secret=SECRET)
    assert on is not None
    assert (on.state, on.since_s, on.seen_s) == (State.SHOWN, NOW + 3 * HOUR_S, NOW + 3 * HOUR_S)
    assert after_look(new, Sight.NO_MARK, now_s=NOW + WAITING_S, secret=SECRET) is None


def test_what_was_seen_of_a_page_that_waits() -> None:
    counted = after_look(enrolled(PAGE, "m" * 22, now_s=NOW), Sight.NO_MARK, now_s=NOW, secret=SECRET)
    assert counted is not None
    # One that cannot be reached for once still carries the counter, as far as anybody knows.
    for sight, state in ((Sight.UNREACHED, State.COUNTED), (Sight.NO_COUNTER, State.BARE)):
        after = after_look(counted, sight, now_s=NOW + HOUR_S, secret=SECRET)
        assert after is not None
        assert after.state is state


def test_a_page_that_waits_keeps_its_seed_when_it_is_enrolled_again() -> None:
    bare = known(State.BARE, due_s=NOW + HOUR_S, seen_s=0)
    again = enrolled_again(bare, now_s=NOW + 60)
    assert again == known(State.WAITING, due_s=NOW + HOUR_S, seen_s=0, given=1), "no look more, no day longer"
    daily = known(State.BARE, due_s=NOW + DAY_S, seen_s=0)
    assert enrolled_again(daily, now_s=NOW).due_s == NOW + HOUR_S
    counted = known(State.COUNTED, due_s=NOW - 5, seen_s=0)
    assert enrolled_again(counted, now_s=NOW) == known(State.COUNTED, due_s=NOW - 5, seen_s=0, given=1)


@pytest.mark.parametrize(
    "sight", [Sight.NO_COUNTER, Sight.NO_MARK, Sight.GONE, Sight.REFUSED, Sight.ELSEWHERE, Sight.FORBIDDEN]
)
def test_a_page_that_dropped_it_is_hidden_at_once_and_deleted_within_a_day_of_the_last_look(
    sight: Sight,
) -> None:
    before = after_look(known(), Sight.CARRIES, now_s=NOW, secret=SECRET)
    assert before is not None
    hidden = after_look(before, sight, now_s=before.due_s, secret=SECRET)
    assert hidden is not None
    assert hidden.state is State.LEAVING
    assert not is_on_wall(hidden, before.due_s, SECRET)
    assert hidden.due_s == before.due_s + SECOND_LOOK_S
    assert hidden.due_s - NOW <= 23 * HOUR_S
    assert after_look(hidden, sight, now_s=hidden.due_s, secret=SECRET) is None
    assert after_look(hidden, Sight.UNREACHED, now_s=hidden.due_s, secret=SECRET) is None
    back = after_look(hidden, Sight.CARRIES, now_s=hidden.due_s, secret=SECRET)
    assert back is not None
    assert (back.state, back.since_s) == (State.SHOWN, NOW)


def test_a_page_that_cannot_be_reached_is_asked_hourly_hidden_within_a_day_and_deleted_after_a_week() -> None:
    page = after_look(known(), Sight.CARRIES, now_s=NOW, secret=SECRET)
    assert page is not None
    hidden_s = page.due_s + LATE_S
    now, looks = page.due_s, 0
    while now - NOW < UNREACHED_S:
        assert is_on_wall(page, now, SECRET) is (now < hidden_s)
        after = after_look(page, Sight.UNREACHED, now_s=now, secret=SECRET)
        assert after is not None
        assert (after.state, after.seen_s) == (State.SHOWN, NOW)
        assert (after.due_s - now == AGAIN_S) is (now < hidden_s)
        looks += now < hidden_s
        page, now = after, after.due_s
    assert looks == 6
    assert after_look(page, Sight.UNREACHED, now_s=now, secret=SECRET) is None
    assert now - NOW < UNREACHED_S + DAY_S
    back = after_look(page, Sight.CARRIES, now_s=now, secret=SECRET)
    assert back is not None
    assert is_on_wall(back, now, SECRET)


@given(st.integers(0, 10**6), st.integers(0, 30 * DAY_S), st.integers(0, 10**9))
def test_a_page_that_is_six_hours_late_is_not_shown_whatever_its_row_says(
    number: int, age: int, due: int
) -> None:
    """Nor one that was not seen for 23 hours; the row's own turn may have been put off ever so far."""
    page = known(mark=supporter_mark(SECRET, number.to_bytes(16, "big"), "s"), due_s=NOW + due)
    turn_s = next_look_s(page.mark, now_s=NOW, secret=SECRET)
    assert is_on_wall(page, NOW + age, SECRET) is (NOW + age < turn_s + LATE_S)
    assert not is_on_wall(page, NOW + 23 * HOUR_S, SECRET)
    for state in set(State) - {State.SHOWN}:
        assert not is_on_wall(known(state), NOW, SECRET)


def test_nobody_looking_is_told_from_nobody_answering() -> None:
    assert not is_overdue(known(), NOW + LATE_S - 1)
    assert is_overdue(known(), NOW + LATE_S)
    assert not is_overdue(known(due_s=NOW + HOUR_S, seen_s=NOW - DAY_S), NOW + LATE_S)
    assert not is_overdue(known(State.LEAVING), NOW + LATE_S)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://one.example/", "one.example"),
        ("https://www.one.example/", "one.example"),
        ("https://one.example/~a", "one.example/~a"),
        ("https://one.example/~a/", "one.example/~a/"),
        ("https://one.example/?p=7", "one.example/?p=7"),
        ("https://one.example/a/?p=%C3%A9", "one.example/a/?p=%C3%A9"),
        ("https://موقع.المغرب/صفحة", "موقع.المغرب/صفحة"),
        ("https://one.example/%D8%B5/%2Fx/%3Fy", "one.example/ص/%2Fx/%3Fy"),
        ("https://one.example/%E2%80%AEgpj", "one.example/%E2%80%AEgpj"),  # turns what follows round
        ("https://one.example/a%E2%80%A8b", "one.example/a%E2%80%A8b"),  # breaks the line
        ("https://one.example/a%20b", "one.example/a%20b"),
        ("https://one.example/%FF", "one.example/%FF"),
        ("https://one.example/%3Cb%3E", "one.example/%3Cb%3E"),
    ],
)
def test_what_was_declared_is_what_stands_on_the_wall(url: str, name: str) -> None:
    page = parse_page(url)
    assert page_name(known(page=page.url, site=page.site)) == name
    assert is_front(page.url) is ("/" not in name)


def test_a_long_name_is_cut() -> None:
    page = parse_page("https://one.example/" + "a" * 400)
    name = page_name(known(page=page.url, site=page.site))
    assert len(name) == NAME_CHARACTERS_MAX
    assert name.endswith("a…")


@given(st.integers(0, 10**6), st.integers(NOW, NOW + 400 * DAY_S))
def test_looks_are_daily_and_spread(number: int, now: int) -> None:
    mark = supporter_mark(SECRET, number.to_bytes(16, "big"), "seed")
    due = next_look_s(mark, now_s=now, secret=SECRET)
    assert LOOK_S - SPREAD_S <= due - now <= LOOK_S + SPREAD_S
    assert due + SECOND_LOOK_S - now < DAY_S


def test_the_spread_is_one_over_sites_and_days() -> None:
    marks = [supporter_mark(SECRET, number.to_bytes(16, "big"), "seed") for number in range(400)]
    waits = sorted(next_look_s(mark, now_s=NOW, secret=SECRET) - NOW - LOOK_S for mark in marks)
    quarters = [sum(low <= wait < low + SPREAD_S // 2 for wait in waits)
                for low in range(-SPREAD_S, SPREAD_S, SPREAD_S // 2)]  # fmt: skip
    assert all(70 <= each <= 130 for each in quarters)
    tomorrow = next_look_s(marks[0], now_s=NOW + DAY_S, secret=SECRET) - DAY_S
    assert tomorrow != next_look_s(marks[0], now_s=NOW, secret=SECRET)


def test_a_page_that_is_enrolled_anew_is_on_the_wall_once_with_its_first_date() -> None:
    old = known(since_s=NOW - 40 * DAY_S, mark="o" * 22)
    new, waiting = known(mark="n" * 22), known(State.WAITING, mark="w" * 22)
    leaving = known(State.LEAVING, mark="l" * 22)
    assert settled([old, new, waiting, leaving]) == [known(mark="n" * 22, since_s=NOW - 40 * DAY_S), waiting]
    # The new mark in the old one's place: the page is the same, and so is its date.
    dropped = known(State.LEAVING, mark="o" * 22, since_s=NOW - 40 * DAY_S)
    assert settled([dropped, new]) == [known(mark="n" * 22, since_s=NOW - 40 * DAY_S)]
    assert settled([waiting, leaving]) == [waiting, leaving]
    assert settled([]) == []


def test_sites_count_once_whatever_pages_they_enrol() -> None:
    pages = [
        known(),
        known(page="https://one.example/b"),
        known(site="two.example"),
    ]
    assert sites_of(pages) == 2


def test_fewer_than_ten_are_not_told_apart() -> None:
    assert [told_sites(each) for each in (0, 1, 9, 10, 11, 1000)] == [0, 0, 0, 10, 11, 1000]


def test_a_day_has_one_number_also_when_the_clock_goes_back() -> None:
    last = CurvePoint("2026-11-22", 10)
    assert point_due(None, "2026-11-22")
    assert not point_due(last, "2026-11-22")
    assert not point_due(last, "2026-11-21")
    assert point_due(last, "2026-11-23")


def test_runs_end_where_the_number_changes_or_a_day_lacks() -> None:
    days = [("2026-10-31", 0), ("2026-11-01", 0), ("2026-11-02", 10), ("2026-11-04", 10), ("2026-11-05", 10)]
    assert curve_runs([CurvePoint(*each) for each in days]) == [
        CurveRun("2026-10-31", "2026-11-01", 0),
        CurveRun("2026-11-02", "2026-11-02", 10),
        CurveRun("2026-11-04", "2026-11-05", 10),
    ]
    assert curve_runs([]) == []


def test_what_was_seen_at_a_time_that_is_yet_to_come_is_not_on_the_wall() -> None:
    ahead = known(State.SHOWN, seen_s=NOW + 1, due_s=NOW + DAY_S)
    assert not is_on_wall(ahead, NOW, SECRET)
    assert is_on_wall(ahead, NOW + 1, SECRET)
    assert is_overdue(ahead, NOW)
    assert not is_overdue(ahead, NOW + 1)
