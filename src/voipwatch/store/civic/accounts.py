"""Accounts and sessions in rows."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from voipwatch.store.civic.account_tables import ACCOUNTS, HIDDEN_NAMES, SESSIONS
from voipwatch.store.civic.tables import SIGNATURES


class AccountRow(NamedTuple):
    """One account."""

    name: str
    role: str
    salt: bytes
    passphrase: bytes
    """scrypt of it."""
    created_at: int
    failures: int = 0
    next_try_at: int = 0
    """Of the last refused code, and the wait after it."""
    last_counter: int = 0


class SessionRow(NamedTuple):
    """Somebody is signed in."""

    account: str
    role: str
    """The account's, now."""
    created_at: int
    seen_at: int


class NameRow(NamedTuple):
    """A public name, and whether it is hidden."""

    name: str
    hidden: bool


def add_account(connection: Connection, account: AccountRow) -> None:
    """Ask first, in the same transaction, whether the name is free."""
    connection.execute(insert(ACCOUNTS).values(**account._asdict()))


def account_row(connection: Connection, name: str, *, locked: bool = False) -> AccountRow | None:
    """By its name; `locked`: until the transaction ends nobody else gets it so (SQLite has one writer)."""
    asked = _accounts().where(ACCOUNTS.c.name == name)
    found = connection.execute(asked.with_for_update() if locked else asked).first()
    return None if found is None else AccountRow(*found)


def account_rows(connection: Connection) -> list[AccountRow]:
    """All, by name."""
    return [AccountRow(*row) for row in connection.execute(_accounts().order_by(ACCOUNTS.c.name))]


def has_accounts(connection: Connection) -> bool:
    """Whether anybody could sign in."""
    return connection.execute(select(ACCOUNTS.c.name).limit(1)).first() is not None


def replace_account(connection: Connection, account: AccountRow) -> None:
    """New factors; its sessions end."""
    drop_sessions(connection, account.name)
    values = account._asdict()
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == values.pop("name")).values(**values))


def remove_account(connection: Connection, name: str) -> bool:
    """With its sessions; whether there was one."""
    drop_sessions(connection, name)
    return connection.execute(delete(ACCOUNTS).where(ACCOUNTS.c.name == name)).rowcount > 0


def refuse_code(connection: Connection, name: str, *, failures: int, next_try_at: int) -> None:
    """A code was refused."""
    values = {"failures": failures, "next_try_at": next_try_at}
    connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.name == name).values(**values))


def take_code(connection: Connection, name: str, *, counter: int) -> bool:
    """Use up a code; False where that step, or a later one, was used before: of two at once one wins."""
    taken = connection.execute(
        update(ACCOUNTS)
        .where(ACCOUNTS.c.name == name, ACCOUNTS.c.last_counter < counter)
        .values(last_counter=counter, failures=0, next_try_at=0)
    )
    return taken.rowcount > 0


def add_session(connection: Connection, digest: bytes, account: str, *, now_s: int) -> None:
    """Somebody signed in."""
    values = {"digest": digest, "account": account, "created_at": now_s, "seen_at": now_s}
    connection.execute(insert(SESSIONS).values(**values))


def session_row(connection: Connection, digest: bytes) -> SessionRow | None:
    """By the digest of its token."""
    c = SESSIONS.c
    found = connection.execute(
        select(c.account, ACCOUNTS.c.role, c.created_at, c.seen_at)
        .join(ACCOUNTS, ACCOUNTS.c.name == c.account)
        .where(c.digest == digest)
    ).first()
    return None if found is None else SessionRow(*found)


def touch_session(connection: Connection, digest: bytes, *, now_s: int) -> None:
    """It was used."""
    connection.execute(update(SESSIONS).where(SESSIONS.c.digest == digest).values(seen_at=now_s))


def drop_session(connection: Connection, digest: bytes) -> None:
    """Signed out."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest))


def drop_sessions(connection: Connection, account: str) -> None:
    """Everywhere."""
    connection.execute(delete(SESSIONS).where(SESSIONS.c.account == account))


def purge_keepers(
    connection: Connection, *, created_by_s: int, seen_by_s: int, after_s: int, tried_by_s: int
) -> int:
    """Drop sessions that began or were used at `created_by_s`, `seen_by_s` or before, or (the clock was set
    back) begin after `after_s`; forget refused codes of `tried_by_s` and before. How many sessions.
    """
    c = SESSIONS.c
    ended = (c.created_at <= created_by_s) | (c.seen_at <= seen_by_s) | (c.created_at > after_s)
    old = (ACCOUNTS.c.failures > 0) & (ACCOUNTS.c.next_try_at <= tried_by_s)
    connection.execute(update(ACCOUNTS).where(old).values(failures=0, next_try_at=0))
    return connection.execute(delete(SESSIONS).where(ended)).rowcount


def names_of(connection: Connection, petition: str, *, most: int, skip: int) -> list[NameRow]:
    """Public names of a petition, each once, hidden ones too; sorted, so in no order of arrival."""
    hidden = HIDDEN_NAMES.c.name.is_not(None)
    same = (HIDDEN_NAMES.c.petition == SIGNATURES.c.petition) & (
        HIDDEN_NAMES.c.name == SIGNATURES.c.public_name
    )
    asked = (
        select(SIGNATURES.c.public_name, hidden)
        .outerjoin(HIDDEN_NAMES, same)
        .where(SIGNATURES.c.petition == petition, SIGNATURES.c.public_name != "")
        .distinct()
        .order_by(SIGNATURES.c.public_name)
        .limit(most)
        .offset(skip)
    )
    return [NameRow(name, bool(flag)) for name, flag in connection.execute(asked)]


def hide_name(connection: Connection, petition: str, name: str) -> bool:
    """Show a public name to nobody; whether somebody has that name, and it was shown."""
    has = select(SIGNATURES.c.day).where(
        SIGNATURES.c.petition == petition, SIGNATURES.c.public_name == name, SIGNATURES.c.public_name != ""
    )
    if connection.execute(has.limit(1)).first() is None:
        return False
    # Of two acts at once one hides it: the other waits for its row, and finds it hidden.
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    new = kind.insert(HIDDEN_NAMES).values(petition=petition, name=name).on_conflict_do_nothing()
    return connection.execute(new.returning(HIDDEN_NAMES.c.name)).first() is not None


def unhide_name(connection: Connection, petition: str, name: str) -> bool:
    """Show it again; whether it was hidden."""
    return connection.execute(delete(HIDDEN_NAMES).where(_hidden(petition, name))).rowcount > 0


def _hidden(petition: str, name: str) -> "ColumnElement[bool]":
    return (HIDDEN_NAMES.c.petition == petition) & (HIDDEN_NAMES.c.name == name)


def _accounts() -> "Select[Any]":
    return select(*(ACCOUNTS.c[name] for name in AccountRow._fields))
