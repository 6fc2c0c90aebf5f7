"""Hour-of-week and Ramadan terms of the baseline, used only while they pay.

A term is kept beside the plain mean. Before a quiet block is learnt, both predict it; the term is used once
its predictions have been better by a factor of 100 in likelihood, and no longer than that holds.
"""

import math
from typing import Final

import msgspec

from voipwatch.inference.detection.ramadan import in_ramadan
from voipwatch.inference.detection.settings import HOUR_S

HOURS: Final = 168
SHRINK_VOTES: Final = 30.0
"""Votes of the plain mean that every hour starts with."""
PAYS: Final = math.log(100.0)
"""By how much the logarithm of the likelihood must be better."""
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
    rhythm: Rhythm, time_s: float, blocked: int, n: int, *, mean: float, weight: float, effect: float
) -> None:
    """Score both predictions of a quiet block, then learn it.

    Args:
        rhythm: changed in place.
        time_s: Unix time of the block.
        blocked: its votes that say so.
        n: all its votes.
        mean: the plain mean before it, 0..1.
        weight: what its votes weigh.
        effect: design effect, at least 1: dependent votes prove less.
    """
    hour = int(time_s // HOUR_S) % HOURS
    if mean > 0.0:
        week = _week(rhythm, time_s, mean, weight)
        gained = (_log_likelihood(blocked, n, week) - _log_likelihood(blocked, n, mean)) / effect
        rhythm.gain = min(max(rhythm.gain + gained, -GAIN_MAX), GAIN_MAX)
    rhythm.blocked[hour] += weight * blocked
    rhythm.votes[hour] += weight * n
    if in_ramadan(time_s):
        usual = _week(rhythm, time_s, mean, weight) if rhythm.gain >= PAYS else mean
        if usual > 0.0:
            fasting = _fasting(rhythm, time_s, usual, weight)
            gained = (_log_likelihood(blocked, n, fasting) - _log_likelihood(blocked, n, usual)) / effect
            rhythm.ramadan_gain = min(max(rhythm.ramadan_gain + gained, -GAIN_MAX), GAIN_MAX)
        rhythm.ramadan_blocked[hour % 24] += weight * blocked
        rhythm.ramadan_votes[hour % 24] += weight * n


def _week(rhythm: Rhythm, time_s: float, mean: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % HOURS
    prior = SHRINK_VOTES * weight
    return (rhythm.blocked[hour] + prior * mean) / (rhythm.votes[hour] + prior)


def _fasting(rhythm: Rhythm, time_s: float, usual: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % 24
    prior = SHRINK_VOTES * weight
    return (rhythm.ramadan_blocked[hour] + prior * usual) / (rhythm.ramadan_votes[hour] + prior)


def _log_likelihood(blocked: int, n: int, share: float) -> float:
    share = min(max(share, 1e-4), 1.0 - 1e-4)
    return blocked * math.log(share) + (n - blocked) * math.log1p(-share)
