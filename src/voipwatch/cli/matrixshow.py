"""The matrix on a terminal: confusion by verdict and mechanism, by app and by line, and what was wrong."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.language import Texts
from voipwatch.cli.show import table
from voipwatch.lab.confusion import Confusion, Count, Rate
from voipwatch.lab.matrix import Cell, MatrixResult

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
        context.out.print(_cells(texts, cells))
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
                context.out.print(_counts(texts, title, counts, verdicts=name == "verdicts"))
    for name, rates in (
        ("verdicts_by_app", confusion.verdicts_by_app),
        ("verdicts_by_line", confusion.verdicts_by_line),
        ("mechanisms_by_app", confusion.mechanisms_by_app),
        ("mechanisms_by_line", confusion.mechanisms_by_line),
    ):
        if rates:
            context.out.print(_rates(texts, texts(f"lab.{name}"), rates))


def _counts(texts: Texts, title: str, counts: Sequence[Count], *, verdicts: bool) -> object:
    def word(said: str) -> str:
        if not verdicts:
            return said or "–"
        return texts(f"verdict.{said}") if texts.has(f"verdict.{said}") else said

    names = ("expected", "got", "runs", "share", "replay")
    rows: list[list[Text | str]] = [
        [
            word(count.expected),
            Text(word(count.said), "" if count.said == count.expected else "bold red"),
            str(count.runs),
            _interval(texts, count),
            f"{count.witness.world} {count.witness.line} {count.witness.seed}",
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


def _interval(texts: Texts, of: Count | Rate) -> str:
    """A share and its interval."""
    return f"{texts.percent(of.share)} ({texts.percent(of.low)} – {texts.percent(of.high)})"


def _cells(texts: Texts, cells: Sequence[Cell]) -> object:
    names = ("world", "line", "app", "expected", "got", "runs", "right", "accused", "seeds")
    rows: list[list[Text | str]] = []
    for cell in cells:
        right = cell.mechanisms_right if cell.guilty else cell.verdicts_right
        style = "green" if right == cell.runs else "bold red"
        said = ", ".join(f"{word} {count}" for word, count in cell.said.items())
        rows.append(
            [
                cell.world,
                cell.line,
                cell.app,
                cell.expected,
                said,
                str(cell.runs),
                Text(str(right), style),
                "" if cell.guilty else str(cell.accused),
                " ".join(str(seed) for seed in sorted(cell.wrong_seeds)[:5]),
            ]
        )
    return table(texts, [texts(f"column.{name}") for name in names], rows)
