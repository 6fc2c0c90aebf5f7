"""Hours of the day at which something happens: the shortest description that the counts pay for.

Counts by hour of the day are told with one rate, or with two: one inside some windows of the day, one
outside. A window is named where it shortens the whole description (minimum description length: Rissanen 1978,
Automatica 14, 465-471): its gain in log-likelihood must exceed the cost of saying which of all windows it is,
and the second rate half the logarithm of the counts. With no schedule at all a window is so named in fewer
than one of a hundred sets of counts (docs/methods/dayhours.md).

Votes inside one spell of interference are no independent draws: three spells that share hours by chance look
like a schedule. The hours say when it was blocked, not that somebody planned it.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from math import log
from typing import Final

import msgspec

from voipwatch.stats import _checks

HOURS: Final = 24
WINDOWS: Final = HOURS * (HOURS - 1)
"""Every first hour and every length from one hour to all but one."""
WINDOWS_MAX: Final = 3
"""A day has few: office hours, an evening."""


class DayCounts(msgspec.Struct, frozen=True):
    """Of one group, by hour of the day; two sequences of 24, `hits` at most `total`, both at least 0."""

    hits: tuple[float, ...]
    total: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.hits) != HOURS or len(self.total) != HOURS:
            raise ValueError(f"counts of {HOURS} hours are needed")
        for hit, total in zip(self.hits, self.total, strict=True):
            _checks.finite("counts", hit)
            _checks.finite("counts", total)
            if not 0.0 <= hit <= total:
                raise ValueError("counts must not be below 0, hits not above their total")


class DayHours(msgspec.Struct, frozen=True):
    """What is named."""

    hours: tuple[int, ...]
    """Ascending, 0..23; empty where no window pays for itself."""
    gain: float
    """By how many nats the description is shorter than without hours; 0 where none is named."""


def added(counts: Sequence[DayCounts]) -> DayCounts:
    """Of several groups that share their rates: sums. Raises ValueError for none. Source: none, it adds."""
    if not counts:
        raise ValueError("no counts")
    return DayCounts(
        tuple(sum(hours) for hours in zip(*(each.hits for each in counts), strict=True)),
        tuple(sum(hours) for hours in zip(*(each.total for each in counts), strict=True)),
    )


def day_hours(groups: Sequence[DayCounts]) -> DayHours:
    """The hours that all groups share, each with rates of its own.

    Args:
        groups: any number; one without counts says nothing.

    Source: Rissanen (1978), two-part description length.
    """
    return _day_hours(tuple(group for group in groups if sum(group.total) > 0.0))


@lru_cache(maxsize=64)  # an incident asks of the same lines again for each of its phases
def _day_hours(heard: tuple[DayCounts, ...]) -> DayHours:
    flat = _fit(heard, frozenset())
    second_rates = sum(0.5 * log(max(sum(group.total), 1.0)) for group in heard)
    named: frozenset[int] = frozenset()
    best, paid = flat, 0.0
    for number in range(WINDOWS_MAX):
        price = log(WINDOWS) + (0.0 if number else second_rates)
        likelihood, hours = max(
            ((_fit(heard, named ^ window), named ^ window) for window in _windows()),
            key=lambda found: (found[0], [-hour for hour in sorted(found[1])]),
        )
        if likelihood - best <= price:
            break
        best, paid, named = likelihood, paid + price, hours
    return DayHours(tuple(sorted(named)), best - paid - flat)


def shared_hours(groups: Sequence[DayCounts]) -> list[tuple[tuple[int, ...], list[int]]]:
    """Groups by the hours that are theirs: all together unless hours of their own are told more shortly.

    Returns:
        (hours, indices of the groups), by the first index.

    Source: the same comparison of descriptions, Rissanen (1978).
    """
    together, alone = day_hours(groups), [day_hours([group]) for group in groups]
    if together.gain >= sum(each.gain for each in alone):
        return [(together.hours, list(range(len(groups))))] if groups else []
    found: dict[tuple[int, ...], list[int]] = {}
    for index, each in enumerate(alone):
        found.setdefault(each.hours, []).append(index)
    return sorted(found.items(), key=lambda item: item[1])


@cache
def _windows() -> tuple[frozenset[int], ...]:
    return tuple(
        frozenset((first + step) % HOURS for step in range(length))
        for length in range(1, HOURS)
        for first in range(HOURS)
    )


def _fit(groups: Sequence[DayCounts], hours: frozenset[int]) -> float:
    """Log-likelihood of the best rates with more inside than outside; one rate where that is not so."""
    found = 0.0
    for group in groups:
        hits, total = sum(group.hits), sum(group.total)
        inside = sum(map(group.hits.__getitem__, hours)), sum(map(group.total.__getitem__, hours))
        outside = hits - inside[0], total - inside[1]
        if hours and inside[0] * outside[1] > outside[0] * inside[1]:
            found += _at_best_rate(*inside) + _at_best_rate(*outside)
        else:
            found += _at_best_rate(hits, total)
    return found


def _at_best_rate(hits: float, total: float) -> float:
    """Bernoulli log-likelihood at its maximum; 0 where every draw is alike."""
    misses = total - hits
    if hits <= 0.0 or misses <= 0.0:
        return 0.0
    return hits * log(hits / total) + misses * log(misses / total)
