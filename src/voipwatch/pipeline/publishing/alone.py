"""One publish at a time: into one folder, and from one memory of what is out.

Two at once would tell a vote twice, or let an incident out that the other has just put under embargo. Locks
go with their process (flock), so that a power cut leaves none behind.
"""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

LOCK_FILE: Final = "lock"


class BusyError(Exception):
    """Somebody else publishes there."""

    def __init__(self, place: Path) -> None:
        super().__init__(str(place))
        self.place = place


@contextmanager
def alone(memory: Path, out: Path) -> Iterator[None]:
    """Keep others from publishing from `memory` or to `out` meanwhile.

    Raises:
        BusyError: another process does. It is not waited for: what it publishes would be out of date.
        OSError: the lock cannot be written.
    """
    with ExitStack() as held:
        for place, file in ((memory, memory / LOCK_FILE), (out, out.parent / f".{out.name}-{LOCK_FILE}")):
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = held.enter_context(file.open("a", encoding="utf-8"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BusyError(place) from None
        yield


def busy(memory: Path) -> bool:
    """Whether somebody publishes from `memory` right now. Cannot fail."""
    try:
        with (memory / LOCK_FILE).open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
