"""Votes: what one report says of one app at one stage, as the store keeps it and the detector reads it."""

from typing import Final

import msgspec

from voipwatch.model.submission import PrefixKind, RunKind
from voipwatch.model.vocabulary import Access, Verdict

NO_COUNTRY: Final = "ZZ"
"""Where nobody knows the country; ISO 3166 leaves it to users."""
PANEL: Final = "panel"
"""The source that feeds states and the detector: scheduled runs of enrolled probes."""
CANARY: Final = "canary"
"""Scheduled runs of enrolled canaries: asked before anybody is blamed, summed with nothing."""
UNENROLLED: Final = "unenrolled"
"""Scheduled runs of probes that the collector did not enrol."""


class Vote(msgspec.Struct, frozen=True):
    """One report, one app, one stage: the verdict recomputed from the evidence, and what weighs it.

    `model.cells.CALL_STAGE` is the stage of the whole app. The line itself votes as the app
    `model.vocabulary.LINE`, so that UDP that is dead while TCP lives has cells and changepoints of its own.
    """

    report_id: str
    """32 hex digits."""
    pseudonym: str
    prefix: str
    """16 hex digits, under a key that lives a day."""
    prefix_kind: PrefixKind
    country: str
    """ISO 3166, or `NO_COUNTRY`."""
    operator: str
    """`AS` and number, or the name that an instance maps it to; never empty."""
    access: Access
    app: str
    stage: str
    observed_at_ms: int
    """Unix milliseconds of the check's start; the hour is cut from it."""
    received_at_ms: int
    kind: RunKind
    enrolled: bool
    verdict: Verdict
    rule: str
    ruleset: str
    mechanism: str = ""
    direction: str = ""
    """up, down, both; empty where nothing is blamed."""
    loss_up_points: float | None = None
    """Treatment minus control; the interval's ends follow."""
    loss_up_low: float | None = None
    loss_up_high: float | None = None
    loss_down_points: float | None = None
    loss_down_low: float | None = None
    loss_down_high: float | None = None
    flows: int = 0
    """Treatment flows that reached the stage."""
    instance: str = ""
    """Of emulated rows; they never meet real ones."""

    @property
    def hour(self) -> int:
        """Unix seconds of the start of the hour it was observed in, UTC."""
        return self.observed_at_ms // 3_600_000 * 3600

    @property
    def source(self) -> str:
        """Which series it belongs to; sources are never summed."""
        return source_of(self.kind, self.enrolled)


def source_of(kind: str, enrolled: bool) -> str:
    """The series that a run of `kind` belongs to: `PANEL`, `UNENROLLED`, or the kind itself."""
    if kind == RunKind.CANARY:
        return CANARY if enrolled else UNENROLLED
    if kind != RunKind.SCHEDULED:
        return str(kind)
    return PANEL if enrolled else UNENROLLED
