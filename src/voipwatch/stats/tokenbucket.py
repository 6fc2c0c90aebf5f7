"""A token bucket fitted to which packets of a flow arrived: what a policer does, if one did it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from voipwatch.stats import _checks
from voipwatch.stats._checks import BoolArray, FloatArray

BEGINNING_LOSSES: Final = 10
"""The depth of the bucket is read before this many losses: later a small error of the rate would add up."""


@dataclass(frozen=True, slots=True)
class SentFlow:
    """One treatment flow, per packet sent, in sending order.

    All sequences are of the same length; times do not run backwards, sizes are above 0; ValueError otherwise.
    """

    time_us: Sequence[int]
    """Send times."""
    size_bytes: Sequence[int]
    """IP packet lengths: policers count headers."""
    lost: Sequence[bool]
    """Whether it never arrived."""
    delay_ms: Sequence[float | None] | None = None
    """Transit times, any offset, None where lost. Without them a policer and a short queue look alike, and
    the label of either is UNCLEAR."""

    def __post_init__(self) -> None:
        lengths = {len(self.time_us), len(self.size_bytes), len(self.lost)}
        if self.delay_ms is not None:
            lengths.add(len(self.delay_ms))
        if len(lengths) != 1:
            raise ValueError(f"one time, size, loss and delay per packet, got lengths {sorted(lengths)}")
        if any(size <= 0 for size in self.size_bytes):
            raise ValueError("size_bytes must be above 0")
        if np.any(np.diff(np.asarray(self.time_us, dtype=np.int64)) < 0):
            raise ValueError("time_us must not run backwards")


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """The token bucket that explains one flow best."""

    rate_bytes_per_s: float
    """Delivered rate after the burst."""
    burst_bytes: float
    """Bytes in the full bucket."""
    score: float
    """Share of arrivals explained plus share of losses explained less 1: 1 is perfect, 0 is a coin."""


def fit_token_bucket(flow: SentFlow) -> TokenBucket:
    """The token bucket that agrees best with which packets of a flow arrived.

    A bucket of `burst` bytes fills at `rate`; a packet passes if its size is in the bucket, and takes it.
    Buckets on a grid around the delivered rate are compared. The state follows the packets that really
    passed, so that one wrong guess does not put all later ones out of step; the score compares the guess
    before each packet with its fate.

    Args:
        flow: at least one loss and one arrival, and a flow longer than no time at all.

    Raises:
        ValueError: outside this domain.

    Source: the token bucket of RFC 2697 section 3, colour-blind with one bucket; the fit to per-packet fates
        follows
    Flach et al. 2016, section 2, who simulate tokens along a trace.
    """
    time_s = np.asarray(flow.time_us, dtype=np.float64) / 1e6
    size = _checks.finite_array("size_bytes", np.asarray(flow.size_bytes, dtype=np.float64), at_least=2)
    passed = ~np.asarray(flow.lost, dtype=bool)
    duration_s = float(time_s[-1] - time_s[0])
    if passed.all() or not passed.any() or duration_s <= 0.0:
        raise ValueError("fit_token_bucket needs losses, arrivals and a duration above 0")
    first_loss = int(np.argmin(passed))
    after_s = max(float(time_s[-1] - time_s[first_loss]), duration_s / size.size)
    delivered = float((size * passed)[first_loss:].sum()) / after_s
    rates = np.maximum(delivered, 1.0) * np.linspace(0.95, 1.05, 21)
    depths = np.append(float(size.max()) * np.array([1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0]), 0.0)
    rate, burst = (grid.ravel() for grid in np.meshgrid(rates, depths))
    # The last depth is the one that the flow's beginning shows, at each rate. Later a small error of the rate
    # would add up, so it is read before the tenth loss.
    beginning = slice(0, int(np.flatnonzero(~passed)[:BEGINNING_LOSSES][-1]))
    seen = np.array([_excess(time_s[beginning], (size * passed)[beginning], each) for each in rates])
    burst = np.where(burst > 0.0, burst, np.tile(np.maximum(seen, size.max()), depths.size))
    scores = _scores(time_s, size, passed=passed, rate=rate, burst=burst)
    # The score is flat about its best: the rate is read from what arrived, the depth from the early excess.
    return TokenBucket(
        rate_bytes_per_s=delivered,
        burst_bytes=_excess(time_s[beginning], (size * passed)[beginning], delivered),
        score=float(scores.max()),
    )


def _excess(time_s: FloatArray, delivered_bytes: FloatArray, rate: float) -> float:
    """The most that ever got through above `rate` since the start: a full bucket, to within one packet."""
    if not time_s.size:
        return 0.0
    return float(np.max(np.cumsum(delivered_bytes) - rate * (time_s - time_s[0])))


def _scores(
    time_s: FloatArray,
    size: FloatArray,
    *,
    passed: BoolArray,
    rate: FloatArray,
    burst: FloatArray,
) -> FloatArray:
    """Youden's J of every bucket (rate, burst) of the grid, all followed at once."""
    tokens = burst.copy()
    explained_pass = np.zeros(rate.size)
    explained_loss = np.zeros(rate.size)
    before = time_s[0]
    for now, bytes_, arrived in zip(time_s, size, passed, strict=True):
        tokens = np.minimum(burst, tokens + rate * (now - before))
        before = now
        fits = tokens >= bytes_
        if arrived:
            explained_pass += fits
            tokens = np.maximum(0.0, tokens - bytes_)
        else:
            explained_loss += ~fits
    score: FloatArray = explained_pass / passed.sum() + explained_loss / (~passed).sum() - 1.0
    return score
