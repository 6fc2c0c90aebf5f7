"""Mails that wait to be handed to a mail server: taken under a lease, so that a process that dies loses
none.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from voipwatch.store.civic.tables import OUTBOX


class WaitingMail(NamedTuple):
    """One mail."""

    id: int
    petition: str
    kind: str
    selector: bytes
    hash: bytes
    address: str
    domain: str
    lang: str
    attempts: int
    """Before this one."""
    expires_at: int


def take_due(connection: Connection, *, now_s: int, lease_s: int, most: int) -> list[WaitingMail]:
    """Mails whose turn it is, the longest waiting first; nobody else gets them until the lease is over.

    A mail that was handed over and not deleted, because the process died between, is sent again then: at
    least once, and the second copy has the same link, which does nothing twice.
    """
    c = OUTBOX.c
    asked = (
        select(*(c[name] for name in WaitingMail._fields))
        .where(c.due_at <= now_s, c.expires_at > now_s)
        .order_by(c.due_at, c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = [WaitingMail(*row) for row in connection.execute(asked)]
    if found:
        ids = [mail.id for mail in found]
        connection.execute(update(OUTBOX).where(c.id.in_(ids)).values(due_at=now_s + lease_s))
    return found


def drop_mail(connection: Connection, mail: int) -> None:
    """It was handed over, or never will be."""
    connection.execute(delete(OUTBOX).where(OUTBOX.c.id == mail))


def put_off(connection: Connection, mail: int, *, due_at_s: int, failed: bool) -> None:
    """Another time; `failed` counts as an attempt."""
    values = {"due_at": due_at_s} | ({"attempts": OUTBOX.c.attempts + 1} if failed else {})
    connection.execute(update(OUTBOX).where(OUTBOX.c.id == mail).values(values))


def put_all_off(connection: Connection, mails: Sequence[int], *, due_at_s: int) -> None:
    """Another time for many, because the server could not be used: no attempt."""
    connection.execute(update(OUTBOX).where(OUTBOX.c.id.in_(mails)).values(due_at=due_at_s))


def waiting_count(connection: Connection) -> int:
    """Mails that wait."""
    return len(connection.execute(select(OUTBOX.c.id)).all())
