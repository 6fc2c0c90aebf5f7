"""Pages that are enrolled: how they are spelt, when they are looked at, when they leave, what is told."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voipwatch.civic.keyed import supporter_mark
from voipwatch.civic.wall import (
    DAY_S,
    HOUR_S,
    LOOK_S,
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
    is_on_wall,
    next_look_s,
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
    mark = supporter_mark(SECRET, bytes(16))
    assert len(mark) == 22
    assert mark != supporter_mark(SECRET, bytes(15) + b"x")
    assert mark != supporter_mark(bytes(32), bytes(16))


def test_an_enrolment_waits_until_mark_and_counter_were_seen() -> None:
    new = enrolled(PAGE, "m" * 22, now_s=NOW)
    assert (new.state, new.due_s, new.seen_s) == (State.WAITING, NOW, 0)
    for sight in set(Sight) - {Sight.CARRIES}:
        still = after_look(new, sight, now_s=NOW + HOUR_S, secret=SECRET)
        assert still is not None
        assert (still.state, still.due_s, still.since_s) == (State.WAITING, NOW + 2 * HOUR_S, NOW)
    later = after_look(new, Sight.NO_MARK, now_s=NOW + DAY_S, secret=SECRET)
    assert later is not None
    assert later.due_s >= NOW + DAY_S + LOOK_S - SPREAD_S
    on = after_look(new, Sight.CARRIES, now_s=NOW + 3 * HOUR_S, secret=SECRET)
    assert on is not None
    assert (on.state, on.since_s, on.seen_s) == (State.SHOWN, NOW + 3 * HOUR_S, NOW + 3 * HOUR_S)
    assert after_look(new, Sight.NO_MARK, now_s=NOW + WAITING_S, secret=SECRET) is None


@pytest.mark.parametrize("sight", [Sight.NO_COUNTER, Sight.NO_MARK, Sight.GONE, Sight.FORBIDDEN])
def test_a_page_that_dropped_it_is_hidden_at_once_and_deleted_within_a_day_of_the_last_look(
    sight: Sight,
) -> None:
    before = after_look(known(), Sight.CARRIES, now_s=NOW, secret=SECRET)
    assert before is not None
    hidden = after_look(before, sight, now_s=before.due_s, secret=SECRET)
    assert hidden is not None
    assert hidden.state is State.LEAVING
    assert not is_on_wall(hidden, before.due_s)
    assert hidden.due_s == before.due_s + SECOND_LOOK_S
    assert hidden.due_s - NOW <= 23 * HOUR_S
    assert after_look(hidden, sight, now_s=hidden.due_s, secret=SECRET) is None
    assert after_look(hidden, Sight.UNREACHED, now_s=hidden.due_s, secret=SECRET) is None
    back = after_look(hidden, Sight.CARRIES, now_s=hidden.due_s, secret=SECRET)
    assert back is not None
    assert (back.state, back.since_s) == (State.SHOWN, NOW)


def test_a_page_that_cannot_be_reached_has_dropped_nothing_for_a_week() -> None:
    page, now = known(), NOW
    while now - NOW < UNREACHED_S:
        after = after_look(page, Sight.UNREACHED, now_s=now, secret=SECRET)
        assert after is not None
        assert after.state is State.SHOWN
        assert after.seen_s == NOW
        page, now = after, after.due_s
    assert after_look(page, Sight.UNREACHED, now_s=now, secret=SECRET) is None
    assert now - NOW < UNREACHED_S + DAY_S


def test_a_page_that_nobody_looked_at_for_a_week_is_not_shown() -> None:
    assert is_on_wall(known(), NOW + UNREACHED_S - 1)
    assert not is_on_wall(known(), NOW + UNREACHED_S)
    assert not is_on_wall(known(State.WAITING), NOW)


@given(st.integers(0, 10**6), st.integers(NOW, NOW + 400 * DAY_S))
def test_looks_are_daily_and_spread(number: int, now: int) -> None:
    mark = supporter_mark(SECRET, number.to_bytes(16, "big"))
    due = next_look_s(mark, now_s=now, secret=SECRET)
    assert LOOK_S - SPREAD_S <= due - now <= LOOK_S + SPREAD_S
    assert due + SECOND_LOOK_S - now < DAY_S


def test_the_spread_is_one_over_sites_and_days() -> None:
    marks = [supporter_mark(SECRET, number.to_bytes(16, "big")) for number in range(400)]
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
    assert settled([waiting, leaving]) == [waiting, leaving]
    assert settled([]) == []


def test_sites_count_once_whatever_pages_they_enrol() -> None:
    pages = [
        known(),
        known(page="https://one.example/b"),
        known(site="two.example"),
        known(State.LEAVING, site="x"),
    ]
    assert sites_of(pages, NOW) == 2
    assert sites_of(pages, NOW + UNREACHED_S) == 0


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
