"""How packets are lost: by a policer, by a full queue, at random, or none of these clearly.

Three mechanisms of throttling leave three patterns (Flach et al., "An Internet-Wide Analysis of Traffic
Policing", SIGCOMM 2016; Xue et al., "Throttling Twitter", IMC 2021):

police: a token bucket passes the first burst, then exactly its rate; nothing waits, so delay stays flat.
shape: a queue drains at a rate; delay grows first, then what finds the queue full is lost.
random: each packet is lost by a throw of the dice; the losses pass a runs test.

The label names a mechanism and never decides whether there is interference: a bad line shapes and loses too,
and its control arm shows it. In doubt the label is UNCLEAR.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median
from typing import Final

import numpy as np
from scipy.special import ndtr

from voipwatch.stats import _checks
from voipwatch.stats._checks import BoolArray, FloatArray
from voipwatch.stats.loss import loss_runs

MIN_LOST: Final = 10
"""Losses and arrivals each that a pattern needs; with fewer nearly any pattern fits."""

MIN_RUNS: Final = 5
"""Separate runs of losses that a policer must show: one outage fits a bucket that is never filled again."""

POLICE_SCORE_MIN: Final = 0.7
"""Least agreement with a token bucket. Independent loss reaches 0.4 by fitting and bursty loss 0.2, planted
buckets keep 0.75 and, behind a line with 5 % bursty loss, mostly 0.7 (docs/methods/shape.md has the
table)."""

RANDOM_SCORE_MAX: Final = 0.4
"""Most agreement with a token bucket that still lets loss be called random."""

FLAT_DELAY_MS: Final = 30.0
"""A policer adds no delay: the 90th percentile stays this close to the smallest, radio jitter included."""

GROWN_DELAY_MS: Final = 60.0
"""A queue that overflows held at least this much more than an empty one: three voice packets."""

RUNS_P_MIN: Final = 0.05
"""Runs test below which loss is not independent from packet to packet."""


class LossLabel(Enum):
    """The pattern of the losses."""

    NONE = "none"
    """Too few losses to have a pattern (fewer than `MIN_LOST`)."""
    POLICE = "police"
    SHAPE = "shape"
    RANDOM = "random"
    UNCLEAR = "unclear"
    """Losses enough, no pattern clearly."""


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """The token bucket that explains one flow best."""

    rate_bytes_per_s: float
    """Delivered rate after the burst."""
    burst_bytes: float
    """Bytes in the full bucket."""
    score: float
    """Share of arrivals explained plus share of losses explained less 1: 1 is perfect, 0 is a coin."""


@dataclass(frozen=True, slots=True)
class LossPattern:
    """What the losses of one or more flows look like."""

    label: LossLabel
    """The pattern."""
    rate_bytes_per_s: float | None
    """Rate of the policer or the queue; None for other labels."""
    burst_bytes: float | None
    """Burst of the policer; None for other labels."""
    police_score: float | None
    """Agreement with the best token bucket, -1..1; None where nothing could be fitted."""
    runs_p_value: float | None
    """p-value of the runs test of independence; None where nothing could be tested."""
    n: int
    """Packets sent."""
    lost_count: int
    """Packets lost."""
    flows_count: int
    """Flows with this label."""


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


def classify_loss(flows: Sequence[SentFlow]) -> LossPattern:
    """The pattern that at least two flows show and no third of the lossy flows contradicts.

    One flow alone is UNCLEAR at best: each mechanism needs two concordant repeats. Flows with fewer than
    `MIN_LOST` losses have no say.

    Returns:
        The common label with the median rate, burst, score and p-value of the flows that bear it.
    """
    patterns = [classify_flow(flow) for flow in flows]
    n = sum(pattern.n for pattern in patterns)
    lost = sum(pattern.lost_count for pattern in patterns)
    lossy = [pattern for pattern in patterns if pattern.label is not LossLabel.NONE]
    if not lossy:
        return _pattern(LossLabel.NONE, n=n, lost_count=lost, flows_count=len(patterns))
    label, votes = Counter(pattern.label for pattern in lossy).most_common(1)[0]
    if votes < 2 or 3 * votes <= 2 * len(lossy):
        return _pattern(LossLabel.UNCLEAR, n=n, lost_count=lost, flows_count=len(lossy))
    chosen = [pattern for pattern in lossy if pattern.label is label]
    return LossPattern(
        label=label,
        rate_bytes_per_s=_median([pattern.rate_bytes_per_s for pattern in chosen]),
        burst_bytes=_median([pattern.burst_bytes for pattern in chosen]),
        police_score=_median([pattern.police_score for pattern in chosen]),
        runs_p_value=_median([pattern.runs_p_value for pattern in chosen]),
        n=n,
        lost_count=lost,
        flows_count=votes,
    )


def classify_flow(flow: SentFlow) -> LossPattern:
    """The pattern of one flow."""
    lost = np.asarray(flow.lost, dtype=bool)
    n, lost_count = lost.size, int(lost.sum())
    if lost_count < MIN_LOST:
        return _pattern(LossLabel.NONE, n=n, lost_count=lost_count)
    if n - lost_count < MIN_LOST:
        return _pattern(LossLabel.UNCLEAR, n=n, lost_count=lost_count)  # all but dead: no rate can be seen
    bucket = fit_token_bucket(flow)
    runs_p_value = runs_test(flow.lost)
    label = _label(flow, bucket, runs_p_value)
    rated = label in {LossLabel.POLICE, LossLabel.SHAPE}
    return LossPattern(
        label=label,
        rate_bytes_per_s=bucket.rate_bytes_per_s if rated else None,
        burst_bytes=bucket.burst_bytes if label is LossLabel.POLICE else None,
        police_score=bucket.score,
        runs_p_value=runs_p_value,
        n=n,
        lost_count=lost_count,
        flows_count=1,
    )


def runs_test(lost: Sequence[bool]) -> float:
    """Two-sided p-value of the Wald-Wolfowitz runs test, by its normal approximation.

    Small where losses come in bursts, and where they come too regularly.

    Args:
        lost: one bool per packet, with at least one true and one false.

    Raises:
        ValueError: all alike.

    Source: A. Wald and J. Wolfowitz, Annals of Mathematical Statistics 11 (1940) 147-162.
    """
    values = np.asarray(lost, dtype=bool)
    ones = int(values.sum())
    zeros = values.size - ones
    if not ones or not zeros:
        raise ValueError("runs_test needs both losses and arrivals")
    runs = 1 + int(np.count_nonzero(values[1:] != values[:-1]))
    product = 2.0 * ones * zeros
    n = values.size
    mean = product / n + 1.0
    variance = product * (product - n) / (n * n * (n - 1.0))
    if variance <= 0.0:
        return 1.0  # one loss and one arrival: nothing can be told
    # Continuity correction towards the mean.
    distance = max(0.0, abs(runs - mean) - 0.5)
    return float(2.0 * ndtr(-distance / np.sqrt(variance)))


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
    beginning = slice(0, int(np.flatnonzero(~passed)[:MIN_LOST][-1]))
    seen = np.array([_excess(time_s[beginning], (size * passed)[beginning], each) for each in rates])
    burst = np.where(burst > 0.0, burst, np.tile(np.maximum(seen, size.max()), depths.size))
    scores = _scores(time_s, size, passed=passed, rate=rate, burst=burst)
    best = int(np.argmax(scores))
    # Once the bucket is empty its depth hardly matters, so the score cannot tell it; the excess can.
    return TokenBucket(
        rate_bytes_per_s=float(rate[best]),
        burst_bytes=_excess(time_s[beginning], (size * passed)[beginning], float(rate[best])),
        score=float(scores[best]),
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


def _label(flow: SentFlow, bucket: TokenBucket, runs_p_value: float) -> LossLabel:
    """The decision tree of one flow with losses and arrivals enough."""
    growth = _delay_growth_ms(flow)
    if growth is not None and growth >= GROWN_DELAY_MS and _waited_before_loss(flow):
        return LossLabel.SHAPE
    if bucket.score >= POLICE_SCORE_MIN and len(loss_runs([not lost for lost in flow.lost])) >= MIN_RUNS:
        return LossLabel.POLICE if growth is not None and growth <= FLAT_DELAY_MS else LossLabel.UNCLEAR
    flat = growth is None or growth <= GROWN_DELAY_MS
    if bucket.score <= RANDOM_SCORE_MAX and runs_p_value >= RUNS_P_MIN and flat and _steady(flow):
        return LossLabel.RANDOM
    return LossLabel.UNCLEAR


def _delays(flow: SentFlow) -> FloatArray | None:
    """Delays with NaN where lost; None if not given or too few."""
    if flow.delay_ms is None:
        return None
    delays = np.array([np.nan if delay is None else delay for delay in flow.delay_ms], dtype=np.float64)
    return delays if np.count_nonzero(np.isfinite(delays)) >= MIN_LOST else None


def _delay_growth_ms(flow: SentFlow) -> float | None:
    """90th percentile less the smallest delay. The smallest, because a small queue is full after a few
    packets.
    """
    delays = _delays(flow)
    return None if delays is None else float(np.nanpercentile(delays, 90) - np.nanmin(delays))


def _waited_before_loss(flow: SentFlow) -> bool:
    """Whether losses fall where the queue is long: four of five were preceded by an arrival that had
    waited.
    """
    delays = _delays(flow)
    if delays is None:
        return False
    lost = np.asarray(flow.lost, dtype=bool)
    known = np.flatnonzero(np.isfinite(delays))
    before = np.searchsorted(known, np.flatnonzero(lost)) - 1
    last_seen = delays[known[before[before >= 0]]]
    middle = (np.nanmin(delays) + np.nanpercentile(delays, 90)) / 2
    return last_seen.size >= MIN_LOST and float(np.mean(last_seen >= middle)) >= 0.8


def _steady(flow: SentFlow) -> bool:
    """Whether the loss ratio is the same early and late: halves within three standard errors."""
    lost = np.asarray(flow.lost, dtype=np.float64)
    first, second = lost[: lost.size // 2], lost[lost.size // 2 :]
    p = float(lost.mean())
    error = np.sqrt(p * (1.0 - p) * (1.0 / first.size + 1.0 / second.size))
    return bool(abs(first.mean() - second.mean()) <= 3.0 * error)


def _median(values: Sequence[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return median(present) if present else None


def _pattern(label: LossLabel, *, n: int, lost_count: int, flows_count: int = 1) -> LossPattern:
    """A pattern without a fit."""
    return LossPattern(
        label=label,
        rate_bytes_per_s=None,
        burst_bytes=None,
        police_score=None,
        runs_p_value=None,
        n=n,
        lost_count=lost_count,
        flows_count=flows_count,
    )
