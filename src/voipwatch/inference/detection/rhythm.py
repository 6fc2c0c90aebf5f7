"""Hour-of-week and Ramadan terms of the baseline, used only while they pay.

A term is kept beside the plain mean. Before a quiet block is learnt, both predict it; the term is used once
its predictions have been better by a factor of 100 in likelihood, and no longer than that holds.
"""

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from voipwatch.inference.detection.ramadan import in_ramadan
from voipwatch.inference.detection.settings import DAY_S, HOUR_S

FloatArray = npt.NDArray[np.float64]

HOURS: Final = 168
SHRINK_VOTES: Final = 30.0
"""Votes of the plain mean that every hour starts with."""
PAYS: Final = math.log(100.0)
"""By how much the logarithm of the likelihood must be better."""
LEAST: Final = 1e-4
"""A prediction is never surer than that."""
GAIN_MAX: Final = 2 * PAYS
"""So that a term that has paid for years is dropped within weeks when it stops to."""


class Rhythm(msgspec.Struct):
    """What is learnt by hour of the week, and by hour of the day in Ramadan; weights as in the baseline."""

    blocked: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    votes: list[float] = msgspec.field(default_factory=lambda: [0.0] * HOURS)
    ramadan_blocked: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)
    ramadan_votes: list[float] = msgspec.field(default_factory=lambda: [0.0] * 24)
    gain: float = 0.0
    """Of the hours of the week over the plain mean."""
    ramadan_gain: float = 0.0
    """Of the hours of Ramadan over whatever is used otherwise."""


def share_at(rhythm: Rhythm, time_s: float, mean: float, weight: float) -> float:
    """The share of blocked votes expected at a time: the plain mean, or what the paying terms say.

    Args:
        rhythm: what was learnt.
        time_s: Unix time.
        mean: the plain mean, 0..1.
        weight: what a vote weighs today (`baseline.weight_at`).
    """
    share = mean
    if rhythm.gain >= PAYS:
        share = _week(rhythm, time_s, mean, weight)
    if rhythm.ramadan_gain >= PAYS and in_ramadan(time_s):
        share = _fasting(rhythm, time_s, share, weight)
    return share


def learn(
    rhythm: Rhythm,
    times_s: FloatArray,
    blocked: FloatArray,
    votes: FloatArray,
    weights: FloatArray,
    *,
    mean: float | None,
    effect: float,
) -> None:
    """Score both predictions of a day's quiet blocks, then learn the blocks.

    Args:
        rhythm: changed in place.
        times_s: Unix time of each block.
        blocked: its votes that say so.
        votes: all its votes.
        weights: what they weigh.
        mean: the plain mean before them, 0..1; None before anything is learnt.
        effect: design effect, at least 1: dependent votes prove less.
    """
    hours = (times_s // HOUR_S).astype(np.intp) % HOURS
    fasting = in_ramadan(float(times_s[0])) or in_ramadan(float(times_s[-1])) or np.ptp(times_s) > 20 * DAY_S
    if mean is not None and mean > 0.0:
        week = _drawn(rhythm.blocked, rhythm.votes, hours, weights, mean)
        rhythm.gain = _scored(rhythm.gain, blocked, votes, week, mean, effect)
    _add(rhythm.blocked, hours, weights * blocked)
    _add(rhythm.votes, hours, weights * votes)
    if not fasting:
        return
    inside = np.array([in_ramadan(float(time_s)) for time_s in times_s])
    times_s, blocked, votes, weights = times_s[inside], blocked[inside], votes[inside], weights[inside]
    hours = hours[inside]
    if mean is not None and mean > 0.0:
        usual: float | FloatArray = mean
        if rhythm.gain >= PAYS:
            usual = _drawn(rhythm.blocked, rhythm.votes, hours, weights, mean)
        share = _drawn(rhythm.ramadan_blocked, rhythm.ramadan_votes, hours % 24, weights, usual)
        rhythm.ramadan_gain = _scored(rhythm.ramadan_gain, blocked, votes, share, usual, effect)
    _add(rhythm.ramadan_blocked, hours % 24, weights * blocked)
    _add(rhythm.ramadan_votes, hours % 24, weights * votes)


def _drawn(
    blocked: list[float],
    votes: list[float],
    hours: npt.NDArray[np.intp],
    weights: FloatArray,
    towards: float | FloatArray,
) -> FloatArray:
    """Share of blocked votes of each hour, drawn towards another."""
    prior = SHRINK_VOTES * weights
    seen = np.array([votes[hour] for hour in hours])
    hits = np.array([blocked[hour] for hour in hours])
    return np.asarray((hits + prior * towards) / (seen + prior), dtype=np.float64)


def _scored(
    gain: float,
    blocked: FloatArray,
    votes: FloatArray,
    share: FloatArray,
    usual: float | FloatArray,
    effect: float,
) -> float:
    """The gain after these blocks: by how much the logarithm of the likelihood is better."""
    share = np.minimum(np.maximum(share, LEAST), 1.0 - LEAST)
    usual = np.minimum(np.maximum(usual, LEAST), 1.0 - LEAST)
    better = blocked * np.log(share / usual) + (votes - blocked) * np.log((1.0 - share) / (1.0 - usual))
    return float(min(max(gain + better.sum() / effect, -GAIN_MAX), GAIN_MAX))


def _add(sums: list[float], hours: npt.NDArray[np.intp], values: FloatArray) -> None:
    for hour, value in zip(hours.tolist(), values.tolist(), strict=True):
        sums[hour] += value


def _week(rhythm: Rhythm, time_s: float, mean: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % HOURS
    prior = SHRINK_VOTES * weight
    return (rhythm.blocked[hour] + prior * mean) / (rhythm.votes[hour] + prior)


def _fasting(rhythm: Rhythm, time_s: float, usual: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % 24
    prior = SHRINK_VOTES * weight
    return (rhythm.ramadan_blocked[hour] + prior * usual) / (rhythm.ramadan_votes[hour] + prior)
