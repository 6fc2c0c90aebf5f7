"""A petition's told counts as JSON: `/campaigns/api/ID/counts.json`."""

from collections.abc import Sequence
from typing import Final

import msgspec

from voipwatch.civic.petitions import PaperTally
from voipwatch.civic.publiccounts import STEP, CountLine
from voipwatch.site.campaigns.desk import Told

SCHEMA: Final = "voipwatch.petition-counts/1"


class DayNote(msgspec.Struct, frozen=True):
    """A day whose confirmations came more evenly than people come (docs/methods/arrivals.md)."""

    day: str
    """UTC."""
    confirmations: int
    """Of that day, in tens."""
    p_value: str


class PetitionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The document."""

    schema: str
    id: str
    count: int | None
    """The newest told count, a multiple of ten; 0: fewer than ten. Null: none was told yet."""
    at: str | None
    """When it was told, RFC 3339, UTC."""
    step: int
    """Counts are multiples of it."""
    log: tuple[CountLine, ...]
    """Every told count, oldest first."""
    papers: tuple[PaperTally, ...]
    """Signatures on paper: counted by hand, and never added."""
    notes: tuple[DayNote, ...]


def counts_of(told: Told, log: Sequence[CountLine]) -> PetitionCounts:
    """What is public of a petition's counts."""
    return PetitionCounts(
        schema=SCHEMA,
        id=told.petition.id,
        count=None if told.line is None else told.line.count,
        at=None if told.line is None else told.line.at,
        step=STEP,
        log=tuple(log),
        papers=told.petition.papers,
        notes=tuple(DayNote(*note) for note in told.notes),
    )
