"""Ramadan's dates against the tabular Islamic calendar, computed here, and against well-known days."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from voipwatch.inference.detection.ramadan import BEGINS, in_ramadan


def tabular_ramadan(year: int) -> date:
    """1 Ramadan in the arithmetic (civil) calendar: 30 years of 354 days with 11 leap days (Reingold and
    Dershowitz, Calendrical Calculations, 2018, chapter 7).
    """
    days = 227_014 + (year - 1) * 354 + (3 + 11 * year) // 30 + 29 * 8 + 4
    return date.fromordinal(days + 1)


def test_each_begins_within_two_days_of_the_tabular_calendar() -> None:
    for offset, (text, days) in enumerate(BEGINS):
        expected = tabular_ramadan(1433 + offset)
        assert abs((date.fromisoformat(text) - expected).days) <= 2, text
        assert days in {29, 30}


def test_years_follow_each_other_by_354_or_355_days() -> None:
    begins = [date.fromisoformat(text) for text, _ in BEGINS]
    assert {(after - before).days for before, after in pairwise(begins)} <= {354, 355}


@pytest.mark.parametrize(
    ("day", "inside"),
    [
        ("2016-06-06", True), ("2016-06-05", True), ("2016-06-04", False), ("2016-07-05", True),
        ("2016-07-06", True), ("2016-07-07", False), ("2026-02-18", True), ("2026-01-18", False),
        ("1999-12-20", False), ("2099-01-01", False),
    ],
)  # fmt: skip
def test_the_days_and_a_day_on_either_side(day: str, inside: bool) -> None:
    noon = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=12)
    assert in_ramadan(noon.timestamp()) is inside
