"""What a page lost since a named baseline: an interval at each observation, and gaps where nobody looked.

Both counts are intervals, so the loss is one: from the least that the baseline can have been less the most
that there can be now, to the opposite. A loss below nothing is a gain. Nothing is drawn or computed across
a gap.
"""

import itertools
from collections.abc import Iterable, Sequence
from statistics import median
from typing import Final

import msgspec

from voipwatch.civic.observations import COUNTS, Observation, Quantity

GAP_SPACINGS: Final = 3.0
"""A stretch is a gap when it is longer than three times the series' median spacing: two readings missed."""
GAP_LEAST_S: Final = 2 * 86_400.0
"""Nothing shorter than two days is a gap: followers are read by the day, at whatever hour."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """The count that losses are told against, and whose it is."""

    name: str
    """As the page names it: "last reading before 27 February 2016"."""
    observation: Observation


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """How many fewer there were than at the baseline, as far as both tell."""

    observation: Observation
    low: float
    """Below 0: there may be more than at the baseline."""
    high: float
    low_ratio: float | None
    """Of the baseline; None where the baseline may have been nothing."""
    high_ratio: float | None

    @property
    def sure(self) -> bool:
        """Whether something was lost, whatever the intervals leave open."""
        return self.low > 0


class Gap(msgspec.Struct, frozen=True):
    """A stretch in which nobody looked, Unix seconds."""

    since_s: float
    until_s: float


def series(observations: Iterable[Observation], page: str, quantity: Quantity) -> tuple[Observation, ...]:
    """Counts of one page in the order of the middle of their time; losses are no counts.

    Raises ValueError for a quantity that makes no series.
    """
    if quantity not in COUNTS:
        raise ValueError(f"{quantity.value} is no count")
    found = (each for each in observations if (each.page, each.quantity) == (page, quantity))
    return tuple(sorted(found, key=lambda each: (each.middle_s, each.span_s, each.low, each.high)))


def baseline_before(counts: Sequence[Observation], time_s: float, name: str) -> Baseline | None:
    """The last count that was surely made before a time; None where there is none.

    Of several in the same bracket the widest is taken: it says least.
    """
    before = [each for each in counts if each.span_s[1] < time_s]
    if not before:
        return None
    latest = max(each.span_s for each in before)
    last = [each for each in before if each.span_s == latest]
    return Baseline(name=name, observation=max(last, key=lambda each: each.high - each.low))


def losses(counts: Sequence[Observation], baseline: Baseline) -> tuple[Loss, ...]:
    """The loss at each count that was made after the baseline, in their order."""
    after_s = baseline.observation.span_s[1]
    return tuple(
        loss_at(each, baseline) for each in counts if each.middle_s > after_s and each != baseline.observation
    )


def loss_at(count: Observation, baseline: Baseline) -> Loss:
    """Baseline less count, and its share of the baseline; exact bounds of both."""
    base = baseline.observation
    known = base.low > 0
    return Loss(
        observation=count,
        low=base.low - count.high,
        high=base.high - count.low,
        # 1 - count / base grows with base and falls with count: its ends are at opposite corners.
        low_ratio=1.0 - count.high / base.low if known else None,
        high_ratio=1.0 - count.low / base.high if known else None,
    )


def gaps(counts: Sequence[Observation]) -> tuple[Gap, ...]:
    """Stretches between neighbours that are longer than `GAP_SPACINGS` medians, and than `GAP_LEAST_S`.

    Measured from the end of one bracket to the beginning of the next. Two observations have no gap: one
    spacing has nothing to be compared with but itself, and then `GAP_LEAST_S` alone would speak.
    """
    if len(counts) < 3:
        return ()
    spacing_s = median(
        later.middle_s - earlier.middle_s
        for earlier, later in itertools.pairwise(counts)
    )  # fmt: skip
    limit_s = max(GAP_SPACINGS * spacing_s, GAP_LEAST_S)
    found = []
    for earlier, later in itertools.pairwise(counts):
        since_s, until_s = earlier.span_s[1], later.span_s[0]
        if until_s - since_s > limit_s:
            found.append(Gap(since_s, until_s))
    return tuple(found)


def spells(counts: Sequence[Observation]) -> tuple[tuple[Observation, ...], ...]:
    """The series cut at its gaps."""
    starts_s = {gap.until_s for gap in gaps(counts)}
    parts: list[list[Observation]] = []
    for number, each in enumerate(counts):
        if not parts or (each.span_s[0] in starts_s and counts[number - 1].span_s[1] < each.span_s[0]):
            parts.append([])
        parts[-1].append(each)
    return tuple(tuple(part) for part in parts)


def disagreements(counts: Sequence[Observation]) -> tuple[tuple[Observation, Observation], ...]:
    """Pairs of the same time whose intervals have nothing in common: both are kept, and shown."""
    found = []
    for number, first in enumerate(counts):
        for second in counts[number + 1 :]:
            if second.at != first.at:
                if second.middle_s > first.middle_s:
                    break
                continue
            if first.high < second.low or second.high < first.low:
                found.append((first, second))
    return tuple(found)
