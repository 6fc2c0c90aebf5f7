"""Ranges of amounts on one axis from nothing: light for the wider, full for the narrower of two."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.words import Words

WIDTH = 960.0
LEFT, RIGHT = 252.0, 940.0
STEP, BAR = 24.0, 14.0
LABEL_LETTERS = 38
TICKS = 4


class AmountLine(NamedTuple):
    """One row; ends in the axis' unit, low before high."""

    label: str
    wide: tuple[float, float] | None
    narrow: tuple[float, float]


def amounts_chart(t: Words, rows: Sequence[AmountLine], *, title: str, desc: str) -> Markup:
    """A bar for each range; nothing where there is no row, or no amount."""
    highest = max((end for row in rows for end in (*(row.wide or ()), *row.narrow)), default=0.0)
    if not highest:
        return Markup("")
    bottom = STEP * len(rows) + 4
    scale = (RIGHT - LEFT) / highest
    parts = []
    for tick in range(TICKS + 1):
        value = highest * tick / TICKS
        x = LEFT + value * scale
        parts.append(element("path", d=f"M{x:.1f} 0V{bottom:.1f}", cls="grid"))
        parts.append(text(x, bottom + 14, t.number(round(value)), cls="tick", anchor="middle"))
    for number, row in enumerate(rows):
        top = number * STEP + (STEP - BAR) / 2
        shown = row.label if len(row.label) <= LABEL_LETTERS else f"{row.label[: LABEL_LETTERS - 1]}…"
        parts.append(text(LEFT - 8, top + BAR - 3, shown, cls="label small", anchor="end"))
        if row.wide is not None:
            parts.append(_bar(row.wide, top, BAR, scale, "spread-maybe"))
        # Inside of the wide one, and thinner: neither hides the other.
        parts.append(_bar(row.narrow, top + BAR / 4, BAR / 2, scale, "spread-sure"))
    return drawing(*parts, name="amounts", title=title, desc=desc, size=(WIDTH, bottom + 24))


def _bar(ends: tuple[float, float], top: float, height: float, scale: float, cls: str) -> Markup:
    low, high = ends
    return rect(LEFT + low * scale, top, max((high - low) * scale, 2.0), height, cls=cls)
