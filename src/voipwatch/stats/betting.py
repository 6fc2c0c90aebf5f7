"""Bets on the mean of a bounded variable: e-values that hold whatever the dependence inside a block.

An e-value is a number not below 0 whose expectation is at most 1 while the null hypothesis holds; a product
of e-values that are each valid given the past is evidence that may be looked at after every step.
"""

from voipwatch.stats import _checks


def mean_bet(mean: float, null_mean: float, fraction: float) -> float:
    """E-value against "the expected share is at most `null_mean`": 1 + fraction * (mean / null_mean - 1).

    `mean` is the share of blocked votes of one block. Only its expectation enters, so the votes of the block
    may depend on each other in any way; and every law with a smaller mean is covered too.

    Args:
        mean: what was seen, 0..1.
        null_mean: largest expected share under the null, strictly between 0 and 1, or 1 (then no bet).
        fraction: share of the capital that a block without a blocked vote costs, 0..1.

    Returns:
        At least 1 - fraction, at most 1 + fraction * (1 / null_mean - 1).

    Raises:
        ValueError: outside these domains.

    Source: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by betting", JRSS B
    86 (2024) 1-27, the capital process of section 4 with the bet fraction / null_mean.
    """
    _checks.ratio("mean", mean)
    _checks.ratio("fraction", fraction)
    if not 0.0 < null_mean <= 1.0:
        raise ValueError(f"null_mean must lie above 0 and up to 1, got {null_mean}")
    return 1.0 + fraction * (mean / null_mean - 1.0)
