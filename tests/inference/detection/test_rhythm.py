"""Hours that fail more often are used once they pay, and not before; so are the nights of Ramadan."""

import numpy as np
import pytest

from voipwatch.inference.detection.ramadan import BEGINS, in_ramadan
from voipwatch.inference.detection.rhythm import PAYS, Rhythm, learn, share_at
from voipwatch.inference.detection.settings import DAY_S, HOUR_S

MONDAY_S = 1_451_865_600.0
"""2016-01-04."""


def teach(rhythm: Rhythm, first_s: float, days: int, fails: dict[int, int], *, mean: float) -> None:
    """Days of hourly blocks with 10 votes; `fails` are the blocked ones by hour of the day."""
    for day in range(days):
        times = first_s + day * DAY_S + np.arange(24.0) * HOUR_S
        blocked = [float(fails.get(hour, 0)) for hour in range(24)]
        learn(rhythm, times.tolist(), blocked, [10.0] * 24, [1.0] * 24, mean=mean, effect=1.0)


def test_an_even_series_never_pays() -> None:
    rhythm = Rhythm()
    rng = np.random.default_rng(1)
    for day in range(200):
        times = MONDAY_S + day * DAY_S + np.arange(24.0) * HOUR_S
        blocked = rng.binomial(10, 0.05, 24).astype(float).tolist()
        learn(rhythm, times.tolist(), blocked, [10.0] * 24, [1.0] * 24, mean=0.05, effect=1.0)
    assert rhythm.gain < PAYS
    assert share_at(rhythm, MONDAY_S + 3 * HOUR_S, 0.05, 1.0) == 0.05


def test_bad_nights_pay_and_raise_their_hours_alone() -> None:
    rhythm = Rhythm()
    teach(rhythm, MONDAY_S, 7, {3: 6}, mean=0.025)
    assert rhythm.gain < PAYS  # a week: nothing was predicted yet
    teach(rhythm, MONDAY_S + 7 * DAY_S, 35, {3: 6}, mean=0.025)
    assert rhythm.gain >= PAYS
    assert share_at(rhythm, MONDAY_S + 3 * HOUR_S, 0.025, 1.0) > 0.3
    assert share_at(rhythm, MONDAY_S + 5 * HOUR_S, 0.025, 1.0) < 0.025


def test_a_rhythm_that_stops_is_dropped() -> None:
    rhythm = Rhythm()
    teach(rhythm, MONDAY_S, 60, {3: 6}, mean=0.025)
    assert rhythm.gain >= PAYS
    for day in range(14):  # as many fail, at another hour every day
        teach(rhythm, MONDAY_S + (63 + day) * DAY_S, 1, {(day * 5 + 7) % 24: 6}, mean=0.025)
    assert rhythm.gain < PAYS


def test_ramadan_is_a_term_of_its_own() -> None:
    rhythm = Rhythm()
    for year in (4, 5):  # two years of the table
        first = np.datetime64(BEGINS[year][0]).astype("datetime64[s]").astype(float)
        teach(rhythm, float(first) - 200 * DAY_S, 190, {}, mean=0.02)
        teach(rhythm, float(first), 29, {22: 5}, mean=0.02)
    assert rhythm.ramadan_gain >= PAYS
    night = float(np.datetime64(BEGINS[6][0]).astype("datetime64[s]").astype(float)) + 22 * HOUR_S
    assert in_ramadan(night)
    assert share_at(rhythm, night, 0.02, 1.0) > 0.2
    plain = Rhythm(blocked=rhythm.blocked, votes=rhythm.votes, gain=rhythm.gain)
    assert share_at(plain, night, 0.02, 1.0) < 0.1  # without the term: the year's hours, far less
    outside = night + 90 * DAY_S
    assert share_at(rhythm, outside, 0.02, 1.0) == share_at(plain, outside, 0.02, 1.0)


def test_before_anything_is_learnt_nothing_is_scored() -> None:
    rhythm = Rhythm()
    learn(rhythm, [MONDAY_S], [1.0], [2.0], [1.0], mean=None, effect=1.0)
    assert rhythm.gain == 0.0
    assert sum(rhythm.votes) == pytest.approx(2.0)
