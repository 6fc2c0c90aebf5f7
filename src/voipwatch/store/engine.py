"""The engine behind a store: ClickHouse in the process (chDB) or a server; one client, one SQL."""

import contextlib
import re
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import pyarrow as pa

from voipwatch.store.errors import StoreError

FINAL_BY_KEY: Final = {"optimize_move_to_prewhere_if_final": 1}
"""Conditions on the sorting key are applied before versions are merged: a key's rows all meet them."""
READING: Final = FINAL_BY_KEY | {"output_format_arrow_low_cardinality_as_dictionary": 1}
WRITING: Final = FINAL_BY_KEY | {
    "async_insert": 0,
    "insert_deduplicate": 1,
    "mutations_sync": 2,
    "alter_sync": 2,
}
"""An insert or a deletion is done when its statement returns."""
CHUNK_ROWS: Final = 500_000
"""Rows of one insert: below the engine's own block (1,048,449), so that one insert is one block."""
SCRATCH: Final = "scratch"
"""Beside the embedded engine's folder: what its driver writes between two of its steps."""
CONNECT_TIMEOUT_S: Final = 5
ANSWER_TIMEOUT_S: Final = 300

_NO_ROOM: Final = re.compile(r"NOT_ENOUGH_SPACE|No space left|File too large|errno: (?:27|28)\b|CANNOT_WRITE")
_DAMAGE: Final = re.compile(
    r"CANNOT_READ_ALL_DATA|CORRUPTED_DATA|CHECKSUM_DOESNT_MATCH|TOO_MANY_UNEXPECTED_DATA_PARTS|"
    r"UNKNOWN_FORMAT_VERSION|BAD_DATA_PART_NAME|NO_FILE_IN_DATA_PART|EmbeddedServer"
)
_NOT_LET_IN: Final = re.compile(r"AUTHENTICATION_FAILED|ACCESS_DENIED|REQUIRED_PASSWORD|QUOTA_EXCEEDED")

Parameters = Mapping[str, Any]


class Engine(Protocol):
    """Who runs the SQL. Every method raises StoreError, and nothing else that a person could cause."""

    writable: bool
    cluster: str
    """Whose shards hold the tables; empty: this process or server does."""

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a reading query, as Arrow; strings of few values come as dictionaries."""

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Run a statement that answers nothing."""

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        """Append rows. A second insert under the same token within the window changes nothing."""

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """The rows of a reading query as the engine's own Native blocks: what Arrow has no type for, too."""

    def insert_native(self, table: str, blocks: bytes) -> None:
        """Append rows that `export_native` gave."""

    def close(self) -> None:
        """Let go; the engine is not used afterwards."""


class ClickHouse:
    """An engine through `clickhouse-connect`: `chdb://` in the process, or http(s).

    One client writes, one reads; a lock each, since a chDB handle runs one statement at a time.
    """

    writable = True
    cluster = ""

    def __init__(
        self,
        place: str | Path,
        *,
        database: str,
        threads: int | None = None,
    ) -> None:
        """Connect; `place` is a server's URL, or the folder of an embedded engine."""
        embedded = isinstance(place, Path)
        connect = _driver(embedded=embedded)
        self._scratch = place.parent / SCRATCH if isinstance(place, Path) else None
        if self._scratch is not None:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        where: dict[str, Any] = (
            {"interface": "chdb", "path": str(place)}
            if embedded
            else {
                "dsn": place,
                "connect_timeout": CONNECT_TIMEOUT_S,
                "send_receive_timeout": ANSWER_TIMEOUT_S,
                "dedicated_pool": True,  # its connections end with it; those of the shared pool stay open
            }
        )
        self._locks = threading.Lock(), threading.Lock()
        settings: dict[str, Any] = {} if threads is None else {"max_threads": threads}
        self._closed = False
        with _told():
            first = connect(**where)
            try:
                settings |= self._prepare(first, database)
            finally:
                first.close()
            self._writer = connect(**where, database=database, settings=settings | WRITING)
            # Settings last: once it only reads, a handle takes no other.
            self._reader = connect(**where, database=database, settings=settings | READING | {"readonly": 2})

    def _prepare(self, first: Any, database: str) -> dict[str, Any]:  # noqa: ANN401 -- the library's client
        """Make the database; returns settings of both handles."""
        first.command(f"CREATE DATABASE IF NOT EXISTS {database}")
        return {}

    def select(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """As `Engine.select`; the handle cannot write."""
        with self._locks[1], _told():
            table: pa.Table = self._reader.query_arrow(sql, parameters=dict(parameters or {}))
            return table

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """As `Engine.command`."""
        with self._locks[0], _told():
            self._writer.command(sql, parameters=dict(parameters or {}))

    def insert(self, table: str, rows: pa.Table, token: str = "") -> None:
        """As `Engine.insert`; at most `CHUNK_ROWS` rows are one block of the engine."""
        if rows.num_rows == 0:
            return
        settings = {"insert_deduplication_token": token} if token else {}
        with self._locks[0], _told(), self._scratched():
            self._writer.insert_arrow(table, rows.combine_chunks(), settings=settings)

    def export_native(self, sql: str, parameters: Parameters | None = None) -> bytes:
        """As `Engine.export_native`."""
        with self._locks[1], _told():
            blocks: bytes = self._reader.raw_query(sql, parameters=dict(parameters or {}), fmt="Native")
            return blocks

    def insert_native(self, table: str, blocks: bytes) -> None:
        """As `Engine.insert_native`."""
        with self._locks[0], _told(), self._scratched():
            self._writer.raw_insert(table, insert_block=blocks, fmt="Native")

    def close(self) -> None:
        """Close both handles."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            self._reader.close()

    @contextlib.contextmanager
    def _scratched(self) -> Iterator[None]:
        # The embedded driver hands rows over in a temporary file. In the store's own folder a kill leaves
        # nothing
        # elsewhere, and the next opening removes it.
        if self._scratch is None:
            yield
            return
        before, tempfile.tempdir = tempfile.tempdir, str(self._scratch)
        try:
            yield
        finally:
            tempfile.tempdir = before


def _driver(*, embedded: bool) -> Any:  # noqa: ANN401 -- the library's factory has no narrower type
    try:
        import clickhouse_connect  # noqa: PLC0415 -- an extra: this says which one is missing

        if embedded:
            import chdb  # noqa: F401, PLC0415 -- the same
    except ImportError as error:
        name = {"chdb": "chdb-core-lite", "clickhouse_connect": "clickhouse-connect"}
        raise StoreError("missing-engine", name.get(error.name or "", error.name or "")) from None
    return clickhouse_connect.get_client


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Every error of driver and engine as a StoreError with the engine's first line."""
    from clickhouse_connect.driver import exceptions  # noqa: PLC0415 -- an extra

    try:
        yield
    except exceptions.Error as error:
        raise StoreError(*_reason(error)) from error
    except pa.ArrowInvalid as error:
        raise StoreError("query", "its answer is not one table") from error
    except OSError as error:
        # Arrow raises OSError without a number for bytes that it cannot read.
        reason = "full" if error.errno in {27, 28} else "unreachable" if error.errno else "query"
        raise StoreError(reason, str(error)) from error


def _reason(error: Exception) -> tuple[str, str]:
    text = " ".join(str(error).split())
    said = re.sub(r"^.*?DB::Exception: ", "", text)[:300]
    if _NO_ROOM.search(text):
        return "full", said
    if _DAMAGE.search(text):
        return "damaged", said
    if "READONLY" in text:
        return "read-only", said
    if _NOT_LET_IN.search(text):
        return "refused", said
    if type(error).__name__ == "OperationalError":
        return "unreachable", said
    return "query", said


def scalar(engine: Engine, sql: str, parameters: Parameters | None = None) -> Any:  # noqa: ANN401 -- of any column
    """The one value of a query that answers with one row and column."""
    return engine.select(sql, parameters).column(0)[0].as_py()


def chunks(rows: pa.Table) -> Sequence[pa.Table]:
    """`rows` in pieces of at most `CHUNK_ROWS`, always cut the same way."""
    return [rows.slice(start, CHUNK_ROWS) for start in range(0, rows.num_rows, CHUNK_ROWS)]
