"""The audit log: who did what by hand, in lines of which each has the SHA-256 of the one before.

A line that was changed, taken out or put in is seen by whoever reads the whole log; lines that were cut off
at its end are seen by whoever kept the digest of one of them. Nothing about a signer is in it.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, text

from voipwatch.store.civic.tables import AUDIT

FIRST_PREV: Final = "0" * 64


class AuditRow(NamedTuple):
    """Something that was done by hand."""

    at: int
    who: str
    act: str
    subject: str
    detail: str


class AuditLine(NamedTuple):
    """The same as a line of the log."""

    n: int
    """From 1."""
    prev: str
    """Digest of the line before, hex; `FIRST_PREV` in the first."""
    at: int
    who: str
    act: str
    subject: str
    detail: str
    digest: str
    """SHA-256 of the line without this field: its JSON, ASCII, with sorted keys and no spaces; hex."""


def keep_keepers_apart(connection: Connection) -> None:
    """Whatever is read from here on to the end of the transaction is not changed by another keeper's act.

    SQLite has one writer anyway.
    """
    if connection.dialect.name != "sqlite":
        connection.execute(text("LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE"))


def add_audit(connection: Connection, entry: AuditRow) -> None:
    """One line more, in the transaction of what it tells: both are kept, or none."""
    keep_keepers_apart(connection)  # two that read the same last line would both follow it
    newest = select(AUDIT.c.n, AUDIT.c.digest).order_by(AUDIT.c.n.desc()).limit(1)
    last = connection.execute(newest).first()
    n, prev = (1, FIRST_PREV) if last is None else (last.n + 1, last.digest)
    connection.execute(insert(AUDIT).values(**_line(n, prev, entry)._asdict()))


def audit_lines(connection: Connection) -> list[AuditLine]:
    """The whole log, oldest first."""
    asked = select(*(AUDIT.c[name] for name in AuditLine._fields)).order_by(AUDIT.c.n)
    return [AuditLine(*row) for row in connection.execute(asked)]


def newest_lines(connection: Connection, most: int) -> list[AuditLine]:
    """The end of it, newest first."""
    asked = select(*(AUDIT.c[name] for name in AuditLine._fields)).order_by(AUDIT.c.n.desc()).limit(most)
    return [AuditLine(*row) for row in connection.execute(asked)]


def audit_rows(connection: Connection) -> list[AuditRow]:
    """What was done, oldest first."""
    return [_entry(line) for line in audit_lines(connection)]


def audit_break(lines: Iterable[AuditLine]) -> int | None:
    """The place, from 0, of the first line that does not follow from those before; None: the log holds."""
    prev = FIRST_PREV
    for place, line in enumerate(lines):
        if _line(place + 1, prev, _entry(line)) != line:
            return place
        prev = line.digest
    return None


def _entry(line: AuditLine) -> AuditRow:
    return AuditRow(line.at, line.who, line.act, line.subject, line.detail)


def _line(n: int, prev: str, entry: AuditRow) -> AuditLine:
    body = json.dumps({"n": n, "prev": prev, **entry._asdict()}, sort_keys=True, separators=(",", ":"))
    return AuditLine(n, prev, *entry, hashlib.sha256(body.encode()).hexdigest())
