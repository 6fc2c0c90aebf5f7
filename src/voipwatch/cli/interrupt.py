"""Ctrl-C while worker processes are busy."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from voipwatch.cli.errors import INTERRUPTED


@contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """Ctrl-C ends worker processes too, at once and without a word, instead of waiting for all their work."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    owner = os.getpid()

    def end(_number: int, _frame: FrameType | None) -> None:
        if os.getpid() != owner:  # a worker, which got the handler with the rest of us
            os._exit(INTERRUPTED)
        for child in multiprocessing.active_children():
            child.terminate()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
