"""The register's engine and its tables: PostgreSQL by URL, through the civic tools' own connection code.

Every session of the server is told how long it may take: a collector that waits for the register answers its
probes with 503, and one that was cut off in the middle of a transaction must not hold up all others.
"""

import secrets
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from voipwatch.store.civic.opening import DatabaseError, open_database, writing

DRIVER: Final = "postgresql+psycopg"
VERSION: Final = 1
LOCK: Final = 0x766F6970
"""Of whoever writes to the register (pg_advisory_xact_lock): claims are decided one group after the other."""
SETTINGS: Final = (
    "-c statement_timeout=5s -c lock_timeout=5s -c idle_in_transaction_session_timeout=10s"
    # A claim must outlive the server's death: one that is set to less is told so here.
    " -c synchronous_commit=on"
)
CONNECT_S: Final = 3
UNANSWERED_MS: Final = 8000
_SCHEMA: Final = """
CREATE TABLE register_made (made TEXT NOT NULL, version INTEGER NOT NULL);
CREATE UNLOGGED TABLE register_day (day TEXT PRIMARY KEY, key BYTEA NOT NULL);
CREATE TABLE register_reports (
  report_id BYTEA PRIMARY KEY, deletion_hash BYTEA NOT NULL, body_sha256 BYTEA NOT NULL,
  received_at_s DOUBLE PRECISION NOT NULL, month TEXT NOT NULL, written BOOLEAN NOT NULL,
  deleted BOOLEAN NOT NULL
);
CREATE INDEX register_deleted ON register_reports (report_id) WHERE deleted;
CREATE INDEX register_reports_month ON register_reports (month);
CREATE TABLE register_sessions (
  session BYTEA PRIMARY KEY, report_id BYTEA NOT NULL, month TEXT NOT NULL
);
CREATE INDEX register_sessions_month ON register_sessions (month);
CREATE TABLE register_copies (
  collector BYTEA NOT NULL, report_id BYTEA NOT NULL, month TEXT NOT NULL, PRIMARY KEY (collector, report_id)
);
CREATE INDEX register_copies_month ON register_copies (month)
"""
"""`register_day` is UNLOGGED: a day's key stands in no write-ahead log, no replica, no archive."""


def register_url(url: str) -> str:
    """As the engine takes it. Raises DatabaseError `url`, without the password, for what is no register's."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseError("url", "postgresql://USER:PASSWORD@HOST/DATABASE") from None
    if parsed.drivername not in {"postgresql", DRIVER} or not parsed.host or not parsed.database:
        raise DatabaseError("url", "postgresql://USER:PASSWORD@HOST/DATABASE")
    own = str(parsed.query.get("options", ""))
    parsed = parsed.update_query_dict({"options": f"{SETTINGS} {own}".strip()})
    usual = {"connect_timeout": str(CONNECT_S), "tcp_user_timeout": str(UNANSWERED_MS)}
    wanted = {name: value for name, value in usual.items() if name not in parsed.query}
    return parsed.set(drivername=DRIVER).update_query_dict(wanted).render_as_string(hide_password=False)


def open_register(url: str) -> Engine:
    """The engine, its tables made where they are missing.

    Raises:
        DatabaseError: `url`, `unreachable`, `newer`.
        ModuleNotFoundError: the driver is not installed.
    """
    engine = open_database(register_url(url))
    try:
        with writing(engine) as connection:
            lock(connection)
            _make(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def lock(connection: Connection) -> None:
    """Nobody else writes to the register until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _make(connection: Connection) -> None:
    if connection.execute(text("SELECT to_regclass('register_made')")).scalar_one() is None:
        for statement in _SCHEMA.split(";"):
            connection.execute(text(statement))
        values = {"made": secrets.token_hex(16), "version": VERSION}
        connection.execute(text("INSERT INTO register_made VALUES (:made, :version)"), values)
        return
    found = connection.execute(text("SELECT version FROM register_made")).scalar_one()
    if found != VERSION:
        raise DatabaseError("newer", f"register of version {found}; this release knows {VERSION}")
