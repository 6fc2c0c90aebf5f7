"""Whose a session is, where several collectors are handed reports at once. Pure.

A session belongs to the first report that claims it, for good. The same report may be claimed again, by any
collector: its id is made of its sessions, so what is written twice is known by it later on, and counts once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class RegisterAwayError(Exception):
    """The register does not answer: nothing of this is acknowledged. `reason`: one word."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason


class DayKey(NamedTuple):
    """The key of prefix hashes that holds now."""

    day: str
    """YYYY-MM-DD, UTC, by the register's clock."""
    key: bytes
    left_s: float
    """Until that day ends."""


class Written(NamedTuple):
    """A report that a collector holds."""

    report_id: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A report that a collector is about to write."""

    report_id: str
    """Hex, as all ids and digests here."""
    sessions: tuple[str, ...]
    deletion_hash: bytes
    body_sha256: str
    received_at_s: float


@dataclass(frozen=True, slots=True)
class Row:
    """What the register has of a report."""

    deletion_hash: bytes
    body_sha256: str
    received_at_s: float
    written: bool = False
    """A collector has said that it is where it is to be; else it may be, or the collector died before."""
    deleted: bool = False


class Word(StrEnum):
    """What a collector is to do with a report."""

    WRITE = "write"
    """Its sessions are this report's: write it, then acknowledge."""
    WRITTEN = "written"
    """It is written already: acknowledge what is written."""
    TAKEN = "taken"
    """A session of it is another report's, or whoever sends it is not who sent it first."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one claim. `body_sha256`, `received_at_s`: of what is, or is to be, written."""

    word: Word
    body_sha256: str = ""
    received_at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    """Verdicts in order, and what the register is to write for them."""

    verdicts: list[Verdict]
    added: list[Claim] = field(default_factory=list)
    replaced: list[Claim] = field(default_factory=list)
    """Of reports that were claimed with other bytes and never said to be written."""


def settle(claims: Sequence[Claim], owners: Mapping[str, str], rows: Mapping[str, Row]) -> Settled:
    """Decide claims in order.

    Args:
        claims: as they came; the same report may be among them more than once.
        owners: session -> report, of sessions that were claimed before.
        rows: report -> what is known of it.
    """
    settled = Settled([])
    mine: dict[str, Claim] = {}
    taken = dict(owners)
    for claim in claims:
        verdict = _verdict(claim, taken, rows.get(claim.report_id), mine.get(claim.report_id))
        settled.verdicts.append(verdict)
        if verdict.word is not Word.WRITE or claim.report_id in mine:
            continue
        mine[claim.report_id] = claim
        row = rows.get(claim.report_id)
        if row is None:
            settled.added.append(claim)
            taken.update(dict.fromkeys(claim.sessions, claim.report_id))
        elif row.body_sha256 != claim.body_sha256:
            settled.replaced.append(claim)
    return settled


def _verdict(claim: Claim, owners: Mapping[str, str], row: Row | None, first: Claim | None) -> Verdict:
    """`first`: the same report, earlier among these."""
    if row is not None and row.deleted:
        return Verdict(Word.DELETED)
    if any(owners.get(session, claim.report_id) != claim.report_id for session in claim.sessions):
        return Verdict(Word.TAKEN)
    if first is not None:  # written once, as the first one is
        return Verdict(Word.WRITE, first.body_sha256, first.received_at_s)
    if row is None:
        return Verdict(Word.WRITE, claim.body_sha256, claim.received_at_s)
    if row.deletion_hash != claim.deletion_hash:
        return Verdict(Word.TAKEN)
    if row.written:
        return Verdict(Word.WRITTEN, row.body_sha256, row.received_at_s)
    if row.body_sha256 == claim.body_sha256:
        return Verdict(Word.WRITE, row.body_sha256, row.received_at_s)
    return Verdict(Word.WRITE, claim.body_sha256, claim.received_at_s)
