"""A bar for work on a file: how much of it was read, and when it will be done; nothing without a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from voipwatch.cli.context import Context

Step = Callable[[int], None]
"""Called with the bytes done so far."""


@contextmanager
def shown_work(context: Context, key: str, total_bytes: int) -> Iterator[Step]:
    """A function to call with the bytes done; the bar, named by the text `key`, vanishes at the end."""
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
