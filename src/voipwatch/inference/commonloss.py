"""Whether two flows to two reflectors lose at one place: from their packets' fates to `common` or not. Pure.

Two flows of one app run at one time, the second some seconds behind the first, so that each is also seen
alone (docs/methods/commonloss.md). Two tests, each of which can say `common`:

- sums: a bucket that both share lets through of both together what one alone gets, so that each loses more
  beside the other; Welch's test of the shares let through, alone against together;
- trend: losses of both rise and fall together at every interval length; Spearman's rank correlation.

Independent losses are no place: a bucket for each flow and random loss at one box look like two boxes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from voipwatch.stats import SentFlow

FloatArray = npt.NDArray[np.float64]

LEVEL: Final = 0.01
"""Of each of the two tests, one-sided: both ways and both tests together err in less than one in twenty."""
SETTLE_S: Final = 2.0
"""After a flow's begin: a policer's bucket is full then, and what passes says nothing of its rate."""
BIN_S: Final = 0.95
"""Interval of the sums: longer than the bursts of most lines; a little short, so that 12 s hold twelve."""
INTERVALS_S: Final = (0.75, 0.95, 1.15, 1.4)
"""Of the trend: from some ten packets of the slowest voice on; every one of them has to show it."""
BINS_MIN: Final = 6
"""Alone, and beside the other; the halves of six are what a change of three seconds shows in."""
POINTS_MIN: Final = 8
PACKETS_MIN: Final = 10
"""In an interval that counts, of each flow: as WeHeY has it."""
LOSSES_MIN: Final = 20
"""Beside the other, of both flows; of each, where both must lose: fewer show no pattern."""
LARGE_LOSS: Final = 0.1
SUM_MAX: Final = 0.85
"""Beside each other both get less than this share of what they get alone, by its interval's upper limit."""
SUM_KEPT: Final = 0.85
"""Of what they get alone they keep at least this, by its lower limit: then no bucket is shared."""
EQUAL_WITHIN: Final = 0.25
"""Both together against the better one alone."""
GAIN_MAX: Final = 0.1
"""Who gets more beside the other than alone, by so much of what it sent, shares no bucket with it."""
CONTROL_SHARE: Final = 0.25
"""The control may lose this share of the treatment's loss at most, or the line loses, not a throttle."""
AFTER_S: Final = 2.5
"""After a flow's end: the far end sends on for 2 s, until it has heard nothing for so long."""
SPAN_MAX_S: Final = 3_600.0
"""From the first packet of both to the last: no check asks for longer, and a report may hold any number."""
FREE_MAX: Final = 0.05
"""Who loses no more alone than this needs less than the limit."""
TESTS: Final = 2


@dataclass(frozen=True, slots=True)
class Round:
    """One direction: two flows of the treatment and their controls, on one clock."""

    treatment: tuple[SentFlow, SentFlow]
    control: tuple[SentFlow, SentFlow]


@dataclass(frozen=True, slots=True)
class Common:
    """What one direction shows."""

    outcome: str
    """common, apart or unclear."""
    by: str = ""
    """sums or trend, where common."""
    p_value: float | None = None
    """Of the test that says so; None where none does."""
    kept: float | None = None
    """What both get beside each other, as a share of what they get alone; 0.5 where they share a bucket."""
    kept_low: float | None = None
    kept_high: float | None = None
    """98 % interval: 1 % on each side."""
    losses: int = 0
    """Of the flow that lost less, beside the other."""


NOTHING: Final = Common("unclear")


class _Sums(NamedTuple):
    """The test of the sums."""

    kept: float
    low: float
    high: float
    p_value: float
    alone: float
    """The greatest share that a flow got alone."""
    shared: bool
    """Everything but the p-value and the limit speaks of one bucket."""


def common_loss(told: Round) -> Common:
    """What one direction of simultaneous flows says. Cannot fail on odd flows: too little is `unclear`."""
    window = _window(told.treatment)
    if window is None or _line_loses(told, window):
        return NOTHING
    counts = [_counted(flow, window) for flow in told.treatment]
    known = Common("unclear", losses=min(lost for lost, _ in counts))
    sums = _sums(told.treatment, window)
    if sum(lost for lost, _ in counts) < LOSSES_MIN or sums is None:
        return known
    known = replace(known, kept=sums.kept, kept_low=sums.low, kept_high=sums.high)
    if sums.shared and sums.p_value <= LEVEL and sums.high <= SUM_MAX:
        return replace(known, outcome="common", by="sums", p_value=sums.p_value)
    if known.losses < LOSSES_MIN:  # of one bucket, one flow may get all that it needs and lose nothing
        return known
    trend = _trend(told.treatment, window)
    if trend is not None and trend <= LEVEL:
        return replace(known, outcome="common", by="trend", p_value=trend)
    # Alone too: a bucket that is too small only for both takes little more than what it takes together.
    large = sums.alone <= 1.0 - LARGE_LOSS and all(lost >= LARGE_LOSS * sent for lost, sent in counts)
    return replace(known, outcome="apart") if large and sums.low >= SUM_KEPT else known


# --- what one flow gets -------------------------------------------------------------------------------------


def _span(flow: SentFlow) -> tuple[float, float]:
    """When it sends, seconds."""
    return flow.time_us[0] / 1e6, flow.time_us[-1] / 1e6


def _window(pair: tuple[SentFlow, SentFlow]) -> tuple[float, float] | None:
    """When both send and both buckets are drawn on; None where they hardly meet, or no check is so long."""
    if not all(flow.time_us for flow in pair):
        return None
    spans = [_span(flow) for flow in pair]
    if max(end for _, end in spans) - min(begin for begin, _ in spans) > SPAN_MAX_S:
        return None
    first, last = max(begin for begin, _ in spans) + SETTLE_S, min(end for _, end in spans)
    return (first, last) if last - first >= BINS_MIN * BIN_S else None


def _alone(pair: tuple[SentFlow, SentFlow], side: int) -> list[tuple[float, float]]:
    """When the flow of a side sends and the other does not."""
    begin, end = _span(pair[side])
    other_begin, other_end = _span(pair[1 - side])
    return [(begin + SETTLE_S, other_begin), (max(begin + SETTLE_S, other_end + AFTER_S), end)]


def _shares(flow: SentFlow, window: tuple[float, float], width_s: float = BIN_S) -> FloatArray:
    """The share of bytes let through, by whole interval of the window that has packets."""
    begin, end = window
    bins = int((end - begin) / width_s + 1e-9)
    if bins <= 0:
        return np.empty(0)
    sent, passed, packets = _binned(flow, begin, bins, width_s)
    enough = packets >= PACKETS_MIN
    shares: FloatArray = passed[enough] / sent[enough]
    return shares


def _binned(
    flow: SentFlow, begin: float, bins: int, width_s: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bytes sent, bytes let through and packets, by interval."""
    index = np.floor((np.asarray(flow.time_us, dtype=np.float64) / 1e6 - begin) / width_s).astype(int)
    inside = (index >= 0) & (index < bins)
    size = np.asarray(flow.size_bytes, dtype=np.float64)
    passed = size * ~np.asarray(flow.lost, dtype=bool)
    sent, through, packets = (
        np.bincount(index[inside], weights=weights[inside], minlength=bins).astype(np.float64)
        for weights in (size, passed, np.ones_like(size))
    )
    return sent, through, packets


def _counted(flow: SentFlow, window: tuple[float, float]) -> tuple[int, int]:
    """Packets lost and sent within a window."""
    inside = [
        lost
        for t_us, lost in zip(flow.time_us, flow.lost, strict=True)
        if window[0] <= t_us / 1e6 < window[1]
    ]
    return sum(inside), len(inside)


def _line_loses(told: Round, window: tuple[float, float]) -> bool:
    """Whether the controls lose too, or were hardly there: then it may be the line."""
    lost, sent = (sum(each) for each in zip(*(_counted(f, window) for f in told.treatment), strict=True))
    controls = [_counted(flow, window) for flow in told.control]
    control_lost, control_sent = (sum(each) for each in zip(*controls, strict=True))
    return bool(2 * control_sent < sent or control_lost * sent > CONTROL_SHARE * lost * control_sent)


# --- the sums ---------------------------------------------------------------------------------------------


def _sums(pair: tuple[SentFlow, SentFlow], window: tuple[float, float]) -> _Sums | None:
    """Shares let through alone less beside the other, both flows added: Welch's t, an interval is a unit."""
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415 -- slow, and few checks need it

    alone_of: list[FloatArray] = []
    both_of: list[FloatArray] = []
    for side, flow in enumerate(pair):
        alone_of.append(np.concatenate([_shares(flow, span) for span in _alone(pair, side)]))
        both_of.append(_shares(flow, window))
    every = [*alone_of, *both_of]
    if min(len(bins) for bins in every) < BINS_MIN:
        return None
    # Shares come in steps of a packet, about 1/50: a spread of nothing is none that is known.
    spreads = [max(float(bins.var(ddof=1)), 1e-4) / len(bins) for bins in every]
    degrees = sum(spreads) ** 2 / sum(v**2 / (len(b) - 1) for v, b in zip(spreads, every, strict=True))
    error = sqrt(sum(spreads))
    alone = [float(bins.mean()) for bins in alone_of]
    both = [float(bins.mean()) for bins in both_of]
    whole, best, drop = sum(alone), max(alone), sum(alone) - sum(both)
    if whole <= 0.0:
        return None
    reach = float(stdtrit(degrees, 1.0 - LEVEL)) * error
    low, high = (1.0 - (drop + sign * reach) / whole for sign in (1, -1))
    # One bucket gives both what it gives one; or one alone did not need all of it.
    shared = best >= 1.0 - FREE_MAX or abs(sum(both) - best) <= EQUAL_WITHIN * best
    shared &= all(beside - own <= GAIN_MAX for own, beside in zip(alone, both, strict=True))
    # A throttle that changes by itself would have to do so where the flows begin and end: each half tells.
    shared &= _halves(both_of, max) <= SUM_MAX * _halves(alone_of, min)
    return _Sums(1.0 - drop / whole, low, high, float(stdtr(degrees, -drop / error)), best, shared)


def _halves(flows: Sequence[FloatArray], which: Callable[[list[float]], float]) -> float:
    """The worse, or the better half of what flows get, added over the flows."""
    return sum(which([float(half.mean()) for half in np.array_split(bins, 2)]) for bins in flows)


# --- the trend --------------------------------------------------------------------------------------------


def _trend(pair: tuple[SentFlow, SentFlow], window: tuple[float, float]) -> float | None:
    """The largest p of all interval lengths, None where one has too few intervals."""
    values = []
    for width_s in INTERVALS_S:
        bins = int((window[1] - window[0]) / width_s + 1e-9)
        (sent, passed, packets), (other_sent, other_passed, other_packets) = (
            _binned(flow, window[0], bins, width_s) for flow in pair
        )
        enough = (packets >= PACKETS_MIN) & (other_packets >= PACKETS_MIN)
        if int(enough.sum()) < POINTS_MIN:
            return None
        first, second = passed[enough] / sent[enough], other_passed[enough] / other_sent[enough]
        values.append(spearman(list(first), list(second))[1])
    return max(values)


def spearman(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Spearman's rank correlation, and the one-sided p-value that the two rise together.

    Ties take the mean of their ranks; the p-value is that of Student's t with n - 2 degrees of freedom.

    Args:
        first: one value for each interval, three at least.
        second: as many.

    Returns:
        (correlation, p); (0, 1) where one of them does not vary.

    Raises:
        ValueError: unequal lengths, or fewer than three.

    Source: C. Spearman, "The proof and measurement of association between two things", Am. J. Psychology 15
    (1904) 72-101; M. G. Kendall, Rank Correlation Methods (1948), section 4.
    """
    from scipy.special import stdtr  # noqa: PLC0415 -- slow, and few checks need it

    if len(first) != len(second) or len(first) < 3:
        raise ValueError(f"two series of one length, three at least, got {len(first)} and {len(second)}")
    x, y = (_ranks(np.asarray(each, dtype=np.float64)) for each in (first, second))
    x, y = x - x.mean(), y - y.mean()
    scale = sqrt(float((x * x).sum()) * float((y * y).sum()))
    if scale == 0.0:
        return 0.0, 1.0
    rho = max(-1.0, min(1.0, float((x * y).sum()) / scale))
    if abs(rho) >= 1.0:
        return rho, 0.0 if rho > 0 else 1.0
    degrees = len(first) - 2
    return rho, float(stdtr(degrees, -rho * sqrt(degrees / (1.0 - rho * rho))))


def _ranks(values: FloatArray) -> FloatArray:
    """From 1 on; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2.0)[inverse]
