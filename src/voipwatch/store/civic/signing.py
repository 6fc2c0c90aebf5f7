"""Requests to sign or to revoke, confirmations and revocations: each a part of one transaction.

Whether an address signed is asked by none of the two requests, so their answers and their time cannot say it.
"""

from enum import StrEnum
from functools import cache
from typing import Final, NamedTuple

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.base import Executable

from voipwatch.store.civic.account_tables import BOUNCES, HIDDEN_NAMES
from voipwatch.store.civic.tables import ARRIVALS, MAIL_COUNTS, OUTBOX, PENDING, SIGNATURES


class MailKind(StrEnum):
    """What a mail offers."""

    CONFIRM = "confirm"
    REVOKE = "revoke"


class Asking(NamedTuple):
    """Somebody typed an address into a form."""

    petition: str
    selector: bytes
    """16 random bytes."""
    hash: bytes
    """Of the address's canonical form."""
    address: str
    """As it is written to."""
    domain: str
    lang: str
    now_s: int
    expires_at_s: int
    day: str
    """Of now, UTC."""
    address_key: bytes
    """Under which mails of that day to that mailbox are counted."""
    domain_key: bytes | None = None
    """The same of its domain; None: not counted."""
    domain_mails_max: int = 0
    """Mails of that day to that domain."""


class Confirmed(StrEnum):
    """What became of a confirmation."""

    SIGNED = "signed"
    ALREADY = "already"
    """That mailbox had signed before: nothing was counted."""
    NONE = "none"
    """No such request waits: it was confirmed, revoked, or is too old."""


class SignatureRow(NamedTuple):
    """What is kept of a signature, without its pseudonym."""

    day: str
    lang: str
    public_name: str


class HeldRow(NamedTuple):
    """What is kept of one address in one petition."""

    signature: SignatureRow | None
    request_expires_at: int | None
    """Of a request that was not confirmed yet."""
    mails: tuple[str, ...]
    """Kinds of the mails to it that wait to be sent."""


def request_signature(connection: Connection, asked: Asking, *, mails_max: int) -> bool:
    """Let a request wait and queue its mail; False: that mailbox or its domain had its mails of the
    day, nothing was done.

    A request of the same address that waits already keeps its link and its end: asking again sends the same
    link again.
    """
    if not _may_write_to(connection, asked, mails_max):
        return False
    # Statements of the forms are built once: building one takes longer than running it.
    one = {"of": asked.petition, "person": asked.hash}
    connection.execute(_DROP_OLD, {**one, "now": asked.now_s})
    values = {
        "selector": asked.selector,
        "petition": asked.petition,
        "hash": asked.hash,
        "lang": asked.lang,
        "expires_at": asked.expires_at_s,
    }
    connection.execute(_add_pending(connection.dialect.name), values)
    kept = connection.execute(_PENDING_OF, one).one()
    _queue(connection, asked, MailKind.CONFIRM, kept.selector, kept.expires_at)
    return True


def request_revocation(connection: Connection, asked: Asking, *, mails_max: int) -> bool:
    """Queue a mail with the link that revokes, whether that address signed or not; False as above."""
    if not _may_write_to(connection, asked, mails_max):
        return False
    _queue(connection, asked, MailKind.REVOKE, asked.selector, asked.expires_at_s)
    return True


def waits(connection: Connection, petition: str, selector: bytes, *, now_s: int) -> bool:
    """Whether a request can still be confirmed."""
    found = select(PENDING.c.expires_at).where(
        PENDING.c.petition == petition, PENDING.c.selector == selector, PENDING.c.expires_at > now_s
    )
    return connection.execute(found).first() is not None


def confirm(
    connection: Connection, petition: str, selector: bytes, *, now_s: int, day: str, public_name: str
) -> Confirmed:
    """Make a signature of a request that waits; the second of two confirmations finds none."""
    taken = connection.execute(
        delete(PENDING)
        .where(PENDING.c.petition == petition, PENDING.c.selector == selector, PENDING.c.expires_at > now_s)
        .returning(PENDING.c.hash, PENDING.c.lang)
    ).first()
    if taken is None:
        return Confirmed.NONE
    _forget_mails(connection, petition, taken.hash)
    new = _insert(connection.dialect.name, SIGNATURES).values(
        petition=petition, hash=taken.hash, day=day, lang=taken.lang, public_name=public_name
    )
    made = connection.execute(new.on_conflict_do_nothing().returning(SIGNATURES.c.day)).first()
    if made is None:
        return Confirmed.ALREADY
    _add_one(connection, ARRIVALS, petition=petition, hour=now_s // 3600 * 3600)
    return Confirmed.SIGNED


def revoke(connection: Connection, petition: str, address_hash: bytes) -> bool:
    """Take a signature back, and whatever of that address waits; whether there was one."""
    _forget_mails(connection, petition, address_hash)
    connection.execute(delete(PENDING).where(PENDING.c.petition == petition, PENDING.c.hash == address_hash))
    gone = connection.execute(
        delete(SIGNATURES)
        .where(SIGNATURES.c.petition == petition, SIGNATURES.c.hash == address_hash)
        .returning(SIGNATURES.c.day)
    ).first()
    return gone is not None


def bounced(connection: Connection, petition: str, selector: bytes, *, day: str) -> bool:
    """Drop a request whose mail cannot be delivered, and count it in that day; whether one waited."""
    gone = connection.execute(
        delete(PENDING)
        .where(PENDING.c.petition == petition, PENDING.c.selector == selector)
        .returning(PENDING.c.hash)
    ).first()
    if gone is not None:
        _forget_mails(connection, petition, gone.hash)
        _add_one(connection, BOUNCES, petition=petition, day=day)
    return gone is not None


def bounces_since(connection: Connection, petition: str, day: str) -> int:
    """Mails that could not be delivered, from that day on."""
    counted = select(func.coalesce(func.sum(BOUNCES.c.mails), 0)).where(
        BOUNCES.c.petition == petition, BOUNCES.c.day >= day
    )
    return int(connection.execute(counted).scalar_one())


def waiting_of(connection: Connection, petition: str) -> int:
    """Requests that nobody confirmed yet."""
    counted = select(func.count()).select_from(PENDING).where(PENDING.c.petition == petition)
    return int(connection.execute(counted).scalar_one())


def held_of(connection: Connection, petition: str, address_hash: bytes) -> HeldRow:
    """Whatever is held of one address, for its owner to see."""
    one = {"of": petition, "person": address_hash}
    waiting = connection.execute(_PENDING_OF, one).first()
    mails = select(OUTBOX.c.kind).where(OUTBOX.c.petition == petition, OUTBOX.c.hash == address_hash)
    return HeldRow(
        signature_of(connection, petition, address_hash),
        None if waiting is None else waiting.expires_at,
        tuple(sorted(connection.execute(mails).scalars())),
    )


def signature_of(connection: Connection, petition: str, address_hash: bytes) -> SignatureRow | None:
    """What is kept of one person's signature, for himself to see."""
    found = connection.execute(
        select(SIGNATURES.c.day, SIGNATURES.c.lang, SIGNATURES.c.public_name).where(
            SIGNATURES.c.petition == petition, SIGNATURES.c.hash == address_hash
        )
    ).first()
    return None if found is None else SignatureRow(*found)


def confirmed_count(connection: Connection, petition: str) -> int:
    """Signatures at this moment."""
    counted = select(func.count()).select_from(SIGNATURES).where(SIGNATURES.c.petition == petition)
    return int(connection.execute(counted).scalar_one())


def public_names(connection: Connection, petition: str) -> list[str]:
    """Of those who ticked it, but for hidden ones; sorted: no order of arrival."""
    hidden = select(HIDDEN_NAMES.c.name).where(HIDDEN_NAMES.c.petition == petition)
    asked = select(SIGNATURES.c.public_name).where(
        SIGNATURES.c.petition == petition,
        SIGNATURES.c.public_name != "",
        SIGNATURES.c.public_name.not_in(hidden),
    )
    return sorted(connection.execute(asked).scalars())


def confirmations_by_hour(connection: Connection, petition: str, since_s: int) -> list[int]:
    """Of the 24 hours from `since_s` on, the beginning of an hour."""
    asked = select(ARRIVALS.c.hour, ARRIVALS.c.confirmations).where(
        ARRIVALS.c.petition == petition, ARRIVALS.c.hour >= since_s, ARRIVALS.c.hour < since_s + 86_400
    )
    known = {row.hour: row.confirmations for row in connection.execute(asked)}
    return [known.get(since_s + 3600 * number, 0) for number in range(24)]


def purge(connection: Connection, *, now_s: int, today: str, bounces_from: str = "") -> int:
    """Drop requests and mails whose time is over, counts of mails of other days and of mails that came back
    before `bounces_from`, and hidden names that nobody has any more; how many requests.
    """
    connection.execute(delete(OUTBOX).where(OUTBOX.c.expires_at <= now_s))
    connection.execute(delete(MAIL_COUNTS).where(MAIL_COUNTS.c.day != today))
    # Hours are only for the note on a day, which is written when the day is over.
    connection.execute(delete(ARRIVALS).where(ARRIVALS.c.hour < now_s - 3 * 86_400))
    connection.execute(delete(BOUNCES).where(BOUNCES.c.day < bounces_from))
    named = select(SIGNATURES.c.day).where(
        SIGNATURES.c.petition == HIDDEN_NAMES.c.petition, SIGNATURES.c.public_name == HIDDEN_NAMES.c.name
    )
    connection.execute(delete(HIDDEN_NAMES).where(~named.exists()))
    return connection.execute(delete(PENDING).where(PENDING.c.expires_at <= now_s)).rowcount


def erase(connection: Connection, petition: str) -> int:
    """Destroy everything of signers; how many signatures there were."""
    for table in (PENDING, OUTBOX, ARRIVALS, HIDDEN_NAMES, BOUNCES):
        connection.execute(delete(table).where(table.c.petition == petition))
    return connection.execute(delete(SIGNATURES).where(SIGNATURES.c.petition == petition)).rowcount


def _may_write_to(connection: Connection, asked: Asking, mails_max: int) -> bool:
    """Count a mail to a mailbox, also one that is not sent, so that the count needs no second look; then to
    its domain: what one mailbox no longer gets takes nothing from its neighbours.
    """
    if _add_one(connection, MAIL_COUNTS, day=asked.day, address_key=asked.address_key) > mails_max:
        return False
    if asked.domain_key is None:
        return True
    counted = _add_one(connection, MAIL_COUNTS, day=asked.day, address_key=asked.domain_key)
    return counted <= asked.domain_mails_max


def _queue(connection: Connection, asked: Asking, kind: MailKind, selector: bytes, expires_at_s: int) -> None:
    values = {
        "petition": asked.petition,
        "kind": kind.value,
        "selector": selector,
        "hash": asked.hash,
        "address": asked.address,
        "domain": asked.domain,
        "lang": asked.lang,
        "due_at": asked.now_s,
        "attempts": 0,
        "expires_at": expires_at_s,
    }
    connection.execute(_ADD_MAIL, values)


def _forget_mails(connection: Connection, petition: str, address_hash: bytes) -> None:
    connection.execute(delete(OUTBOX).where(OUTBOX.c.petition == petition, OUTBOX.c.hash == address_hash))


_ONE: Final = (PENDING.c.petition == bindparam("of")) & (PENDING.c.hash == bindparam("person"))
_DROP_OLD: Final = delete(PENDING).where(_ONE, PENDING.c.expires_at <= bindparam("now"))
_PENDING_OF: Final = select(PENDING.c.selector, PENDING.c.expires_at).where(_ONE)
_ADD_MAIL: Final = insert(OUTBOX)


@cache
def _add_pending(dialect: str) -> sqlite.Insert | postgresql.Insert:
    return _insert(dialect, PENDING).on_conflict_do_nothing(index_elements=["petition", "hash"])


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the dialect's own words."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def _one_more(dialect: str, table: Table) -> Executable:
    """One more in a table of counts, whose last column is the count."""
    *key, counted = table.c
    new = _insert(dialect, table)
    more = new.on_conflict_do_update(index_elements=key, set_={counted.name: counted + 1})
    return more.returning(counted)


def _add_one(connection: Connection, table: Table, **key: object) -> int:
    """What the count is then."""
    values = {**key, list(table.c)[-1].name: 1}
    return int(connection.execute(_one_more(connection.dialect.name, table), values).scalar_one())
