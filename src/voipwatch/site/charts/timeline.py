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
BAND, CLAIMS, LANE = 34.0, 92.0, 12.0
SIGN = 11.0
"""Signs nearer than this to each other stand in lanes below each other."""


class Mark(NamedTuple):
    """One thing on the axis."""

    kind: str
    """stands (an incident as a whole), phase, claim."""
    state: str
    """Of the incident, kind of the phase, or state of the claim's check."""
    since_s: float
    until_s: float


def timeline_chart(t: Words, marks: Sequence[Mark], *, title: str) -> Markup:
    """What was measured above, what was said below; a claim stands where its time begins."""
    if not marks:
        return Markup("")
    axis = Axis(
        _day(min(mark.since_s for mark in marks)) - timedelta(days=5),
        _day(max(mark.until_s for mark in marks)) + timedelta(days=5),
        left=LEFT,
        right=RIGHT,
    )
    said = sorted((mark for mark in marks if mark.kind == "claim"), key=lambda mark: mark.since_s)
    lanes = _lanes([axis.at(mark.since_s) for mark in said])
    bottom = CLAIMS + 12 + LANE * max(lanes, default=0)
    parts = [axis.drawn(t, 20.0, bottom)]
    parts.append(text(LEFT + 2, BAND - 6, t.plain("chart.timeline.measured"), cls="label"))
    parts.append(text(LEFT + 2, CLAIMS - 12, t.plain("chart.timeline.said"), cls="label"))
    for mark in marks:
        begin, end = axis.at(mark.since_s), axis.at(mark.until_s)
        if mark.kind == "stands":
            parts.append(rect(begin, BAND + 5, max(end - begin, 1.0), 8, cls=f"stands w-{mark.state}"))
    for mark in marks:
        begin, end = axis.at(mark.since_s), axis.at(mark.until_s)
        if mark.kind == "phase":
            parts.append(rect(begin, BAND, max(end - begin, 4.0), 18, cls=f"phase-{mark.state}"))
    for mark, lane in zip(said, lanes, strict=True):
        parts.append(_sign(mark.state, axis.at(mark.since_s), CLAIMS + LANE * lane))
    return drawing(
        *parts,
        name="timeline",
        title=title,
        desc=t.plain(
            "chart.timeline.desc",
            phases=sum(mark.kind == "phase" for mark in marks),
            claims=len(said),
            first=t.day(axis.first),
            last=t.day(axis.last),
        ),
        size=(WIDTH, bottom + 34),
    )


def _lanes(places: Sequence[float]) -> list[int]:
    """For each sign, in order, the first lane in which it touches no other."""
    ends: list[float] = []
    found = []
    for place in places:
        lane = next((n for n, end in enumerate(ends) if place - end >= SIGN), len(ends))
        if lane == len(ends):
            ends.append(place)
        ends[lane] = place
        found.append(lane)
    return found


def _sign(state: str, x: float, y: float) -> Markup:
    """Each state has a shape of its own."""
    if state == "supported":
        return element("path", d=f"M{x - 4:.1f} {y:.1f}l4 -5l4 5l-4 5z", cls="claim-supported")
    if state == "contradicted":
        return element("path", d=f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8", cls="claim-contradicted")
    return element("circle", cx=x, cy=y, r=3.5, cls="claim-open")


def _day(time_s: float) -> date:
    return datetime.fromtimestamp(time_s, tz=UTC).date()
