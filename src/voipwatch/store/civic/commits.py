"""Transactions of several threads that share one commit: waiting for the disk is what a commit takes.

Whoever comes while another thread's commit is under way waits, and then goes into the next one together with
all who came meanwhile (group commit; PostgreSQL does it by itself). Nobody is answered before the commit that
holds his rows is done, and an operation that raises is undone alone.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Connection, Engine

from voipwatch.store.civic.opening import DatabaseError, writing

TOGETHER_MAX: Final = 64
Result = TypeVar("Result")


class _Waiting:
    """An operation, until it is done."""

    def __init__(self, operation: Callable[[Connection], Any]) -> None:
        self.operation = operation
        self.done = False
        self.result: object = None
        self.error: BaseException | None = None


class SharedCommits:
    """Runs operations on one engine. May be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._alone = engine.dialect.name != "sqlite"
        self._door = threading.Lock()
        self._turn = threading.Lock()
        self._line: list[_Waiting] = []

    def run(self, operation: Callable[[Connection], Result]) -> Result:
        """What the operation returns, once it is kept.

        It may be run twice, where another one in its transaction failed; the first run is undone then.

        Raises whatever the operation raises, and DatabaseError.
        """
        if self._alone:
            with writing(self._engine) as connection:
                return operation(connection)
        mine = _Waiting(operation)
        with self._door:
            self._line.append(mine)
        while not mine.done:
            with self._turn:
                if not mine.done:
                    with self._door:
                        batch, self._line = self._line[:TOGETHER_MAX], self._line[TOGETHER_MAX:]
                    self._commit(batch)
        if mine.error is not None:
            raise mine.error
        return cast("Result", mine.result)

    def _commit(self, batch: list[_Waiting]) -> None:
        """One transaction for all; where it fails, one for each."""
        try:
            with writing(self._engine) as connection:
                for each in batch:
                    each.result = each.operation(connection)
        except Exception as error:  # noqa: BLE001 -- any operation's own error: each is then run alone
            if len(batch) == 1:
                batch[0].error = error
            else:
                for each in batch:
                    self._commit([each])
        except BaseException:
            # The thread is being ended: nothing of this was kept, and who waits must not wait for ever.
            for each in batch:
                each.error = DatabaseError("unreachable", "interrupted")
                each.done = True
            raise
        for each in batch:
            each.done = True
