"""Silence by what a series is used to."""

from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.inference.detection.silence import BLOCKS_MIN, Pace, block_began, heard, limit_s, silent_since


def begin(pace: Pace, start_s: float, end_s: float) -> None:
    """The one row of a block."""
    block_began(pace, start_s)
    heard(pace, end_s)


def hourly(blocks: int, every_s: float = HOUR_S) -> Pace:
    pace = Pace()
    for index in range(blocks):
        begin(pace, index * every_s, index * every_s)
    return pace


def test_a_young_series_is_used_to_nothing() -> None:
    assert limit_s(hourly(BLOCKS_MIN - 1), HOUR_S) is None
    assert silent_since(hourly(BLOCKS_MIN - 1), 1e9, HOUR_S) is None


def test_an_hourly_series_is_silent_after_a_day() -> None:
    pace = hourly(50)
    assert silent_since(pace, 49 * HOUR_S + DAY_S, HOUR_S) is None
    assert silent_since(pace, 49 * HOUR_S + DAY_S + 1, HOUR_S) == (49 * HOUR_S, 50 * HOUR_S)
    assert silent_since(pace, 49 * HOUR_S + 9 * DAY_S, HOUR_S) is None  # it was said


def test_a_sparse_series_is_given_three_times_its_longest_gap() -> None:
    pace = hourly(50, every_s=2 * DAY_S)
    assert limit_s(pace, HOUR_S) == 6 * DAY_S


def test_a_gap_is_forgotten_and_an_announced_one_is_no_habit() -> None:
    pace = hourly(50)
    begin(pace, 49 * HOUR_S + 20 * HOUR_S, 0.0)
    assert pace.longest_s == 20 * HOUR_S
    for index in range(640):
        begin(pace, (70 + index) * HOUR_S, (70 + index) * HOUR_S)
    assert pace.longest_s < 2 * HOUR_S
    quiet = hourly(50)
    assert silent_since(quiet, 60 * DAY_S, HOUR_S) is not None
    begin(quiet, 60 * DAY_S, 60 * DAY_S)
    assert not quiet.said


def test_a_series_that_is_thinned_is_not_called_silent_again_and_again() -> None:
    """Hourly, then monthly: limits of 1, 3, 9, 27 and 81 days, by hand; four of fifty gaps are told."""
    pace = hourly(50)
    told = 0
    for month in range(1, 51):
        now_s = 49 * HOUR_S + month * 30 * DAY_S
        told += silent_since(pace, now_s, HOUR_S) is not None
        begin(pace, now_s, now_s)
    assert told == 4
