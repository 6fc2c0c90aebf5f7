"""Rows of the wall, with either database."""

from sqlalchemy import Engine

from voipwatch.store.civic.opening import reading, writing
from voipwatch.store.civic.wall_rows import (
    CurveRow,
    WallRow,
    add_point,
    add_row,
    all_rows,
    delete_all,
    delete_before,
    delete_marks,
    delete_site,
    delete_stem,
    known_marks,
    last_point,
    points,
    put_off,
    rows_in,
    rows_of_page,
    set_row,
    take_due,
)
from voipwatch.store.civic.wall_tables import WALL_CURVE, WALL_SITES


def row(
    number: int, *, state: str = "waiting", site: str = "", page: str = "", since: int = 0, due: int = 0
) -> WallRow:
    name = site or f"s{number}.example"
    return WallRow(f"mark{number}", page or f"https://{name}/{number}", name, state, since, 0, due)


def add(engine: Engine, *rows: WallRow) -> None:
    with writing(engine) as connection:
        for each in rows:
            add_row(connection, each)


def test_rows_are_found_by_state_and_page_without_order_of_arrival(engine: Engine) -> None:
    add(
        engine,
        row(2, state="shown"),
        row(1, state="shown"),
        row(3),
        row(4, site="s1.example", page="https://s1.example/1"),
    )
    with reading(engine) as connection:
        assert [each.mark for each in rows_in(connection, "shown")] == ["mark1", "mark2"]
        assert [each.mark for each in rows_of_page(connection, "https://s1.example/1")] == ["mark1", "mark4"]
        assert [each.mark for each in all_rows(connection)] == ["mark1", "mark4", "mark2", "mark3"]
        assert [each.mark for each in rows_in(connection, "waiting", "shown")] == [
            "mark1", "mark4", "mark2", "mark3",
        ]  # fmt: skip
        assert rows_in(connection, "leaving") == []


def test_a_row_that_left_meanwhile_is_not_set_again(engine: Engine) -> None:
    add(engine, row(1))
    with writing(engine) as connection:
        assert set_row(connection, row(1, state="shown", due=7))
        assert delete_marks(connection, ["mark1", "other"]) == 1
        assert not set_row(connection, row(1, state="shown"))
        assert delete_marks(connection, []) == 0
        assert all_rows(connection) == []


def test_a_site_is_deleted_with_all_its_pages(engine: Engine) -> None:
    add(engine, row(1, site="a.example"), row(2, site="a.example", state="shown"), row(3, site="b.example"))
    with writing(engine) as connection:
        assert delete_site(connection, "a.example") == 2
        assert [each.site for each in all_rows(connection)] == ["b.example"]


def test_what_was_neither_enrolled_nor_seen_since_goes(engine: Engine) -> None:
    add(
        engine,
        row(1, since=10),
        row(2, since=11),
        row(3, since=5, state="shown")._replace(seen_at=11),
        row(4, since=5, state="leaving")._replace(seen_at=10),
    )
    with writing(engine) as connection:
        assert delete_before(connection, 10) == 2
        assert [each.mark for each in all_rows(connection)] == ["mark2", "mark3"]
        assert delete_all(connection) == 2
        assert all_rows(connection) == []


def test_a_page_goes_by_what_its_mark_begins_with(engine: Engine) -> None:
    add(engine, row(1, state="shown"), row(10, state="shown"), row(2, state="leaving"), row(3))
    with writing(engine) as connection:
        assert delete_stem(connection, "mark1", ["shown"]) == 2
        assert delete_stem(connection, "", ["shown", "leaving"]) == 0
        assert delete_stem(connection, "mark_", ["leaving"]) == 0
        assert delete_stem(connection, "mark3", ["shown", "leaving"]) == 0
        assert delete_stem(connection, "mark2", ["shown", "leaving"]) == 1
        assert known_marks(connection, "waiting", ["mark3", "mark2", "x"]) == {"mark3"}
        assert known_marks(connection, "shown", ["mark3"]) == set()
        assert known_marks(connection, "waiting", []) == set()


def test_what_is_of_no_page_is_neither_listed_nor_looked_at(engine: Engine) -> None:
    add(engine, WallRow("key", "", "", "withdrawn", 5, 0, 5))
    with writing(engine) as connection:
        assert all_rows(connection) == []
        assert take_due(connection, now_s=10, lease_s=1, last=[]) is None
        assert known_marks(connection, "withdrawn", ["key"]) == {"key"}
        assert delete_before(connection, 5) == 1


def test_a_page_that_is_put_off(engine: Engine) -> None:
    add(engine, row(1, due=5), row(2, due=6))
    with writing(engine) as connection:
        put_off(connection, "https://s1.example/1", until_s=50)
        taken = [take_due(connection, now_s=10, lease_s=100, last=[]) for _ in range(2)]
        assert taken == ["https://s2.example/2", None]
        assert take_due(connection, now_s=50, lease_s=100, last=[]) == "https://s1.example/1"


def test_what_is_due_is_leased(engine: Engine) -> None:
    add(engine, row(1, due=10), row(2, due=5), row(3, due=5, site="s2.example", page="https://s2.example/2"))
    with writing(engine) as connection:
        assert take_due(connection, now_s=4, lease_s=100, last=["waiting", "counted"]) is None
        assert (
            take_due(connection, now_s=10, lease_s=100, last=["waiting", "counted"]) == "https://s2.example/2"
        )
        assert (
            take_due(connection, now_s=10, lease_s=100, last=["waiting", "counted"]) == "https://s1.example/1"
        )
        assert take_due(connection, now_s=10, lease_s=100, last=["waiting", "counted"]) is None
        assert {each.due_at for each in all_rows(connection)} == {110}


def test_what_waits_is_due_after_all_others(engine: Engine) -> None:
    add(
        engine,
        row(1, due=1),
        row(2, due=2, state="shown"),
        row(3, due=2),
        row(4, due=1, state="leaving"),
        row(5, due=9, state="shown"),
    )
    with writing(engine) as connection:
        taken = [take_due(connection, now_s=5, lease_s=100, last=["waiting", "counted"]) for _ in range(5)]
    assert taken == [*(f"https://s{number}.example/{number}" for number in (4, 2, 1, 3)), None]


def test_days_have_a_number(engine: Engine) -> None:
    with writing(engine) as connection:
        assert last_point(connection) is None
        for day, told in (("2026-11-02", 10), ("2026-11-01", 0)):
            add_point(connection, CurveRow(day, told))
        assert last_point(connection) == CurveRow("2026-11-02", 10)
        assert points(connection) == [CurveRow("2026-11-01", 0), CurveRow("2026-11-02", 10)]


def test_what_is_kept_of_a_site_and_what_of_a_day() -> None:
    assert set(WALL_SITES.c.keys()) == {"mark", "page", "site", "state", "since_at", "seen_at", "due_at"}
    assert set(WALL_CURVE.c.keys()) == {"day", "told"}
