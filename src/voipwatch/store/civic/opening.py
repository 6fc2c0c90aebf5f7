"""The engine of the civic tools' database, and its two kinds of transaction.

SQLite as it must be for what may not be lost: WAL, `synchronous=FULL` (a confirmed commit survives a power
cut), foreign keys, `secure_delete` (what is deleted is overwritten: an address is), and every writing
transaction taken with BEGIN IMMEDIATE, so that two writers wait and do not fail. PostgreSQL by URL:
`postgresql+psycopg://...`.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

BUSY_MS: Final = 30_000
"""How long a writer waits for another process's."""
_WRITES: Final = "voipwatch_writes"
Word = TypeVar("Word", bound=StrEnum)
_ONE_WRITER: Final = threading.Lock()
"""Threads of one process queue here: SQLite's own waiting is by sleeping, and unfair."""


class DatabaseError(Exception):
    """The database cannot be used."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        """`url`, `unreachable`, `newer`, `secrets`, `damaged` (a row that nobody can read)."""
        self.detail = detail
        """Never holds a password."""


def open_database(url: str) -> Engine:
    """The engine; nothing is asked of the database yet, but a file of SQLite is there then (mode 0600).

    Args:
        url: `sqlite:////path/to/file` or `postgresql+psycopg://user:password@host/name`.

    Raises:
        DatabaseError: `url` for anything else, `unreachable` where the file cannot be made.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseError("url", "no database URL") from None
    if parsed.drivername == "postgresql+psycopg":
        return create_engine(parsed, pool_pre_ping=True)
    if parsed.drivername != "sqlite" or not parsed.database or parsed.query:
        raise DatabaseError("url", f"{parsed.drivername}: sqlite:///FILE or postgresql+psycopg://...")
    file = Path(parsed.database)
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise DatabaseError("unreachable", error.strerror or str(error)) from error
    engine = create_engine(parsed, connect_args={"timeout": BUSY_MS / 1000})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One consistent look. Raises DatabaseError where the database cannot be reached."""
    with _reached(), engine.connect() as connection, connection.begin():
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction: all of it is kept at the end of the block, or none where it raises.

    Raises DatabaseError where the database cannot be reached.
    """
    if engine.dialect.name != "sqlite":
        with _reached(), engine.begin() as connection:
            yield connection
        return
    with _ONE_WRITER, _reached(), engine.connect() as plain:
        connection = plain.execution_options(**{_WRITES: True})
        with connection.begin():
            yield connection


def known_word(words: type[Word], text: str) -> Word:
    """The word that a column holds. Raises DatabaseError, `damaged`, for one that this release does not
    know.
    """
    try:
        return words(text)
    except ValueError:
        raise DatabaseError("damaged", f"{words.__name__.lower()} {text[:40]!r}") from None


def forget_deleted(engine: Engine) -> None:
    """SQLite: fold the write-ahead log in and empty it, so that what was deleted stands nowhere any more.

    PostgreSQL overwrites deleted rows when it vacuums; that is its own business (docs/petition.md).
    """
    if engine.dialect.name == "sqlite":
        with _reached(), engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:  # the second where a PRAGMA is run by the driver itself
        # The driver's words, never the statement's values: an address may be among them.
        detail = type(getattr(error, "orig", None) or error).__name__
        raise DatabaseError("unreachable", detail) from error


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver opens no transaction of its own: `_begin` does
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
