"""Where people sign and revoke: rules from `civic`, rows from `store.civic`, one transaction each.

Every method takes the time; random bytes are drawn here, because this is a shell.
"""

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Engine

from voipwatch.civic.addresses import AddressError, AddressFault, canonical, parse_address, require_lasting
from voipwatch.civic.keyed import (
    PEPPER_BYTES,
    SELECTOR_BYTES,
    TOKEN_LIFE_S,
    TokenUse,
    address_hash,
    daily_key,
    read_envelope_token,
    read_token,
)
from voipwatch.civic.petitions import Petition, can_be_signed, public_name
from voipwatch.civic.publiccounts import CountLine
from voipwatch.site.campaigns.settings import Campaigns
from voipwatch.store.civic import petition_rows, signing
from voipwatch.store.civic.commits import SharedCommits
from voipwatch.store.civic.migrate import migrate
from voipwatch.store.civic.opening import DatabaseError, open_database, reading, writing
from voipwatch.store.civic.peppers import Peppers
from voipwatch.store.civic.petition_rows import LogRow, NoteRow, PetitionRow
from voipwatch.store.civic.signing import Asking, Confirmed, MailKind

Document = TypeVar("Document")
MAILS_A_DAY: Final = 2
"""To one mailbox, of whatever petition and whatever they offer: the form bombs nobody."""


class Outcome(StrEnum):
    """What a confirmation or a revocation came to."""

    SIGNED = "signed"
    ALREADY = "already"
    USED = "used"
    """The link did its work, or is too old."""
    CLOSED = "closed"
    REVOKED = "revoked"
    """Whether there was a signature or not."""
    NO_LINK = "no-link"
    """A token that nobody was sent."""


class Told(msgspec.Struct, frozen=True):
    """What is public of a petition."""

    petition: Petition
    line: CountLine | None
    """The newest told count; None: none was told yet."""
    notes: tuple[NoteRow, ...]
    names: tuple[str, ...] = ()
    """Of those who ticked it, sorted."""


class Desk:
    """One instance's. Methods may be called from several threads."""

    def __init__(self, campaigns: Campaigns, *, upgrade: bool = False) -> None:
        """Open the database and the folder of secrets.

        `upgrade` brings the tables up to date: one process does, before the others start.

        Raises:
            DatabaseError: one of them cannot be used.
        """
        self.campaigns = campaigns
        self.engine: Engine = open_database(campaigns.database)
        if upgrade:
            migrate(self.engine)
        self._commits = SharedCommits(self.engine)
        self.peppers = Peppers(campaigns.secrets)
        self._instance = self.peppers.instance(secrets.token_bytes(PEPPER_BYTES))

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    # --- looking

    def petitions(self) -> list[Petition]:
        """All, by id."""
        with reading(self.engine) as connection:
            return [petition_of(row) for row in petition_rows.petition_rows(connection)]

    def petition(self, name: str) -> Petition | None:
        """By its id."""
        with reading(self.engine) as connection:
            row = petition_rows.petition_row(connection, name)
        return None if row is None else petition_of(row)

    def told(self, name: str, *, names: bool = False) -> Told | None:
        """What its page says; `names` also those who want to be named."""
        with reading(self.engine) as connection:
            row = petition_rows.petition_row(connection, name)
            if row is None:
                return None
            last = petition_rows.last_line(connection, name)
            return Told(
                petition_of(row),
                None if last is None else line_of(last),
                tuple(petition_rows.notes(connection, name)),
                tuple(signing.public_names(connection, name)) if names else (),
            )

    def log(self, name: str) -> list[CountLine]:
        """Every told count, oldest first."""
        with reading(self.engine) as connection:
            return [line_of(row) for row in petition_rows.lines(connection, name)]

    # --- asking

    def ask(
        self, petition: Petition, typed: str, kind: MailKind, *, lang: str, now_s: int
    ) -> AddressFault | None:
        """Somebody typed an address: queue the mail that he asked for.

        None says only that the text is an address, never whether it signed, is known, or had its mails of the
        day. Nothing is done for a petition that cannot be signed or is erased: ask its state first.
        """
        pepper = self.peppers.of(petition.id)
        try:
            address = parse_address(typed)
            if kind is MailKind.CONFIRM:
                require_lasting(address, self.campaigns.domains)
        except AddressError as error:
            return error.fault
        if pepper is None:
            return None
        same, day = canonical(address, self.campaigns.domains), day_of(now_s)
        asked = Asking(
            petition=petition.id,
            selector=secrets.token_bytes(SELECTOR_BYTES),
            hash=address_hash(pepper, petition.id, same),
            address=address.mailbox,
            domain=address.domain,
            lang=lang,
            now_s=now_s,
            expires_at_s=now_s + TOKEN_LIFE_S,
            day=day,
            address_key=daily_key(self._instance, day, same),
        )
        request = signing.request_signature if kind is MailKind.CONFIRM else signing.request_revocation
        self._commits.run(lambda connection: request(connection, asked, mails_max=MAILS_A_DAY))
        return None

    # --- links

    def waits(self, petition: Petition, token: str, *, now_s: int) -> Outcome | None:
        """Whether a link could confirm: None where it can, else what it came to. Changes nothing."""
        selector = self._opened(petition, TokenUse.CONFIRM, token)
        if selector is None:
            return Outcome.NO_LINK
        if not can_be_signed(petition, now_s):
            return Outcome.CLOSED
        with reading(self.engine) as connection:
            return None if signing.waits(connection, petition.id, selector, now_s=now_s) else Outcome.USED

    def confirm(self, petition: Petition, token: str, *, name: str, now_s: int) -> Outcome:
        """Sign. `name` is to be shown, empty for none; raises PetitionError where it is too long."""
        shown = public_name(name)
        selector = self._opened(petition, TokenUse.CONFIRM, token)
        if selector is None:
            return Outcome.NO_LINK
        if not can_be_signed(petition, now_s):
            return Outcome.CLOSED
        day = day_of(now_s)
        became = self._commits.run(
            lambda connection: signing.confirm(
                connection, petition.id, selector, now_s=now_s, day=day, public_name=shown
            )
        )
        return {
            Confirmed.SIGNED: Outcome.SIGNED,
            Confirmed.ALREADY: Outcome.ALREADY,
            Confirmed.NONE: Outcome.USED,
        }[became]

    def may_revoke(self, petition: Petition, token: str) -> bool:
        """Whether that is a link that revokes; not whether there is something to revoke."""
        return self._opened(petition, TokenUse.REVOKE, token) is not None

    def revoke(self, petition: Petition, token: str) -> Outcome:
        """Take back."""
        pseudonym = self._opened(petition, TokenUse.REVOKE, token)
        if pseudonym is None:
            return Outcome.NO_LINK
        self._commits.run(lambda connection: signing.revoke(connection, petition.id, pseudonym))
        return Outcome.REVOKED

    def bounced(self, token: str, *, now_s: int) -> bool:
        """A mail came back for good: drop its request; whether one waited."""
        for petition in self.petitions():
            pepper = self.peppers.of(petition.id)
            selector = None if pepper is None else read_envelope_token(pepper, petition.id, token)
            if selector is not None:
                with writing(self.engine) as connection:
                    return signing.bounced(connection, petition.id, selector, day=day_of(now_s))
        return False

    def _opened(self, petition: Petition, use: TokenUse, token: str) -> bytes | None:
        pepper = self.peppers.of(petition.id)
        return None if pepper is None else read_token(pepper, petition.id, use, token)


def petition_of(row: PetitionRow) -> Petition:
    """What a row says. Raises DatabaseError, `damaged`."""
    return read_document(row.document, Petition, row.id)


def read_document(document: str, kind: type[Document], name: str) -> Document:
    """What a row's JSON says. Raises DatabaseError, `damaged`, for what this release does not read."""
    try:
        return msgspec.json.decode(document, type=kind)
    except (msgspec.DecodeError, UnicodeError):
        # Not why: the words of the decoder hold parts of the text.
        raise DatabaseError("damaged", f"{kind.__name__.lower()} {name}") from None


def line_of(row: LogRow) -> CountLine:
    """What a row says."""
    return CountLine(row.n, row.prev, row.at, row.told, row.digest)


def day_of(now_s: float) -> str:
    """`2026-11-22`, UTC."""
    return datetime.fromtimestamp(now_s, tz=UTC).date().isoformat()
