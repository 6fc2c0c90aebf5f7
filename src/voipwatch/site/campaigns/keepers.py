"""Accounts of keepers on one instance: enrolled from the command line, let in by two factors, and known for
some hours by a session.

Nothing that lets anybody in is in the database: of the first factor it has a hash, of a session a digest, and
the second factor's secret is a file beside the peppers.
"""

import hmac
import secrets
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection

from voipwatch.civic.keepers import (
    FREE_TRIES,
    LONGEST_WAIT_S,
    PASSPHRASE_BYTES,
    SALT_BYTES,
    TOKEN_BYTES,
    AccountError,
    passphrase,
    passphrase_hash,
    require_name,
    session_digest,
    session_lives,
    wait_s,
)
from voipwatch.civic.onetime import SECRET_BYTES, enrolment_uri, matching_counter
from voipwatch.civic.roles import Role
from voipwatch.site.campaigns.desk import Desk
from voipwatch.store.civic import accounts
from voipwatch.store.civic.accounts import AccountRow
from voipwatch.store.civic.audit_log import AuditRow, add_audit
from voipwatch.store.civic.opening import known_word, reading, writing
from voipwatch.store.civic.peppers import PEPPER_BYTES

TOUCH_S: Final = 60
"""A session that is used is written at most so often."""
_NOBODY: Final = AccountRow("", "", bytes(SALT_BYTES), bytes(32), 0)
"""Whose hash is computed where there is no such account: no answer comes sooner for it."""


class Enrolment(msgspec.Struct, frozen=True):
    """What is shown once, and never again."""

    name: str
    role: Role
    passphrase: str
    uri: str
    """For the authenticator."""


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who is signed in."""

    account: str
    role: Role
    token: str

    @property
    def who(self) -> str:
        """In the audit log: apart from accounts of the machine."""
        return f"page/{self.account}"


class Refusal(StrEnum):
    """Why nobody was let in, or an act not done."""

    WRONG = "wrong"
    """One of the factors; which one is not told."""
    WAIT = "wait"
    """Too many codes were refused; told only behind a right first factor."""


class Keepers:
    """One instance's. Methods may be called from several threads."""

    def __init__(self, desk: Desk, who: str = "") -> None:
        """`who` enrols, for the audit log."""
        self._desk = desk
        self._who = who

    def exist(self) -> bool:
        """Whether anybody could sign in."""
        with reading(self._desk.engine) as connection:
            return accounts.has_accounts(connection)

    def all(self) -> list[AccountRow]:
        """By name."""
        with reading(self._desk.engine) as connection:
            return accounts.account_rows(connection)

    # --- enrolment

    def add(self, name: str, role: Role, *, now_s: int) -> Enrolment:
        """A new account. Raises AccountError."""
        require_name(name)
        with writing(self._desk.engine) as connection:
            if accounts.account_row(connection, name) is not None:
                raise AccountError("taken")
            # Left of an account whose removal was cut off between the two: nobody's any more.
            self._desk.peppers.destroy_account(name)
            enrolment, row = self._drawn(name, role, now_s)
            accounts.add_account(connection, row)
            add_audit(connection, AuditRow(now_s, self._who, "account-add", name, role.value))
        return enrolment

    def renew(self, name: str, *, now_s: int) -> Enrolment:
        """New factors for an account, whose sessions end. Raises AccountError."""
        with writing(self._desk.engine) as connection:
            known = accounts.account_row(connection, name)
            if known is None:
                raise AccountError("unknown")
            role = known_word(Role, known.role)
            self._desk.peppers.destroy_account(name)
            enrolment, row = self._drawn(name, role, now_s)
            accounts.replace_account(connection, row._replace(created_at=known.created_at))
            add_audit(connection, AuditRow(now_s, self._who, "account-renew", name, ""))
        return enrolment

    def remove(self, name: str, *, now_s: int) -> None:
        """End an account and its sessions. Raises AccountError."""
        with writing(self._desk.engine) as connection:
            if not accounts.remove_account(connection, name):
                raise AccountError("unknown")
            add_audit(connection, AuditRow(now_s, self._who, "account-remove", name, ""))
        self._desk.peppers.destroy_account(name)

    def _drawn(self, name: str, role: Role, now_s: int) -> tuple[Enrolment, AccountRow]:
        first, salt = passphrase(secrets.token_bytes(PASSPHRASE_BYTES)), secrets.token_bytes(SALT_BYTES)
        drawn = secrets.token_bytes(PEPPER_BYTES)
        self._desk.peppers.create_account(name, drawn)
        host = urlsplit(self._desk.campaigns.settings.url).hostname or ""
        uri = enrolment_uri(drawn[:SECRET_BYTES], name, host)
        row = AccountRow(name, role.value, salt, passphrase_hash(first, salt), now_s)
        return Enrolment(name, role, first, uri), row

    # --- entering and leaving

    def enter(self, name: str, typed: str, code: str, *, now_s: int, leaving: str = "") -> Visitor | Refusal:
        """Sign in. The session's token is always a new one; `leaving` is one that ends with it.

        Takes 16 MiB and 50 ms: who lets strangers ask for it has them wait for one another.
        """
        with reading(self._desk.engine) as connection:
            known = accounts.account_row(connection, name) or _NOBODY
        found = passphrase_hash(typed, known.salt)
        if not hmac.compare_digest(found, known.passphrase) or known is _NOBODY:
            return Refusal.WRONG
        token = secrets.token_urlsafe(TOKEN_BYTES)
        visitor = Visitor(name, known_word(Role, known.role), token)
        with writing(self._desk.engine) as connection:
            refused = self._check(connection, name, code, visitor.who, now_s)
            if refused is not None:
                return refused
            if leaving:
                accounts.drop_session(connection, session_digest(leaving))
            accounts.add_session(connection, session_digest(token), name, now_s=now_s)
            add_audit(connection, AuditRow(now_s, visitor.who, "sign-in", "", ""))
        return visitor

    def visitor(self, token: str, *, now_s: int) -> Visitor | None:
        """Who has that session, if it still is one; it has been used then."""
        if not token:
            return None
        digest = session_digest(token)
        with reading(self._desk.engine) as connection:
            row = accounts.session_row(connection, digest)
        if row is None or not session_lives(row.created_at, row.seen_at, now_s):
            return None
        if abs(now_s - row.seen_at) >= TOUCH_S:
            with writing(self._desk.engine) as connection:
                accounts.touch_session(connection, digest, now_s=now_s)
        return Visitor(row.account, known_word(Role, row.role), token)

    def confirm(self, visitor: Visitor, code: str, *, now_s: int) -> Refusal | None:
        """A fresh code before what cannot be taken back; None: it was right."""
        with writing(self._desk.engine) as connection:
            return self._check(connection, visitor.account, code, visitor.who, now_s)

    def leave(self, token: str) -> None:
        """Sign out: the token is nobody's from then on."""
        with writing(self._desk.engine) as connection:
            accounts.drop_session(connection, session_digest(token))

    def _check(self, connection: Connection, name: str, code: str, who: str, now_s: int) -> Refusal | None:
        """Whether a code is right; it is used up then. Refused ones are counted, whoever sends them."""
        row = accounts.account_row(connection, name, locked=True)
        secret = self._desk.peppers.account(name)
        if row is None or secret is None:
            return Refusal.WRONG
        # Further in the future than anybody waits: the clock was set back.
        if row.failures >= FREE_TRIES and 0 < row.next_try_at - now_s <= LONGEST_WAIT_S:
            return Refusal.WAIT
        counter = matching_counter(secret[:SECRET_BYTES], code, now_s, last=row.last_counter)
        if counter is not None and accounts.take_code(connection, name, counter=counter):
            return None
        failures = row.failures + 1
        accounts.refuse_code(connection, name, failures=failures, next_try_at=now_s + wait_s(failures))
        add_audit(connection, AuditRow(now_s, who, "refuse-code", "", str(failures)))
        return Refusal.WRONG
