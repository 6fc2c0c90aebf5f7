"""Answers that an engine's only writer may keep: the truth as long as it writes nothing.

Of a query of a small table nearly all is planning, so that asking it with every series costs a quarter of the
series. Only for an engine that nobody else can write to: the embedded one, whose lock this process holds. A
server's tables change behind our back, and its readers are told what they hold at each question.
"""

from typing import Final

import pyarrow as pa

from voipwatch.store.engine import Engine, Parameters
from voipwatch.store.series import ARRIVALS

KEPT: Final = frozenset({ARRIVALS})
"""Questions without parameters, whose answers are small."""


class Cached:
    """An engine that answers `KEPT` from memory until the next statement that writes, whatever it writes.

    Visitors at the door ask the same text of the same object: their answer is as new as its owner's.
    """

    writable = True
    cluster = ""

    def __init__(self, engine: Engine) -> None:
        """`engine`: written through this object only."""
        self._engine = engine
        self._writes = 0
        self._answers: dict[str, tuple[int, pa.Table]] = {}

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `Engine.select`."""
        if parameters or sql not in KEPT:
            return self._engine.select(sql, parameters)
        at, answer = self._answers.get(sql, (-1, None))
        # One look at the count before asking: an answer that a write overtook is given, and not kept.
        now = self._writes
        if at != now:
            answer = self._engine.select(sql)
            self._answers[sql] = (now, answer)
        return answer

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """As `Engine.command`."""
        self._writes += 1
        try:
            self._engine.command(sql, parameters)
        finally:
            self._writes += 1

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        """As `Engine.insert`."""
        self._writes += 1
        try:
            self._engine.insert(table, rows, token)
        finally:
            self._writes += 1

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """As `Engine.export_native`."""
        return self._engine.export_native(sql, parameters)

    def insert_native(self, table: str, blocks: bytes) -> None:
        """As `Engine.insert_native`."""
        self._writes += 1
        try:
            self._engine.insert_native(table, blocks)
        finally:
            self._writes += 1

    def close(self) -> None:
        """As `Engine.close`."""
        self._engine.close()
