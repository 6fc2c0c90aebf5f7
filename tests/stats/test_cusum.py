"""The field's CUSUM: steps by hand, and its published delays on the one real series with a dated block."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voipwatch.stats import hourly_cusum

HOUR_S = 3600.0


def test_by_hand() -> None:
    # Each blocked hour adds 1 - 0.35 = 0.65: the threshold of 3.5 is passed in the sixth hour. The state is
    # known after eleven open hours (0.35 each: 3.85 in the eleventh).
    values = [0.0] * 11 + [1.0] * 6 + [0.0] * 11
    changes = hourly_cusum([hour * HOUR_S for hour in range(len(values))], values)
    assert [(each.blocked, each.hour_s / HOUR_S) for each in changes] == [(True, 16), (False, 27)]


def test_the_median_of_an_hour() -> None:
    times, values = [], []
    for hour in range(40):
        for minute, value in ((0, 0.0), (20, 1.0), (40, 0.0)):
            times.append(hour * HOUR_S + minute * 60)
            values.append(value)
    assert hourly_cusum(times, values) == []


def test_a_silence_halves_the_sum() -> None:
    hours = [*range(11), *range(11, 16), 16 + 480]
    values = [0.0] * 11 + [1.0] * 6
    assert hourly_cusum([hour * HOUR_S for hour in hours], values) == []


def test_the_first_crossing_only_sets_the_state() -> None:
    assert hourly_cusum([hour * HOUR_S for hour in range(20)], [1.0] * 20) == []


def test_times_and_values_must_match() -> None:
    with pytest.raises(ValueError, match="as many"):
        hourly_cusum([0.0], [])


def test_it_fires_where_the_field_says_it_does(shared_dir: Path) -> None:
    """13.2 h after the onset, 27.5 h after the last blocked row, on the column that saw the block."""
    path = shared_dir / "series/uganda-twitter-mtn.csv"
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    times = [datetime.fromisoformat(row["ts"]).replace(tzinfo=UTC).timestamp() for row in rows]
    onset, end = hourly_cusum(times, [float(row["tcp_blocked"]) for row in rows])
    assert (onset.blocked, end.blocked) == (True, False)
    began = datetime(2026, 1, 18, 5, 46, 13, tzinfo=UTC).timestamp()
    last = datetime(2026, 1, 23, 21, 32, 35, tzinfo=UTC).timestamp()
    assert (onset.hour_s - began) / HOUR_S == pytest.approx(13.2, abs=0.05)
    assert (end.hour_s - last) / HOUR_S == pytest.approx(27.5, abs=0.05)
