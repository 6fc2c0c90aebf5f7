"""A check on a terminal: the table, then the reasons in sentences, then the reflectors."""

from collections.abc import Sequence
from typing import Final

from rich import box
from rich.console import JustifyMethod
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from voipwatch.cli.conclude import NO_PROFILE_RULE
from voipwatch.cli.context import Context
from voipwatch.cli.farend import note_text, say_far_ends, silent, unreached
from voipwatch.cli.language import Size, Texts
from voipwatch.model.measurement import OVERTIME
from voipwatch.model.results import AppResult, Check
from voipwatch.model.vocabulary import Stage, Verdict

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
    """One line an app: verdict, where, by what, which way, and how it would sound where voice got through."""
    names = ["app", "verdict", "stage", "mechanism", "direction"]
    voiced = any(_quality(texts, row) for row in check.results)
    through = any(row.via is not None for row in check.results)
    placed = any(row.place is not None for row in check.results)
    names += ["mos"] * voiced + ["place"] * placed + ["via"] * through
    columns = [texts(f"column.{name}") for name in names]
    rows: list[list[Text | str]] = [
        [
            row.app,
            verdict_text(texts, row.verdict),
            texts(f"stage.{row.stage.value}") if row.stage else "",
            row.mechanism or "",
            texts(f"direction.{row.direction.value}") if row.direction else "",
            *([_quality(texts, row)] if voiced else []),
            *([_hops(row)] if placed else []),
            *([verdict_text(texts, row.via.verdict) if row.via else ""] if through else []),
        ]
        for row in check.results
    ]
    return table(texts, columns, rows)


def _quality(texts: Texts, row: AppResult) -> str:
    """How the voice would sound each way; nothing where none got through, or nobody knows whether it did."""
    passed = {Verdict.OK, Verdict.THROTTLED}
    voice = next((stage.verdict for stage in row.stages if stage.stage is Stage.VOICE), row.verdict)
    up, down = row.quality.mos_up, row.quality.mos_down
    if voice not in passed or (up is None and down is None):
        return ""
    return " / ".join("–" if mos is None else texts.rating(mos) for mos in (up, down))


def _hops(row: AppResult) -> str:
    """The last hop that answers, and the first that does so for the control alone."""
    if row.place is None or row.place.after is None:
        return "?" if row.place is not None else ""
    return (
        f"> {row.place.after}" if row.place.outcome == "behind" else f"{row.place.after}–{row.place.before}"
    )


def show_check(context: Context, check: Check, *, hosts: Sequence[str] = (), emulated: bool = False) -> None:
    """Print a check for a person, on standard output.

    Args:
        context: the person's terminal and language.
        check: the judge's rows.
        hosts: the reflectors as the person typed them.
        emulated: True where the seconds are those of an emulated line's clock.
    """
    texts, out = context.texts, context.out
    if check.interrupted is not None:
        late = check.interrupted == OVERTIME
        context.tell("check.overtime" if late else "check.partial", style="bold yellow")
    out.print(check_table(texts, check))
    nothing = unreached(check) or silent(check)
    shared = _shared_notes(check)
    for row in check.results:
        if nothing and row.rule != NO_PROFILE_RULE:
            continue  # it is said once, of the reflector, and not again of every app
        verdict_paragraph(context, row)
        if row.place is not None:
            paragraph(context, row.place.explanation)
        if row.common is not None:
            paragraph(context, row.common.explanation)
        for note in row.notes:
            if note not in shared and note not in check.notes:
                paragraph(context, texts("check.note", note=note_text(texts, note)), style="dim")
        out.print()
    for note, apps in shared.items() if not nothing else ():
        words = texts("check.note_of", apps=", ".join(apps), note=note_text(texts, note))
        paragraph(context, words, style="dim")
    _show_through(context, check)
    _show_works(context, check)
    say_far_ends(context, check, hosts, say=lambda text, style: paragraph(context, text, style=style))
    if unreached(check):
        return
    key = "check.cost_emulated" if emulated else "check.cost"
    costs = [check.cost, *([check.via.cost] if check.via is not None else [])]
    spent = Size(sum(cost.bytes for cost in costs))
    context.tell(key, style="dim", size=spent, seconds=f"{sum(cost.seconds for cost in costs):.0f}")


def _show_through(context: Context, check: Check) -> None:
    """What a tunnel or proxy changed; a sentence about the whole run is said once."""
    for sentence in dict.fromkeys(row.via.explanation for row in check.results if row.via is not None):
        paragraph(context, sentence, style="bold")
    if check.via is not None:
        context.out.print()


def _shared_notes(check: Check) -> dict[str, list[str]]:
    """Notes on more than one app, and on which: each is told once. One on the whole check is told as that."""
    apps: dict[str, list[str]] = {}
    for row in check.results:
        for note in dict.fromkeys(row.notes):
            if note not in check.notes:
                apps.setdefault(note, []).append(row.app)
    return {note: names for note, names in apps.items() if len(names) > 1}


def _show_works(context: Context, check: Check) -> None:
    """What answered over TCP and TLS, unless the sentence of an app has said it."""
    from voipwatch.inference.explain import MESSAGES, listed_works  # noqa: PLC0415 -- slow, seldom needed

    works = dict.fromkeys(name for row in check.results for name in row.works if name != MESSAGES)
    names = listed_works(works, lang=context.texts.lang)
    if names and not any(names in row.explanation for row in check.results):
        paragraph(context, context.texts("check.works", names=names))


def verdict_paragraph(context: Context, row: AppResult) -> None:
    """What is said of one app: its name, the verdict's word in its colour, the sentence in none."""
    texts = context.texts
    word = texts(f"verdict.{row.verdict.value}")
    line = Text(texts.isolate(f"{row.app}: {word}. {row.explanation}"))
    start = line.plain.index(word, len(row.app))
    line.stylize(STYLES[row.verdict], start, start + len(word))
    _print(context, line, indent=0)


def paragraph(context: Context, body: str, *, style: str = "") -> None:
    """A sentence of ours, indented and wrapped to the terminal."""
    text = body if body.startswith("\u2067") else context.texts.isolate(body)
    _print(context, Text(text, style=style), indent=2)


def _print(context: Context, line: Text, *, indent: int) -> None:
    if context.texts.right_to_left:
        line.justify = "right"
    context.out.print(Padding(line, (0, 0, 0, indent)))
