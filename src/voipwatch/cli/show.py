"""A check on a terminal: the table, then the reasons in sentences."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.language import Texts
from voipwatch.cli.values import show_size
from voipwatch.model.results import AppResult, Check
from voipwatch.model.vocabulary import Verdict

STYLES: Final = {
    Verdict.OK: "green",
    Verdict.BLOCKED: "bold red",
    Verdict.THROTTLED: "bold yellow",
    Verdict.DOWN: "magenta",
    Verdict.INSUFFICIENT: "cyan",
}
"""Colour supports the word and never replaces it."""


def verdict_text(texts: Texts, verdict: Verdict) -> Text:
    """The verdict's word in the reader's language, coloured."""
    return Text(texts(f"verdict.{verdict.value}"), style=STYLES[verdict])


def table(
    texts: Texts, columns: list[str], rows: list[list[Text | str]], *, title: str | None = None
) -> Table:
    """A table whose columns run the way the language is written."""
    justify: JustifyMethod = "right" if texts.right_to_left else "left"
    grid = Table(box=box.SIMPLE_HEAD, title=title, title_justify=justify, pad_edge=False)
    order = slice(None, None, -1) if texts.right_to_left else slice(None)
    for heading in columns[order]:
        grid.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        grid.add_row(*row[order])
    return grid


def check_table(texts: Texts, check: Check) -> Table:
    """One line an app: verdict, where, by what, which way, how it would sound."""
    columns = [
        texts(f"column.{name}") for name in ("app", "verdict", "stage", "mechanism", "direction", "mos")
    ]
    rows: list[list[Text | str]] = [
        [
            row.app,
            verdict_text(texts, row.verdict),
            texts(f"stage.{row.stage.value}") if row.stage else "",
            row.mechanism or "",
            texts(f"direction.{row.direction.value}") if row.direction else "",
            _quality(row),
        ]
        for row in check.results
    ]
    return table(texts, columns, rows)


def _quality(row: AppResult) -> str:
    up, down = row.quality.mos_up, row.quality.mos_down
    if up is None and down is None:
        return ""
    return " / ".join("–" if mos is None else f"{mos:.1f}" for mos in (up, down))


def show_check(context: Context, check: Check, *, hosts: Sequence[str] = ()) -> None:
    """Print a check for a person, on standard output. `hosts`: the reflectors as the person typed them."""
    texts, out = context.texts, context.out
    if check.interrupted is not None:
        context.tell("check.partial", style="bold yellow")
    out.print(check_table(texts, check))
    for row in check.results:
        paragraph(context, f"{row.app}: ", row.explanation, style=STYLES[row.verdict])
        for note in row.notes:
            paragraph(context, "", texts("check.note", note=_note(texts, note)), style="dim")
    works = dict.fromkeys(name for row in check.results for name in row.works)
    if works:
        paragraph(context, "", texts("check.works", names=", ".join(works)))
    for note in check.notes:
        paragraph(context, "", texts("check.note", note=_note(texts, note)), style="dim")
    for number, reflector in enumerate(check.reflectors):
        state = "signed" if reflector.log_signed else "unsigned"
        name = hosts[number] if number < len(hosts) else reflector.name
        if reflector.failure is not None:
            reason = texts(f"failure.{reflector.failure}")
            paragraph(context, "", texts("check.control", name=name, reason=reason), style="bold yellow")
        paragraph(context, "", texts(f"check.log_{state}", name=name), style="dim")
    context.tell(
        "check.cost", style="dim", size=show_size(check.cost.bytes), seconds=f"{check.cost.seconds:.0f}"
    )


def _note(texts: Texts, note: str) -> str:
    # A note may carry a number: `forged-datagrams:12`.
    name, _, number = note.partition(":")
    key = f"note.{name}"
    words = texts(key) if texts.has(key) else name
    return f"{words} ({number})" if number else words


def paragraph(context: Context, head: str, body: str, *, style: str = "") -> None:
    """A sentence of the judge or of ours, wrapped to the terminal."""
    texts = context.texts
    line = Text()
    line.append(texts.isolate(head), style=style)
    line.append(body if body.startswith("\u2067") else texts.isolate(body), style="" if head else style)
    if texts.right_to_left:
        line.justify = "right"
    context.out.print(Padding(line, (0, 0, 0, 0 if head else 2)))
