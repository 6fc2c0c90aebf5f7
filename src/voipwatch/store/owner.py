"""One process owns an embedded store: a lock that dies with it, and who holds it in words."""

import fcntl
import os
from pathlib import Path
from typing import Final

from voipwatch.store.errors import StoreError

LOCK: Final = "owner.lock"


class Ownership:
    """The lock on a store's folder; held until `release` or the end of the process, however it ends."""

    def __init__(self, folder: Path, *, who: str) -> None:
        """Take it. `who` is told to others (`voipwatch serve`). Raises StoreError `locked`."""
        self._file = (folder / LOCK).open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise StoreError("locked", holder(folder)) from None
        self._file.truncate(0)
        self._file.write(f"{who}, pid {os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files of one name."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()


def holder(folder: Path) -> str:
    """Who holds a folder's lock, as it wrote there: `voipwatch serve, pid 4711`."""
    try:
        return (folder / LOCK).read_text("utf-8").strip() or "which did not say its name"
    except OSError:
        return "which did not say its name"
