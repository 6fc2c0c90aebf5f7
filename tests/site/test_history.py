"""Days, runs, gaps and months of a series, worked by hand."""

from datetime import date

import pytest

from voipwatch.site.bundle import Row
from voipwatch.site.history import days_of, gaps_of, months_of, runs_of, state_of


def row(start: str, level: str, ok: int | None, blocked: int | None, throttled: int = 0) -> Row:
    none = ok is None
    return Row(
        f"{start}:00:00Z", "2016-02-01T00:00:00Z", level, "ok", 9, ok, blocked, None if none else throttled,
        None if none else 0, None if none else 0, 3, 1,
    )  # fmt: skip


ROWS = (
    row("2016-01-04T00", "week", 3, 0),
    row("2016-01-05T00", "day", 1, 4),
    row("2016-01-05T14", "hour", 0, 5, 2),
    row("2016-01-06T00", "day", None, None),
    row("2016-01-04T00", "late", 9, 9),
    row("2016-02-01T03", "hour", 4, 0),
)


def test_a_day_is_the_sum_of_its_rows() -> None:
    days = {day.day: day for day in days_of(ROWS)}
    fifth = days[date(2016, 1, 5)]
    assert (fifth.deciding, fifth.blocked, fifth.state, fifth.anchor) == (12, 11, "blocked", "2016-01-05-day")
    assert fifth.share == 11 / 12
    sixth = days[date(2016, 1, 6)]
    assert (sixth.state, sixth.share, sixth.by_week) == ("insufficient", None, False)
    assert days[date(2016, 1, 4)].by_week
    assert days[date(2016, 1, 4)].anchor == "2016-01-04-week"
    assert len(days) == 8  # seven of the week, and one in February; the late row is of none


def test_runs_and_gaps() -> None:
    days = days_of(ROWS)
    runs = [(run.first.day, run.last.day, run.state) for run in runs_of(days)]
    assert runs == [(4, 4, "ok"), (5, 5, "blocked"), (6, 6, "insufficient"), (7, 10, "ok"), (1, 1, "ok")]
    [gap] = gaps_of(days, date(2016, 1, 4), date(2016, 2, 1))
    assert (gap.first, gap.last) == (date(2016, 1, 11), date(2016, 1, 31))


def test_months() -> None:
    january, february = months_of(ROWS)
    assert (january.name, january.days, january.rows, january.deciding, january.blocked) == (
        "2016-01", 2, 5, 33, 20,
    )  # fmt: skip
    assert [each.start for each in january.hours] == ["2016-01-05T14:00:00Z"]
    assert february.first_anchor == "2016-02-01T03-hour"
    assert january.digest != february.digest


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ((0, 2, 0, 0), "insufficient"),
        ((1, 2, 0, 0), "blocked"),
        ((2, 1, 0, 0), "ok"),
        ((2, 2, 0, 0), "intermittent"),
        ((0, 3, 3, 0), "intermittent"),
        ((0, 1, 2, 0), "throttled"),
        ((0, 0, 1, 2), "down"),
    ],
)
def test_two_thirds(said: tuple[int, ...], state: str) -> None:
    assert state_of(said) == state
