"""What a terminal shows of work that takes its time; nothing where there is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from voipwatch.cli.context import Context

Step = Callable[[int], None]
"""Called with the bytes done so far."""


@contextmanager
def shown_wait(context: Context, key: str) -> Iterator[None]:
    """The seconds so far, named by the text `key`, of work that cannot say how much of it is done."""
    if not context.stderr.isatty():
        yield
        return
    clock = Progress(
        TextColumn("{task.description}"), TimeElapsedColumn(), console=context.err, transient=True
    )
    clock.add_task(context.texts(key), total=None)
    with clock:
        yield


@contextmanager
def shown_work(context: Context, key: str, total_bytes: int) -> Iterator[Step]:
    """A bar of how much of a file was read: a function to call with the bytes done so far.

    The bar is named by the text `key`, and vanishes at the end.
    """
    if not context.stderr.isatty():
        yield lambda _: None
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeRemainingColumn(),
        console=context.err,
        transient=True,
    )
    task = bar.add_task(context.texts(key), total=max(total_bytes, 1))
    with bar:
        yield lambda done_bytes: bar.update(task, completed=min(done_bytes, total_bytes))
