"""Petitions, their count logs and notes. Documents are JSON that this package does not read."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select, update

from voipwatch.store.civic.tables import COUNT_LOG, NOTES, PETITIONS


class PetitionRow(NamedTuple):
    """One petition."""

    id: str
    document: str
    erased_at: int | None


class LogRow(NamedTuple):
    """One told count; columns of the log's lines."""

    n: int
    prev: str
    at: str
    told: int
    digest: str


class NoteRow(NamedTuple):
    """A day whose confirmations came too evenly."""

    day: str
    confirmations: int
    p_value: str


def add_petition(connection: Connection, name: str, document: str, *, now_s: int) -> None:
    """Raises sqlalchemy's IntegrityError for a name that is taken: ask first, in the same transaction."""
    connection.execute(insert(PETITIONS).values(id=name, document=document, created_at=now_s))


def petition_row(connection: Connection, name: str) -> PetitionRow | None:
    """By its id."""
    found = connection.execute(_petitions().where(PETITIONS.c.id == name)).first()
    return None if found is None else PetitionRow(*found)


def petition_rows(connection: Connection) -> list[PetitionRow]:
    """All, by id."""
    return [PetitionRow(*row) for row in connection.execute(_petitions().order_by(PETITIONS.c.id))]


def set_document(connection: Connection, name: str, document: str) -> None:
    """Replace what is said of a petition."""
    connection.execute(update(PETITIONS).where(PETITIONS.c.id == name).values(document=document))


def set_erased(connection: Connection, name: str, *, now_s: int) -> None:
    """Nothing of a signer is left."""
    connection.execute(update(PETITIONS).where(PETITIONS.c.id == name).values(erased_at=now_s))


def add_line(connection: Connection, petition: str, line: LogRow) -> None:
    """One more told count."""
    connection.execute(insert(COUNT_LOG).values(petition=petition, **line._asdict()))


def last_line(connection: Connection, petition: str) -> LogRow | None:
    """The newest told count."""
    newest = _lines(petition).order_by(COUNT_LOG.c.n.desc()).limit(1)
    found = connection.execute(newest).first()
    return None if found is None else LogRow(*found)


def lines(connection: Connection, petition: str) -> list[LogRow]:
    """The whole log, oldest first."""
    return [LogRow(*row) for row in connection.execute(_lines(petition).order_by(COUNT_LOG.c.n))]


def add_note(connection: Connection, petition: str, note: NoteRow) -> None:
    """One more, unless that day has its own already."""
    if not any(each.day == note.day for each in notes(connection, petition)):
        connection.execute(insert(NOTES).values(petition=petition, **note._asdict()))


def notes(connection: Connection, petition: str) -> list[NoteRow]:
    """By day."""
    asked = select(NOTES.c.day, NOTES.c.confirmations, NOTES.c.p_value).where(NOTES.c.petition == petition)
    return [NoteRow(*row) for row in connection.execute(asked.order_by(NOTES.c.day))]


def _petitions() -> "Select[Any]":
    return select(PETITIONS.c.id, PETITIONS.c.document, PETITIONS.c.erased_at)


def _lines(petition: str) -> "Select[Any]":
    c = COUNT_LOG.c
    return select(c.n, c.prev, c.at, c.told, c.digest).where(c.petition == petition)
