"""The matrix on a terminal: confusion by verdict and mechanism, by app and by line, and what was wrong."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.language import Texts
from voipwatch.cli.show import table
from voipwatch.lab.confusion import Confusion, Count, Rate
from voipwatch.lab.matrix import Cell, MatrixResult

WIDE: Final = 140
"""Columns of a terminal that has room for a line a cell."""
NARROW: Final = (25, 16, 18, 10)
"""Columns of each column on 80: a world's name, a mechanism, one with how often it was said, some seeds."""
CELLS_MAX: Final = 120
"""More cells than these are told only where something in them was wrong."""


def show_matrix(context: Context, result: MatrixResult) -> None:
    """Tables, then the totals."""
    texts = context.texts
    confusion = result.confusion
    if confusion is not None:
        _show_confusion(context, confusion)
    cells = result.cells
    if len(cells) > CELLS_MAX:
        cells = [cell for cell in cells if cell.wrong_seeds]
        context.tell("lab.only_wrong", cells=len(result.cells), wrong=len(cells))
    if cells:
        context.out.print(_cells(texts, cells, context.out.width))
    totals = result.totals
    context.tell("lab.guilty", runs=totals.guilty_runs, right=texts.percent(totals.guilty_verdicts_right))
    context.tell("lab.mechanisms", right=texts.percent(totals.guilty_mechanisms_right))
    if totals.ungraded_runs:
        context.tell("lab.ungraded", runs=totals.ungraded_runs, right=totals.ungraded_insufficient)
    context.tell(
        "lab.innocent",
        runs=totals.innocent_runs,
        checks=totals.innocent_checks,
        right=texts.percent(totals.innocent_right),
        accused=totals.innocent_accused,
    )


def _show_confusion(context: Context, confusion: Confusion) -> None:
    texts = context.texts
    for part in (confusion.guilty, confusion.innocent):
        for name, counts in (("verdicts", part.verdicts), ("mechanisms", part.mechanisms)):
            if counts:
                title = texts(f"lab.confusion_{part.name}_{name}")
                context.out.print(
                    _counts(texts, title, counts, verdicts=name == "verdicts", wide=context.out.width >= WIDE)
                )
    for name, rates in (
        ("verdicts_by_app", confusion.verdicts_by_app),
        ("verdicts_by_line", confusion.verdicts_by_line),
        ("mechanisms_by_app", confusion.mechanisms_by_app),
        ("mechanisms_by_line", confusion.mechanisms_by_line),
        ("mechanisms_by_expected", confusion.mechanisms_by_expected),
        ("verdicts_by_own_line", confusion.accused_by_line),
    ):
        if rates:
            context.out.print(_rates(texts, texts(f"lab.{name}"), rates))
    for name, parts in (("app", confusion.by_app), ("line", confusion.by_line)):
        wrong = [(part.name, count) for part in parts for count in (*part.verdicts, *part.mechanisms)]
        wrong = [(where, count) for where, count in wrong if count.said != count.expected]
        if wrong:
            context.out.print(_confused(texts, texts(f"lab.confused_by_{name}"), wrong))


def _confused(texts: Texts, title: str, wrong: Sequence[tuple[str, Count]]) -> object:
    """What was said instead, of verdicts and of mechanisms: only what is off the diagonal."""
    names = ("name", "expected", "got", "runs", "share")
    rows: list[list[Text | str]] = [
        [
            where,
            _word(texts, count.expected) or "–",
            Text(_word(texts, count.said) or "–", "bold red"),
            f"{count.runs}/{count.of}",
            _interval(texts, count),
        ]
        for where, count in wrong
    ]
    return table(texts, [texts(f"column.{name}") for name in names], rows, title=title)


def _counts(texts: Texts, title: str, counts: Sequence[Count], *, verdicts: bool, wide: bool) -> object:
    def word(said: str) -> str:
        if not verdicts:
            return said or "–"
        return texts(f"verdict.{said}") if texts.has(f"verdict.{said}") else said

    between = " " if wide else "\n"
    names = ("expected", "got", "runs", "share", "replay")
    rows: list[list[Text | str]] = [
        [
            word(count.expected),
            Text(word(count.said), "" if count.said == count.expected else "bold red"),
            str(count.runs),
            _interval(texts, count, wide=wide),
            f"{count.witness.world}{between}{count.witness.line} {count.witness.seed}",
        ]
        for count in counts
    ]
    return table(texts, [texts(f"column.{name}") for name in names], rows, title=title)


def _rates(texts: Texts, title: str, rates: Sequence[Rate]) -> object:
    names = ("name", "runs", "right", "share")
    rows: list[list[Text | str]] = [
        [rate.name, str(rate.runs), str(rate.right), _interval(texts, rate)] for rate in rates
    ]
    return table(texts, [texts(f"column.{name}") for name in names], rows, title=title)


def _interval(texts: Texts, of: Count | Rate, *, wide: bool = True) -> str:
    """A share and its interval; on two lines where there is little room."""
    if not wide:
        low, high = texts.rating(100 * of.low), texts.rating(100 * of.high)
        return f"{texts.percent(of.share)}\n({low} – {high})"
    return f"{texts.percent(of.share)} ({texts.percent(of.low)} – {texts.percent(of.high)})"


def _word(texts: Texts, verdict: str) -> str:
    """A verdict in the reader's language; more than one with / between."""
    said = (texts(f"verdict.{one}") if texts.has(f"verdict.{one}") else one for one in verdict.split("/"))
    return "/".join(said)


def _wanted(texts: Texts, cell: Cell, between: str) -> str:
    """What had to be said: the verdict, and the mechanism where one was compared."""
    mechanisms = cell.expected_mechanism.strip("/").split("/")
    return _word(texts, cell.expected) + (between + "/".join(mechanisms) if mechanisms[0] else "")


def _said(texts: Texts, cell: Cell, between: str) -> list[str]:
    """What was said how often: `blocked stun.drop 3`."""
    told = []
    for words, runs in cell.said.items():
        verdict, _, mechanism = words.partition(" ")
        told.append(_word(texts, verdict) + (between + mechanism if mechanism else "") + f" {runs}")
    return told


def _right(cell: Cell) -> tuple[int, str]:
    """Runs that were right, and the style of that."""
    right = cell.mechanisms_right if cell.guilty else cell.verdicts_right
    return right, "green" if right == cell.runs else "bold red"


def _seeds(cell: Cell) -> str:
    return " ".join(str(seed) for seed in sorted(cell.wrong_seeds)[:5])


def _cells(texts: Texts, cells: Sequence[Cell], width: int) -> object:
    return (_wide if width >= WIDE else _narrow)(texts, cells)


def _wide(texts: Texts, cells: Sequence[Cell]) -> object:
    names = ("world", "line", "app", "expected", "got", "runs", "right", "accused", "seeds")
    rows: list[list[Text | str]] = [
        [
            cell.world,
            cell.line,
            cell.app,
            _wanted(texts, cell, " "),
            ", ".join(_said(texts, cell, " ")),
            str(cell.runs),
            Text(str(_right(cell)[0]), _right(cell)[1]),
            "" if cell.guilty else str(cell.accused),
            _seeds(cell),
        ]
        for cell in cells
    ]
    return table(texts, [texts(f"column.{name}") for name in names], rows)


def _narrow(texts: Texts, cells: Sequence[Cell]) -> object:
    """Some lines a cell, for 80 columns: mechanism under verdict, wrong seeds under how many were right."""
    names = ("where", "expected", "got", "right_of")
    rows: list[list[Text | str]] = []
    for cell in cells:
        right, style = _right(cell)
        count = Text(f"{right}/{cell.runs}", style)
        if cell.wrong_seeds:
            count.append(f"\n{_seeds(cell)}", "not bold")
        rows.append(
            [
                f"{cell.world}\n{cell.line} · {cell.app}",
                _wanted(texts, cell, "\n").replace("/", "/\n"),
                "\n".join(_said(texts, cell, "\n")),
                count,
            ]
        )
    grid = table(texts, [texts(f"column.{name}") for name in names], rows)
    for column, most in zip(grid.columns[:: -1 if texts.right_to_left else 1], NARROW, strict=True):
        column.max_width = most  # what is longer folds at its spaces, and the world's name stays whole
    return grid
