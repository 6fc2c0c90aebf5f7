"""What the keepers of petitions do, and what falls due by itself: counts, notes, purging, erasing.

Everything done by hand stands in the audit log, with who did it; nothing about a signer does.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from voipwatch.civic.addresses import canonical, parse_address
from voipwatch.civic.keepers import ATTEMPTS_KEPT_S, CLOCK_S, IDLE_S, SESSION_S
from voipwatch.civic.keyed import PEPPER_BYTES, address_hash
from voipwatch.civic.petitions import (
    Answer,
    Delivery,
    PaperTally,
    Petition,
    PetitionError,
    is_erased,
    with_answer,
    with_closing,
    with_delivery,
    with_paper,
)
from voipwatch.civic.publiccounts import first_break, next_line, regularity, told_count
from voipwatch.civic.retention import BOUNCES_DAYS
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.desk import Desk, day_of, line_of, petition_of
from voipwatch.site.campaigns.links import SECTIONS
from voipwatch.store.civic import accounts, petition_rows, signing
from voipwatch.store.civic.audit_log import AuditRow, add_audit, keep_keepers_apart
from voipwatch.store.civic.opening import DatabaseError, forget_deleted, reading, writing
from voipwatch.store.civic.petition_rows import LogRow, NoteRow
from voipwatch.store.civic.signing import HeldRow

PERSON_SCHEMA: Final = "voipwatch.petition-person/1"
EXPORT_SCHEMA: Final = "voipwatch.petition-export/1"
DAY_S: Final = 86_400


class Turn(msgspec.Struct, frozen=True):
    """What fell due."""

    told: int = 0
    """Lines of count logs."""
    purged: int = 0
    """Requests that nobody confirmed."""
    erased: tuple[str, ...] = ()
    """Petitions of which nothing of a signer is left."""
    damaged: tuple[str, ...] = ()
    """What is wrong with rows that cannot be read; of their petitions nothing was done."""


class Office:
    """Acts of keepers; `who` is the account or role that acts."""

    def __init__(self, desk: Desk, who: str) -> None:
        self._desk = desk
        self._who = who

    def create(self, petition: Petition, *, now_s: int) -> None:
        """A new petition and its pepper. Raises PetitionError where the id is taken."""
        desk = self._desk
        if petition.id in SECTIONS:
            raise PetitionError("id", "a part of the site is called so")
        with writing(desk.engine) as connection:
            if petition_rows.petition_row(connection, petition.id) is not None:
                raise PetitionError("id", "there is a petition of that id")
            try:
                # Before the row: a petition without a pepper would take requests and lose them.
                desk.peppers.create(petition.id, secrets.token_bytes(PEPPER_BYTES))
            except FileExistsError:
                raise PetitionError("id", "a pepper of that id is left of another petition") from None
            document = msgspec.json.encode(petition).decode()
            petition_rows.add_petition(connection, petition.id, document, now_s=now_s)
            add_audit(connection, self._entry("create", petition.id, "", now_s))

    def close(self, name: str, *, now_s: int) -> Petition:
        """Close it now. Raises PetitionError."""
        return self._change(name, lambda known: with_closing(known, now_s), "close", "", now_s)

    def deliver(self, name: str, delivery: Delivery, *, now_s: int) -> Petition:
        """Raises PetitionError."""
        count = "no told count" if delivery.count is None else delivery.count
        detail = f"to {delivery.to}: {count}, on paper {delivery.paper}"
        return self._change(name, lambda known: with_delivery(known, delivery), "deliver", detail, now_s)

    def answer(self, name: str, answer: Answer, *, now_s: int) -> Petition:
        """Raises PetitionError."""
        detail = f"of {answer.sender}"
        return self._change(name, lambda known: with_answer(known, answer), "answer", detail, now_s)

    def paper(self, name: str, tally: PaperTally, *, now_s: int) -> Petition:
        """Raises PetitionError."""
        detail = f"{tally.sheets} sheets, {tally.signatures} signatures"
        return self._change(name, lambda known: with_paper(known, tally), "paper", detail, now_s)

    def export(self, name: str, *, now_s: int) -> dict[str, Any]:
        """What is handed over: text, told count, log, tally, notes, and names of those who want to be named.

        Raises PetitionError where there is no such petition, or its log was changed.
        """
        told = self._desk.told(name, names=True)
        if told is None:
            raise PetitionError("id", "there is no such petition")
        log = self._desk.log(name)
        broken = first_break(log)
        if broken is not None:
            raise PetitionError("log", f"line {broken + 1} does not follow from those before it")
        petition = told.petition
        return {
            "schema": EXPORT_SCHEMA, "at": iso(now_s), "id": petition.id,
            "opens": iso(petition.opens_at_s), "closes": iso(petition.closes_at_s),
            "controller": petition.controller, "texts": petition.texts,
            "count": told.line.count if told.line else None, "log": log, "papers": petition.papers,
            "notes": [note._asdict() for note in told.notes],
            "deliveries": petition.deliveries, "answers": petition.answers, "names": told.names,
        }  # fmt: skip

    def hide_name(self, name: str, shown: str, *, now_s: int) -> bool:
        """Show a public name to nobody; its signatures count as before. Whether it was shown until now.

        Raises PetitionError.
        """
        self._petition(name)
        with writing(self._desk.engine) as connection:
            done = accounts.hide_name(connection, name, shown)
            if done:
                # Not which: a name is a signer's.
                add_audit(connection, self._entry("hide-name", name, "", now_s))
        return done

    def show_name(self, name: str, hidden: str, *, now_s: int) -> bool:
        """The opposite."""
        self._petition(name)
        with writing(self._desk.engine) as connection:
            done = accounts.unhide_name(connection, name, hidden)
            if done:
                add_audit(connection, self._entry("show-name", name, "", now_s))
        return done

    def person(self, name: str, typed: str, *, now_s: int) -> HeldRow | None:
        """What is held of one person, on his request; None: nothing. Raises PetitionError, AddressError."""
        pseudonym = self._pseudonym(name, typed)
        with writing(self._desk.engine) as connection:
            add_audit(connection, self._entry("show-person", name, "", now_s))
            held = signing.held_of(connection, name, pseudonym) if pseudonym else HeldRow(None, None, ())
        return None if held == HeldRow(None, None, ()) else held

    def erase_person(self, name: str, typed: str, *, now_s: int) -> bool:
        """Erase one person, on his request; whether he had signed. Raises as `person`."""
        pseudonym = self._pseudonym(name, typed)
        with writing(self._desk.engine) as connection:
            add_audit(connection, self._entry("erase-person", name, "", now_s))
            gone = bool(pseudonym) and signing.revoke(connection, name, pseudonym)
        forget_deleted(self._desk.engine)
        return gone

    def erase(self, name: str, *, now_s: int) -> int:
        """Destroy pepper, pseudonyms and names now; how many signatures there were. Raises PetitionError.

        One that is announced or open is closed by it: it would take requests that nobody can confirm.
        """
        if now_s < self._petition(name).closes_at_s:
            self.close(name, now_s=now_s)
        return self._erase(name, now_s)

    def turn(self, now_s: int) -> Turn:
        """Everything that is due; as often as one likes, by one process at a time."""
        desk = self._desk
        told, erased = 0, []
        known = desk.known()
        damaged = list(known.damaged.values())
        for petition in known.petitions:
            if is_erased(petition, now_s):
                if not self._was_erased(petition.id):
                    self._erase(petition.id, now_s)
                    erased.append(petition.id)
            elif (
                now_s >= petition.opens_at_s
                and not petition.is_called_off
                and not self._was_erased(petition.id)
            ):
                with unless_damaged(damaged):
                    told += self._tell(petition.id, now_s)
        with writing(desk.engine) as connection:
            bounces_from = day_of(now_s - BOUNCES_DAYS * DAY_S)
            purged = signing.purge(connection, now_s=now_s, today=day_of(now_s), bounces_from=bounces_from)
            accounts.purge_keepers(
                connection,
                created_by_s=now_s - SESSION_S,
                seen_by_s=now_s - IDLE_S,
                after_s=now_s + CLOCK_S,
                tried_by_s=now_s - ATTEMPTS_KEPT_S,
            )
        forget_deleted(desk.engine)
        return Turn(told, purged, tuple(erased), tuple(damaged))

    def _tell(self, name: str, now_s: int) -> int:
        """A line of the log, and the note on the day that is over."""
        with reading(self._desk.engine) as connection:
            last = petition_rows.last_line(connection, name)
            before = None if last is None else line_of(last)
            if next_line(before, 0, now_s) is None:
                return 0
            line = next_line(before, signing.confirmed_count(connection, name), now_s)
            since_s = now_s // DAY_S * DAY_S - DAY_S
            found = regularity(day_of(since_s), signing.confirmations_by_hour(connection, name, since_s))
        assert line is not None
        with writing(self._desk.engine) as connection:
            petition_rows.add_line(
                connection, name, LogRow(line.n, line.prev, line.at, line.count, line.digest)
            )
            if found is not None and found.robotic:
                note = NoteRow(found.day, told_count(found.confirmations), f"{found.p_value:.1e}")
                petition_rows.add_note(connection, name, note)
        return 1

    def _was_erased(self, name: str) -> bool:
        with reading(self._desk.engine) as connection:
            row = petition_rows.petition_row(connection, name)
        return row is None or row.erased_at is not None

    def _erase(self, name: str, now_s: int) -> int:
        # The pepper first: what is left if the machine fails in between means nothing to anybody.
        self._desk.peppers.destroy(name)
        with writing(self._desk.engine) as connection:
            gone = signing.erase(connection, name)
            petition_rows.set_erased(connection, name, now_s=now_s)
            add_audit(connection, self._entry("erase", name, "", now_s))
        forget_deleted(self._desk.engine)
        return gone

    def _pseudonym(self, name: str, typed: str) -> bytes:
        """Empty where the petition is erased: nothing of anybody is left. Raises PetitionError,
        AddressError.
        """
        self._petition(name)
        pepper = self._desk.peppers.of(name)
        same = canonical(parse_address(typed), self._desk.campaigns.domains)
        return b"" if pepper is None else address_hash(pepper, name, same)

    def _petition(self, name: str) -> Petition:
        found = self._desk.petition(name)
        if found is None:
            raise PetitionError("id", "there is no such petition")
        return found

    def _change(
        self, name: str, change: Callable[[Petition], Petition], act: str, detail: str, now_s: int
    ) -> Petition:
        """Read, changed and kept in one transaction: else one keeper's act would undo another's."""
        with writing(self._desk.engine) as connection:
            keep_keepers_apart(connection)
            row = petition_rows.petition_row(connection, name)
            if row is None:
                raise PetitionError("id", "there is no such petition")
            changed = change(petition_of(row))
            petition_rows.set_document(connection, name, msgspec.json.encode(changed).decode())
            add_audit(connection, self._entry(act, name, detail, now_s))
        return changed

    def _entry(self, act: str, subject: str, detail: str, now_s: int) -> AuditRow:
        return AuditRow(int(now_s), self._who, act, subject, detail)


@contextmanager
def unless_damaged(damaged: list[str]) -> Iterator[None]:
    """A row that cannot be read is noted in `damaged`, and does not stop what is due of others. Raises
    DatabaseError of any other reason.
    """
    try:
        yield
    except DatabaseError as error:
        if error.reason != "damaged":
            raise
        damaged.append(error.detail)


def person_document(petition: str, held: HeldRow | None, *, now_s: int) -> dict[str, Any]:
    """What is held of one person, for him to take along (GDPR, articles 15 and 20)."""
    found = held or HeldRow(None, None, ())
    expires = found.request_expires_at
    return {
        "schema": PERSON_SCHEMA, "at": iso(now_s), "petition": petition,
        "signature": None if found.signature is None else found.signature._asdict(),
        "request_until": None if expires is None else iso(expires), "mails_waiting": found.mails,
    }  # fmt: skip
