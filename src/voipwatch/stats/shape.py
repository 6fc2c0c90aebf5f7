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
from itertools import pairwise
from statistics import median
from typing import Final

import numpy as np

from voipwatch.stats._checks import FloatArray
from voipwatch.stats.jitter import CLOCK_STEP_US
from voipwatch.stats.loss import loss_runs
from voipwatch.stats.randomness import regularity_test, runs_test
from voipwatch.stats.tokenbucket import SentFlow, TokenBucket, fit_token_bucket

MIN_LOST: Final = 10
"""Losses and arrivals each that a pattern needs; with fewer nearly any pattern fits."""

MIN_RUNS: Final = 5
"""Separate runs of losses that a policer must show: one outage fits a bucket that is never filled again."""

POLICE_SCORE_MIN: Final = 0.7
"""Least agreement with a token bucket. Independent loss reaches 0.49 by fitting and bursty loss less,
apart from single outages (`MIN_RUNS`); docs/methods/shape.md has what planted policers reach."""

POLICE_SCORE_WEAK: Final = 0.5
"""Agreement that is enough if what arrives is also too regular for dice (`REGULAR_P_MAX`)."""

REGULAR_P_MAX: Final = 1e-4
"""Regularity test below which arrivals are too even for chance."""

RANDOM_SCORE_MAX: Final = 0.3
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


def classify_loss(flows: Sequence[SentFlow]) -> LossPattern:
    """The pattern that at least two flows and half of the lossy ones show, and hardly any other contradicts.

    One flow alone is UNCLEAR at best: each mechanism needs two concordant repeats. An UNCLEAR flow abstains,
    a flow with another name contradicts: more than one for four flows that agree, and the whole is UNCLEAR.
    Flows with fewer than `MIN_LOST` losses have no say.

    Returns:
        The common label with the median rate, burst, score and p-value of the flows that bear it.
    """
    patterns = [classify_flow(flow) for flow in flows]
    n = sum(pattern.n for pattern in patterns)
    lost = sum(pattern.lost_count for pattern in patterns)
    lossy = [pattern for pattern in patterns if pattern.label is not LossLabel.NONE]
    if not lossy:
        return _pattern(LossLabel.NONE, n=n, lost_count=lost, flows_count=len(patterns))
    named = Counter(pattern.label for pattern in lossy if pattern.label is not LossLabel.UNCLEAR)
    label, votes = named.most_common(1)[0] if named else (LossLabel.UNCLEAR, 0)
    if votes < 2 or 2 * votes < len(lossy) or 4 * (named.total() - votes) > votes:
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


def _label(flow: SentFlow, bucket: TokenBucket, runs_p_value: float) -> LossLabel:
    """The decision tree of one flow with losses and arrivals enough."""
    growth = _delay_growth_ms(flow)
    if growth is not None and growth >= GROWN_DELAY_MS and _waited_before_loss(flow):
        return LossLabel.SHAPE
    regularity = regularity_test(flow)
    fits = bucket.score >= POLICE_SCORE_MIN or (
        bucket.score >= POLICE_SCORE_WEAK and regularity <= REGULAR_P_MAX
    )
    if fits and len(loss_runs([not lost for lost in flow.lost])) >= MIN_RUNS:
        return LossLabel.POLICE if growth is not None and growth <= FLAT_DELAY_MS else LossLabel.UNCLEAR
    flat = growth is None or growth <= GROWN_DELAY_MS
    independent = runs_p_value >= RUNS_P_MIN and regularity >= RUNS_P_MIN
    if bucket.score <= RANDOM_SCORE_MAX and independent and flat and _steady(flow):
        return LossLabel.RANDOM
    return LossLabel.UNCLEAR


def _delays(flow: SentFlow) -> FloatArray | None:
    """Delays with NaN where lost; None if not given, too few, or cut by a step of a clock."""
    if flow.delay_ms is None:
        return None
    came = [delay for delay in flow.delay_ms if delay is not None]
    if any(abs(after - before) > CLOCK_STEP_US / 1000.0 for before, after in pairwise(came)):
        return None
    delays = np.array([np.nan if delay is None else delay for delay in flow.delay_ms], dtype=np.float64)
    return delays if np.count_nonzero(np.isfinite(delays)) >= MIN_LOST else None


def _delay_growth_ms(flow: SentFlow) -> float | None:
    """90th percentile less the smallest delay: a small queue is full after a few packets."""
    delays = _delays(flow)
    return None if delays is None else float(np.nanpercentile(delays, 90) - np.nanmin(delays))


def _waited_before_loss(flow: SentFlow) -> bool:
    """Whether losses fall where the queue is long: before four of five of them an arrival had waited."""
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
