"""The demo's picture: line by app, what was found so far, and the sentences beneath it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
from rich.live import Live
from rich.table import Table
from rich.text import Text

from voipwatch.cli.context import Context
from voipwatch.cli.show import table, verdict_paragraph, verdict_text
from voipwatch.model.results import AppResult, Check

APPS: Final = ("whatsapp", "sip", "webrtc")
LINES: Final = {
    "clean": "clean",
    "morocco-3g-2016": "morocco-3g-2016",
    "wifi-blocked": "wifi-intermittence-on",
    "wifi-calm": "wifi-intermittence-off",
    "throttled": "throttled",
    "merely-bad": "merely-bad",
}
"""Line as the demo calls it -> world of the lab."""
MESSAGING: Final = frozenset({"tcp-5222", "tls-5222"})
"""What still works when messages pass: the messaging path's port, answered by the reflector itself."""


class LineResult(msgspec.Struct, frozen=True):
    """One line of the demo, measured and judged."""

    network: str
    """sim or kernel: where its packets went."""
    check: Check
    instead: str | None = None
    """Why not over the kernel, when that was tried."""


@dataclass
class Board:
    """What is known so far."""

    plan: dict[str, str]
    """Line -> kernel or sim."""
    done: dict[str, LineResult] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def messages_pass(check: Check) -> bool:
    """True when the messaging path was answered by the reflector in this check."""
    return any(MESSAGING & set(row.works) for row in check.results)


def board_table(context: Context, board: Board) -> Table:
    """Line by app: what was found so far."""
    texts = context.texts
    rows: list[list[Text | str]] = []
    for name in LINES:
        head = Text(texts(f"demo.line.{name}"))
        done = board.done.get(name)
        if done is None:
            word = board.problems.get(name, texts("demo.running"))
            rows.append([head, *[Text(word if n == 0 else "", style="dim") for n in range(len(APPS) + 1)]])
            continue
        head.append(f"\n{texts(f'demo.network.{done.network}')}", style="dim")
        by_app = {row.app: row for row in done.check.results}
        fine = messages_pass(done.check)
        messages = Text(
            texts("demo.messages.works" if fine else "demo.messages.fails"), style="green" if fine else "red"
        )
        rows.append([head, *[_cell(context, by_app[app]) for app in APPS], messages])
    columns = [texts("column.line"), *APPS, texts("column.messages")]
    return table(texts, columns, rows)


def _cell(context: Context, row: AppResult) -> Text:
    cell = verdict_text(context.texts, row.verdict)
    if row.mechanism:
        cell.append(f"\n{row.mechanism}", style="dim")
    return cell


@contextmanager
def live_board(context: Context, board: Board) -> Iterator[Callable[[str], None]]:
    """A function to call when a line is done; on a terminal the table fills as it does."""
    if not context.stderr.isatty():
        yield lambda _: None
        return
    with Live(board_table(context, board), console=context.err, transient=True, auto_refresh=False) as live:
        yield lambda _: live.update(board_table(context, board), refresh=True)


def show_board(context: Context, board: Board, seed: int, took_s: float) -> None:
    """All that was found, at the end."""
    context.out.print(board_table(context, board))
    for name, result in board.done.items():
        if result.instead is not None:
            context.tell("demo.instead", line=context.texts(f"demo.line.{name}"), reason=result.instead)
    context.tell("demo.why", style="bold")
    for names in _alike(board):
        heads = [context.texts(f"demo.line.{name}") for name in names]
        context.out.print(Text(" · ".join(heads), style="underline"))
        for row in board.done[names[0]].check.results:
            verdict_paragraph(context, row)
    for name, reason in board.problems.items():
        context.say("demo.failed", line=context.texts(f"demo.line.{name}"), reason=reason, style="red")
    context.tell(
        "demo.took", checks=len(board.done), apps=", ".join(APPS), seconds=f"{took_s:.0f}", seed=seed
    )


def _alike(board: Board) -> list[list[str]]:
    """Lines, those with the same sentences together: what is the same is said once."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in LINES:
        if name in board.done:
            sentences = tuple(row.explanation for row in board.done[name].check.results)
            groups.setdefault(sentences, []).append(name)
    return list(groups.values())
