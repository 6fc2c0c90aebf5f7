"""From evidence to a claim: probes that break, crowds that come, panels that leave; and certainty."""

import pytest

from tests.inference.detection.series import hour_s, kinds, only, panel, run
from voipwatch.inference.detection import Detector, Settings, State, judging
from voipwatch.inference.detection.settings import DEFAULT
from voipwatch.model.series import ChangeKind, SeriesRow

ONSET, END = ChangeKind.ONSET, ChangeKind.END


def test_a_block_seen_by_five_probes() -> None:
    detector = run(panel(45 * 24, lambda hour, _: 1.0 if 720 <= hour < 840 else 0.02, named=True))
    assert kinds(detector) == [ONSET, END]
    assert only(detector, ONSET).probes_both_sides == 5
    assert only(detector, END).probes_both_sides == 5


def test_one_probe_that_breaks_or_lies_moves_nothing() -> None:
    rows = panel(90 * 24, lambda hour, probe: 1.0 if hour >= 720 and probe == 0 else 0.02, named=True)
    assert kinds(run(rows)) == []


def test_two_of_three_probes_are_enough() -> None:
    rows = panel(
        60 * 24, lambda hour, probe: 1.0 if hour >= 720 and probe < 2 else 0.02, probes=3, named=True
    )
    assert kinds(run(rows)) == [ONSET]


def test_one_probe_alone_accuses_nobody() -> None:
    rows = panel(60 * 24, lambda hour, _: 1.0 if hour >= 720 else 0.02, probes=1, named=True)
    assert kinds(run(rows)) == []


def crowd(hours: range) -> list[SeriesRow]:
    """500 people with bad Wi-Fi, each a few times."""
    return [
        SeriesRow(
            hour_s(hour + (index + 0.5) / 100),
            int((hour * 7 + index) % 3 == 0),
            1,
            f"c{(hour * 40 + index) % 500}",
        )
        for hour in hours
        for index in range(40)
    ]


def test_a_crowd_with_bad_wifi_is_no_onset_and_no_end() -> None:
    quiet = panel(60 * 24, lambda _, __: 0.02, named=True)
    rows = sorted([*quiet, *crowd(range(720, 840))], key=lambda row: row.time_s)
    assert kinds(run(rows)) == []


def test_a_panel_that_is_left_by_its_good_lines_is_no_onset() -> None:
    def share(_: int, probe: int) -> float:
        return 0.12 if probe >= 6 else 0.01

    rows = [
        row
        for row in panel(90 * 24, share, probes=9, named=True)
        if row.time_s < hour_s(720) or row.probe in {"probe 6", "probe 7", "probe 8"}
    ]
    assert kinds(run(rows)) == []


def test_newcomers_who_get_through_end_no_block() -> None:
    """During a block six lines come that all go through a VPN; nobody else changes."""

    def share(hour: int, probe: int) -> float:
        return 0.02 if hour < 720 or probe >= 5 else 1.0

    rows = [
        row
        for row in panel(60 * 24, share, probes=11, named=True)
        if row.time_s >= hour_s(760) or row.probe in {f"probe {index}" for index in range(5)}
    ]
    assert kinds(run(rows)) == [ONSET]


def test_within_six_hours_of_an_alarm_nothing_is_learnt() -> None:
    """What preceded the onset may have been its beginning, what follows the end its rest."""
    rows = panel(45 * 24, lambda hour, _: 1.0 if 720 <= hour < 840 else 0.02)
    onset_only = [row for row in rows if row.time_s < hour_s(740)]
    learnt, all_learnt = (
        run(onset_only, Settings(gap_s=gap_s)).state.baseline for gap_s in (DEFAULT.gap_s, 0.0)
    )
    assert DEFAULT.gap_s == 6 * 3600
    assert learnt.last_s is not None
    assert all_learnt.last_s is not None
    assert all_learnt.last_s - learnt.last_s == pytest.approx(DEFAULT.gap_s, abs=3600)
    ended = run(row for row in rows if row.time_s < hour_s(870))
    end = only(ended, END)
    assert ended.state.learn_after_s == end.latest_s + DEFAULT.gap_s
    assert min(block.time_s for block in ended.state.baseline.waiting) > end.latest_s + DEFAULT.gap_s


def test_one_probe_that_gets_through_ends_nothing() -> None:
    """Of three that saw the block two fall silent, and the last one buys a VPN; two who do so are an end."""

    def said(left: int) -> list[ChangeKind]:
        rows = panel(60 * 24, lambda hour, _: 1.0 if 720 <= hour < 900 else 0.02, probes=3, named=True)
        stay = {f"probe {index}" for index in range(left)}
        return kinds(run(row for row in rows if row.time_s < hour_s(900) or row.probe in stay))

    assert said(1) == [ONSET]
    assert said(2) == [ONSET, END]


def test_an_alarm_that_is_certain_does_not_wait_for_the_hours_end() -> None:
    """Two rows in an hour are usual; the threshold is crossed whatever the second one says."""
    rows = [SeriesRow(hour_s(hour + minute), 0) for hour in range(40 * 24) for minute in (0.1, 0.6)]
    detector = Detector()
    for row in rows:
        detector.receive(row)
    detector.advance(hour_s(40 * 24))
    hour = 40 * 24
    while not kinds(detector):
        detector.state.open = None
        before = [*detector.state.onset_sums]
        first = SeriesRow(hour_s(hour + 0.1), 1)
        found = detector.receive(first)
        if found:
            assert found[0].detected_s == first.time_s
            # The bound: with the missing vote open the sum still crosses.
            assert judging.certain(
                _with(detector, before),
                DEFAULT,
                [first],
                time_s=hour_s(hour),
                mass=detector.state.baseline.pace_days,
            )
            return
        detector.receive(SeriesRow(hour_s(hour + 0.6), 1))
        hour += 1
    pytest.fail("no alarm came before its hour's end")


def _with(detector: Detector, sums: list[float]) -> State:
    detector.state.onset_sums = sums
    return detector.state


def test_nothing_is_certain_with_named_rows_or_counts() -> None:
    state = run(panel(30 * 24, lambda _, __: 0.02)).state
    state.onset_sums = [1e9] * len(state.onset_sums)
    time_s = hour_s(30 * 24)
    assert judging.certain(state, DEFAULT, [SeriesRow(time_s, 1)], time_s=time_s, mass=0.04)
    assert not judging.certain(state, DEFAULT, [SeriesRow(time_s, 1, 1, "a")], time_s=time_s, mass=0.04)
    assert not judging.certain(state, DEFAULT, [SeriesRow(time_s, 9, 9)], time_s=time_s, mass=0.04)


def test_hysteresis_one_open_hour_ends_nothing() -> None:
    def share(hour: int, _: int) -> float:
        return 0.02 if hour < 720 or hour % 24 == 5 else 1.0

    assert kinds(run(panel(50 * 24, share))) == [ONSET]
