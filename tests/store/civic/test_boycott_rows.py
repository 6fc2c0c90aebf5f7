"""Rows of boycotts, with both databases."""

import pytest
from sqlalchemy import Engine

from voipwatch.store.civic.boycott_rows import (
    BoycottRow,
    add_boycott,
    add_line,
    boycott_row,
    boycott_rows,
    first_line_from,
    last_line,
    lines,
    set_document,
    set_erased,
)
from voipwatch.store.civic.opening import DatabaseError, reading, writing
from voipwatch.store.civic.petition_rows import LogRow

NOW = 1_794_000_000


@pytest.fixture
def two(engine: Engine) -> Engine:
    with writing(engine) as connection:
        add_boycott(connection, "b", "{}", now_s=NOW)
        add_boycott(connection, "a", '{"x":1}', now_s=NOW)
    return engine


def test_boycotts_by_id(two: Engine) -> None:
    with writing(two) as connection:
        set_document(connection, "b", '{"y":2}')
        set_erased(connection, "a", now_s=NOW + 1)
    with reading(two) as connection:
        assert boycott_rows(connection) == [
            BoycottRow("a", '{"x":1}', NOW + 1),
            BoycottRow("b", '{"y":2}', None),
        ]
        assert boycott_row(connection, "b") == BoycottRow("b", '{"y":2}', None)
        assert boycott_row(connection, "c") is None


def test_each_series_has_its_own_log(two: Engine) -> None:
    first, second = LogRow(1, "0" * 64, "2026-11-06T00:00:00Z", 10, "1" * 64), LogRow(
        2, "1" * 64, "2026-11-07T00:00:00Z", 20, "2" * 64
    )  # fmt: skip
    with writing(two) as connection:
        add_line(connection, "b", "declared", first)
        add_line(connection, "b", "declared", second)
        add_line(connection, "b", "kept", first)
    with reading(two) as connection:
        assert lines(connection, "b", "declared") == [first, second]
        assert last_line(connection, "b", "declared") == second
        assert last_line(connection, "b", "kept") == first
        assert last_line(connection, "b", "broken") is None
        assert lines(connection, "a", "declared") == []
    with pytest.raises(DatabaseError), writing(two) as connection:
        add_line(connection, "b", "kept", first)


def test_the_first_line_from_a_moment_on(two: Engine) -> None:
    with writing(two) as connection:
        for n, at in enumerate(("2026-11-13T23:59:59Z", "2026-11-14T00:00:00Z", "2026-11-15T00:00:00Z"), 1):
            add_line(connection, "b", "declared", LogRow(n, "", at, 10 * n, ""))
        add_line(connection, "b", "kept", LogRow(1, "", "2026-11-14T00:00:00Z", 900, ""))
        add_line(connection, "a", "declared", LogRow(1, "", "2026-11-14T00:00:00Z", 800, ""))
    with reading(two) as connection:
        found = [
            first_line_from(connection, "b", "declared", at)
            for at in ("2026-11-01T00:00:00Z", "2026-11-14T00:00:00Z", "2026-11-14T00:00:01Z",
                       "2026-11-15T00:00:01Z")
        ]  # fmt: skip
    assert [None if each is None else each.told for each in found] == [10, 20, 30, None]
