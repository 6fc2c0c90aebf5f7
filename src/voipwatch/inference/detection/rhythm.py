"""Hour-of-week and Ramadan terms of the baseline, used only while they pay.

A term is kept beside the plain mean. Before a quiet block is learnt, both predict it; the term is used once
its predictions have been better by a factor of 100 in likelihood, and no longer than that holds.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from voipwatch.inference.detection.ramadan import in_ramadan
from voipwatch.inference.detection.settings import DAY_S, HOUR_S

HOURS: Final = 168
SHRINK_VOTES: Final = 30.0
"""Votes of the plain mean that every hour starts with."""
PAYS: Final = math.log(100.0)
"""By how much the logarithm of the likelihood must be better."""
LEAST: Final = 1e-4
MOST: Final = 1.0 - LEAST
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


class _Blocks(NamedTuple):
    """Blocks of votes as columns of one length."""

    hours: Sequence[int]
    """Of the week."""
    blocked: Sequence[float]
    votes: Sequence[float]
    weights: Sequence[float]

    def each(self) -> Iterable[tuple[int, float, float, float]]:
        return zip(self.hours, self.blocked, self.votes, self.weights, strict=True)

    def some(self, places: Sequence[int]) -> "_Blocks":
        return _Blocks(
            [self.hours[at] for at in places],
            [self.blocked[at] for at in places],
            [self.votes[at] for at in places],
            [self.weights[at] for at in places],
        )


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
    times_s: Sequence[float],
    blocked: Sequence[float],
    votes: Sequence[float],
    weights: Sequence[float],
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
    blocks = _Blocks([int(time_s // HOUR_S) % HOURS for time_s in times_s], blocked, votes, weights)
    if mean is not None and mean > 0.0:
        rhythm.gain = _scored(rhythm.gain, _better(rhythm, blocks, mean=mean), effect)
    _add(rhythm.blocked, rhythm.votes, blocks)
    if not (in_ramadan(times_s[0]) or in_ramadan(times_s[-1]) or max(times_s) - min(times_s) > 20 * DAY_S):
        return
    fasting = blocks.some([at for at, time_s in enumerate(times_s) if in_ramadan(time_s)])
    if mean is not None and mean > 0.0:
        better = _better_fasting(rhythm, fasting, mean=mean)
        rhythm.ramadan_gain = _scored(rhythm.ramadan_gain, better, effect)
    by_day = fasting._replace(hours=[hour % 24 for hour in fasting.hours])
    _add(rhythm.ramadan_blocked, rhythm.ramadan_votes, by_day)


def _better(rhythm: Rhythm, blocks: _Blocks, *, mean: float) -> float:
    """By how much the hours of the week predict these blocks better than the plain mean does."""
    usual, better = _sure(mean), 0.0
    fails, calls, log, passing = rhythm.blocked, rhythm.votes, math.log, 1.0 - usual
    for hour, hits, count, weight in blocks.each():
        prior = SHRINK_VOTES * weight
        share = (fails[hour] + prior * mean) / (calls[hour] + prior)
        if hits or not LEAST <= share <= MOST:
            better += _log_ratio(hits, count, share, usual)
        else:  # most blocks by far
            better += count * log((1.0 - share) / passing)
    return better


def _better_fasting(rhythm: Rhythm, blocks: _Blocks, *, mean: float) -> float:
    """The same of the hours of the day in Ramadan, over whatever is used otherwise."""
    better = 0.0
    for hour, hits, count, weight in blocks.each():
        prior, usual = SHRINK_VOTES * weight, mean
        if rhythm.gain >= PAYS:
            usual = (rhythm.blocked[hour] + prior * mean) / (rhythm.votes[hour] + prior)
        day = hour % 24
        share = (rhythm.ramadan_blocked[day] + prior * usual) / (rhythm.ramadan_votes[day] + prior)
        better += _log_ratio(hits, count, share, _sure(usual))
    return better


def _sure(share: float) -> float:
    return min(max(share, LEAST), MOST)


def _log_ratio(hits: float, count: float, share: float, usual: float) -> float:
    """Logarithm of the likelihood under `share` over that under `usual`, which is sure at most as `LEAST`."""
    share = _sure(share)
    if not hits:
        return count * math.log((1.0 - share) / (1.0 - usual))
    return hits * math.log(share / usual) + (count - hits) * math.log((1.0 - share) / (1.0 - usual))


def _scored(gain: float, better: float, effect: float) -> float:
    return min(max(gain + better / effect, -GAIN_MAX), GAIN_MAX)


def _add(blocked_sums: list[float], votes_sums: list[float], blocks: _Blocks) -> None:
    for hour, hits, count, weight in blocks.each():
        blocked_sums[hour] += weight * hits
        votes_sums[hour] += weight * count


def _week(rhythm: Rhythm, time_s: float, mean: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % HOURS
    prior = SHRINK_VOTES * weight
    return (rhythm.blocked[hour] + prior * mean) / (rhythm.votes[hour] + prior)


def _fasting(rhythm: Rhythm, time_s: float, usual: float, weight: float) -> float:
    hour = int(time_s // HOUR_S) % 24
    prior = SHRINK_VOTES * weight
    return (rhythm.ramadan_blocked[hour] + prior * usual) / (rhythm.ramadan_votes[hour] + prior)
