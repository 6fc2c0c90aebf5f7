"""Holm's step-down procedure: one error budget for every claim of a check.

Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics
    6
(1979) 65-70. It holds the family-wise error rate whatever the dependence between the tests.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from voipwatch.stats import _checks

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class HolmResult(Generic[Key]):
    """Which hypotheses fall, and each one's adjusted p-value."""

    adjusted: Mapping[Key, float]
    """Key to adjusted p-value, in rising order of p. A hypothesis falls at any family-wise alpha not below
    it."""
    rejected: frozenset[Key]
    """Keys whose adjusted p-value is at most `alpha`."""
    alpha: float
    """Family-wise error rate."""
    n: int
    """Number of p-values given."""
    family_size: int
    """Number of hypotheses that the budget was divided among: those given, and those planned but not
    tested."""


def holm(p_values: Mapping[Key, float], alpha: float, *, family_size: int | None = None) -> HolmResult[Key]:
    """Holm's procedure over `p_values`, as part of a family of `family_size` planned tests.

    A planned test that was not run (a later look, an app not reached) counts as one that accepted: it stands
    last and only makes the multipliers larger, so that stopping early never buys a claim.

    Args:
        p_values: hypothesis to p-value in 0..1; may be empty.
        alpha: family-wise error rate, strictly between 0 and 1.
        family_size: planned number of tests, at least `len(p_values)`; that number where None.

    Raises:
        ValueError: a p-value outside 0..1 (or NaN), alpha outside its domain, a family smaller than the
            p-values.

    Source: Holm 1979; adjusted p-values as in Wright, Biometrics 48 (1992) 1005-1013.
    """
    alpha = _checks.level("alpha", alpha)
    n = len(p_values)
    size = n if family_size is None else _checks.count("family_size", family_size)
    if size < n:
        raise ValueError(f"family_size must cover all {n} p-values, got {size}")
    adjusted: dict[Key, float] = {}
    highest = 0.0
    for key, p in p_values.items():
        _checks.ratio(f"p_values[{key!r}]", p)
    for rank, (key, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, (size - rank) * p))
        adjusted[key] = highest
    return HolmResult(
        adjusted=adjusted,
        rejected=frozenset(key for key, p in adjusted.items() if p <= alpha),
        alpha=alpha,
        n=n,
        family_size=size,
    )
