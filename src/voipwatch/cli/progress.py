"""Live progress of a check on standard error: one bar an app, nothing at all without a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from voipwatch.cli.context import Context
from voipwatch.experiment.events import Progress
from voipwatch.model.vocabulary import LINE


@contextmanager
def shown_progress(context: Context, apps: tuple[str, ...]) -> Iterator[Callable[[Progress], None]]:
    """A function to call with each `Progress`; the bars vanish when the check is over."""
    if not context.stderr.isatty():
        yield lambda _: None
        return
    texts = context.texts
    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[stage]}"),
        TimeElapsedColumn(),
        console=context.err,
        transient=True,
    )
    tasks: dict[str, TaskID] = {
        app: bars.add_task(texts("check.line") if app == LINE else app, total=1.0, stage="")
        for app in (LINE, *apps)
    }

    def step(progress: Progress) -> None:
        if progress.app not in tasks:
            return
        key = f"stage.{progress.stage}"
        stage = texts(key) if texts.has(key) else progress.stage
        bars.update(tasks[progress.app], completed=min(1.0, max(0.0, progress.done_ratio)), stage=stage)

    with bars:
        yield step
