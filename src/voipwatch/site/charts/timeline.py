"""Phases of incidents above, claims below, on one axis of time."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.words import Words

WIDTH = 960.0
LEFT, RIGHT = 12.0, 948.0
PHASES, CLAIMS, BOTTOM = 34.0, 84.0, 112.0


class Mark(NamedTuple):
    """One thing on the axis."""

    kind: str
    """phase, claim."""
    state: str
    """Kind of the phase, or state of the claim's check."""
    since_s: float
    until_s: float


def timeline_chart(t: Words, marks: Sequence[Mark], *, title: str) -> Markup:
    """Nothing where there is nothing to show."""
    if not marks:
        return Markup("")
    axis = Axis(
        _day(min(mark.since_s for mark in marks)) - timedelta(days=5),
        _day(max(mark.until_s for mark in marks)) + timedelta(days=5),
        left=LEFT,
        right=RIGHT,
    )
    parts = [axis.drawn(t, 20.0, BOTTOM)]
    parts.append(text(LEFT, PHASES - 10, t.plain("chart.timeline.measured"), cls="label"))
    parts.append(text(LEFT, CLAIMS - 12, t.plain("chart.timeline.said"), cls="label"))
    for mark in marks:
        begin, end = axis.at(mark.since_s), axis.at(mark.until_s)
        if mark.kind == "phase":
            parts.append(rect(begin, PHASES, max(end - begin, 4.0), 16, cls=f"phase-{mark.state}"))
        else:
            parts.append(rect(begin, CLAIMS, max(end - begin, 2.0), 3, cls="claim-span"))
            parts.append(_sign(mark.state, begin, CLAIMS + 8))
    return drawing(
        *parts,
        name="timeline",
        title=title,
        desc=t.plain(
            "chart.timeline.desc",
            phases=sum(mark.kind == "phase" for mark in marks),
            claims=sum(mark.kind == "claim" for mark in marks),
            first=t.day(axis.first),
            last=t.day(axis.last),
        ),
        size=(WIDTH, BOTTOM + 34),
    )


def _sign(state: str, x: float, y: float) -> Markup:
    """Each state has a shape of its own."""
    if state == "supported":
        return element("path", d=f"M{x - 4:.1f} {y:.1f}l4 -5l4 5l-4 5z", cls="claim-supported")
    if state == "contradicted":
        return element("path", d=f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8", cls="claim-contradicted")
    return element("circle", cx=x, cy=y, r=3.5, cls="claim-open")


def _day(time_s: float) -> date:
    return datetime.fromtimestamp(time_s, tz=UTC).date()
