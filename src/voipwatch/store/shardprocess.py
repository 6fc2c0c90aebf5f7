"""Shards in processes of their own, and one store that makes the cells of all: the shell of `shards`.

The embedded engine opens one store in a process. A process ends with its `Shard`, or when its pipe does.
"""

import multiprocessing
import signal
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Final, Self

from voipwatch.store import refresh
from voipwatch.store.errors import StoreError
from voipwatch.store.opening import open_store
from voipwatch.store.rows import SegmentTables
from voipwatch.store.segments import Inserted
from voipwatch.store.store import Store

ASKED: Final = frozenset({"drop_raw_before", "insert_segment", "raw_from", "vote_hours", "voices"})
"""Methods of a store that its process runs for another."""
END_S: Final = 30.0
"""A store is closed within it, or its process is killed: what was acknowledged is on disk."""


class Shard:
    """A store that another process has open. Close it, or use it as a context."""

    def __init__(self, url: str, *, create: bool = False, threads: int | None = None) -> None:
        """Start the process; arguments are those of `open_store`, whose error is every answer."""
        self.url = url
        spawning = multiprocessing.get_context("spawn")  # a fork would copy an engine's threads' locks
        self._pipe, theirs = spawning.Pipe()
        self._process = spawning.Process(
            target=_serve, args=(theirs, url, create, threads), name="voipwatch-shard", daemon=True
        )
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process.pid is not None
        return self._process.pid

    def ask(self, method: str, *arguments: object) -> None:
        """Have the process call one of `ASKED`; `answer` waits for it. Raises StoreError."""
        try:
            self._pipe.send((method, arguments))
        except OSError:
            raise self._gone() from None

    def answer(self) -> Any:  # noqa: ANN401 -- of whichever method was asked
        """What the method returned, in the order of the questions. Raises StoreError."""
        try:
            said, value = self._pipe.recv()
        except (OSError, EOFError):
            raise self._gone() from None
        if not said:
            raise StoreError(*value)
        return value

    def insert_segment(self, segment: str, rows: SegmentTables) -> Inserted:
        """As `Store.insert_segment`."""
        self.ask("insert_segment", segment, rows)
        inserted: Inserted = self.answer()
        return inserted

    def close(self) -> None:
        """End the process, and wait for it. A second call does nothing."""
        self._pipe.close()
        self._process.join(END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _gone(self) -> StoreError:
        return StoreError("unreachable", f"the process of the shard {self.url} ended")


def refresh_from_shards(store: Store, shards: Sequence[Shard], hours: Sequence[int] | None = None) -> int:
    """Make cells in `store` of the votes on all `shards`; returns how many.

    Equal to one store's refresh of all their votes, however these are spread. All shards answer for a
    stretch of hours before anything of it is written: without one of them its cells stay as they were.

    Args:
        store: writable; its own votes count for nothing here.
        shards: every one that may hold votes of these hours.
        hours: Unix seconds; None takes all that have votes. Hours whose votes a shard has forgotten are left
            as they are, as `Store.refresh_cells` does.

    Raises:
        StoreError: of the store or of a shard.
    """
    wanted = (
        set(hours) if hours is not None else {hour for some in _all(shards, "vote_hours") for hour in some}
    )
    floor = max([store.raw_from(), *_all(shards, "raw_from")])
    kept = sorted(hour for hour in wanted if hour >= floor)
    made = 0
    for of_hours in refresh.stretches(kept):
        some = of_hours["hours"]
        made += store.merge_voices(some, _all(shards, "voices", some))
    return made


def _all(shards: Sequence[Shard], method: str, *arguments: object) -> list[Any]:
    """Every shard's answer; they work at the same time."""
    answers: list[Any] = []
    failures: list[StoreError] = []
    asked = []
    for shard in shards:
        try:
            shard.ask(method, *arguments)
            asked.append(shard)
        except StoreError as error:
            failures.append(error)
    for shard in asked:
        # To the last, also after a failure: an answer left in a pipe would be taken for the next one.
        try:
            answers.append(shard.answer())
        except StoreError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return answers


def _serve(pipe: Connection, url: str, create: bool, threads: int | None) -> None:
    # Ctrl-C reaches the whole group; the asker decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        store = open_store(url, create=create, who="voipwatch shard", threads=threads)
    except StoreError as error:
        _refuse(pipe, error)
        return
    with store:
        while (asked := _next(pipe)) is not None:
            method, arguments = asked
            assert method in ASKED, method
            try:
                value = getattr(store, method)(*arguments)
            except StoreError as error:
                pipe.send((False, (error.reason, error.detail)))
            else:
                pipe.send((True, value))


def _refuse(pipe: Connection, error: StoreError) -> None:
    while _next(pipe) is not None:
        pipe.send((False, (error.reason, error.detail)))


def _next(pipe: Connection) -> tuple[str, tuple[Any, ...]] | None:
    try:
        asked: tuple[str, tuple[Any, ...]] = pipe.recv()
    except (EOFError, ConnectionError):
        return None
    return asked
