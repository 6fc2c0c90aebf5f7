"""Sign-flip permutation test and interval for matched pairs of flows.

One difference is one matched pair, treatment minus control, of loss ratio, delay or jitter. If the two flows
of a pair are treated alike, swapping them changes nothing, so every pattern of signs is equally likely: that
is the whole assumption, and the random order of arms inside a pair makes it true. The flow is the unit,
because all packets of a flow share one path (docs/methods/permutation.md).

Sources: R. A. Fisher, The Design of Experiments (1935), section 21; J. A. Hartigan, "Using subsample values
    as typical
values", JASA 64 (1969) 1303-1317 (the interval); B. Phipson and G. K. Smyth, "Permutation P-values should
never be zero", Stat. Appl. Genet. Mol. Biol. 9 (2010) 39 (the sampled p-value).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal

import numpy as np

from voipwatch.stats import _checks
from voipwatch.stats._checks import FloatArray
from voipwatch.stats.intervals import Interval

Alternative = Literal["greater", "less", "two-sided"]

EXACT_PAIRS_MAX: Final = 20
"""Up to this many pairs all 2**n sign patterns are counted (a million); beyond it they are sampled."""

SAMPLED_PATTERNS: Final = 99_999
"""Sampled sign patterns: the smallest p-value is 1e-5, fifty times below the check's whole error budget."""

_TIE: Final = 1e-9
"""Sums that agree within this share of the sum of magnitudes are ties, and ties count against the claim:
floating sums of the same differences in another order differ in their last digits."""


@dataclass(frozen=True, slots=True)
class SignFlipResult:
    """A p-value with what it rests on."""

    p_value: float
    """Never below 2**-n when exact, never below 1 / (patterns + 1) when sampled."""
    n: int
    """Matched pairs, zeros included."""
    statistic: float
    """Mean of the differences less the shift."""
    exact: bool
    """Whether all sign patterns were counted."""


def sign_flip_test(
    differences: Sequence[float] | FloatArray,
    *,
    shift: float = 0.0,
    alternative: Alternative = "greater",
    seed: bytes = b"",
) -> SignFlipResult:
    """Test whether matched pairs differ by more than `shift`.

    The null hypothesis is that each difference lies symmetrically about `shift` ("greater" and "less" stay
    valid if it lies stochastically on the other side). Zeros are kept: they dilute both sides alike.

    Args:
        differences: treatment minus control, one per matched pair, any unit, at least one, all finite.
        shift: margin in the same unit, for example 0.03 for three loss points.
        alternative: "greater", "less" or "two-sided" (of the mean against `shift`).
        seed: used only beyond `EXACT_PAIRS_MAX` pairs; the same seed gives the same answer.

    Raises:
        ValueError: no differences, a NaN or infinity among them, an unknown alternative.

    Source: Fisher 1935; beyond 20 pairs (b + 1) / (m + 1) of Phipson and Smyth 2010.
    """
    values = _checks.finite_array("differences", differences) - _checks.finite("shift", shift)
    if alternative not in {"greater", "less", "two-sided"}:
        raise ValueError(f"alternative must be greater, less or two-sided, got {alternative!r}")
    n = values.size
    towards = -values if alternative == "less" else values
    observed = float(towards.sum())
    if alternative == "two-sided":
        observed = abs(observed)
    threshold = observed - _TIE * float(np.abs(values).sum())
    if n <= EXACT_PAIRS_MAX:
        tail = _exact_tail(towards, threshold) / 2.0**n
    else:
        flipped, _ = _sampled_subsets(towards, seed)
        reaching = int(np.count_nonzero(towards.sum() - 2.0 * flipped >= threshold))
        tail = (reaching + 1) / (SAMPLED_PATTERNS + 1)
    # The law of the sum is symmetric about 0, so its two tails are equal.
    p_value = min(1.0, 2.0 * tail) if alternative == "two-sided" else tail
    return SignFlipResult(p_value=p_value, n=n, statistic=float(values.mean()), exact=n <= EXACT_PAIRS_MAX)


def sign_flip_interval(
    differences: Sequence[float] | FloatArray, confidence: float, *, seed: bytes = b""
) -> Interval:
    """The shifts that `sign_flip_test` does not reject: an interval for the centre of the differences.

    Flipping a set of pairs lowers the sum exactly if their mean exceeds the shift, so the one-sided p-value
    at a shift counts the subsets whose mean is not above it: the ends of the interval are order statistics of
    the subset means, and no search is needed. Each end errs with probability at most (1 - confidence) / 2.

    Args:
        differences: as for `sign_flip_test`.
        confidence: two-sided, strictly between 0 and 1.
        seed: used only beyond `EXACT_PAIRS_MAX` pairs.

    Returns:
        The interval about the mean. -inf and +inf where n is too small for the level: n pairs cannot reject
        below 2**-n, so 99 % needs 8 pairs (see `pairs_needed`).

    Raises:
        ValueError: as for `sign_flip_test`, or confidence outside its domain.

    Source: Hartigan 1969.
    """
    values = _checks.finite_array("differences", differences)
    tail = (1.0 - _checks.level("confidence", confidence)) / 2.0
    n = values.size
    if n <= EXACT_PAIRS_MAX:
        means = _subset_means(values)
        patterns = 2**n
    else:
        sums, sizes = _sampled_subsets(values, seed)
        means = sums[sizes > 0] / sizes[sizes > 0]
        patterns = SAMPLED_PATTERNS + 1
    # p(shift) = (patterns that always count + means <= shift) / patterns must exceed the tail. What always
    # counts: the unflipped pattern, and sampled empty subsets.
    always = patterns - means.size
    rank = math.floor(tail * patterns * (1.0 + _TIE)) - always + 1  # the first rank that is not rejected
    if rank < 1:
        return Interval(-math.inf, math.inf, float(values.mean()), n, confidence)
    ends = np.partition(means, [rank - 1, means.size - rank])
    return Interval(
        low=float(ends[rank - 1]),
        high=float(ends[means.size - rank]),
        estimate=float(values.mean()),
        n=n,
        confidence=confidence,
    )


def pairs_needed(p_value: float) -> int:
    """Fewest matched pairs whose smallest p-value, 2**-n, is not above `p_value`.

    With Holm over a family of m tests at level alpha, ask for alpha / m: 0.0025 / 6 needs 12 pairs and
    0.0025 / 18 needs 13.

    Raises:
        ValueError: not strictly between 0 and 1.
    """
    return max(1, math.ceil(-math.log2(_checks.level("p_value", p_value)) - _TIE))


def _exact_tail(values: FloatArray, threshold: float) -> int:
    """Number of the 2**n sign patterns whose sum reaches `threshold`, by meeting in the middle.

    The sums of one half are sorted, and each sum of the other half asks how many of them complete it: 2 *
    2**(n/2) numbers in place of 2**n.
    """
    half = values.size // 2
    left = _signed_sums(values[:half])
    right = np.sort(_signed_sums(values[half:]))
    reaching = right.size - np.searchsorted(right, threshold - left, side="left")
    return int(reaching.sum())


def _signed_sums(values: FloatArray) -> FloatArray:
    """The sums of all 2**n sign patterns of `values`, one value at a time."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def _subset_means(values: FloatArray) -> FloatArray:
    """The means of all 2**n - 1 nonempty subsets of `values`."""
    sums = np.zeros(1)
    sizes = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums, sums + value))
        sizes = np.concatenate((sizes, sizes + 1.0))
    return sums[1:] / sizes[1:]


def _sampled_subsets(values: FloatArray, seed: bytes) -> tuple[FloatArray, FloatArray]:
    """Sums and sizes of `SAMPLED_PATTERNS` random subsets of `values`, each member in by one fair bit.

    The bits are blake2b in counter mode, keyed with the seed's digest, a thousand subsets at a time.
    """
    key = blake2b(seed, person=b"sign-flip").digest()
    sums = np.empty(SAMPLED_PATTERNS)
    sizes = np.empty(SAMPLED_PATTERNS)
    blocks_each = -(-1000 * values.size // 512)
    for start in range(0, SAMPLED_PATTERNS, 1000):
        rows = min(1000, SAMPLED_PATTERNS - start)
        stream = b"".join(
            blake2b(f"{start}/{block}".encode(), key=key).digest() for block in range(blocks_each)
        )
        bits = np.unpackbits(np.frombuffer(stream, dtype=np.uint8), count=rows * values.size)
        members = bits.reshape(rows, values.size)
        sums[start : start + rows] = members @ values
        sizes[start : start + rows] = members.sum(axis=1)
    return sums, sizes
