"""A series with its changes as an SVG that a newspaper could print: light, clear axes, time left to right.

Drawn without a library: rectangles, lines and text. Each point is the share of blocked votes of one bin; the
darker bands are the intervals in which a change lies, the triangles the moments at which it was detected.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from voipwatch.cli.language import Texts
from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.model.series import ChangeKind, Changepoint, SeriesRow

if TYPE_CHECKING:
    from voipwatch.cli.detectreport import SeriesResult

DRAWN_MAX: Final = 12
"""Series on one picture; a reader follows no more."""
BINS_MAX: Final = 240
WIDTH, PANEL, TOP, LEFT, RIGHT, BOTTOM, FOOT = 960, 250, 46, 64, 24, 44, 76
STEPS_S: Final = tuple(
    [HOUR_S * hours for hours in (1, 2, 3, 6, 12)]
    + [DAY_S * days for days in (1, 2, 7, 14, 30, 61, 122, 365)]
)
"""Widths of a bin, and distances of marks on the time axis."""
MARKS_MAX: Final = 9
COLOURS: Final = {ChangeKind.ONSET: "#b2182b", ChangeKind.END: "#2166ac", ChangeKind.SILENCE: "#8c6d1f"}
"""Red and blue of ColorBrewer's RdBu: told apart by the colour-blind and on grey paper."""
INK, PALE, LINE, STANDING = "#222222", "#d9d9d9", "#4d4d4d", "#f7dfe0"


@dataclass(slots=True)
class Bins:
    """Votes of one series in at most `BINS_MAX` bins of equal width."""

    first_s: float
    last_s: float
    daily: bool = False
    counts: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def width_s(self) -> float:
        """Of a bin: the first step that is wide enough."""
        least = max((self.last_s - self.first_s) / BINS_MAX, DAY_S if self.daily else HOUR_S)
        return next((step for step in STEPS_S if step >= least), least)

    def add(self, row: SeriesRow) -> None:
        """Count a row."""
        index = int(row.time_s // self.width_s)
        blocked, votes = self.counts.get(index, (0, 0))
        self.counts[index] = (blocked + row.blocked_count, votes + row.total_count)

    def shares(self) -> list[tuple[float, float]]:
        """Middle of each bin that has votes, and the share of blocked ones."""
        width = self.width_s
        return [
            ((index + 0.5) * width, blocked / votes)
            for index, (blocked, votes) in sorted(self.counts.items())
            if votes
        ]


@dataclass(frozen=True, slots=True)
class _Scale:
    """Time and share to places on the picture."""

    first_s: float
    last_s: float
    top: float

    def x(self, time_s: float) -> float:
        ratio = (time_s - self.first_s) / max(self.last_s - self.first_s, 1.0)
        return LEFT + min(max(ratio, 0.0), 1.0) * (WIDTH - LEFT - RIGHT)

    def y(self, share: float) -> float:
        return self.top + (1.0 - share) * (PANEL - TOP - BOTTOM)

    @property
    def floor(self) -> float:
        return self.y(0.0)


def draw(texts: Texts, results: "list[SeriesResult]", *, daily: bool) -> str:
    """The picture of at most `DRAWN_MAX` series, one below the other, as a whole SVG document."""
    drawn = [each for each in results if each.bins is not None]
    height = PANEL * len(drawn) + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"',
        f'width="{WIDTH}" height="{height}" fill="{INK}"',
        'font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{escape(texts('detect.plot.title'))}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
    ]
    for number, each in enumerate(drawn):
        parts += _panel(texts, each, number * PANEL, daily=daily)
    parts += _legend(texts, PANEL * len(drawn) + 18)
    if len(results) > len(drawn):
        note = texts("detect.plot.more", count=len(results) - len(drawn))
        parts.append(f'<text x="{LEFT}" y="{height - 8}" font-size="12">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _panel(texts: Texts, result: "SeriesResult", offset: float, *, daily: bool) -> Iterator[str]:
    bins, detector = result.bins, result.detector
    if bins is None:
        return
    end_s = bins.last_s + (DAY_S if daily else 0.0)
    scale = _Scale(bins.first_s, max(end_s, bins.first_s + HOUR_S), offset + TOP)
    title = ", ".join("–" if each is None else each for each in result.key) or texts("detect.whole")
    yield f'<text x="{LEFT}" y="{offset + 24}" font-size="15" font-weight="bold">{escape(title)}</text>'
    yield from _standing(result.changes, scale, blocked_at_start=detector.state.no_quiet_past)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = scale.y(share)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{PALE}"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{100 * share:.0f} %</text>'
    yield from _time_axis(scale, daily=daily)
    for change in result.changes:
        yield from _interval(change, scale)
    share_learnt = detector.state.baseline.border
    if detector.state.baseline.share is not None:
        y = scale.y(min(1.0, share_learnt))
        yield (
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{LINE}" '
            'stroke-dasharray="5 4"/>'
        )
    yield from _curve(bins, scale)
    for change in result.changes:
        yield _detected(change, scale)


def _curve(bins: Bins, scale: _Scale) -> Iterator[str]:
    """Points, joined where bins follow each other: no line crosses a silence."""
    runs: list[list[tuple[float, float]]] = []
    last: float | None = None
    for time_s, share in bins.shares():
        if last is None or time_s - last > 3 * bins.width_s:
            runs.append([])
        runs[-1].append((scale.x(time_s), scale.y(share)))
        last = time_s
    for run in runs:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        yield f'<polyline points="{points}" fill="none" stroke="{INK}" stroke-width="1.2"/>'
    for x, y in (point for run in runs for point in run):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8"/>'


def _standing(changes: Iterable[Changepoint], scale: _Scale, *, blocked_at_start: bool) -> Iterator[str]:
    """The time that interference stood, pale, from its onset to its end or to the last row."""
    began: float | None = scale.first_s if blocked_at_start else None
    for change in [*changes, None]:
        if change is None or change.kind is ChangeKind.END:
            if began is not None:
                x, until = scale.x(began), scale.x(scale.last_s if change is None else change.latest_s)
                yield _box(x, until, scale, fill=STANDING)
            began = None
        elif change.kind is ChangeKind.ONSET:
            began = change.latest_s if change.earliest_s is None else change.earliest_s


def _interval(change: Changepoint, scale: _Scale) -> Iterator[str]:
    x = scale.x(change.latest_s if change.earliest_s is None else change.earliest_s)
    yield _box(x, scale.x(change.latest_s), scale, fill=COLOURS[change.kind], opacity=0.35)


def _box(x: float, until: float, scale: _Scale, *, fill: str, opacity: float = 1.0) -> str:
    height = scale.floor - scale.top
    return (
        f'<rect x="{x:.1f}" y="{scale.top:.1f}" width="{max(until - x, 1.5):.1f}" height="{height:.1f}" '
        f'fill="{fill}" fill-opacity="{opacity}"/>'
    )


def _detected(change: Changepoint, scale: _Scale) -> str:
    x, y = scale.x(change.detected_s), scale.top
    return f'<path d="M{x:.1f} {y:.1f} l-5 -9 h10 z" fill="{COLOURS[change.kind]}"/>'


def _time_axis(scale: _Scale, *, daily: bool) -> Iterator[str]:
    span_s, floor = scale.last_s - scale.first_s, scale.floor
    step = next((each for each in STEPS_S if span_s / each <= MARKS_MAX), STEPS_S[-1])
    dated = daily or step >= DAY_S
    mark_s = (scale.first_s // step + 1) * step
    while mark_s <= scale.last_s:
        x = scale.x(mark_s)
        label = datetime.fromtimestamp(mark_s, UTC).strftime("%Y-%m-%d" if dated else "%m-%d %H:%M")
        yield f'<path d="M{x:.1f} {floor:.1f} v5" stroke="{INK}"/>'
        yield f'<text x="{x:.1f}" y="{floor + 20:.1f}" text-anchor="middle" font-size="12">{label}</text>'
        mark_s += step
    yield f'<path d="M{LEFT} {floor:.1f} H{WIDTH - RIGHT}" stroke="{INK}"/>'


def _legend(texts: Texts, y: float) -> Iterator[str]:
    """What the marks mean, in the reader's language; the picture's own axis stays left to right."""
    direction = ' direction="rtl" text-anchor="end"' if texts.right_to_left else ""
    column = (WIDTH - LEFT - RIGHT) / 3.0
    entries = [
        ('<circle cx="6" cy="-4" r="2.5"/>', "share"),
        (f'<path d="M0 -4 h14" stroke="{LINE}" stroke-dasharray="5 4"/>', "border"),
        (f'<rect y="-10" width="14" height="12" fill="{STANDING}"/>', "standing"),
        *((_patch(COLOURS[kind]), kind.value) for kind in COLOURS),
        (f'<path d="M7 2 l-5 -9 h10 z" fill="{INK}"/>', "detected"),
    ]
    for number, (mark, key) in enumerate(entries):
        x, below = LEFT + (number % 3) * column, y + (number // 3) * 18
        words = escape(texts(f"detect.plot.{key}"))
        yield f'<g transform="translate({x:.0f} {below:.0f})">{mark}'
        yield f'<text x="20" font-size="12"{direction}>{words}</text></g>'


def _patch(colour: str) -> str:
    return f'<rect y="-10" width="14" height="12" fill="{colour}" fill-opacity="0.35"/>'
