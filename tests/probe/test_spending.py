"""Bytes by UTC day."""

from datetime import UTC, datetime

from voipwatch.probe.spending import DAYS_KEPT, Spending, day_of, fits, month_of

NOON_S = datetime(2026, 12, 31, 12, tzinfo=UTC).timestamp()
DAY_S = 86_400.0


def test_days_and_months_are_utc() -> None:
    assert (day_of(NOON_S), month_of(NOON_S)) == ("2026-12-31", "2026-12")
    assert day_of(NOON_S + 12 * 3600) == "2027-01-01"
    assert day_of(NOON_S + 12 * 3600 - 1) == "2026-12-31"


def test_what_is_spent_adds_up_by_day() -> None:
    spending = Spending().plus("a", 3).plus("b", 5).plus("a", 4).plus("a", -9)
    assert (spending.on("a"), spending.on("b"), spending.on("c")) == (7, 5, 0)


def test_the_cap_is_reached_and_never_passed() -> None:
    spending = Spending().plus(day_of(NOON_S), 700)
    assert fits(spending, NOON_S, 300, cap_bytes=1000)
    assert not fits(spending, NOON_S, 301, cap_bytes=1000)
    assert fits(spending, NOON_S + DAY_S, 1000, cap_bytes=1000)


def test_a_clock_that_is_set_to_another_day_and_back_finds_the_day_again() -> None:
    spending = Spending().plus(day_of(NOON_S), 900).plus(day_of(NOON_S + 365 * DAY_S), 100)
    assert not fits(spending, NOON_S, 200, cap_bytes=1000)


def test_old_days_are_forgotten() -> None:
    spending = Spending()
    for n in range(30):
        spending = spending.plus(day_of(NOON_S + n * DAY_S), 1)
    assert len(spending.by_day) == DAYS_KEPT
    assert spending.on(day_of(NOON_S + 29 * DAY_S)) == 1
