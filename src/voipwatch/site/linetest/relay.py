"""coturn kept running, and the word for all processes of a site whether it runs.

coturn may die (out of memory, an operator's hand): from that moment nobody is offered it, tests that were
under way say that their relay stopped, and it is started again, soon and then ever more seldom.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Final, Self

from voipwatch.site.linetest.turn import TurnError, TurnServer

WAIT_FIRST_S: Final = 1.0
WAIT_MOST_S: Final = 60.0
LIVED_S: Final = 60.0
"""Having run for so long it is begun anew with the shortest wait: it did not die of its start."""


class RelayWord:
    """A file that says which coturn runs: its number since the site began. Without the file none does."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def which(self) -> str:
        """The number of the one that runs; empty: none does."""
        try:
            return self._file.read_text("ascii")
        except OSError:
            return ""

    def runs(self, number: int) -> None:
        """Says it, at once or not at all."""
        beside = self._file.with_suffix(".new")
        beside.write_text(str(number), "ascii")
        beside.replace(self._file)

    def stopped(self) -> None:
        """Says it."""
        with suppress(FileNotFoundError):
            self._file.unlink()


class KeptRelay:
    """coturn from `with` to its end, started again whenever it dies.

    Args:
        server: not started yet.
        word: kept true; an OSError at a start leaves it at "none".
        say: told in one line of a death and of what follows.
        wait_first_s: before the first new start; each one more waits twice as long, up to a minute.
    """

    def __init__(
        self,
        server: TurnServer,
        word: RelayWord,
        say: Callable[[str], Any],
        *,
        wait_first_s: float = WAIT_FIRST_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._server = server
        self._word = word
        self._say = say
        self._wait_first_s = wait_first_s
        self._clock = clock
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._started_s = 0.0
        self._number = 0
        self._thread = threading.Thread(target=self._mind, name="relay", daemon=True)

    def __enter__(self) -> Self:
        """Starts it. Raises TurnError, where nothing is kept running."""
        self._start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._word.stopped()
        with self._lock:  # not in the middle of a start
            self._server.close()
        self._thread.join()

    def _start(self) -> None:
        self._server.__enter__()
        self._started_s = self._clock()
        self._number += 1
        with suppress(OSError):
            self._word.runs(self._number)

    def _mind(self) -> None:
        wait_s = self._wait_first_s
        while True:
            status = self._server.wait()
            self._word.stopped()
            if self._stopping.is_set():
                return
            if self._clock() - self._started_s > LIVED_S:
                wait_s = self._wait_first_s
            self._say(f"the line test's relay stopped ({_told(status)}); it is started again")
            again_s = self._again(wait_s)
            if again_s is None:
                return
            wait_s = again_s

    def _again(self, wait_s: float) -> float | None:
        """Tries until it runs; the wait before the next new start. None: there is to be none any more."""
        problem = ""
        while not self._stopping.wait(wait_s):
            wait_s = min(2 * wait_s, WAIT_MOST_S)
            with self._lock:
                if self._stopping.is_set():
                    return None
                self._server.close()  # what the dead one left
                try:
                    self._start()
                except (TurnError, OSError) as error:
                    if str(error) != problem:  # once, not every minute of a night
                        problem = str(error)
                        self._say(
                            f"the line test's relay cannot be started: {problem}; tried again and again"
                        )
                    continue
            self._say("the line test's relay runs again")
            return wait_s
        return None


def _told(status: int) -> str:
    return f"by signal {-status}" if status < 0 else f"with status {status}"
