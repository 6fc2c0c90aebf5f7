"""Ranges of amounts that are never negative: what is known of a quantity is that it lies between two ends."""

from collections.abc import Iterable

import msgspec


class Range(msgspec.Struct, frozen=True):
    """At least `low`, at most `high`; None: there is no upper bound."""

    low: float
    high: float | None

    def __post_init__(self) -> None:
        """Refuse what is no range. Raises ValueError."""
        if not 0 <= self.low < float("inf") or (self.high is not None and not self.low <= self.high):
            raise ValueError(f"no range: {self.low} to {self.high}")

    @classmethod
    def exactly(cls, value: float) -> "Range":
        """Both ends alike."""
        return cls(value, value)

    @property
    def is_point(self) -> bool:
        """Whether both ends are one number."""
        return self.low == self.high

    def times(self, other: "Range") -> "Range":
        """All products: both grow with both. Nothing times what has no bound is nothing."""
        ends = (self.high, other.high)
        high = 0.0 if 0.0 in ends else None if None in ends else _product(ends)
        return Range(self.low * other.low, high)

    def plus(self, amount: float) -> "Range":
        """Both ends, so much further."""
        return Range(self.low + amount, None if self.high is None else self.high + amount)

    def over(self, divisor: "Range") -> "Range":
        """All quotients. Raises ZeroDivisionError where the divisor may be 0."""
        if divisor.low == 0:
            raise ZeroDivisionError("the divisor may be 0")
        low = 0.0 if divisor.high is None else self.low / divisor.high
        return Range(low, None if self.high is None else self.high / divisor.low)


def hull(ranges: Iterable[Range]) -> Range:
    """The narrowest range that holds all of them. Raises ValueError where there is none."""
    found = list(ranges)
    if not found:
        raise ValueError("no range is given")
    highs = [each.high for each in found]
    high = None if None in highs else max(high for high in highs if high is not None)
    return Range(min(each.low for each in found), high)


def _product(ends: Iterable[float | None]) -> float:
    result = 1.0
    for end in ends:
        assert end is not None
        result *= end
    return result
