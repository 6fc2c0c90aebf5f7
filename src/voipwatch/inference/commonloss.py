"""Whether two flows to two reflectors lose at one place: from their packets' fates to `common` or not. Pure.

Two flows of one app run at one time, the second some seconds behind the first, so that each is also seen
alone (docs/methods/commonloss.md). Two tests, each of which can say `common`:

- sums: a bucket that both share lets through of both together what one alone gets, so that each loses more
  beside the other; Welch's test of the shares let through, alone against together;
- trend: losses of both rise and fall together at every interval length; Spearman's rank correlation.

Independent losses are no place: a bucket for each flow and random loss at one box look like two boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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
BIN_S: Final = 1.0
"""Interval of the sums: longer than the bursts of most lines."""
INTERVALS_S: Final = (0.4, 0.6, 0.8, 1.0)
"""Of the trend: from 20 packets of a voice on; every one of them has to show it."""
BINS_MIN: Final = 3
POINTS_MIN: Final = 8
PACKETS_MIN: Final = 10
"""In an interval that counts, of each flow: as WeHeY has it."""
LOSSES_MIN: Final = 20
"""Of each flow beside the other: fewer show no pattern."""
LARGE_LOSS: Final = 0.1
SUM_MAX: Final = 0.85
"""Beside each other both get less than this share of what they get alone: the upper limit, and each round."""
SUM_KEPT: Final = 0.85
"""Of what they get alone they keep at least this: the lower limit; then no bucket is shared."""
EQUAL_WITHIN: Final = 0.25
"""Both together against the better one alone."""
GAIN_MAX: Final = 0.1
"""Who gets more beside the other than alone, by so much of what it sent, shares no bucket with it."""
CONTROL_SHARE: Final = 0.25
"""The control may lose this share of the treatment's loss at most, or the line loses, not a throttle."""
ROUNDS_MIN: Final = 2


@dataclass(frozen=True, slots=True)
class Round:
    """One direction of one round: two flows of the treatment and their controls, on one clock."""

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
    kept: float
    low: float
    high: float
    p_value: float
    alone: float
    """The greatest share that a flow got alone."""
    shared: bool
    """Everything but the p-value and the limit speaks of one bucket, in every round."""


def common_loss(rounds: Sequence[Round]) -> Common:
    """What one direction of simultaneous flows says. Cannot fail on odd flows: too little is `unclear`."""
    told = [each for each in rounds if _window(each.treatment) is not None]
    if not told or any(_line_loses(each) for each in told):
        return NOTHING
    counts = [_losses_together(told, side) for side in (0, 1)]
    losses = min(lost for lost, _ in counts)
    if losses < LOSSES_MIN:
        return Common("unclear", losses=losses)
    sums = _sums(told)
    trend = _trend(told)
    if sums is None:
        return Common("unclear", losses=losses)
    known = Common("unclear", "", None, sums.kept, sums.low, sums.high, losses)
    if len(told) >= ROUNDS_MIN and sums.shared and sums.p_value <= LEVEL and sums.high <= SUM_MAX:
        return _said(known, "common", "sums", sums.p_value)
    if len(told) >= ROUNDS_MIN and trend is not None and trend <= LEVEL:
        return _said(known, "common", "trend", trend)
    # Alone too: a bucket that is too small only for both takes little more than what it takes together.
    large = sums.alone <= 1.0 - LARGE_LOSS and all(lost >= LARGE_LOSS * sent for lost, sent in counts)
    if large and sums.low >= SUM_KEPT and trend is not None:
        return _said(known, "apart", "", None)
    return known


def _said(known: Common, outcome: str, by: str, p_value: float | None) -> Common:
    return Common(outcome, by, p_value, known.kept, known.kept_low, known.kept_high, known.losses)


# --- what one flow gets -------------------------------------------------------------------------------------


def _span(flow: SentFlow) -> tuple[float, float]:
    """When it sends, seconds."""
    return flow.time_us[0] / 1e6, flow.time_us[-1] / 1e6


def _window(pair: tuple[SentFlow, SentFlow]) -> tuple[float, float] | None:
    """When both send and both buckets are drawn on; None where they hardly meet."""
    if not all(flow.time_us for flow in pair):
        return None
    spans = [_span(flow) for flow in pair]
    first, last = max(begin for begin, _ in spans) + SETTLE_S, min(end for _, end in spans)
    return (first, last) if last - first >= BINS_MIN * BIN_S else None


def _alone(pair: tuple[SentFlow, SentFlow], side: int) -> list[tuple[float, float]]:
    """When the flow of a side sends and the other does not."""
    begin, end = _span(pair[side])
    other_begin, other_end = _span(pair[1 - side])
    return [(begin + SETTLE_S, other_begin), (max(begin + SETTLE_S, other_end), end)]


def _shares(flow: SentFlow, window: tuple[float, float], width_s: float = BIN_S) -> FloatArray:
    """The share of bytes let through, by whole interval of the window that has packets."""
    begin, end = window
    bins = int((end - begin) / width_s + 1e-9)
    if bins <= 0:
        return np.empty(0)
    sent, passed, packets = _binned(flow, begin, bins, width_s)
    enough = packets >= PACKETS_MIN
    return passed[enough] / sent[enough]


def _binned(flow: SentFlow, begin: float, bins: int, width_s: float) -> tuple[FloatArray, ...]:
    """Bytes sent, bytes let through and packets, by interval."""
    index = np.floor((np.asarray(flow.time_us, dtype=np.float64) / 1e6 - begin) / width_s).astype(int)
    inside = (index >= 0) & (index < bins)
    size = np.asarray(flow.size_bytes, dtype=np.float64)
    passed = size * ~np.asarray(flow.lost, dtype=bool)
    return tuple(
        np.bincount(index[inside], weights=weights[inside], minlength=bins)
        for weights in (size, passed, np.ones_like(size))
    )


def _counted(flow: SentFlow, window: tuple[float, float]) -> tuple[int, int]:
    """Packets lost and sent within a window."""
    inside = [
        lost
        for t_us, lost in zip(flow.time_us, flow.lost, strict=True)
        if window[0] <= t_us / 1e6 < window[1]
    ]
    return sum(inside), len(inside)


def _losses_together(rounds: Sequence[Round], side: int) -> tuple[int, int]:
    counts = [
        _counted(each.treatment[side], window) for each in rounds if (window := _window(each.treatment))
    ]
    return sum(lost for lost, _ in counts), sum(sent for _, sent in counts)


def _line_loses(each: Round) -> bool:
    """Whether the control of either side loses too, or was hardly there: then it may be the line."""
    window = _window(each.treatment)
    if window is None:
        return True
    for treatment, control in zip(each.treatment, each.control, strict=True):
        lost, sent = _counted(treatment, window)
        control_lost, control_sent = _counted(control, window)
        if 2 * control_sent < sent or control_lost * sent > CONTROL_SHARE * lost * control_sent:
            return True
    return False


# --- the sums ---------------------------------------------------------------------------------------------


def _sums(rounds: Sequence[Round]) -> _Sums | None:
    """Shares let through alone less together, summed over both flows and all rounds; Welch's t."""
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415 -- slow, and few checks need it

    alone_all, drop_all, spread, freedom, most = 0.0, 0.0, 0.0, 0.0, 0.0
    shared = True
    for each in rounds:
        window = _window(each.treatment)
        alone_of, together_of = [], []
        for side in (0, 1):
            flow = each.treatment[side]
            alone = np.concatenate([_shares(flow, span) for span in _alone(each.treatment, side)])
            together = _shares(flow, window) if window is not None else np.empty(0)
            if len(alone) < BINS_MIN or len(together) < BINS_MIN:
                return None
            alone_of.append(float(alone.mean()))
            together_of.append(float(together.mean()))
            for bins in (alone, together):
                # Shares come in steps of a packet, about 1/50: a spread of nothing is none that is known.
                variance = max(float(bins.var(ddof=1)), 1e-4) / len(bins)
                spread += variance
                freedom += variance**2 / (len(bins) - 1)
        both, best = sum(together_of), max(alone_of)
        most = max(most, best)
        shared &= both <= SUM_MAX * sum(alone_of)
        shared &= abs(both - best) <= EQUAL_WITHIN * best
        shared &= all(t - a <= GAIN_MAX for a, t in zip(alone_of, together_of, strict=True))
        alone_all += sum(alone_of)
        drop_all += sum(alone_of) - both
    if alone_all <= 0.0:
        return None
    degrees = spread**2 / freedom
    error = sqrt(spread)
    p_value = float(stdtr(degrees, -drop_all / error))
    reach = float(stdtrit(degrees, 1.0 - LEVEL)) * error
    low, high = (1.0 - (drop_all + sign * reach) / alone_all for sign in (1, -1))
    return _Sums(1.0 - drop_all / alone_all, low, high, p_value, most, shared)


# --- the trend --------------------------------------------------------------------------------------------


def _trend(rounds: Sequence[Round]) -> float | None:
    """The largest p of all interval lengths, None where one has too few intervals."""
    values = []
    for width_s in INTERVALS_S:
        first: list[float] = []
        second: list[float] = []
        for each in rounds:
            window = _window(each.treatment)
            if window is None:
                continue
            bins = int((window[1] - window[0]) / width_s + 1e-9)
            (sent, passed, packets), (other_sent, other_passed, other_packets) = (
                _binned(flow, window[0], bins, width_s) for flow in each.treatment
            )
            enough = (packets >= PACKETS_MIN) & (other_packets >= PACKETS_MIN)
            first += list(1.0 - passed[enough] / sent[enough])
            second += list(1.0 - other_passed[enough] / other_sent[enough])
        if len(first) < POINTS_MIN:
            return None
        values.append(spearman(first, second)[1])
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
