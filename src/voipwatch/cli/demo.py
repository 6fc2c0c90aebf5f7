"""`voipwatch demo`: the main job in under a minute.

Six checks of three apps, each through an emulated operator whose truth is known, each judged from its
own packets like any other. Nothing is canned: another seed gives other packets.
"""

import os
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.live import Live
from rich.table import Table
from rich.text import Text

from voipwatch.cli.conclude import conclude
from voipwatch.cli.context import Context
from voipwatch.cli.errors import CLEAR, OUR_FAULT, Misuse, Trouble
from voipwatch.cli.language import texts as texts_of
from voipwatch.cli.machinery import judge, kernel_problem, measure_world
from voipwatch.cli.show import STYLES, paragraph, table, verdict_text
from voipwatch.cli.values import parse_count, shown
from voipwatch.lab.worlds import load_worlds
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
NETWORKS: Final = ("auto", "kernel", "sim")
MESSAGING: Final = frozenset({"tcp-5222", "tls-5222"})
"""What still works when messages pass: the messaging path's port, answered by the reflector itself."""
SEED_MAX: Final = 2**31


@dataclass
class _Board:
    """What is known so far."""

    network: str
    checks: dict[str, Check] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def demo(
    *,
    context: Annotated[Context, Parameter(parse=False)],
    network: Annotated[str, Parameter(metavar="auto|kernel|sim")] = "auto",
    seed: Annotated[int | None, Parameter(metavar="N")] = None,
    json: bool = False,
) -> int:
    """Measure all lines, then show the table and the sentences; 0 unless a line could not be measured."""
    if network not in NETWORKS:
        raise Misuse("error.network", value=shown(network), known=", ".join(NETWORKS))
    drawn = (
        secrets.randbelow(SEED_MAX)
        if seed is None
        else parse_count(seed, option="--seed", low=0, high=SEED_MAX)
    )
    problem = kernel_problem() if network != "sim" else "--network sim"
    if network == "kernel" and problem is not None:
        raise Trouble("error.kernel", reason=problem)
    board = _Board("kernel" if problem is None else "sim")
    if not json:
        context.tell("demo.title", style="bold")
        if problem is None:
            context.tell("demo.kernel")
        else:
            context.tell("demo.user_space", reason=problem)
    started = time.monotonic()
    with _live(context, board) as refresh:
        for name in _measure_all(board, drawn, context.texts.lang):
            refresh(name)
    took_s = time.monotonic() - started
    if json:
        context.print_json(_json(board, drawn, took_s))
    else:
        _show(context, board, drawn, took_s)
    return OUR_FAULT if board.problems else CLEAR


def _measure_all(board: _Board, seed: int, lang: str) -> Iterator[str]:
    """Run every line in its own process, and yield its name when it is done."""
    # Kernel checks last as long as a call does and leave the processor idle; simulated ones fill a core.
    workers = len(LINES) if board.network == "kernel" else min(len(LINES), os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: dict[Future[bytes], str] = {
            pool.submit(measure_line, name, seed + number, board.network, lang): name
            for number, name in enumerate(LINES)
        }
        for done in as_completed(running):
            name = running[done]
            try:
                board.checks[name] = msgspec.json.decode(done.result(), type=Check)
            except (OSError, RuntimeError, ValueError, ArithmeticError, LookupError, TypeError) as error:
                board.problems[name] = shown(f"{type(error).__name__}: {error}", longest=160)
            yield name


def measure_line(name: str, seed: int, network: str, lang: str) -> bytes:
    """One line of the demo, measured and judged: `voipwatch.check/1` as JSON, to cross processes."""
    world = load_worlds().get(LINES[name])
    measurement = measure_world(world, APPS, seed=seed, network=network)
    return msgspec.json.encode(conclude(measurement, judge, texts_of(lang)))


def messages_pass(check: Check) -> bool:
    """True when the messaging path was answered by the reflector in this check."""
    return any(MESSAGING & set(row.works) for row in check.results)


def board_table(context: Context, board: _Board) -> Table:
    """Line by app: what was found so far."""
    texts = context.texts
    rows: list[list[Text | str]] = []
    for name in LINES:
        head = texts(f"demo.line.{name}")
        check = board.checks.get(name)
        if check is None:
            word = board.problems.get(name, texts("demo.running"))
            rows.append([head, *[Text(word if n == 0 else "", style="dim") for n in range(len(APPS) + 1)]])
            continue
        by_app = {row.app: row for row in check.results}
        cells = [_cell(context, by_app[app]) for app in APPS]
        fine = messages_pass(check)
        messages = Text(
            texts("demo.messages.works" if fine else "demo.messages.fails"), style="green" if fine else "red"
        )
        rows.append([head, *cells, messages])
    columns = [texts("column.line"), *APPS, texts("column.messages")]
    return table(texts, columns, rows)


def _cell(context: Context, row: AppResult) -> Text:
    cell = verdict_text(context.texts, row.verdict)
    if row.mechanism:
        cell.append(f"\n{row.mechanism}", style="dim")
    return cell


@contextmanager
def _live(context: Context, board: _Board) -> Iterator[Callable[[str], None]]:
    """A function to call when a line is done; on a terminal the table fills as it does."""
    if not context.stderr.isatty():
        yield lambda _: None
        return
    with Live(board_table(context, board), console=context.err, transient=True, auto_refresh=False) as live:
        yield lambda _: live.update(board_table(context, board), refresh=True)


def _show(context: Context, board: _Board, seed: int, took_s: float) -> None:
    context.out.print(board_table(context, board))
    context.tell("demo.why", style="bold")
    for names in _alike(board):
        heads = [context.texts(f"demo.line.{name}") for name in names]
        context.out.print(Text(" · ".join(heads), style="underline"))
        for row in board.checks[names[0]].results:
            paragraph(context, f"{row.app}: ", row.explanation, style=STYLES[row.verdict])
    for name, reason in board.problems.items():
        line = context.texts(f"demo.line.{name}")
        context.say("demo.failed", line=line, reason=reason, style="red")
    context.tell(
        "demo.took", checks=len(board.checks), apps=", ".join(APPS), seconds=f"{took_s:.0f}", seed=seed
    )
    context.tell("demo.next")


def _alike(board: _Board) -> list[list[str]]:
    """Lines, those with the same sentences together: what is the same is said once."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in LINES:
        if name in board.checks:
            sentences = tuple(row.explanation for row in board.checks[name].results)
            groups.setdefault(sentences, []).append(name)
    return list(groups.values())


def _json(board: _Board, seed: int, took_s: float) -> bytes:
    document = {
        "schema": "voipwatch.demo/1",
        "network": board.network,
        "seed": seed,
        "seconds": round(took_s, 1),
        "lines": [
            {
                "line": name,
                "world": LINES[name],
                "messages_pass": messages_pass(board.checks[name]) if name in board.checks else None,
                "problem": board.problems.get(name),
                "check": msgspec.to_builtins(board.checks[name]) if name in board.checks else None,
            }
            for name in LINES
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
