"""All that a detector remembers of one series: plain data that msgspec writes and reads back exactly."""

from enum import Enum

import msgspec

from voipwatch.inference.detection.baseline import Baseline
from voipwatch.inference.detection.dating import Kept
from voipwatch.inference.detection.evidence import COMPONENTS, FRACTIONS
from voipwatch.inference.detection.regime import Cycles
from voipwatch.inference.detection.silence import Pace
from voipwatch.model.series import Changepoint, SeriesRow


class Phase(Enum):
    """What the detector is looking for."""

    LEARNING = "learning"
    """A quiet past."""
    QUIET = "quiet"
    """An onset."""
    ALARMED = "alarmed"
    """An end."""


class OpenBlock(msgspec.Struct):
    """The block that is being received."""

    index: int
    """Time of its span, counted in blocks since 1970."""
    rows: list[SeriesRow]
    late_indices: list[int] = []


class Interference(msgspec.Struct):
    """What is known of the interference that stands."""

    onset_s: float | None
    """Latest time of the onset; None where the series starts blocked."""
    blocked: float
    votes: float
    share_before: float
    probes: dict[str, tuple[int, int]] = {}
    """Blocked votes and votes of each probe since the onset."""

    @property
    def level(self) -> float:
        """Share of blocked votes since the onset."""
        return self.blocked / max(self.votes, 1.0)


class State(msgspec.Struct):
    """The detector's whole memory."""

    phase: Phase = Phase.LEARNING
    baseline: Baseline = msgspec.field(default_factory=Baseline)
    open: OpenBlock | None = None
    last_index: int | None = None
    """Newest block seen."""
    last_start_s: float | None = None
    """Start of the newest block that was judged."""
    day: int | None = None
    """Day of the last redrawing of the border."""
    onset_sums: list[float] = msgspec.field(default_factory=lambda: [0.0] * COMPONENTS)
    end_sums: list[float] = msgspec.field(default_factory=lambda: [0.0] * len(FRACTIONS))
    kept: list[Kept] = []
    judged: list[int] = []
    """Hours of the last fortnight that were judged: a late vote for one of them is no second look."""
    interference: Interference | None = None
    last_change_s: float | None = None
    """Latest time of the last onset or end: none is dated before it."""
    learn_after_s: float | None = None
    cycles: Cycles = msgspec.field(default_factory=Cycles)
    pace: Pace = msgspec.field(default_factory=Pace)
    no_quiet_past: bool = False
    votes: int = 0
    blocked: int = 0
    rows: int = 0
    late_rows: int = 0
    surplus_rows: int = 0
    first_s: float | None = None
    newest_s: float | None = None
    changepoints: list[Changepoint] = []
    """All that were reported."""
