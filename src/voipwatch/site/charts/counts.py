"""Numbers that others gave, over time: a box as wide as the time and as high as the number are open.

Nothing joins two boxes, and where nobody looked it is hatched. The axis of numbers does not begin at nothing:
a loss of some percent would not be seen, and whoever shows this says so beside it.
"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from markupsafe import Markup

from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.words import Words

WIDTH: Final = 960.0
HEIGHT: Final = 230.0
LEFT, RIGHT, TOP, BOTTOM = 84.0, 952.0, 12.0, 184.0
TICKS: Final = 4
LEAST: Final = 3.0
"""Of a box: an exact number at an instant is seen too."""


class Box(NamedTuple):
    """One number; times Unix seconds."""

    since_s: float
    until_s: float
    low: float
    high: float
    flagged: bool = False


class Scene(NamedTuple):
    """What is drawn beside the boxes; times Unix seconds."""

    gaps: Sequence[tuple[float, float]] = ()
    event_s: float | None = None


def counts_chart(t: Words, boxes: Sequence[Box], scene: Scene, *, name: str, title: str, desc: str) -> Markup:
    """The drawing; nothing where there is no box.

    Args:
        t: the language.
        boxes: in any order.
        scene: gaps are hatched, the event is a line.
        name: unique in the page.
        title: what it is.
        desc: what it shows.
    """
    if not boxes:
        return Markup("")
    times = [*(box.since_s for box in boxes), *(box.until_s for box in boxes)]
    times += [] if scene.event_s is None else [scene.event_s]
    first, last = _day(min(times)), _day(max(times))
    axis = Axis(first, max(last, first + timedelta(days=2)), left=LEFT, right=RIGHT)
    low, high = min(box.low for box in boxes), max(box.high for box in boxes)
    spare = (high - low) * 0.06 or max(high * 0.01, 1.0)
    low, high = max(0.0, low - spare), high + spare

    def y(value: float) -> float:
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    parts = [axis.drawn(t, TOP, BOTTOM)]
    for value in _round_numbers(low, high):
        parts.append(element("path", d=f"M{LEFT:.1f} {y(value):.1f}H{RIGHT:.1f}", cls="grid"))
        parts.append(text(LEFT - 6, y(value) + 4, t.decimal(value, 3), cls="tick", anchor="end"))
    for since_s, until_s in scene.gaps:
        x = axis.at(since_s)
        parts.append(rect(x, TOP, axis.at(until_s) - x, BOTTOM - TOP, fill=f"url(#{name}-hatch)", cls="gap"))
    if scene.event_s is not None:
        parts.append(
            element("path", d=f"M{axis.at(scene.event_s):.1f} {TOP:.1f}V{BOTTOM:.1f}", cls="event-line")
        )
    for box in boxes:
        x, top = axis.at(box.since_s), y(box.high)
        width, height = max(axis.at(box.until_s) - x, LEAST), max(y(box.low) - top, LEAST)
        known = box.low == box.high
        parts.append(rect(x, top, width, height, cls="spread-sure" if known else "spread-maybe"))
        if box.flagged:
            middle = x + width / 2
            parts.append(element("path", d=f"M{middle:.1f} {top - 4:.1f}l5 -8h-10z", cls="flag"))
    return drawing(*parts, name=name, title=title, desc=desc, size=(WIDTH, HEIGHT))


def _round_numbers(low: float, high: float) -> list[float]:
    """Between two numbers, a step of 1, 2 or 5 tens apart: two to five of them."""
    rough = (high - low) / TICKS
    ten = 10.0 ** math.floor(math.log10(rough))
    step = next(each * ten for each in (1, 2, 5, 10) if each * ten >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 6) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _day(time_s: float) -> date:
    return datetime.fromtimestamp(time_s, UTC).date()
