"""Ramadan's days: calls and measurements move into the night for a month, and with them what fails.

Dates are those of the Umm al-Qura calendar as tabulated by R. H. van Gent (The Umm al-Qura Calendar of Saudi
Arabia, Utrecht University), 1433-1471 AH. Countries that go by their own sighting of the moon, as Morocco,
begin up to a day or two later; a day on either side is therefore counted as Ramadan as well.
"""

from bisect import bisect_right
from datetime import date
from typing import Final

from voipwatch.inference.detection.settings import DAY_S

BEGINS: Final[tuple[tuple[str, int], ...]] = (
    ("2012-07-20", 30),
    ("2013-07-09", 30),
    ("2014-06-28", 30),
    ("2015-06-18", 29),
    ("2016-06-06", 30),
    ("2017-05-27", 29),
    ("2018-05-16", 30),
    ("2019-05-06", 29),
    ("2020-04-24", 30),
    ("2021-04-13", 30),
    ("2022-04-02", 30),
    ("2023-03-23", 29),
    ("2024-03-11", 30),
    ("2025-03-01", 29),
    ("2026-02-18", 30),
    ("2027-02-08", 29),
    ("2028-01-28", 29),
    ("2029-01-16", 29),
    ("2030-01-05", 30),
    ("2030-12-26", 29),
    ("2031-12-15", 30),
    ("2032-12-04", 29),
    ("2033-11-23", 30),
    ("2034-11-12", 30),
    ("2035-11-01", 30),
    ("2036-10-20", 30),
    ("2037-10-10", 29),
    ("2038-09-30", 29),
    ("2039-09-19", 30),
    ("2040-09-07", 30),
    ("2041-08-28", 29),
    ("2042-08-17", 29),
    ("2043-08-06", 29),
    ("2044-07-26", 29),
    ("2045-07-15", 30),
    ("2046-07-05", 29),
    ("2047-06-24", 30),
    ("2048-06-12", 30),
    ("2049-06-02", 29),
)
"""First day and number of days; the first line is 1433 AH."""
MARGIN_DAYS: Final = 1


def _day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


_FIRST: Final = tuple(_day(text) - MARGIN_DAYS for text, _ in BEGINS)
_LAST: Final = tuple(_day(text) + days - 1 + MARGIN_DAYS for text, days in BEGINS)


def in_ramadan(time_s: float) -> bool:
    """Whether a Unix time lies in Ramadan or within a day of it; False outside of the table's years."""
    day = int(time_s // DAY_S)
    index = bisect_right(_FIRST, day) - 1
    return index >= 0 and day <= _LAST[index]
