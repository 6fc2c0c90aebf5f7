"""Where people sign and revoke: rules from `civic`, rows from `store.civic`, one transaction each.

Every method takes the time; random bytes are drawn here, because this is a shell.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final, Protocol, TypeVar

import msgspec
from sqlalchemy import Engine

from voipwatch.civic.addresses import (
    AddressError,
    AddressFault,
    canonical,
    domain_key,
    mailbox_key,
    parse_address,
    require_lasting,
)
from voipwatch.civic.campaignfile import LANGUAGES, CampaignText
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
from voipwatch.civic.petitions import Petition, can_be_signed, public_name, with_erasure
from voipwatch.civic.publiccounts import CountLine
from voipwatch.model.instants import iso, seconds
from voipwatch.site.campaigns.settings import Campaigns
from voipwatch.store.civic import petition_rows, signing
from voipwatch.store.civic.commits import SharedCommits
from voipwatch.store.civic.migrate import migrate
from voipwatch.store.civic.opening import DatabaseError, open_database, reading, writing
from voipwatch.store.civic.peppers import Peppers
from voipwatch.store.civic.petition_rows import LogRow, NoteRow, PetitionRow
from voipwatch.store.civic.signing import Asking, Confirmed, MailKind

MAILS_A_DAY: Final = 2
"""To one mailbox, of whatever petition and whatever they offer: the form bombs nobody."""


class _Named(Protocol):
    """A row with an id."""

    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=_Named)
Campaign = TypeVar("Campaign")


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


class Known(msgspec.Struct, frozen=True):
    """The petitions of an instance. One row that cannot be read must not stop all others."""

    petitions: tuple[Petition, ...]
    """By id."""
    damaged: Mapping[str, str]
    """Id -> what is wrong with the row, which was damaged or written by a newer release."""


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

    def known(self) -> Known:
        """All of them; those that cannot be read by their ids alone."""
        with reading(self.engine) as connection:
            rows = petition_rows.petition_rows(connection)
        found, damaged = readable(rows, petition_of)
        return Known(found, damaged)

    def petitions(self) -> list[Petition]:
        """All that can be read, by id."""
        return list(self.known().petitions)

    def petition(self, name: str) -> Petition | None:
        """By its id. Raises DatabaseError, `damaged`, for a row that cannot be read."""
        with reading(self.engine) as connection:
            row = petition_rows.petition_row(connection, name)
        return None if row is None else petition_of(row)

    def told(self, name: str, *, names: bool = False) -> Told | None:
        """What its page says; `names` also those who want to be named. Raises DatabaseError, `damaged`, for
        rows that cannot be read.
        """
        with reading(self.engine) as connection:
            row = petition_rows.petition_row(connection, name)
            if row is None:
                return None
            last = petition_rows.last_line(connection, name)
            return Told(
                petition_of(row),
                None if last is None else line_of(last),
                tuple(note_of(name, each) for each in petition_rows.notes(connection, name)),
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

        None says only that the text is an address, never whether it signed, is known, or its mailbox or
        domain had its mails of the day. Nothing is done for a petition that cannot be signed or is erased:
        ask its state first.
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
        domains, day = self.campaigns.domains, day_of(now_s)
        of_domain = domain_key(address, domains)
        asked = Asking(
            petition=petition.id,
            selector=secrets.token_bytes(SELECTOR_BYTES),
            hash=address_hash(pepper, petition.id, canonical(address, domains)),
            address=address.mailbox,
            domain=address.domain,
            lang=lang,
            now_s=now_s,
            expires_at_s=now_s + TOKEN_LIFE_S,
            day=day,
            address_key=daily_key(self._instance, day, mailbox_key(address, domains)),
            domain_key=daily_key(self._instance, day, of_domain) if of_domain else None,
            domain_mails_max=self.campaigns.settings.mail.per_domain_a_day,
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
    with undamaged(f"petition {row.id}"):
        found = msgspec.json.decode(row.document, type=Petition)
        require_texts(found.texts)
        for at_s in (found.opens_at_s, found.erased_at_s, *_times(found)):
            iso(at_s)
        # The row is what says so: pepper and pseudonyms are gone, whatever dates the document has.
        return found if row.erased_at is None else with_erasure(found, row.erased_at)


def line_of(row: LogRow) -> CountLine:
    """What a row says. Raises DatabaseError, `damaged`, for what is no told count at all; whether the chain
    holds is another question (`civic.publiccounts.first_break`).
    """
    with undamaged(f"line {row.n} of a log of counts"):
        found = msgspec.convert(row._asdict() | {"count": row.told}, CountLine)
        seconds(found.at)
        if found.count < 0:
            raise ValueError("a count is never below 0")
    return found


def note_of(name: str, row: NoteRow) -> NoteRow:
    """The same. Raises DatabaseError, `damaged`, for one of no day."""
    with undamaged(f"a note of petition {name}"):
        date.fromisoformat(row.day)
    return row


def readable(
    rows: Iterable[Row], of: Callable[[Row], Campaign]
) -> tuple[tuple[Campaign, ...], dict[str, str]]:
    """What rows say; of those that cannot be read, by id what is wrong."""
    found, damaged = [], {}
    for row in rows:
        try:
            found.append(of(row))
        except DatabaseError as error:
            damaged[row.id] = error.detail
    return tuple(found), damaged


_OR_NEWER: Final = "damaged, or written by a newer release"


@contextmanager
def undamaged(what: str) -> Iterator[None]:
    """Whatever is wrong with a row's content is told as DatabaseError, `damaged`, with what row it is."""
    try:
        yield
    except (msgspec.MsgspecError, UnicodeError) as error:
        # Where, not what: the decoder's words hold parts of the text.
        where = re.search(r" - at `([^`]*)`\Z", str(error))
        detail = f"at {where[1]}" if where else "no JSON of its kind"
        raise DatabaseError("damaged", f"{what}: {detail} ({_OR_NEWER})") from None
    except (ValueError, KeyError, OverflowError, OSError, TypeError) as error:
        detail = str(error) or type(error).__name__
        raise DatabaseError("damaged", f"{what}: {detail} ({_OR_NEWER})") from error


def require_texts(texts: Mapping[str, CampaignText]) -> None:
    """Raises ValueError where there is no text in a language that the site has."""
    if not set(texts) & set(LANGUAGES):
        raise ValueError("there is no text in a language that is known")


def _times(petition: Petition) -> Iterator[int]:
    yield from (each.at_s for each in petition.deliveries)
    yield from (each.at_s for each in petition.answers)
    for tally in petition.papers:
        yield tally.counted_at_s


def day_of(now_s: float) -> str:
    """`2026-11-22`, UTC."""
    return datetime.fromtimestamp(now_s, tz=UTC).date().isoformat()
