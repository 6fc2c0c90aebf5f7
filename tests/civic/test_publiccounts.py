"""The public count, its log, and the note on arrivals that are too even."""

import hashlib

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.publiccounts import (
    ANOMALY_LEVEL,
    FIRST_PREV,
    CountLine,
    first_break,
    next_line,
    regularity,
    told_count,
)
from voipwatch.model.instants import seconds

MIDNIGHT = 20_000 * 86_400
HOUR, DAY = 3_600, 86_400


def log(moments: list[tuple[float, int]]) -> list[CountLine]:
    lines: list[CountLine] = []
    for now, confirmed in moments:
        line = next_line(lines[-1] if lines else None, confirmed, now)
        if line is not None:
            lines.append(line)
    return lines


def test_steps_of_ten() -> None:
    assert [told_count(n) for n in (0, 9, 10, 19, 8_123)] == [0, 0, 10, 10, 8_120]


def test_daily_below_500_and_hourly_above() -> None:
    lines = log([(MIDNIGHT + 60 * minute, 3 * minute) for minute in range(2 * 24 * 60)])
    told = [(seconds(line.at) - MIDNIGHT, line.count) for line in lines]
    # The day turns once with a count below 500; from then on it is told by the hour.
    assert told[:4] == [(0, 0), (DAY, 4320), (DAY + HOUR, 4500), (DAY + 2 * HOUR, 4680)]
    assert len(told) == 2 + 23
    assert first_break(lines) is None


def test_a_line_does_not_wait_for_a_change() -> None:
    quiet = log([(MIDNIGHT + hour * HOUR, 19 if hour < 30 else 20) for hour in range(72)])
    assert [(seconds(line.at) - MIDNIGHT, line.count) for line in quiet] == [
        (0, 10),
        (DAY, 10),
        (2 * DAY, 20),
    ]


def test_a_count_falls_where_people_revoke() -> None:
    assert [line.count for line in log([(MIDNIGHT, 31), (MIDNIGHT + DAY, 29)])] == [30, 20]


def test_a_clock_that_went_back_tells_nothing() -> None:
    first = log([(MIDNIGHT, 10)])[0]
    assert next_line(first, 50, MIDNIGHT - 5 * DAY) is None


def test_the_first_line_by_hand() -> None:
    line = log([(0, 25)])[0]
    text = '{"at":"1970-01-01T00:00:00Z","count":20,"n":1,"prev":"' + FIRST_PREV + '"}'
    assert line.digest == hashlib.sha256(text.encode()).hexdigest()


@given(
    st.lists(st.integers(0, 2_000), min_size=2, max_size=12),
    st.data(),
)
def test_any_change_of_a_log_is_seen(counts: list[int], data: st.DataObject) -> None:
    lines = log([(MIDNIGHT + DAY * day, count) for day, count in enumerate(counts)])
    assert first_break(lines) is None
    place = data.draw(st.integers(0, len(lines) - 2))
    kind = data.draw(st.sampled_from(["count", "at", "digest", "prev", "n", "out", "twice"]))
    if kind == "out":
        changed = lines[:place] + lines[place + 1 :]
    elif kind == "twice":
        changed = [*lines[: place + 1], *lines[place:]]
    else:
        line = lines[place]
        other = {
            "count": line.count + 10, "at": "2031-01-01T00:00:00Z", "digest": "f" * 64, "prev": "e" * 64,
            "n": line.n + 1,
        }  # fmt: skip
        changed = [*lines[:place], msgspec.structs.replace(line, **{kind: other[kind]}), *lines[place + 1 :]]
    found = first_break(changed)
    assert found is not None
    assert found >= place


def test_a_time_that_is_none_is_a_break() -> None:
    assert first_break([CountLine(1, FIRST_PREV, "soon", 0, "")]) == 0


def test_even_arrivals_are_noted_and_those_of_people_not() -> None:
    even = regularity("2026-11-22", [60] * 24)
    assert even is not None
    assert even.robotic
    assert even.p_value < 1e-12
    people = regularity("2026-11-22", [3, 1, 0, 0, 1, 4, 20, 60, 90, 80, 70, 65] + [40, 30] * 6)
    assert people is not None
    assert not people.robotic
    assert regularity("2026-11-22", [4] * 24) is None
    with pytest.raises(ValueError, match="24 counts"):
        regularity("2026-11-22", [60] * 23)


def test_a_robot_that_sleeps_about_a_minute_is_noted() -> None:
    random = np.random.default_rng(7)
    times = np.cumsum(random.uniform(30, 90, 1600))
    hours = np.bincount((times // HOUR).astype(int), minlength=24)[:24]
    found = regularity("2026-11-22", hours.tolist())
    assert found is not None
    assert found.robotic


@pytest.mark.parametrize("mean", [5.0, 6.0, 20.0, 200.0])
def test_false_alarms_stay_at_their_level_for_people_who_decide_alone(mean: float) -> None:
    """5,000 days: a true rate of 0.001 gives 5 alarms, and more than 15 in less than one run of 10,000."""
    random = np.random.default_rng(int(mean))
    days = random.poisson(mean, (5_000, 24))
    alarms = judged = 0
    for day in days.tolist():
        found = regularity("d", day)
        judged += found is not None
        alarms += found is not None and found.robotic
    assert judged > 2_000
    assert alarms <= 15
    # Hours that people prefer only lower it.
    wave = mean * (1 + 0.8 * np.sin(np.arange(24) / 24 * 2 * np.pi))
    uneven = [regularity("d", day) for day in random.poisson(wave, (1_000, 24)).tolist()]
    assert sum(each is not None and each.robotic for each in uneven) <= 2_000 * ANOMALY_LEVEL
