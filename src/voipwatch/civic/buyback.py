"""Jumps in a series of followers: gains that the page's own past does not know, as when followers are bought.

The rule. A step from one count to the next, within a spell without a gap, is a jump up when three things
hold:

1. it is sure: the lower end of the later count is above the upper end of the earlier one;
2. it is strange: the gain a day is further from the median of the up to 28 steps before it than 6 robust
   deviations (1.4826 times the median absolute deviation), and there are at least 8 such steps;
3. it is large: at least half a percent of the count.

A jump up within 90 days of a loss of a percent or more from the highest count before is a regain: the share
of that loss that it makes good is told. What the rule cannot know: a count also jumps when a service merges
two pages, counts anew or removes accounts, when a campaign is paid for openly, and when a page is in the
news. It flags; it accuses nobody. Jumps down are told the same way.
"""

import itertools
from collections.abc import Sequence
from statistics import median
from typing import Final

import msgspec

from voipwatch.civic.losses import spells
from voipwatch.civic.observations import Observation

STEPS_MAX: Final = 28
"""Four weeks of daily readings: the page's habit, weekdays and all."""
STEPS_LEAST: Final = 8
"""Fewer steps than that have no deviation worth the name."""
DEVIATIONS: Final = 6.0
"""Of a normal law, one step in 500 million; follower counts have heavier tails, hence no smaller number."""
MAD_TO_SIGMA: Final = 1.4826
"""1 / (normal quantile at 3/4): F. R. Hampel, JASA 69 (1974) 383-393."""
SHARE_LEAST: Final = 0.005
LOSS_LEAST: Final = 0.01
REGAIN_S: Final = 90 * 86_400.0
"""A quarter of a year after the loss a gain is no longer told beside it."""


class Jump(msgspec.Struct, frozen=True, kw_only=True):
    """A step that the rule flags."""

    earlier: Observation
    later: Observation
    gain_low: float
    """Least and most that the count changed by; both below 0 for a jump down."""
    gain_high: float
    usual_per_day: float
    """Median gain a day of the steps before it."""
    deviation_per_day: float
    """Robust deviation of these, at least the reading's own coarseness."""
    steps: int
    """How many steps before it were looked at."""
    regained_low: float | None = None
    """Share of the loss before it that it makes good, least and most; None: no loss of a percent was before
    it."""
    regained_high: float | None = None

    @property
    def up(self) -> bool:
        """False: the count fell."""
        return self.gain_low > 0


def jumps(counts: Sequence[Observation]) -> tuple[Jump, ...]:
    """The flagged steps of a series (`losses.series`), in its order."""
    found = []
    for spell in spells(counts):
        usual: list[tuple[float, float]] = []
        for earlier, later in itertools.pairwise(spell):
            days = (later.middle_s - earlier.middle_s) / 86_400.0
            if days <= 0:
                continue  # two readings of one time: no step
            rate = (later.middle - earlier.middle) / days
            coarse = (later.high - later.low + earlier.high - earlier.low) / 2.0 / days
            jump = _judged(earlier, later, rate, usual[-STEPS_MAX:])
            if jump is None:
                usual.append((rate, coarse))
            else:
                # A flagged step is no habit: a second purchase is measured against the time before the first.
                found.append(_regain(jump, counts))
    return tuple(found)


def _judged(
    earlier: Observation, later: Observation, rate: float, usual: Sequence[tuple[float, float]]
) -> Jump | None:
    low, high = later.low - earlier.high, later.high - earlier.low
    if low <= 0 <= high or len(usual) < STEPS_LEAST:
        return None
    middle = median(each for each, _ in usual)
    spread = MAD_TO_SIGMA * median(abs(each - middle) for each, _ in usual)
    spread = max(spread, median(coarse for _, coarse in usual) / DEVIATIONS)
    if abs(rate - middle) <= DEVIATIONS * spread:
        return None
    if (rate > middle) != (low > 0) or min(abs(low), abs(high)) < SHARE_LEAST * earlier.middle:
        return None
    return Jump(
        earlier=earlier, later=later, gain_low=low, gain_high=high, usual_per_day=middle,
        deviation_per_day=spread, steps=len(usual),
    )  # fmt: skip


def _regain(jump: Jump, counts: Sequence[Observation]) -> Jump:
    """The same with what it makes good of the fall before it: from the highest count within `REGAIN_S`."""
    until_s = jump.earlier.middle_s
    before = [each for each in counts if until_s - REGAIN_S <= each.middle_s <= until_s]
    if not jump.up or not before:
        return jump
    top = max(before, key=lambda each: each.low)
    lost_low, lost_high = top.low - jump.earlier.high, top.high - jump.earlier.low
    if lost_low < LOSS_LEAST * top.high or lost_low <= 0:
        return jump
    return msgspec.structs.replace(
        jump, regained_low=jump.gain_low / lost_high, regained_high=jump.gain_high / lost_low
    )
