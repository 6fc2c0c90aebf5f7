"""What people and the machine say in the chronicle's log: kinds of entries, and the body of each.

Which of them may follow which is in `chronicle.acts`; how a line is chained and signed in `chronicle.log`.
"""

from enum import StrEnum
from typing import Final

import msgspec

LOG_SCHEMA: Final = "voipwatch.chronicle-log/1"
NOTICE_HOURS: Final = 48
"""Between the notice to an operator and the first time that its name is published; an instance may say more
or less."""


class EntryKind(StrEnum):
    """What a line of the log says."""

    KEY = "key"
    INCIDENT = "incident"
    MERGE = "merge"
    """The last revision of an incident that is another one: its tombstone."""
    SPLIT = "split"
    """The first revision of an incident that was part of another."""
    REVIEW = "review"
    NOTICE = "notice"
    REPLY = "reply"
    DISPUTE = "dispute"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"
    HOLD = "hold"
    CLAIM_NOTE = "claim-note"
    FINAL = "final"


class KeyRole(StrEnum):
    """Who holds a key."""

    INSTANCE = "instance"
    """The observatory's machine."""
    EDITOR = "editor"
    """A person who answers for what is published."""


class KeyReason(StrEnum):
    """Why a key is announced."""

    FIRST = "first"
    ROTATION = "rotation"
    """Signed by the key that it replaces."""
    LOSS = "loss"
    """The old one is gone: signed by what is left, and to be confirmed elsewhere."""


class KeyEntry(msgspec.Struct, frozen=True):
    """A key that signs from here on."""

    key: str
    """Ed25519 public key, hex."""
    role: KeyRole
    reason: KeyReason = KeyReason.FIRST
    replaces: str = ""
    """It signs no longer."""


class Review(msgspec.Struct, frozen=True):
    """A person read this revision with its evidence and answers for it."""

    incident: str
    revision: int
    reviewer: str
    """Office or desk; a person's name only if the person wishes."""
    note: str = ""


class Notice(msgspec.Struct, frozen=True):
    """The operators of this revision were told, and have until then to answer."""

    incident: str
    revision: int
    operators: tuple[str, ...]
    until: str
    channel: str = ""
    """How: letter, mail to the press office."""


class ReplySide(StrEnum):
    """Who replies."""

    OPERATOR = "operator"
    PROVIDER = "provider"
    REGULATOR = "regulator"


class Reply(msgspec.Struct, frozen=True):
    """What somebody said whom an incident speaks of; shown beside it, unedited."""

    incident: str
    side: ReplySide
    name: str
    """Of the company or office."""
    received: str
    """Date, EDTF."""
    text: str
    lang: str = ""
    """BCP 47."""
    url: str = ""


class Dispute(msgspec.Struct, frozen=True):
    """Somebody contests an incident."""

    incident: str
    by: str
    """Company or office."""
    ground: str
    """In our words; their own words are a reply."""


class Correction(msgspec.Struct, frozen=True):
    """Something published was wrong."""

    incident: str
    revision: int
    """That was wrong."""
    what: str
    """What was said, and what is right."""
    why: str = ""


class Withdrawal(msgspec.Struct, frozen=True):
    """An incident, or evidence, does not stand."""

    reason: str
    incident: str = ""
    """Empty where only evidence is withdrawn."""
    changepoints: tuple[str, ...] = ()
    """They count no more, in this incident or any other."""


class Hold(msgspec.Struct, frozen=True):
    """An embargo: not published before that time; its content is fixed by the hash."""

    incident: str
    revision: int
    until: str
    digest: str
    """SHA-256, hex, of the revision's canonical JSON."""


class ClaimNote(msgspec.Struct, frozen=True):
    """Something happened to a claim's source: it disappeared, was changed, was corrected by its publisher."""

    claim: str
    note: str
    seen: str
    """Date, EDTF."""
    gone_at: str = ""
    """Since when its source cannot be read, EDTF; empty where it can."""
    archived_url: str = ""
    """Where a copy is."""


class Closing(msgspec.Struct, frozen=True):
    """The observatory is closed; what it said stands as of then."""

    reason: str
