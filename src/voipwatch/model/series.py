"""What a detector reads and what it says: the rows of a series, and its changepoints.

A series is what many lines said of one thing over time, for instance one app on one operator's mobile
network. Its rows are votes, one or many to a row. The order in which rows are handed over is the order in
which they were received; the time in them is the time they are about.
"""

from enum import Enum

import msgspec


class SeriesRow(msgspec.Struct, frozen=True, gc=False):
    """One or more votes of a series about one moment or one span."""

    time_s: float
    """What the row is about: Unix time, seconds, UTC; the start of the span for counts of a day."""
    blocked_count: int
    """Votes that say "blocked", 0 up to `total_count`."""
    total_count: int = 1
    """Votes, at least 0; a row without votes says only that somebody looked."""
    probe: str = ""
    """Pseudonym of the probe that voted; empty where the series does not say."""


class ChangeKind(Enum):
    """What happened to a series."""

    ONSET = "onset"
    END = "end"
    SILENCE = "silence"


class Changepoint(msgspec.Struct, frozen=True):
    """A time at which a series' law is judged to have changed."""

    kind: ChangeKind
    earliest_s: float | None
    """The change is not before this; None where nothing was seen before."""
    latest_s: float
    """The change is not after this."""
    detected_s: float
    """Time of the row that decided, or the end of its span."""
    level_before: float | None
    """Share of blocked votes before, 0..1; None where there is no quiet past."""
    level_after: float | None
    """Share of blocked votes since; None for silence."""
    probes_both_sides: int = 0
    """Probes seen before and after the change; 0 where the series does not name probes."""


class Regime(msgspec.Struct, frozen=True):
    """Interference that comes and goes: one thing with a schedule, not a string of onsets."""

    earliest_s: float | None
    """Onset of the first spell, its lower bound."""
    declared_s: float
    """When it was declared, after two cycles."""
    cycles: int
    """Spells seen so far."""
    duty_cycle: float
    """Share of the time since the first spell that was blocked, 0..1."""
    blocked_hours: tuple[int, ...]
    """Hours of the day, UTC, that its own votes name (`stats.dayhours`); empty where they name none."""
    ended_s: float | None = None
    """End of its last spell once it is judged over; None while it goes on."""
