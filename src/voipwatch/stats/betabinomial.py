"""Votes of one block that depend on each other: the beta-binomial law, learnt and put to use.

Over-dispersion is rho, the correlation of two votes of one block: 0 for dice, 1 when a block says one thing.
"""

import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from voipwatch.stats import _checks

VOTES_MAX: Final = 50
"""Votes of one block that are told apart. The mean of n exchangeable votes is never more dispersed than that
of fewer of them, so treating n as 50 is valid for every larger n; at rho 0.02 it leaves half of what 5,000
would give."""


def betabinomial_pmf(n: int, p: float, rho: float) -> npt.NDArray[np.float64]:
    """Probabilities of 0..n blocked votes, each vote with mean `p`, any two correlated by `rho`.

    Args:
        n: votes, at least 1.
        p: mean, strictly between 0 and 1.
        rho: correlation within the block, 0 to 1; both ends are their limits.

    Returns:
        n + 1 probabilities.

    Raises:
        ValueError: outside these domains.

    Source: J. G. Skellam, JRSS B 10 (1948) 257-261; a = p (1/rho - 1), b = (1 - p) (1/rho - 1).
    """
    from scipy.special import betaln, gammaln  # noqa: PLC0415 -- slow, and no probe needs it

    _checks.count("n", n, at_least=1)
    _checks.level("p", p)
    _checks.ratio("rho", rho)
    k = np.arange(n + 1, dtype=np.float64)
    choose = gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0)
    if rho < 1e-6:
        law = np.exp(choose + k * math.log(p) + (n - k) * math.log1p(-p))
    elif rho > 1.0 - 1e-6:
        law = np.zeros(n + 1)
        law[0], law[n] = 1.0 - p, p
    else:
        size = 1.0 / rho - 1.0
        a, b = p * size, (1.0 - p) * size
        law = np.exp(choose + betaln(k + a, n - k + b) - betaln(a, b))
    return np.asarray(law / law.sum(), dtype=np.float64)


@lru_cache(maxsize=1 << 16)
def _log_tilt(n: int, null_mean: float, rho: float, target: float) -> tuple[float, float]:
    """The tilt of one vote, and the logarithm of its expectation over the block under the null."""
    tilt = math.log(target * (1.0 - null_mean) / (null_mean * (1.0 - target))) / (1.0 + (n - 1) * rho)
    law = betabinomial_pmf(n, null_mean, rho)
    k = np.arange(n + 1, dtype=np.float64)
    return tilt, float(np.log(np.sum(law * np.exp(tilt * (k - n))))) + tilt * n


def tilted_e_value(mean: float, n: int, null_mean: float, rho: float, *, target: float) -> float:
    """E-value against "mean at most `null_mean`, over-dispersion at most `rho`": an exponential tilt.

    It is exp(tilt * blocked votes) over its expectation under the beta-binomial law at the null's border.

    exp is increasing and convex, so its expectation is largest at the null's border: every law with a smaller
    mean, and every law less dispersed than the beta-binomial at `rho`, has a smaller one. The ratio of two
    beta-binomial laws would be no such thing: where the votes are less alike than `rho` says, one blocked
    vote of five is more usual than that law believes, and the ratio's expectation exceeds 1.

    Args:
        mean: share of blocked votes of the block, 0..1.
        n: votes, at least 1; more than `VOTES_MAX` count as that many.
        null_mean: strictly between 0 and 1.
        rho: largest over-dispersion under the null, 0..1.
        target: share of blocked votes that the tilt is best at, above `null_mean` and below 1.

    Raises:
        ValueError: outside these domains.

    Source: exponential e-values: V. Vovk and R. Wang, Annals of Statistics 49 (2021) 1736-1754; the convex
    order of means: M. Shaked and J. G. Shanthikumar, Stochastic Orders (2007), theorem 3.A.29.
    """
    _checks.ratio("mean", mean)
    if not null_mean < target < 1.0:
        raise ValueError(f"target must lie between null_mean and 1, got {target} against {null_mean}")
    n = min(_checks.count("n", n, at_least=1), VOTES_MAX)
    tilt, log_expected = _log_tilt(n, null_mean, rho, target)
    return math.exp(tilt * n * mean - log_expected)


@lru_cache(maxsize=1 << 12)
def pair_agreement(blocked: int, votes: int) -> tuple[float, float]:
    """What a block tells of over-dispersion: pairs of votes both blocked, and all pairs, weighted.

    A block of more than `VOTES_MAX` votes weighs as much as one of that many; one of one vote has no pair.

    Source: the moment estimate by pairs, M. S. Ridout, C. G. B. Demetrio and D. Firth, Biometrics 55 (1999)
    137-148, section 2.
    """
    size = min(float(votes), float(VOTES_MAX))
    pairs = size * (size - 1.0)
    together = blocked * (blocked - 1.0) / max(votes * (votes - 1.0), 1.0)
    return pairs * together, pairs


def overdispersion_bound(
    *, agreeing: float, agreeing_squares: float, pairs: float, p: float, typical_votes: float
) -> float:
    """Upper bound of rho from sums over quiet blocks, at about 95 % on one side.

    To the pairs that were seen it adds 1.645 standard deviations, taking blocks as the independent units,
    and one block of the usual size that is all blocked: without experience the answer is 1, and experience
    has to earn a smaller one.

    Args:
        agreeing: sum of the first values of `pair_agreement`, at least 0.
        agreeing_squares: sum of their squares.
        pairs: sum of the second values.
        p: mean of the votes, 0..1.
        typical_votes: votes of a usual block, at least 1.

    Returns:
        0..1; 1 where there are no pairs.

    Source: as `pair_agreement`; the added block is Laplace's rule of succession.
    """
    size = min(max(typical_votes, 2.0), float(VOTES_MAX))
    extra = size * (size - 1.0)
    spread = p * (1.0 - p)
    if pairs <= 0.0 or spread <= 0.0:
        return 1.0 if pairs <= extra else min(1.0, max(0.0, extra / pairs))
    both = (agreeing + 1.645 * math.sqrt(max(agreeing_squares, 0.0)) + extra) / (pairs + extra)
    return min(1.0, max(0.0, (both - p * p) / spread))
