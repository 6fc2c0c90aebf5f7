"""Incidents: changepoints of one country that are explained together.

Times are UTC, ISO 8601 with Z. Bounds lie on edges of half days, days or ISO weeks (`chronicle.telling`): the
lower one down, the upper one up, so that what is published holds what was found. What makes an incident is in
`chronicle.grouping`, what may be done with it in `chronicle.acts`.
"""

from enum import StrEnum
from typing import Final

import msgspec

INCIDENT_SCHEMA: Final = "voipwatch.incident/1"


class IncidentStatus(StrEnum):
    """How far people have come with it; never what the line does now, which is in the phases."""

    DETECTED = "detected"
    """By the machine alone; names no operator."""
    REVIEWED = "reviewed"
    """A person signed it."""
    DISPUTED = "disputed"
    """Somebody it speaks of contests it."""
    CORRECTED = "corrected"
    """Something that had been reviewed was wrong, and was set right."""
    WITHDRAWN = "withdrawn"
    """It stays as a tombstone with its reason."""


class IncidentKind(StrEnum):
    """What stopped: an app's calls, or all UDP of a line while TCP to the same address lives."""

    CALLS = "calls"
    DOWN = "down"


class PhaseKind(StrEnum):
    """What happened in a phase."""

    ONSET = "onset"
    """The first series."""
    EXTENSION = "extension"
    """Further series, or one of them again after an end."""
    INTERMITTENT = "intermittent"
    """Blocked at some hours of the day."""
    RELIEF = "relief"
    """Some series ended, others stand."""
    END = "end"
    """No series stands."""
    SILENCE = "silence"
    """Nobody measures; never an end."""


class AttributionState(StrEnum):
    """Whether the finding may be said of an operator's network."""

    ATTRIBUTED = "attributed"
    UNATTRIBUTED = "unattributed"


class AttributionReason(StrEnum):
    """Why, or why not; `chronicle.blame` has the rules."""

    CANARY_REACHED = "canary-reached"
    """The same shape reached the same reflector from another network within a day."""
    CANARY_SILENT = "canary-silent"
    """No canary spoke in the last 24 h; `canary_silent_since` says since when."""
    CANARY_SAME = "canary-same"
    """The canary sees the same: it is the app or the reflector."""
    ELSEWHERE_SAME = "elsewhere-same"
    """The same app fails in other countries at the same time."""
    OTHER_APPS_SAME = "other-apps-same"
    """Every app of the line fails: it is said of the line."""
    CLIENT_VERSION = "client-version"
    """Only probes of one release see it."""
    REFLECTOR = "reflector"
    """Only towards one reflector."""


class SeriesName(msgspec.Struct, frozen=True, order=True):
    """One series of a country."""

    operator: str
    access: str
    app: str
    """`line` for the line itself."""


class Finding(msgspec.Struct, frozen=True):
    """One changepoint of the store, as the chronicle reads it."""

    changepoint: str
    """Its permanent id."""
    country: str
    series: SeriesName
    kind: str
    """onset, end, silence."""
    earliest_s: float | None
    """Unix seconds; None where nothing was seen before."""
    latest_s: float
    detected_s: float
    level_before: float | None = None
    """Share of blocked votes, 0..1."""
    level_after: float | None = None
    probes: int = 0
    """That voted in the series on the day of the decision."""
    probes_both_sides: int = 0
    joined: int = 0
    left: int = 0
    arl_days: float = 0.0
    """Days between false onsets, promised."""
    arl_votes: float | None = None
    instance: str = ""
    earliest_step_s: int = 86_400
    """Length of the block about the lower bound in which three probes voted: it may be told to that, and no
    finer (`chronicle.telling`). A day where nobody counted."""
    latest_step_s: int = 86_400
    """The same of the upper bound."""
    probes_low: int | None = None
    """Probes that voted in the three days before the decision, counted low; None where nobody counted."""


class Intermittence(msgspec.Struct, frozen=True):
    """A series that is blocked by a schedule: `model.series.Regime` with its series."""

    country: str
    series: SeriesName
    earliest_s: float | None
    declared_s: float
    hour_hits: tuple[float, ...] = ()
    """Votes that say interference, by hour of the day, UTC: 24 of them, or none where nobody counted."""
    hour_votes: tuple[float, ...] = ()
    """All votes that decide, the same way."""
    ended_s: float | None = None
    ended_step_s: int = 28 * 86_400
    """How finely its end may be told, seconds (`chronicle.telling`): four weeks where nobody counted."""
    duty_cycle: float = 0.0
    instance: str = ""


class Phase(msgspec.Struct, frozen=True):
    """One thing that happened to some series of an incident."""

    kind: PhaseKind
    earliest: str | None
    """It began not before this; None where nothing was seen before."""
    latest: str
    """It had reached the last of its series by this."""
    series: tuple[SeriesName, ...]
    changepoints: tuple[str, ...] = ()
    blocked_hours: tuple[int, ...] = ()
    """Hours of the day, UTC, of an intermittent phase."""
    until: str | None = None
    """When an intermittent phase was over; None while it goes on, and for other kinds."""


class Spread(msgspec.Struct, frozen=True):
    """When one series was reached."""

    series: SeriesName
    earliest: str | None
    latest: str
    rank: int
    """1 + the series that were certainly reached before it. Where two intervals overlap no order can be told,
    whatever the ranks."""
    ended_earliest: str | None = None
    """Interval of its last end; both None while it stands."""
    ended_latest: str | None = None


class Quality(msgspec.Struct, frozen=True):
    """What stands behind an incident. Counts of probes below three are told as 0."""

    probes: int = 0
    """The most that voted in one of its series on the day of a decision."""
    probes_least: int = 0
    """The fewest."""
    probes_both_sides: int = 0
    """Fewest seen before and after an onset; 0 where a series had no quiet past."""
    joined: int = 0
    """Probes that joined the panel on the day of the decision, the most of any series."""
    left: int = 0
    votes_surplus: int = 0
    """Votes of the country beyond their prefix's cap, in whole tens: evidence of nothing."""
    arl_days: float = 0.0
    """Days between false onsets promised for each of its series, the least."""
    arl_votes: float | None = None
    """The same in votes."""


class Attribution(msgspec.Struct, frozen=True):
    """Whether an operator may be named, and why or why not."""

    state: AttributionState = AttributionState.UNATTRIBUTED
    reasons: tuple[AttributionReason, ...] = (AttributionReason.CANARY_SILENT,)
    canary_silent_since: str | None = None
    """None where no canary ever spoke, or one speaks."""


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of an incident."""

    id: str
    """`MA-2016-01-a`: country, month of the first onset's upper bound, letter; emulated ones begin `LAB-`."""
    revision: int
    """From 1; every act that changes what is shown makes another."""
    country: str
    status: IncidentStatus
    as_of: str
    """Nothing that arrived later is in it."""
    kind: IncidentKind = IncidentKind.CALLS
    instance: str = ""
    """Name of the emulation, else empty."""
    phases: tuple[Phase, ...] = ()
    spread: tuple[Spread, ...] = ()
    mechanisms: tuple[str, ...] = ()
    """Of its blocked and throttled votes, most frequent first."""
    quality: Quality = Quality()
    attribution: Attribution = Attribution()
    merged_from: tuple[str, ...] = ()
    merged_into: str | None = None
    split_from: tuple[str, ...] = ()
    split_into: tuple[str, ...] = ()
    notice_until: str | None = None
    """An operator that was told may answer until then before its name is published."""
    reviewed_revision: int = 0
    """The revision that a person signed last; 0 where none was."""
    named: tuple[str, ...] = ()
    """Operators that may be named: those in the reviewed revision. Empty while unreviewed."""
    reason: str = ""
    """Why it was withdrawn."""
    schema: str = INCIDENT_SCHEMA

    @property
    def synthetic(self) -> bool:
        """Whether it is emulated."""
        return bool(self.instance)

    @property
    def ended(self) -> bool:
        """Whether no series stands."""
        return bool(self.spread) and all(each.ended_latest is not None for each in self.spread)
