"""Live progress of a check on standard error: one bar an app, nothing at all without a terminal.

News of an app is rare. Between two of them its bar creeps on with time, slower and slower, so that it
shows that something goes on and never claims to be at the end.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.progress import BarColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.progress_bar import ProgressBar

from voipwatch.cli.context import Context
from voipwatch.experiment.events import Progress
from voipwatch.model.vocabulary import LINE

PACE_S: Final = 12.0
"""An app takes about this long from one piece of news to the next: its held flows last 10 s."""
PACE_LINE_S: Final = 2.0
"""The warm-up lasts 2 s (`model.ruleset.WARMUP_S`)."""
CREPT_MAX: Final = 0.97
"""Where a bar that only creeps would end: the rest is for news."""


def crept(ratio: float, since_s: float, pace_s: float) -> float:
    """Where a bar stands `since_s` after it was told `ratio`; from `ratio` to `CREPT_MAX`, never back."""
    left = max(0.0, CREPT_MAX - ratio)
    return ratio + left * (1.0 - math.exp(-max(0.0, since_s) / pace_s))


class _Creeping(BarColumn):
    """A bar that moves with time, from the moment at which its task was first told of."""

    def render(self, task: Task) -> ProgressBar:
        return ProgressBar(total=1.0, completed=_now_at(task), width=self.bar_width)


def _now_at(task: Task) -> float:
    told_at: float | None = task.fields["told_at"]
    if told_at is None or task.completed >= 1.0:
        return task.completed
    return crept(task.completed, task.get_time() - told_at, task.fields["pace_s"])


@contextmanager
def shown_progress(
    context: Context, apps: tuple[str, ...], *, clock: Callable[[], float] | None = None
) -> Iterator[Callable[[Progress], None]]:
    """A function to call with each `Progress`; the bars vanish when the check is over.

    Args:
        context: the person's terminal and language.
        apps: one bar each, after that of the line.
        clock: seconds; None for the monotonic clock.
    """
    if not context.stderr.isatty():
        yield lambda _: None
        return
    texts = context.texts
    bars = Bars(
        TextColumn("{task.description}"),
        _Creeping(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        console=context.err,
        transient=True,
        get_time=clock,
    )
    tasks: dict[str, TaskID] = {
        app: bars.add_task(
            texts("check.line") if app == LINE else app,
            total=1.0,
            stage="",
            told_at=None,
            pace_s=PACE_LINE_S if app == LINE else PACE_S,
        )
        for app in (LINE, *apps)
    }

    def step(progress: Progress) -> None:
        over = progress.app == "" and progress.done_ratio >= 1.0
        for app in tasks if over else [progress.app]:
            if app in tasks:
                tell(app, "done" if over else progress.stage, progress.done_ratio)

    def tell(app: str, stage: str, ratio: float) -> None:
        task = bars.tasks[tasks[app]]
        # A bar that has crept beyond the news stays where it is: only what is done may be at the end.
        reached = 1.0 if ratio >= 1.0 else max(ratio, _now_at(task))
        key = f"progress.{stage}"
        words = texts(key) if texts.has(key) else ""
        bars.update(tasks[app], completed=reached, stage=words, told_at=bars.get_time())

    with bars:
        yield step
