"""Boycotts and the logs of what was told of them. Documents are JSON that this package does not read."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select, update

from voipwatch.store.civic.petition_rows import LogRow
from voipwatch.store.civic.pledge_tables import BOYCOTTS, PLEDGE_LOG


class BoycottRow(NamedTuple):
    """One campaign."""

    id: str
    document: str
    erased_at: int | None


def add_boycott(connection: Connection, name: str, document: str, *, now_s: int) -> None:
    """Raises sqlalchemy's IntegrityError for a name that is taken: ask first, in the same transaction."""
    connection.execute(insert(BOYCOTTS).values(id=name, document=document, created_at=now_s))


def boycott_row(connection: Connection, name: str) -> BoycottRow | None:
    """By its id."""
    found = connection.execute(_boycotts().where(BOYCOTTS.c.id == name)).first()
    return None if found is None else BoycottRow(*found)


def boycott_rows(connection: Connection) -> list[BoycottRow]:
    """All, by id."""
    return [BoycottRow(*row) for row in connection.execute(_boycotts().order_by(BOYCOTTS.c.id))]


def set_document(connection: Connection, name: str, document: str) -> None:
    """Replace what is said of a boycott."""
    connection.execute(update(BOYCOTTS).where(BOYCOTTS.c.id == name).values(document=document))


def set_erased(connection: Connection, name: str, *, now_s: int) -> None:
    """No digest is left."""
    connection.execute(update(BOYCOTTS).where(BOYCOTTS.c.id == name).values(erased_at=now_s))


def add_line(connection: Connection, boycott: str, series: str, line: LogRow) -> None:
    """One more told count of a series."""
    connection.execute(insert(PLEDGE_LOG).values(boycott=boycott, series=series, **line._asdict()))


def last_line(connection: Connection, boycott: str, series: str) -> LogRow | None:
    """The newest told count of a series."""
    newest = _lines(boycott, series).order_by(PLEDGE_LOG.c.n.desc()).limit(1)
    found = connection.execute(newest).first()
    return None if found is None else LogRow(*found)


def first_line_from(connection: Connection, boycott: str, series: str, at: str) -> LogRow | None:
    """The first told count of a series that is not before `at`, RFC 3339 in UTC as the log has it."""
    # Instants of the log are of one length and end with Z: their order is that of their letters.
    first = _lines(boycott, series).where(PLEDGE_LOG.c.at >= at).order_by(PLEDGE_LOG.c.n).limit(1)
    found = connection.execute(first).first()
    return None if found is None else LogRow(*found)


def lines(connection: Connection, boycott: str, series: str) -> list[LogRow]:
    """The whole log of a series, oldest first."""
    return [LogRow(*row) for row in connection.execute(_lines(boycott, series).order_by(PLEDGE_LOG.c.n))]


def _boycotts() -> "Select[Any]":
    return select(BOYCOTTS.c.id, BOYCOTTS.c.document, BOYCOTTS.c.erased_at)


def _lines(boycott: str, series: str) -> "Select[Any]":
    c = PLEDGE_LOG.c
    return select(c.n, c.prev, c.at, c.told, c.digest).where(c.boycott == boycott, c.series == series)
