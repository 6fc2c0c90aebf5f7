"""Turnout of a boycott: three ladders kept apart, and what the second says of the first.

Declared: pledges. Reported afterwards: of those, how many said that they kept to it, and how many that they
did not. Observable: what somebody saw who asked nobody. None is counted as another; what was declared is
never a turnout.

Without any assumption the share of pledges that were kept lies between kept / declared (all who are silent
did not) and 1 - broken / declared (all who are silent did). A narrower interval needs the assumption that
the silent are like those who reported; it is told with that assumption or not at all. Both are shares of
pledges, not of people: `civic.pledges`.
"""

import math
from enum import StrEnum
from typing import Final

import msgspec

from voipwatch.civic.ranges import Range
from voipwatch.stats.intervals import clopper_pearson_interval

CONFIDENCE: Final = 0.95
_WHOLE: Final = 1e-9


class Found(StrEnum):
    """What an observation came to."""

    EFFECT = "effect"
    NONE = "none"
    """Somebody measured, and found none."""
    NOT_MEASURED = "not-measured"


class Observable(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody saw from outside: an operator's traffic, calls of a panel."""

    what: str
    """In the observer's words."""
    found: Found
    value: Range | None = None
    unit: str = ""
    source: str = ""
    """Who saw it, and where it can be read."""

    def __post_init__(self) -> None:
        """What was measured has a source, and what was not has no value. Raises ValueError."""
        if self.found is Found.NOT_MEASURED:
            if self.value is not None:
                raise ValueError("what was not measured has no value")
        elif not self.source:
            raise ValueError("what was measured has a source")


class Ladders(msgspec.Struct, frozen=True, kw_only=True):
    """The three, apart."""

    declared: int
    """Pledges."""
    kept: int
    """Of these, reported as kept."""
    broken: int
    """Of these, reported as not kept."""
    observed: tuple[Observable, ...] = ()

    def __post_init__(self) -> None:
        """Refuse counts that cannot be. Raises ValueError."""
        if min(self.declared, self.kept, self.broken) < 0:
            raise ValueError("a count is never below 0")
        if self.kept + self.broken > self.declared:
            raise ValueError(f"{self.kept + self.broken} reports of {self.declared} pledges")

    @property
    def silent(self) -> int:
        """Pledges that nobody reported on."""
        return self.declared - self.kept - self.broken

    @property
    def people(self) -> Range:
        """How many people may have pledged: one may have pledged often."""
        return Range(min(1, self.declared), self.declared)


class Share(msgspec.Struct, frozen=True):
    """From `low` to `high`, each 0..1."""

    low: float
    high: float

    def rounded_out(self, steps: int) -> "Share":
        """In whole parts of `steps`, outwards: a bound rounded to the nearest may promise too much."""
        # A quotient that is whole but for its last bit stays what it is.
        return Share(
            max(0.0, math.floor(self.low * steps + _WHOLE) / steps),
            min(1.0, math.ceil(self.high * steps - _WHOLE) / steps),
        )


class Turnout(msgspec.Struct, frozen=True):
    """The share of pledges that were kept."""

    bounds: Share
    """Whatever the silent did."""
    if_alike: Share | None
    """If the silent are like those who reported, at `confidence`; None where nobody reported."""
    confidence: float


def turnout(of: Ladders, *, confidence: float = CONFIDENCE) -> Turnout | None:
    """Of the pledges; None where there is none: 0 of 0 is no turnout.

    `if_alike`: Clopper and Pearson's interval for the share among reports, applied to the silent alone;
    reports themselves are known. It says nothing of reports that are not true.

    Raises:
        ValueError: confidence is not strictly between 0 and 1.
    """
    if of.declared == 0:
        return None
    bounds = Share(of.kept / of.declared, (of.declared - of.broken) / of.declared)
    reported = of.kept + of.broken
    if_alike = None
    if reported:
        among = clopper_pearson_interval(of.kept, reported, confidence=confidence)
        low, high = ((of.kept + share * of.silent) / of.declared for share in (among.low, among.high))
        if_alike = Share(max(low, bounds.low), min(high, bounds.high))
    return Turnout(bounds, if_alike, confidence)


def turnout_of_told(
    declared: int, kept: int, broken: int, *, step: int, confidence: float = CONFIDENCE
) -> Turnout | None:
    """What follows from told counts, each of which stands for itself and up to `step - 1` more; None where
    fewer than `step` pledged.

    Wider than `turnout`: it holds for every count that may stand behind what was told. `if_alike` is None
    where fewer than `step` of either kind reported: possibly nobody did.

    The lower ends fall with the number of pledges and of reports as broken and grow with those as kept, the
    upper ends the other way round, so that both lie at corners.

    Raises:
        ValueError: a count is below 0, or confidence is not strictly between 0 and 1.
    """
    if min(declared, kept, broken) < 0:
        raise ValueError("a count is never below 0")
    if declared == 0:
        return None
    more = step - 1
    # Told at different moments, and pledges can be taken back: reports may be the newer count.
    most = max(declared + more, kept + broken)
    worst = turnout(
        Ladders(declared=most, kept=kept, broken=min(broken + more, most - kept)), confidence=confidence
    )
    best = turnout(
        Ladders(declared=most, kept=min(kept + more, most - broken), broken=broken), confidence=confidence
    )
    assert worst is not None
    assert best is not None
    if_alike = None
    if kept + broken and worst.if_alike is not None and best.if_alike is not None:
        if_alike = Share(worst.if_alike.low, best.if_alike.high)
    return Turnout(Share(worst.bounds.low, best.bounds.high), if_alike, confidence)
