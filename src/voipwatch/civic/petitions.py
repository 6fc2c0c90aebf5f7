"""What a petition is, and what state it is in at a time: announced, open, closed, delivered, answered.

A petition names who is responsible for it (the controller of the law on personal data), says its text in one
language or more, opens and closes. Deliveries and answers are records beside it: what was handed over, to
whom, when, and what came back. Whoever reads a state finds it from times alone; nothing is switched.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from voipwatch.civic.campaignfile import (
    CampaignError,
    CampaignText,
    Controller,
    in_language,
    read_controller,
    read_country,
    read_id,
    read_table,
    read_texts,
    require_line,
    require_paragraphs,
)

ERASED_AFTER_S: Final = 30 * 86_400
"""After closing: pepper and hashes are destroyed."""
NAME_CHARACTERS_MAX: Final = 80
"""Of a public name."""
OPEN_DAYS_MAX: Final = 366
"""A petition without an end would keep pseudonyms for ever."""
PetitionError = CampaignError
"""A petition, or a record of it, cannot be as it was written."""
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
"""Zero-width characters and those that turn the text around them (UAX #9); no name needs one to be read."""


class PetitionState(StrEnum):
    """Of a petition at a time; each but the first can be signed or not, as it says."""

    ANNOUNCED = "announced"
    OPEN = "open"
    """Only then it can be signed. A signature can be taken back until everything is erased."""
    CLOSED = "closed"
    DELIVERED = "delivered"
    ANSWERED = "answered"


class PetitionText(CampaignText, frozen=True, forbid_unknown_fields=True):
    """In one language."""


class Delivery(msgspec.Struct, frozen=True):
    """The petition was handed over."""

    at_s: int
    to: str
    count: int | None
    """As it was handed over: a told count, a multiple of ten; 0: fewer than ten. None: none was told yet."""
    paper: int = 0
    """Signatures on paper, handed over with it and counted apart."""


class Answer(msgspec.Struct, frozen=True):
    """What came back."""

    at_s: int
    sender: str
    text: str
    source: str = ""
    """Address of the answer as it was published."""


class PaperTally(msgspec.Struct, frozen=True):
    """Sheets of paper that somebody counted: never added to the other count."""

    counted_at_s: int
    sheets: int
    signatures: int
    counted_by: str


class Petition(msgspec.Struct, frozen=True, kw_only=True):
    """One petition."""

    id: str
    """In addresses: lower-case letters, digits and hyphens."""
    opens_at_s: int
    closes_at_s: int
    controller: Controller
    texts: Mapping[str, PetitionText]
    """Language -> text; at least one."""
    country: str = ""
    """ISO 3166: where it runs, and whose law its page tells; empty: nobody says."""
    deliveries: tuple[Delivery, ...] = ()
    answers: tuple[Answer, ...] = ()
    papers: tuple[PaperTally, ...] = ()
    destroyed_at_s: int | None = None
    """When a keeper destroyed everything about signers before its time; None: nobody did."""

    @property
    def erased_at_s(self) -> int:
        """From when nothing of any signer is left."""
        due_s = self.closes_at_s + ERASED_AFTER_S
        return due_s if self.destroyed_at_s is None else min(due_s, self.destroyed_at_s)

    @property
    def is_called_off(self) -> bool:
        """Whether it was closed before it opened."""
        return self.closes_at_s <= self.opens_at_s

    def text(self, lang: str) -> tuple[str, PetitionText]:
        """The text in that language, else in the first one that it has; with its language."""
        return in_language(self.texts, lang)


def state_at(petition: Petition, now_s: float) -> PetitionState:
    """What state it is in."""
    if any(each.at_s <= now_s for each in petition.answers):
        return PetitionState.ANSWERED
    if any(each.at_s <= now_s for each in petition.deliveries):
        return PetitionState.DELIVERED
    if now_s >= petition.closes_at_s:
        return PetitionState.CLOSED
    return PetitionState.OPEN if now_s >= petition.opens_at_s else PetitionState.ANNOUNCED


def can_be_signed(petition: Petition, now_s: float) -> bool:
    """Whether a request is taken, and a confirmation too: what was not confirmed by the closing is not
    counted.
    """
    return state_at(petition, now_s) is PetitionState.OPEN


def is_erased(petition: Petition, now_s: float) -> bool:
    """Whether pepper and hashes are to be gone."""
    return now_s >= petition.erased_at_s


def with_closing(petition: Petition, at_s: int) -> Petition:
    """The same, closing earlier; before it opens that ends it for ever. Raises PetitionError where it is
    closed.
    """
    if at_s >= petition.closes_at_s:
        raise PetitionError("closes", "it is closed")
    return msgspec.structs.replace(petition, closes_at_s=at_s)


def with_erasure(petition: Petition, at_s: int) -> Petition:
    """The same, with everything about signers destroyed at a time: from then on it is closed, for ever."""
    return msgspec.structs.replace(petition, closes_at_s=min(petition.closes_at_s, at_s), destroyed_at_s=at_s)


def with_delivery(petition: Petition, delivery: Delivery) -> Petition:
    """The same, delivered. Raises PetitionError before its closing, and for a count that was never told."""
    if delivery.at_s < petition.closes_at_s:
        raise PetitionError("at", "before the petition closes")
    if delivery.count is not None and delivery.count % 10:
        raise PetitionError("count", "no told count: counts are told in tens")
    require_line("to", delivery.to)
    return msgspec.structs.replace(petition, deliveries=(*petition.deliveries, delivery))


def with_answer(petition: Petition, answer: Answer) -> Petition:
    """The same, answered. Raises PetitionError for an answer to what was not delivered."""
    if not any(each.at_s <= answer.at_s for each in petition.deliveries):
        raise PetitionError("at", "before any delivery")
    require_line("sender", answer.sender)
    require_paragraphs("text", answer.text)
    if answer.source and urlsplit(answer.source).scheme not in {"http", "https"}:
        raise PetitionError("source", "no web address")
    return msgspec.structs.replace(petition, answers=(*petition.answers, answer))


def with_paper(petition: Petition, tally: PaperTally) -> Petition:
    """The same and a tally of paper. Raises PetitionError."""
    if tally.sheets < 1 or tally.signatures < 0:
        raise PetitionError("signatures", "a tally has sheets, and signatures or none")
    require_line("counted_by", tally.counted_by)
    return msgspec.structs.replace(petition, papers=(*petition.papers, tally))


def public_name(typed: str) -> str:
    """A name that somebody wants to be shown, as it will be: NFC, single spaces, nothing invisible in it.

    Empty where nothing is left. Raises PetitionError for a longer one than is shown.
    """
    visible = _INVISIBLE.sub("", unicodedata.normalize("NFC", typed))
    clean = "".join(" " if unicodedata.category(c).startswith(("C", "Z")) else c for c in visible)
    name = " ".join(clean.split())
    if len(name) > NAME_CHARACTERS_MAX:
        raise PetitionError("name", f"longer than {NAME_CHARACTERS_MAX} characters")
    return name


def read_petition(text: str) -> Petition:
    """A petition as its controller wrote it: TOML, see docs/petition.md.

    Raises PetitionError, which names the field.
    """
    table = read_table(text, {"id", "opens", "closes", "country", "controller", "text"}, of="petition")
    name = read_id(table)
    opens, closes = _instant(table, "opens"), _instant(table, "closes")
    if not 0 < closes - opens <= OPEN_DAYS_MAX * 86_400:
        raise PetitionError("closes", f"after it opens, and within {OPEN_DAYS_MAX} days")
    return Petition(
        id=name,
        opens_at_s=opens,
        closes_at_s=closes,
        country=read_country(table),
        controller=read_controller(table),
        texts=read_texts(table, PetitionText),
    )


def _instant(table: Mapping[str, Any], field: str) -> int:
    value = table.get(field)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.timestamp())
    if isinstance(value, date) and not isinstance(value, datetime):
        return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    raise PetitionError(field, "a day (its first moment, UTC), or a time with its offset")
