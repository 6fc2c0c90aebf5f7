"""Confidence intervals for proportions: Wilson, Clopper-Pearson, and Newcombe's for a difference.

Sources: E. B. Wilson, JASA 22 (1927) 209-212; C. J. Clopper and E. S. Pearson, Biometrika 26 (1934) 404-413;
R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872 (one proportion) and 873-890 (a difference, method
10).
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from voipwatch.stats import _checks


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, its confidence interval, and how much it rests on."""

    low: float
    """Lower end; -inf where the data cannot bound it at this confidence."""
    high: float
    """Upper end; +inf where the data cannot bound it at this confidence."""
    estimate: float
    """The point estimate, in the unit of the data; for some methods it is not the middle."""
    n: int
    """Number of independent units behind it: trials, or matched pairs, never packets standing in for
    flows."""
    confidence: float
    """Two-sided confidence, 0 < confidence < 1. Each end errs with at most (1 - confidence) / 2."""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


def wilson_interval(hits: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval for a proportion.

    Close to its nominal coverage on average and never empty, also for 0 of n and n of n. Where the promise
    must hold for every true proportion, use `clopper_pearson_interval`.

    Args:
        hits: successes, 0 <= hits <= n.
        n: trials, at least 1.
        confidence: two-sided, strictly between 0 and 1.

    Raises:
        ValueError: outside these domains.

    Source: Wilson 1927; Newcombe 1998 (857-872), method 3.
    """
    hits, n = _checks.successes(hits, n)
    z = NormalDist().inv_cdf((1.0 + _checks.level("confidence", confidence)) / 2.0)
    p = hits / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At 0 and n of n the formula's end is exactly 0 or 1; rounding must not move it inside.
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == n else min(1.0, middle + half)
    return Interval(low=low, high=high, estimate=p, n=n, confidence=confidence)


def clopper_pearson_interval(hits: int, n: int, *, confidence: float = 0.95) -> Interval:
    """The exact interval for a proportion: each end errs with at most (1 - confidence) / 2, whatever the
    truth.

    Args:
        hits: successes, 0 <= hits <= n.
        n: trials, at least 1.
        confidence: two-sided, strictly between 0 and 1.

    Raises:
        ValueError: outside these domains.

    Source: Clopper and Pearson 1934, by the beta quantiles of Newcombe 1998 (857-872), method 5.
    """
    from scipy.special import betaincinv  # noqa: PLC0415 -- slow, and no probe needs it

    hits, n = _checks.successes(hits, n)
    tail = (1.0 - _checks.level("confidence", confidence)) / 2.0
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1.0 - tail))
    return Interval(low=low, high=high, estimate=hits / n, n=n, confidence=confidence)


def newcombe_difference(
    hits_a: int, n_a: int, *, hits_b: int, n_b: int, confidence: float = 0.95
) -> Interval:
    """Newcombe's hybrid score interval for the difference of two independent proportions, a minus b.

    For reachability counts of two groups of probes. Not for the packets of matched flows: those depend on
    each other, see `sign_flip_interval`.

    Args:
        hits_a: successes of the first group.
        n_a: trials of the first group, at least 1.
        hits_b: successes of the second group.
        n_b: trials of the second group, at least 1.
        confidence: two-sided, strictly between 0 and 1.

    Returns:
        An interval in -1..1, whose n is n_a + n_b.

    Raises:
        ValueError: outside these domains.

    Source: Newcombe 1998 (873-890), method 10.
    """
    a = wilson_interval(hits_a, n_a, confidence=confidence)
    b = wilson_interval(hits_b, n_b, confidence=confidence)
    difference = a.estimate - b.estimate
    return Interval(
        low=difference - math.hypot(a.estimate - a.low, b.high - b.estimate),
        high=difference + math.hypot(a.high - a.estimate, b.estimate - b.low),
        estimate=difference,
        n=a.n + b.n,
        confidence=confidence,
    )
