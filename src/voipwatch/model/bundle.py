"""The public rows: what a bundle says of many lines together, never of fewer than three.

Every published figure of a row is a function of that row's own votes, no vote is in two rows, and a row never
changes once it is out (docs/methods/privacy.md).
"""

from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.model.cells import CellState
from voipwatch.model.vocabulary import Access

PROBES_PER_ROW: Final = 3
"""Probes that a row is about, at least. Two would tell each of the two about the other."""
HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S
WEEK_S: Final = 7 * DAY_S
CLOSING_LAG_S: Final = 6 * HOUR_S
"""A pool closes this long after its time: a scheduled probe that is online hands in within minutes, and one
whose line was down for a night belongs to the next coarser pool."""
LATE_LAG_S: Final = 4 * WEEK_S
"""The late pool of a week closes this long after the week's own: a ticket lives seven days, and a queue that
was offline for longer than a month is no evidence that anybody waits for."""


class Level(StrEnum):
    """How coarse the time of a row is. The order is that of coarsening; `late` is a week, told later."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    """An ISO week, from Monday 00:00 UTC (ISO 8601)."""
    LATE = "late"
    """An ISO week again: what arrived after the week's row was closed, and what was too little for it."""


LEVEL_S: Final = {Level.HOUR: HOUR_S, Level.DAY: DAY_S, Level.WEEK: WEEK_S, Level.LATE: WEEK_S}


class SeriesId(msgspec.Struct, frozen=True, order=True):
    """Of whom and of what, without time; the order of fields is the order of tables."""

    country: str
    operator: str
    access: Access
    app: str
    instance: str = ""
    """Name of the emulation, else empty: emulated votes never meet real ones."""


class PublicRow(msgspec.Struct, frozen=True, order=True):
    """What a pool of at least `PROBES_PER_ROW` probes said, at the stage of the whole call.

    The five counts add up to `votes`; all five are None where fewer than three of the probes decided
    anything, and the state is then insufficient.
    """

    series: SeriesId
    start: int
    """Unix seconds: start of the hour, day or ISO week, UTC."""
    level: Level
    closed_at: int
    """Unix seconds: the row holds what had arrived by then, and is never changed."""
    state: CellState
    votes: int
    """One a probe and hour, after the cap of each source prefix."""
    ok: int | None
    blocked: int | None
    throttled: int | None
    down: int | None
    insufficient: int | None
    """Votes that decide nothing."""
    probes: int
    """Distinct probes, counted low: the larger of two months at a month's turn, and those seen behind one
    household's prefix as one."""
    hours: int
    """Distinct hours in which they voted."""


MANIFEST_SCHEMA: Final = "voipwatch.bundle/1"
MANIFEST_FILE: Final = "manifest.json"
SIGNATURE_FILE: Final = "manifest.sig"
COUNTING_FILE: Final = "counting.json"
COUNTING_SCHEMA: Final = "voipwatch.counting/1"
PUBLISHER: Final = "voipwatch"
"""Of a bundle whose observatory has given itself no name."""
VALID_S: Final = 2 * DAY_S
"""A bundle is made every day: one that is older than two days says nothing of today."""


class FileEntry(msgspec.Struct, frozen=True, order=True):
    """One file of a bundle."""

    path: str
    """Relative, `/` between folders."""
    sha256: str
    """Hex."""
    bytes: int


class Closed(msgspec.Struct, frozen=True):
    """Of a closed observatory: no measurement follows, but replies and corrections may."""

    reason: str
    at: str


def is_no_time(as_of: str) -> bool:
    """Whether a bundle is as of a time at which nothing can have been measured: its store had no report."""
    return as_of < "1970-01-02"


class Manifest(msgspec.Struct, frozen=True):
    """What a bundle holds. The digest of a bundle is the SHA-256 of this file's bytes."""

    as_of: str
    """Nothing that arrived later is in it; UTC, ISO 8601."""
    valid_until: str
    """Whoever reads it later must not say "now"."""
    synthetic: bool
    instance: str
    """Name of the emulation, empty for real measurements."""
    files: tuple[FileEntry, ...]
    """Every file but this one and its signature, by path."""
    previous: str = ""
    """Digest of the bundle before, hex; empty for the first."""
    key: str = ""
    """Ed25519 public key of the signature, hex."""
    final: Closed | None = None
    publisher: str = PUBLISHER
    """Who answers for it: the name that the observatory has given itself."""
    contact: str = ""
    """Where replies and corrections are sent; empty where the observatory names none."""

    @property
    def is_unmeasured(self) -> bool:
        """Whether no report had arrived: as of the first hour of Unix time, which is nobody's date."""
        return is_no_time(self.as_of)

    schema: str = MANIFEST_SCHEMA


class CountedFrom(msgspec.Struct, frozen=True, order=True):
    """Day zero of an incident by a claim, instead of its measured onset."""

    incident: str
    claim: str
    """Id, of claims.json."""


class CountedIn(msgspec.Struct, frozen=True, order=True):
    """In which zone the days of a country are counted, instead of its capital's."""

    country: str
    zone: str
    """IANA name."""


class Counting(msgspec.Struct, frozen=True):
    """counting.json: what an editor has decided of counters; whoever renders the bundle counts the same."""

    zeros: tuple[CountedFrom, ...] = ()
    zones: tuple[CountedIn, ...] = ()


class PublicChange(msgspec.Struct, frozen=True, order=True):
    """A changepoint as it is published."""

    series: SeriesId
    latest: int
    """Unix seconds, as are the other times; the change is not after this."""
    kind: str
    """onset, end, silence."""
    basis: str
    """`votes`: found in the votes themselves; `rows`: found in the published rows alone."""
    id: str
    earliest: int | None
    """Not before this; None where nothing was seen before."""
    detected: int
    """Start of the block in which the deciding vote was observed; for rows, the end of the deciding day."""
    level_before: int | None
    """Share of blocked votes, in whole steps of `LEVEL_STEP` percent; None where there is no quiet past."""
    level_after: int | None
    probes_both_sides: int | None
    """None where fewer than three, and for rows, which name none."""
    shown_by: str
    """Of basis `votes`: the change of the published rows that says the same, or empty."""
    withheld_below: int | None
    """Of basis `votes`: fewer votes than this, in the time between, are in no published row."""


LEVEL_STEP: Final = 5
"""Percent: finer shares of few votes would tell each vote, those of withheld rows too."""
WITHHELD_STEP: Final = 10
"""Withheld votes are told in steps of ten: an exact number could be one probe's."""
