"""Intermittence: two cycles, then a regime with a schedule; and the whole detector on an evening block."""

import pytest

from tests.inference.detection.series import hour_s, kinds, panel, run
from voipwatch.inference.detection import regime
from voipwatch.inference.detection.regime import Cycles
from voipwatch.inference.detection.settings import DAY_S, HOUR_S
from voipwatch.model.series import ChangeKind


def two_cycles() -> Cycles:
    cycles = Cycles()
    for day in (0, 1):
        assert not regime.begin(cycles, day * DAY_S - 60, day * DAY_S, day * DAY_S + HOUR_S)
        assert not regime.finish(cycles, day * DAY_S + 6 * HOUR_S)
    return cycles


def test_the_third_onset_declares_the_regime() -> None:
    cycles = two_cycles()
    assert regime.running(cycles, 2 * DAY_S) is None
    assert regime.begin(cycles, 2 * DAY_S - 60, 2 * DAY_S, 2 * DAY_S + HOUR_S)
    assert regime.finish(cycles, 2 * DAY_S + 6 * HOUR_S)
    found = regime.running(cycles, 3 * DAY_S)
    assert found is not None
    assert (found.earliest_s, found.declared_s, found.cycles) == (-60, 2 * DAY_S + HOUR_S, 3)
    assert found.duty_cycle == pytest.approx(18 / 72)  # by hand: 3 spells of 6 h in 3 days


def test_blocks_a_month_apart_are_blocks() -> None:
    cycles = two_cycles()
    assert not regime.begin(cycles, None, 40 * DAY_S, 40 * DAY_S)
    assert len(cycles.spells) == 1


def test_the_schedule_is_of_the_hours() -> None:
    cycles = two_cycles()
    for day in range(2):
        for hour in range(24):
            regime.count(cycles, day * DAY_S + hour * HOUR_S, 4 if 19 <= hour < 23 else 0, 4)
    regime.begin(cycles, None, 2 * DAY_S, 2 * DAY_S)
    found = regime.running(cycles, 2 * DAY_S)
    assert found is not None
    assert found.blocked_hours == (19, 20, 21, 22)


def test_a_regime_is_over_after_three_times_its_longest_pause() -> None:
    cycles = two_cycles()
    assert not regime.close_if_over(cycles, 100 * DAY_S)  # none was declared
    regime.begin(cycles, None, 2 * DAY_S, 2 * DAY_S)
    regime.finish(cycles, 2 * DAY_S + 6 * HOUR_S)
    assert not regime.close_if_over(cycles, 5 * DAY_S)
    assert regime.close_if_over(cycles, 6 * DAY_S)
    assert cycles.past[0].ended_s == 2 * DAY_S + 6 * HOUR_S
    assert regime.running(cycles, 6 * DAY_S) is None


def test_a_spell_that_does_not_end_is_plain_interference() -> None:
    cycles = two_cycles()
    regime.begin(cycles, 2 * DAY_S - 60, 2 * DAY_S, 2 * DAY_S)
    assert regime.outgrown(cycles, 4 * DAY_S) is None
    spell = regime.outgrown(cycles, 5 * DAY_S + 1)
    assert spell is not None
    assert spell.onset_s == 2 * DAY_S
    assert len(cycles.past) == 1
    assert [each.onset_s for each in cycles.spells] == [2 * DAY_S]


def test_evening_blocks_are_a_regime_and_no_string_of_onsets() -> None:
    """Every evening from 18 to 24 UTC, for three weeks, then nothing more."""

    def share(hour: int, _: int) -> float:
        return 0.95 if 30 * 24 <= hour < 51 * 24 and hour % 24 >= 18 else 0.01

    detector = run(panel(70 * 24, share))
    assert kinds(detector).count(ChangeKind.ONSET) == 2
    assert kinds(detector).count(ChangeKind.END) == 2
    (found,) = detector.regimes
    assert found.ended_s is not None
    assert abs(found.ended_s - hour_s(51 * 24)) < 2 * DAY_S
    assert found.cycles > 10
    assert found.duty_cycle == pytest.approx(0.25, abs=0.12)
    assert set(found.blocked_hours) == {18, 19, 20, 21, 22, 23}
