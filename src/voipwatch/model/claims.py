"""Claims: what a source said of a block, beside what was measured.

A claim is kept as it was published, also where it cannot be right; contradicting ones stand side by side.
"""

from enum import StrEnum
from typing import Final

import msgspec

CLAIMS_SCHEMA: Final = "voipwatch.claims/1"


class ClaimType(StrEnum):
    """Who speaks."""

    REGULATOR_ACT = "regulator-act"
    OPERATOR_STATEMENT = "operator-statement"
    PRESS = "press"
    RUMOUR = "rumour"
    COURT = "court"
    USER_REPORT = "user-report"


class ClaimSays(StrEnum):
    """What is said to have been true in the claim's time and scope."""

    BLOCKED = "blocked"
    """Calls do not get through."""
    ONSET = "onset"
    """They got through before, and not since."""
    INTERMITTENT = "intermittent"
    END = "end"
    """They did not get through before, and do since."""
    OPEN = "open"
    """They get through."""
    OTHER = "other"
    """Nothing that a line could show: a text, a sum, a count of people."""


class Reliability(StrEnum):
    """How near the source is to what it says; after the source grades of STANAG 2511, in words."""

    FIRST_HAND = "first-hand"
    """The body itself: its communiqué, its decree."""
    REPORTED = "reported"
    """A publisher that names its source."""
    UNNAMED_SOURCE = "unnamed-source"
    """A publisher that does not."""
    HEARSAY = "hearsay"


class ClaimState(StrEnum):
    """The claim against the cells."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_MEASURABLE = "not-measurable"


class DateFlag(StrEnum):
    """What is odd about a date as published."""

    IMPOSSIBLE = "impossible"
    """There is no such day."""
    UNLIKELY = "unlikely"
    """There is, but the source cannot mean it."""


class Scope(msgspec.Struct, frozen=True):
    """What a claim is about; empty lists mean all."""

    country: str
    operators: tuple[str, ...] = ()
    accesses: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()


class Translation(msgspec.Struct, frozen=True):
    """Our own English words in another language."""

    lang: str
    """BCP 47."""
    text: str
    read: bool = False
    """A fluent reader has read it."""


class Source(msgspec.Struct, frozen=True):
    """Where it was said."""

    publisher: str
    title: str
    """What it is, in English."""
    url: str = ""
    """Empty where it is not known."""
    date: str = ""
    """Of publication, EDTF; empty where it is not known."""
    reliability: Reliability = Reliability.REPORTED
    lang: str = ""
    translations: tuple[Translation, ...] = ()
    """Of the title."""
    gone_at: str = ""
    """Since when it cannot be read where it was, EDTF; empty while it can. It is cited all the same."""
    archived_url: str = ""
    """Where a copy is."""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that one source said."""

    id: str
    """`morocco-2016/fixed-lines-26-february`: permanent."""
    type: ClaimType
    says: ClaimSays
    date: str
    """When it is said to have been so; EDTF as near to the published words as it goes."""
    as_published: str
    """The date in the source's own words."""
    text: str
    """What it said, in our words, in English."""
    scope: Scope
    source: Source
    contradicts: tuple[str, ...] = ()
    """Claims that cannot be true together with it."""
    flag: DateFlag | None = None
    translations: tuple[Translation, ...] = ()
    """Of the text."""


class Witness(msgspec.Struct, frozen=True, order=True):
    """One published row behind a check, as the table of cells names it."""

    country: str
    operator: str
    access: str
    app: str
    start: str
    """ISO 8601 with Z."""
    level: str
    """hour or day."""


class ClaimCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A claim set against the cells."""

    claim: str
    state: ClaimState
    why: str
    """A word of a closed list: `chronicle.claims.WHY`."""
    cells_for: int = 0
    """Decided cells that agree with it."""
    cells_against: int = 0
    units_for: int = 0
    """Lines a day (of a change: series) that agree."""
    units: int = 0
    share: float | None = None
    """Of the units that agree, 0..1; None without any."""
    share_low: float | None = None
    """Wilson's interval of it, each bound 95 % one-sided."""
    share_high: float | None = None
    days: int = 0
    """Days with a cell that speaks."""
    series: int = 0
    """Series with one."""
    rows: tuple[Witness, ...] = ()
    """Of every series the first and the last row that speak."""
    as_of: str = ""
