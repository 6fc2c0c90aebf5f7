"""The daily data cap of a metered line: bytes counted by UTC day, pure."""

from datetime import UTC, datetime
from typing import Final

import msgspec

DAYS_KEPT: Final = 8
"""A clock that is set to another day and back finds that day's bytes again."""


class Spending(msgspec.Struct, frozen=True):
    """What was spent, by day; the last day written to stands last."""

    by_day: dict[str, int] = {}
    """YYYY-MM-DD, UTC -> IP bytes both ways."""

    def on(self, day: str) -> int:
        """Bytes spent on a day."""
        return self.by_day.get(day, 0)

    def plus(self, day: str, spent_bytes: int) -> "Spending":
        """With more bytes spent on a day."""
        rest = {name: count for name, count in self.by_day.items() if name != day}
        kept = dict(list(rest.items())[-(DAYS_KEPT - 1) :])
        return Spending({**kept, day: self.on(day) + max(0, spent_bytes)})


def day_of(now_s: float) -> str:
    """YYYY-MM-DD, UTC."""
    return datetime.fromtimestamp(now_s, tz=UTC).strftime("%Y-%m-%d")


def month_of(now_s: float) -> str:
    """YYYY-MM, UTC."""
    return day_of(now_s)[:7]


def fits(spending: Spending, now_s: float, wanted_bytes: int, *, cap_bytes: int) -> bool:
    """Whether so many bytes more stay within today's cap."""
    return spending.on(day_of(now_s)) + wanted_bytes <= cap_bytes
