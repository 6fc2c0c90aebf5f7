"""The detector on planted truth and on a real series with a dated block; stopped and resumed anywhere."""

import csv
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inference.detection.series import hour_s, kinds, only, panel, run
from voipwatch.inference.detection import Detector, Settings, State, daily
from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.inference.detection.state import Phase
from voipwatch.model.series import ChangeKind, SeriesRow

ONSET, END, SILENCE = ChangeKind.ONSET, ChangeKind.END, ChangeKind.SILENCE


def block(first: int, last: int, *, cut: float = 1.0, quiet: float = 0.02) -> Callable[[int, int], float]:
    return lambda hour, _: cut if first <= hour < last else quiet


@pytest.fixture(scope="module")
def blocked() -> Detector:
    """30 quiet days, a total block of 5 days, 10 quiet days."""
    return run(panel(45 * 24, block(30 * 24, 35 * 24)))


def test_a_block_has_one_onset_and_one_end(blocked: Detector) -> None:
    assert kinds(blocked) == [ONSET, END]


def test_the_interval_holds_the_truth_and_detection_follows_it(blocked: Detector) -> None:
    onset, end = only(blocked, ONSET), only(blocked, END)
    assert onset.earliest_s is not None
    assert end.earliest_s is not None
    assert onset.earliest_s <= hour_s(30 * 24) <= onset.latest_s <= onset.detected_s
    assert end.earliest_s <= hour_s(35 * 24) <= end.latest_s <= end.detected_s
    assert onset.detected_s - hour_s(30 * 24) <= 5 * HOUR_S
    assert end.detected_s - hour_s(35 * 24) <= 24 * HOUR_S


def test_the_levels_are_those_that_were_planted(blocked: Detector) -> None:
    onset, end = only(blocked, ONSET), only(blocked, END)
    assert onset.level_before == pytest.approx(0.02, abs=0.015)
    assert onset.level_after == pytest.approx(1.0)
    assert end.level_before == pytest.approx(1.0, abs=0.02)
    assert end.level_after == pytest.approx(0.02, abs=0.05)


@pytest.mark.parametrize("seed", range(6))
def test_a_block_of_two_fifths_is_found_within_a_day(seed: int) -> None:
    detector = run(panel(33 * 24, block(30 * 24, 99 * 24, cut=0.4), seed=seed))
    assert kinds(detector) == [ONSET]
    assert only(detector, ONSET).detected_s - hour_s(30 * 24) < 24 * HOUR_S
    assert detector.state.interference is not None


@pytest.mark.parametrize("seed", range(3))
def test_a_quiet_year_stays_quiet(seed: int) -> None:
    rng = random.Random(seed)
    rows = [
        SeriesRow(hour_s(hour), sum(rng.random() < 0.04 for _ in range(6)), 6) for hour in range(365 * 24)
    ]
    assert kinds(run(rows)) == []


def test_a_rise_below_the_smallest_that_is_reported_is_none() -> None:
    detector = run(panel(80 * 24, block(40 * 24, 99 * 24, cut=0.045)))
    assert ONSET not in kinds(detector)


def test_what_stands_is_not_learnt() -> None:
    """Frozen while alarmed: a block of two months leaves the border where it was."""
    before = run(panel(30 * 24, block(0, 0))).state.baseline
    detector = run(panel(90 * 24, block(30 * 24, 90 * 24)))
    assert detector.state.phase is Phase.ALARMED
    assert detector.state.baseline.share == pytest.approx(before.share, abs=0.01)


def test_after_an_end_the_block_is_not_learnt_either(blocked: Detector) -> None:
    assert blocked.state.phase is Phase.QUIET
    assert blocked.state.baseline.share == pytest.approx(0.02, abs=0.01)


def test_interference_that_relaxes_by_half_has_not_ended() -> None:
    def share(hour: int, _: int) -> float:
        return 0.02 if hour < 30 * 24 else 1.0 if hour < 40 * 24 else 0.6

    detector = run(panel(60 * 24, share))
    assert kinds(detector) == [ONSET]
    assert detector.state.interference is not None
    assert detector.state.interference.level < 0.95


def test_a_series_that_starts_blocked_has_no_onset_but_an_end() -> None:
    detector = run(panel(30 * 24, block(0, 12 * 24)))
    assert detector.state.no_quiet_past
    assert kinds(detector) == [END]
    assert detector.state.phase is Phase.QUIET  # and it learns what follows
    assert detector.state.baseline.share == pytest.approx(0.02, abs=0.02)


def test_one_blocked_vote_after_another_is_no_onset_for_a_short_past() -> None:
    rows = [SeriesRow(hour_s(8 * index), int(index % 11 == 5)) for index in range(60)]
    assert kinds(run(rows)) == []


# --- arrival order --------------------------------------------------------------------------------------


def test_late_votes_for_a_judged_hour_are_no_second_look() -> None:
    """An hour's burst is told again and again by late votes, from twenty probes: still one hour."""
    rows = panel(30 * 24, block(0, 0))
    detector = run(rows)
    detector.receive(SeriesRow(hour_s(30 * 24), 0))
    assert detector.state.open is not None
    for _ in range(20):
        detector.receive(SeriesRow(hour_s(29 * 24), 1))
    assert len(detector.state.open.rows) == 1
    assert detector.state.late_rows == 20
    assert kinds(detector) == []


def test_late_votes_for_hours_nobody_saw_speak_as_one_block() -> None:
    """The queue of a probe that was offline: forty blocked hours that arrive at once are one block."""
    rows = panel(30 * 24, block(0, 0))
    detector = run(row for row in rows if not 600 <= (row.time_s - hour_s(0)) / HOUR_S < 640)
    detector.receive(SeriesRow(hour_s(30 * 24), 1))
    before = detector.state.onset_sums
    for hour in range(600, 640):
        detector.receive(SeriesRow(hour_s(hour), 1))
    assert detector.state.late_rows == 40
    assert sum(detector.state.onset_sums) > sum(before)  # they do speak: the block is full, and judged
    detector.receive(SeriesRow(hour_s(30 * 24 + 1), 0))
    most = 1 / detector.state.baseline.border  # what one block may say, to each bet
    mass = detector.state.baseline.pace_days
    assert all(
        after <= most * (value + mass) for after, value in zip(detector.state.onset_sums, before, strict=True)
    )
    assert ONSET not in kinds(detector)


def test_a_silence_is_told_once_and_is_no_onset() -> None:
    rows = [*panel(20 * 24, block(0, 0)), *panel(30 * 24, block(0, 0), first=26 * 24)]
    detector = run(rows)
    assert kinds(detector) == [SILENCE]
    silence = only(detector, SILENCE)
    assert silence.earliest_s == pytest.approx(hour_s(20 * 24), abs=HOUR_S)
    assert silence.level_after is None


def test_the_clock_alone_closes_an_hour_and_notices_a_silence() -> None:
    detector = Detector()
    for row in panel(32 * 24, block(30 * 24, 32 * 24)):
        detector.receive(row)
        assert detector.advance(row.time_s) == []  # nothing is over
        if detector.state.interference is not None:
            break
    detector = run(panel(20 * 24, block(0, 0)))
    assert detector.advance(hour_s(20 * 24 + 5)) == []
    (silence,) = detector.advance(hour_s(23 * 24))
    assert silence.kind is SILENCE
    assert detector.advance(hour_s(24 * 24)) == []


# --- memory ---------------------------------------------------------------------------------------------


ROWS = [
    *panel(12 * 24, block(9 * 24, 10 * 24), named=False, seed=3),
    *panel(30 * 24, block(15 * 24, 17 * 24), named=True, seed=4, first=13 * 24),
]
WHOLE = msgspec.msgpack.encode(run(ROWS).state)


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(0, len(ROWS)), max_size=3))
def test_a_resumed_run_is_the_uninterrupted_one(cuts: list[int]) -> None:
    detector = Detector()
    cut_at = set(cuts)
    for index, row in enumerate(ROWS):
        if index in cut_at:
            kept = msgspec.json.encode(detector.state)
            detector = Detector(state=msgspec.json.decode(kept, type=State))
        detector.receive(row)
    detector.finish()
    assert msgspec.msgpack.encode(detector.state) == WHOLE


def test_the_run_tested_above_has_something_to_forget() -> None:
    assert ONSET in kinds(run(ROWS))


# --- promises -------------------------------------------------------------------------------------------


def test_the_run_length_is_stated_in_days_and_votes(blocked: Detector) -> None:
    assert blocked.run_length_days == 20 * 365.25
    assert blocked.run_length_votes == pytest.approx(20 * 365.25 * 5 * 24, rel=0.01)
    assert Detector(Settings(series=12)).run_length_days == 12 * 20 * 365.25
    assert Detector().run_length_votes is None


def test_more_series_together_make_each_slower() -> None:
    rows = panel(40 * 24, block(30 * 24, 99 * 24, cut=0.5))
    alone, crowded = run(rows), run(rows, Settings(series=400))
    assert only(crowded, ONSET).detected_s > only(alone, ONSET).detected_s


@pytest.mark.parametrize(("hits", "votes"), [(2, 1), (-1, 1), (0, -1)])
def test_counts_that_cannot_be_are_refused(hits: int, votes: int) -> None:
    with pytest.raises(ValueError, match="blocked"):
        Detector().receive(SeriesRow(0.0, hits, votes))


# --- real series ----------------------------------------------------------------------------------------


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def test_the_dated_block_of_uganda(shared_dir: Path) -> None:
    columns = ("dns_blocked", "tcp_blocked", "tls_blocked")
    rows = [
        SeriesRow(moment(row["ts"]), int(max(float(row[name]) for name in columns) > 0.5))
        for row in read(shared_dir / "series/uganda-twitter-mtn.csv")
    ]
    detector = run(rows)
    assert [kind for kind in kinds(detector) if kind is not SILENCE] == [ONSET, END]
    onset, end = only(detector, ONSET), only(detector, END)
    assert 0 <= onset.detected_s - moment("2026-01-18 05:46:13") <= 11 * HOUR_S
    assert end.detected_s - moment("2026-01-23 21:32:35") <= 25 * HOUR_S
    assert end.detected_s >= moment("2026-01-23 19:01:00")
    assert onset.earliest_s is not None
    assert onset.earliest_s <= moment("2026-01-18 05:46:13") <= onset.latest_s
    assert end.earliest_s is not None
    assert end.earliest_s <= moment("2026-01-23 19:01:21") <= end.latest_s + HOUR_S


@pytest.mark.parametrize("country", ["cn", "pk", "tr"])
@pytest.mark.parametrize("columns", [("dns", "http", "tls"), ("dns",), ("http",), ("tls",)])
def test_noise_and_slow_changes_of_two_years(
    shared_dir: Path, country: str, columns: tuple[str, ...]
) -> None:
    rows = [
        SeriesRow(moment(row["date"]), sum(int(row[name]) for name in columns), int(row["total"]))
        for row in read(shared_dir / f"series/ooni-web-daily-{country}.csv")
    ]
    changes = run(rows, daily()).state.changepoints
    assert len(changes) <= 13
    assert all(
        abs((each.level_after or 0) - (each.level_before or 0)) >= 0.05
        for each in changes
        if each.kind is not SILENCE
    )


def test_daily_counts_are_decided_at_a_days_end() -> None:
    rows = [SeriesRow(hour_s(24 * day), 300 if day >= 60 else 10, 500) for day in range(70)]
    onset = only(run(rows, daily()), ONSET)
    assert onset.earliest_s is not None
    assert onset.earliest_s <= hour_s(24 * 60) <= onset.latest_s
    assert (onset.detected_s - hour_s(0)) % DAY_S == 0
    assert hour_s(24 * 62) <= onset.detected_s <= hour_s(24 * 67)


def test_a_first_row_of_any_century_is_taken() -> None:
    """Weights are counted from the first row, not from 1970: 2 ** 32,000 is no number."""
    detector = Detector()
    for hour in range(40 * 24):
        detector.receive(SeriesRow(2.5e11 + hour * HOUR_S, 0, 5))
    assert detector.state.baseline.border == pytest.approx(0.03)
