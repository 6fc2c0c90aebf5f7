"""The adoption curve of the wall of supporters: sites by day, steps; fewer than ten as a line at the foot."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

from markupsafe import Markup

from voipwatch.civic.wall import CurveRun
from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.words import Words

WIDTH = 960.0
HEIGHT = 220.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 952.0, 12.0, 178.0
FEW_HEIGHT = 3.0


def adoption_chart(t: Words, runs: Sequence[CurveRun]) -> Markup:
    """A step for each run of days; hatched where no number was taken; nothing where there is no run."""
    if not runs:
        return Markup("")
    axis = Axis(date.fromisoformat(runs[0].first), date.fromisoformat(runs[-1].last), left=LEFT, right=RIGHT)
    highest = max(10, *(run.told for run in runs))
    parts = [_frame(t, highest), axis.drawn(t, TOP, BOTTOM)]
    for before, after in pairwise(runs):
        left, right = _end(axis, before), axis.x(date.fromisoformat(after.first))
        if right - left > axis.day_width / 2:
            parts.append(rect(left, TOP, right - left, BOTTOM - TOP, fill="url(#adoption-hatch)", cls="gap"))
    shapes: list[str] = []
    for run in runs:
        left, width = (
            axis.x(date.fromisoformat(run.first)),
            _end(axis, run) - axis.x(date.fromisoformat(run.first)),
        )
        if run.told:
            height = run.told / highest * (BOTTOM - TOP)
            shapes.append(f"M{left:.1f} {BOTTOM:.1f}v{-height:.1f}h{width:.2f}v{height:.1f}z")
        else:
            parts.append(rect(left, BOTTOM - FEW_HEIGHT, width, FEW_HEIGHT, cls="few"))
    if shapes:
        parts.append(element("path", d="".join(shapes), cls="bar"))
    return drawing(
        *parts,
        name="adoption",
        title=t.plain("wall.curve.title"),
        desc=t.plain(
            "wall.curve.desc",
            first=t.day(axis.first),
            last=t.day(axis.last),
            number=told_text(t, runs[-1].told),
        ),
        size=(WIDTH, HEIGHT),
    )


def told_text(t: Words, told: int) -> str:
    """A day's number, or that it is fewer than ten."""
    return t.number(told) if told else t.plain("wall.curve.few")


def _end(axis: Axis, run: CurveRun) -> float:
    return axis.x(date.fromisoformat(run.last)) + axis.day_width


def _frame(t: Words, highest: int) -> Markup:
    """Lines at nothing, a half and the highest."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = BOTTOM - share * (BOTTOM - TOP)
        parts.append(element("path", d=f"M{LEFT:.1f} {y:.1f}H{RIGHT:.1f}", cls="grid"))
        parts.append(text(LEFT - 6, y + 4, t.number(highest * share), cls="tick", anchor="end"))
    return Markup("").join(parts)
