"""Empties the queue: takes mails that are due, hands each to the server, and says in rows what became of it.

At least once, never exactly: between the server's 250 and our deleting the row lies a moment, and who dies
in it sends the mail again. The second copy has the same links, and a link does nothing twice. A server that
is down costs no mail: rows wait until their links die, after seven days.
"""

import secrets
from collections.abc import Callable
from typing import Final

import msgspec

from voipwatch.civic.petitions import Petition, can_be_signed
from voipwatch.site.campaigns.desk import Desk, Known, day_of
from voipwatch.site.campaigns.mail.letter import write_letter
from voipwatch.site.campaigns.mail.pace import RETRY_FIRST_S, DomainPace, down_for_s, retry_after_s
from voipwatch.site.campaigns.mail.server import MailServer, Reply, UnreachableError
from voipwatch.store.civic import outbox, signing
from voipwatch.store.civic.opening import writing
from voipwatch.store.civic.outbox import WaitingMail
from voipwatch.store.civic.signing import MailKind

LEASE_S: Final = 120
"""So long a postman that died is waited for. One process of an instance empties the queue; were there two,
and one slower than this, a mail would go out twice, and its link still count once.
"""
BATCH: Final = 100


class Round(msgspec.Struct, frozen=True):
    """What one round came to."""

    sent: int = 0
    put_off: int = 0
    """By the server, mail by mail; or because their petition cannot be read."""
    waiting_turn: int = 0
    """Because their domain had its share."""
    dropped: int = 0
    """Never to be delivered, or of no use any more."""
    down: str = ""
    """Why the server could not be used; empty: it could."""


class Postman:
    """One of an instance."""

    def __init__(self, desk: Desk, server: MailServer, *, share: Callable[[], float] | None = None) -> None:
        """`share` draws a random number from 0 to 1."""
        self._desk = desk
        self._server = server
        self._pace = DomainPace(desk.campaigns.settings.mail.per_domain_a_minute)
        self._share = share or (lambda: secrets.randbelow(1 << 30) / (1 << 30))
        self._failures = 0
        self._down_until_s = 0.0

    def round(self, now_s: int) -> Round:
        """Every mail that is due, a batch at most. Raises DatabaseError."""
        if now_s < self._down_until_s:
            return Round(down="waiting")
        self._pace.forget(now_s)
        with writing(self._desk.engine) as connection:
            mails = outbox.take_due(connection, now_s=now_s, lease_s=LEASE_S, most=BATCH)
        known = self._desk.known() if mails else Known((), {})
        petitions = {petition.id: petition for petition in known.petitions}
        counts = {"sent": 0, "put_off": 0, "waiting_turn": 0, "dropped": 0}
        down = ""
        for number, mail in enumerate(mails):
            if mail.petition in known.damaged:
                # Its row may be mended before the mail's links die.
                self._later(mail, now_s + RETRY_FIRST_S, failed=False)
                counts["put_off"] += 1
                continue
            try:
                counts[self._one(mail, petitions.get(mail.petition), now_s)] += 1
            except UnreachableError as error:
                down = str(error)
                self._failures += 1
                self._down_until_s = now_s + down_for_s(self._failures, self._share())
                left = [each.id for each in mails[number:]]
                with writing(self._desk.engine) as connection:
                    outbox.put_all_off(connection, left, due_at_s=int(self._down_until_s))
                break
            self._failures = 0
        return Round(**counts, down=down)

    def _one(self, mail: WaitingMail, petition: Petition | None, now_s: int) -> str:
        pepper = None if petition is None else self._desk.peppers.of(petition.id)
        confirms = mail.kind == MailKind.CONFIRM.value
        if petition is None or pepper is None or (confirms and not can_be_signed(petition, now_s)):
            self._drop(mail)
            return "dropped"
        if not self._pace.may_send(mail.domain, now_s):
            self._later(mail, int(self._pace.place(mail.domain, now_s)) + 1, failed=False)
            return "waiting_turn"
        letter = write_letter(
            mail, petition, pepper, self._desk.campaigns.settings, now_s=now_s, drawn=secrets.token_bytes(16)
        )
        reply = self._server.send(letter)
        if reply is Reply.LATER:
            self._later(mail, now_s + retry_after_s(mail.attempts, self._share()), failed=True)
            return "put_off"
        self._drop(mail, refused_on=day_of(now_s) if reply is Reply.NEVER and confirms else "")
        return "dropped" if reply is Reply.NEVER else "sent"

    def _drop(self, mail: WaitingMail, *, refused_on: str = "") -> None:
        with writing(self._desk.engine) as connection:
            outbox.drop_mail(connection, mail.id)
            if refused_on:
                signing.bounced(connection, mail.petition, mail.selector, day=refused_on)

    def _later(self, mail: WaitingMail, due_at_s: int, *, failed: bool) -> None:
        with writing(self._desk.engine) as connection:
            outbox.put_off(connection, mail.id, due_at_s=due_at_s, failed=failed)
