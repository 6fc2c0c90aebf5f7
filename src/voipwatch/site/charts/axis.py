"""The axis of time: days to coordinates, ticks at months, years or days. Always from left to right."""

from collections.abc import Iterator
from datetime import date, timedelta

from markupsafe import Markup

from voipwatch.site.charts.svg import element, text
from voipwatch.site.words import Words

MONTHS_LABELLED = 14
"""Up to so many months each has its name; above, each quarter; above three times as many, each year."""
DAYS_LABELLED = 35


class Axis:
    """From `first` to `last`, both days included, between two coordinates."""

    def __init__(self, first: date, last: date, *, left: float, right: float) -> None:
        self.first = first
        self.last = last
        self.left = left
        self.right = right
        self.days = (last - first).days + 1
        self.day_width = (right - left) / self.days

    def x(self, day: date) -> float:
        """Where a day begins."""
        return self.left + (day - self.first).days * self.day_width

    def at(self, time_s: float) -> float:
        """Where an instant is, Unix seconds; outside of the axis its nearer end."""
        start_s = (self.first - date(1970, 1, 1)).days * 86_400
        return min(self.right, max(self.left, self.left + (time_s - start_s) / 86_400 * self.day_width))

    def ticks(self) -> Iterator[date]:
        """Days that have a label."""
        if self.days <= DAYS_LABELLED:
            step = 1 if self.days <= 10 else 7
            yield from (self.first + timedelta(days=n) for n in range(0, self.days, step))
            return
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        step = 1 if months <= MONTHS_LABELLED else 3 if months <= 3 * MONTHS_LABELLED else 12
        for number in range(months):
            total = self.first.year * 12 + self.first.month - 1 + number
            day = date(total // 12, total % 12 + 1, 1)
            if (day.month - 1) % step == 0 and self.first <= day <= self.last:
                yield day

    def drawn(self, t: Words, top: float, bottom: float) -> Markup:
        """Lines and labels; the labels stand 16 below `bottom`."""
        parts = []
        before: date | None = None
        for day in self.ticks():
            x = self.x(day)
            parts.append(element("path", d=f"M{x:.1f} {top:.1f}V{bottom:.1f}", cls="grid"))
            if self.right - x >= 24:
                label = t.short_month(day) if self.days > DAYS_LABELLED else str(day.day)
                parts.append(text(x + 2, bottom + 14, label, cls="tick"))
                if before is None or before.year != day.year:
                    parts.append(text(x + 2, bottom + 28, str(day.year), cls="tick year"))
            before = day
        return Markup("").join(parts)
