"""The matrix as a picture: SVG of one column, as wide as a telephone, without script or style sheet."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from voipwatch.lab.confusion import Confusion, Count, Part, Rate
from voipwatch.lab.matrix import MatrixResult
from voipwatch.model.vocabulary import Verdict

Say = Callable[..., str]
"""A text by its name, with values: `cli.language.Texts`."""
WIDTH: Final = 420
MARGIN: Final = 12
FONT: Final = "system-ui, sans-serif"
RIGHT, WRONG, INK, PALE = "#2166ac", "#d6604d", "#1a1a1a", "#e6e6e6"
"""Blue and orange-red: told apart with any colour vision, and in grey by the words."""
ARABIC: Final = re.compile("[\u0600-\u06ff]")
LABEL_W: Final = 108
CELL_H: Final = 46
BAR_X: Final = 168
BAR_W: Final = 168
ROW_H: Final = 24
NAME_MAX: Final = 22
"""Letters that stand beside a bar."""
ORDER: Final = tuple(v.value for v in Verdict)


class _Page:
    """Elements from top to bottom."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.y = float(MARGIN)

    def text(self, x: float, y: float, words: str, *, size: int = 13, anchor: str = "start") -> None:
        if ARABIC.search(words):  # isolated: the drawing itself runs from left to right
            words = f"\u2067{words}\u2069"
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{INK}">'
            f"{escape(words)}</text>"
        )

    def rect(self, x: float, y: float, size: tuple[float, float], fill: str, opacity: float = 1.0) -> str:
        width, height = size
        return (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}" '
            f'fill-opacity="{opacity:.2f}"/>'
        )

    def line(self, words: str, *, size: int = 13) -> None:
        """A line of text, folded at the page's width."""
        room = int((WIDTH - 2 * MARGIN) / (size * 0.54))
        row = ""
        for word in words.split():
            if row and len(row) + 1 + len(word) > room:
                self.y += size + 4
                self.text(MARGIN, self.y, row, size=size)
                row = word
            else:
                row = f"{row} {word}".strip()
        self.y += size + 4
        self.text(MARGIN, self.y, row, size=size)


def picture(result: MatrixResult, say: Say) -> str:
    """The whole drawing."""
    page = _Page()
    totals = result.totals
    page.line(say("picture.title"), size=17)
    page.y += 4
    page.line(say("lab.guilty", runs=totals.guilty_runs, right=_percent(totals.guilty_verdicts_right)))
    page.line(say("lab.mechanisms", right=_percent(totals.guilty_mechanisms_right)))
    page.line(
        say(
            "lab.innocent",
            runs=totals.innocent_runs,
            checks=totals.innocent_checks,
            right=_percent(totals.innocent_right),
            accused=totals.innocent_accused,
        )
    )
    confusion = result.confusion
    if confusion is not None:
        _grids(page, confusion, say)
        _bars(page, say("picture.by_app"), confusion.verdicts_by_app)
        _bars(page, say("picture.by_line"), confusion.verdicts_by_line)
        _bars(page, say("picture.mechanisms"), confusion.mechanisms_by_expected)
        _bars(page, say("picture.mechanisms_by_app"), confusion.mechanisms_by_app)
        _bars(page, say("picture.mechanisms_by_line"), confusion.mechanisms_by_line)
        _bars(page, say("picture.innocent"), confusion.accused_by_line)
        _bars(page, say("picture.confused"), [_pair(c) for c in confusion.guilty.mechanisms])
        for name, parts in (("app", confusion.by_app), ("line", confusion.by_line)):
            _parts(page, name, parts, say)
    height = page.y + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" font-family="{FONT}" role="img" direction="ltr">'
    )
    title = f"<title>{escape(say('picture.title'))}</title>"
    paper = f'<rect width="{WIDTH}" height="{height:.0f}" fill="#ffffff"/>'
    return "\n".join([head, title, paper, *page.parts, "</svg>", ""])


def _grids(page: _Page, confusion: Confusion, say: Say) -> None:
    for name, counts in (("guilty", confusion.guilty.verdicts), ("innocent", confusion.innocent.verdicts)):
        if counts:
            page.y += 16
            page.line(say(f"picture.grid_{name}"), size=14)
            _grid(page, counts, say)
    if not (confusion.guilty.verdicts or confusion.innocent.verdicts):
        page.line(say("picture.nothing"))


def _parts(page: _Page, name: str, parts: Sequence[Part], say: Say) -> None:
    """One confusion matrix of verdicts for each app or line; of mechanisms what is off the diagonal."""
    if not parts:
        return
    page.y += 18
    page.line(say(f"picture.grid_by_{name}"), size=14)
    for part in parts:
        page.y += 6
        page.line(_short(part.name, 56))
        _grid(page, part.verdicts, say)
    wrong = [
        _pair(count, part.name) for part in parts for count in part.mechanisms if count.said != count.expected
    ]
    _bars(page, say(f"picture.instead_by_{name}"), wrong, WRONG)


def _pair(count: Count, where: str = "") -> Rate:
    """What was said for what, as a bar of all runs of which the same had to be said."""
    name = f"{where} {count.expected or '–'} → {count.said or '–'}".strip()
    return Rate(name, count.of, count.runs, count.share, count.low, count.high)


def _grid(page: _Page, counts: Sequence[Count], say: Say) -> None:
    """Rows: what had to be said; columns: what was said. Each cell names a run."""
    columns = [v for v in ORDER if any(v in (c.said, c.expected) for c in counts)]
    cell_w = (WIDTH - 2 * MARGIN - LABEL_W) / len(columns)
    page.y += 14
    for n, verdict in enumerate(columns):
        x = MARGIN + LABEL_W + cell_w * (n + 0.5)
        page.text(x, page.y, _short(say(f"verdict.{verdict}"), 11), size=11, anchor="middle")
    page.y += 6
    found = {(c.expected, c.said): c for c in counts}
    for wanted in [v for v in ORDER if any(c.expected == v for c in counts)]:
        page.text(MARGIN, page.y + CELL_H / 2 + 4, _short(say(f"verdict.{wanted}"), 16), size=12)
        for n, verdict in enumerate(columns):
            x = MARGIN + LABEL_W + cell_w * n
            size = (cell_w - 2, CELL_H - 2)
            count = found.get((wanted, verdict))
            if count is None:
                page.parts.append(page.rect(x, page.y, size, PALE, 0.5))
                continue
            fill = RIGHT if wanted == verdict else WRONG
            w = count.witness
            command = f"voipwatch lab replay --world {w.world} --line {w.line} --seed {w.seed}"
            page.parts.append(f"<g><title>{escape(command)}</title>")
            page.parts.append(page.rect(x, page.y, size, fill, 0.15 + 0.55 * count.share))
            middle = x + cell_w / 2
            page.text(middle, page.y + 15, str(count.runs), size=13, anchor="middle")
            page.text(middle, page.y + 28, _percent(count.share), size=10, anchor="middle")
            interval = f"{100 * count.low:.0f} – {100 * count.high:.0f}"
            page.text(middle, page.y + 40, interval, size=10, anchor="middle")
            page.parts.append("</g>")
        page.y += CELL_H


def _bars(page: _Page, title: str, rates: Sequence[Rate], fill: str = RIGHT) -> None:
    """A bar for each share, with its interval as a line over it."""
    if not rates:
        return
    page.y += 18
    page.line(title, size=14)
    page.y += 4
    for rate in rates:
        if len(rate.name) > NAME_MAX:  # a line of its own over the bar
            page.text(MARGIN, page.y + 15, _short(rate.name, 56), size=12)
            page.y += ROW_H - 6
        y = page.y
        if len(rate.name) <= NAME_MAX:
            page.text(MARGIN, y + 15, rate.name, size=12)
        page.parts.append(page.rect(BAR_X, y + 4, (BAR_W, ROW_H - 10), PALE))
        page.parts.append(page.rect(BAR_X, y + 4, (BAR_W * rate.share, ROW_H - 10), fill, 0.7))
        middle = y + 4 + (ROW_H - 10) / 2
        low, high = BAR_X + BAR_W * rate.low, BAR_X + BAR_W * rate.high
        page.parts.append(
            f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}" stroke="{INK}" stroke-width="1.5" fill="none"/>'
        )
        page.text(WIDTH - MARGIN, y + 15, f"{_percent(rate.share)} · {rate.runs}", size=11, anchor="end")
        page.y += ROW_H


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"
