"""A line of days for each series: its state by colour and height, hatched where nobody measured."""

from collections.abc import Sequence

from markupsafe import Markup

from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, rect, text
from voipwatch.site.history import Day, gaps_of, runs_of
from voipwatch.site.names import STATES
from voipwatch.site.words import Words

WIDTH = 960.0
LEFT, RIGHT = 212.0, 952.0
STEP, BAR = 22.0, 14.0
LABEL_LETTERS = 30
HEIGHTS = {"ok": 0.28, "insufficient": 0.28, "intermittent": 0.64}
"""Of the bar; other states fill it: what stops calls is told by size as well as by colour."""


def strips(t: Words, series: Sequence[tuple[str, Sequence[Day]]], *, title: str) -> Markup:
    """Each series with its label; nothing where no series has a day."""
    known = [days for _, days in series if days]
    if not known:
        return Markup("")
    first = min(days[0].day for days in known)
    last = max(days[-1].day for days in known)
    axis = Axis(first, last, left=LEFT, right=RIGHT)
    bottom = STEP * len(series) + 4
    parts = [axis.drawn(t, 0.0, bottom)]
    for number, (label, days) in enumerate(series):
        top = number * STEP + (STEP - BAR) / 2
        shown = label if len(label) <= LABEL_LETTERS else f"{label[: LABEL_LETTERS - 1]}…"
        parts.append(text(LEFT - 8, top + BAR - 3, shown, cls="label", anchor="end"))
        for run in runs_of(days):
            height = BAR * HEIGHTS.get(run.state, 1.0)
            width = (run.last - run.first).days + 1
            parts.append(
                rect(
                    axis.x(run.first), top + BAR - height, max(width * axis.day_width, 0.8), height,
                    cls=f"s-{run.state if run.state in STATES else 'insufficient'}",
                )
            )  # fmt: skip
        for gap in gaps_of(days, first, last):
            width = (gap.last - gap.first).days + 1
            parts.append(
                rect(axis.x(gap.first), top, width * axis.day_width, BAR, fill="url(#strip-hatch)", cls="gap")
            )
    return drawing(
        *parts,
        name="strip",
        title=t.plain("chart.strip.title", of=title),
        desc=t.plain("chart.strip.desc", first=t.day(first), last=t.day(last), series=len(series)),
        size=(WIDTH, bottom + 34),
    )
