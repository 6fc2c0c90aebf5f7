"""The order of spread: of each series the interval in which it was reached, and that of its end."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.model.instants import seconds
from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.words import Words

WIDTH = 960.0
LEFT, RIGHT = 252.0, 952.0
STEP, BAR = 16.0, 8.0
LABEL_LETTERS = 38


class SpreadLine(NamedTuple):
    """One series; times ISO 8601 with Z, or None."""

    label: str
    earliest: str | None
    latest: str
    ended_earliest: str | None
    ended_latest: str | None


def spread_chart(t: Words, rows: Sequence[SpreadLine], *, as_of: str, title: str) -> Markup:
    """Certainly reached: full; reached at some time in it: light; nothing where there is no series."""
    if not rows:
        return Markup("")
    starts = [row.earliest or row.latest for row in rows]
    first = date.fromisoformat(min(starts)[:10]) - timedelta(days=2)
    ends = [row.ended_latest or as_of for row in rows]
    last = max(date.fromisoformat(max(ends)[:10]) + timedelta(days=2), first + timedelta(days=10))
    axis = Axis(first, last, left=LEFT, right=RIGHT)
    bottom = STEP * len(rows) + 4
    parts = [axis.drawn(t, 0.0, bottom)]
    for number, row in enumerate(rows):
        top = number * STEP + (STEP - BAR) / 2
        shown = row.label if len(row.label) <= LABEL_LETTERS else f"{row.label[: LABEL_LETTERS - 1]}…"
        parts.append(text(LEFT - 8, top + BAR, shown, cls="label small", anchor="end"))
        parts += _line(axis, row, top, as_of)
    return drawing(
        *parts,
        name="spread",
        title=t.plain("chart.spread.title", of=title),
        desc=t.plain("chart.spread.desc", series=len(rows), first=t.day(first), last=t.day(last)),
        size=(WIDTH, bottom + 34),
    )


def _line(axis: Axis, row: SpreadLine, top: float, as_of: str) -> list[Markup]:
    """Light from earliest to latest, full to the end's earliest, light to the end's latest."""
    reached = axis.at(seconds(row.latest))
    begin = axis.left if row.earliest is None else axis.at(seconds(row.earliest))
    stands = row.ended_latest is None
    over = axis.at(seconds(as_of if row.ended_latest is None else row.ended_earliest or row.ended_latest))
    parts = [rect(begin, top, max(reached - begin, 1.0), BAR, cls="spread-maybe")]
    if over > reached:
        parts.append(rect(reached, top, over - reached, BAR, cls="spread-sure"))
    if row.ended_latest is not None:
        end = axis.at(seconds(row.ended_latest))
        parts.append(rect(over, top, max(end - over, 1.0), BAR, cls="spread-maybe"))
    if stands:
        # An arrow: it stood when this was written.
        points = f"M{over:.1f} {top:.1f}l5 {BAR / 2:.1f}l-5 {BAR / 2:.1f}z"
        parts.append(element("path", d=points, cls="spread-sure"))
    return parts
