"""Shares over time, a bar a day: of one series' votes, or of a country's series. Gaps are drawn as gaps."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from markupsafe import Markup

from voipwatch.site.charts.axis import Axis
from voipwatch.site.charts.svg import drawing, element, rect, text
from voipwatch.site.history import Day, gaps_of
from voipwatch.site.words import Words

WIDTH = 960.0
HEIGHT = 220.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 952.0, 12.0, 178.0


def series_chart(t: Words, days: Sequence[Day], *, title: str) -> Markup:
    """Blocked and throttled votes of a series, a bar a day; hatched where nobody measured."""
    if not days:
        return Markup("")
    axis = Axis(days[0].day, days[-1].day, left=LEFT, right=RIGHT)
    bars = [(day.day, day.share, day.by_week) for day in days]
    few = [day.day for day in days if day.share is None]
    gaps = gaps_of(days, axis.first, axis.last)
    hatched = [(gap.first, (gap.last - gap.first).days + 1) for gap in gaps]
    stopped = sum(day.state != "ok" and day.share is not None for day in days)
    desc = t.plain(
        "chart.series.desc",
        first=t.day(axis.first), last=t.day(axis.last), days=len(days), stopped=stopped,
        gaps=sum(width for _, width in hatched),
    )  # fmt: skip
    parts = [_frame(t), axis.drawn(t, TOP, BOTTOM), _gaps(axis, hatched, "share-hatch")]
    parts += [rect(axis.x(day), BOTTOM - 3, _width(axis), 3, cls="few") for day in few]
    parts.append(_bars(axis, [bar for bar in bars if not bar[2]], "bar"))
    parts.append(_bars(axis, [bar for bar in bars if bar[2]], "bar by-week"))
    return drawing(
        *parts,
        name="share",
        title=t.plain("chart.series.title", of=title),
        desc=desc,
        size=(WIDTH, HEIGHT),
    )


def country_chart(t: Words, tally: Mapping[date, Sequence[int]], *, name: str, of: str) -> Markup:
    """Of the series that were measured on a day, how many were stopped: `tally` has both numbers by day.

    Args:
        t: the language.
        tally: as `pages.tally` has it.
        name: of the country.
        of: its code, for ids: a page may have several of these.
    """
    if not tally:
        return Markup("")
    axis = Axis(min(tally), max(tally), left=LEFT, right=RIGHT)
    bars = [(day, stopped / known, False) for day, (known, stopped) in sorted(tally.items())]
    known = [Day(day, "", 0, 0, "") for day in sorted(tally)]
    hatched = [(gap.first, (gap.last - gap.first).days + 1) for gap in gaps_of(known, axis.first, axis.last)]
    desc = t.plain(
        "chart.country.desc",
        first=t.day(axis.first), last=t.day(axis.last),
        stopped=sum(share > 0.5 for _, share, _ in bars), days=len(bars),
    )  # fmt: skip
    return drawing(
        _frame(t),
        axis.drawn(t, TOP, BOTTOM),
        _gaps(axis, hatched, f"year-{of}-hatch"),
        _bars(axis, bars, "bar"),
        name=f"year-{of}",
        title=t.plain("chart.country.title", country=name),
        desc=desc,
        size=(WIDTH, HEIGHT),
    )


def _frame(t: Words) -> Markup:
    """Lines at nothing, a half and all."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _y(share)
        parts.append(element("path", d=f"M{LEFT:.1f} {y:.1f}H{RIGHT:.1f}", cls="grid"))
        parts.append(text(LEFT - 6, y + 4, t.percent(share), cls="tick", anchor="end"))
    return Markup("").join(parts)


def _y(share: float) -> float:
    return BOTTOM - share * (BOTTOM - TOP)


def _width(axis: Axis) -> float:
    return max(axis.day_width, 0.8)


def _bars(axis: Axis, bars: Iterable[tuple[date, float | None, bool]], name: str) -> Markup:
    """All of them as one path, and days on which all got through as another: a year is some kilobytes."""
    width = _width(axis)
    stopped: list[str] = []
    passed: list[str] = []
    for day, share, _ in bars:
        if share is None:
            continue
        # Measured, and nothing stopped: a line at the foot, in another colour.
        height = max(share * (BOTTOM - TOP), 2.0)
        shape = f"M{axis.x(day):.1f} {BOTTOM:.1f}v{-height:.1f}h{width:.2f}v{height:.1f}z"
        (stopped if share else passed).append(shape)
    drawn = ((passed, "passed"), (stopped, name))
    return Markup("").join(element("path", d="".join(each), cls=cls) for each, cls in drawn if each)


def _gaps(axis: Axis, gaps: Iterable[tuple[date, int]], pattern: str) -> Markup:
    return Markup("").join(
        rect(axis.x(first), TOP, days * axis.day_width, BOTTOM - TOP, fill=f"url(#{pattern})", cls="gap")
        for first, days in gaps
    )
