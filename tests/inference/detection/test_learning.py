"""What becomes of votes behind the guard, by phase."""

from voipwatch.inference.detection import learning
from voipwatch.inference.detection.settings import DAY_S, DEFAULT, HOUR_S
from voipwatch.inference.detection.state import Interference, Phase, State
from voipwatch.inference.detection.votes import counted
from voipwatch.model.series import SeriesRow


def waiting(blocked: int, *, hours: int = 100) -> State:
    state = State()
    for hour in range(hours):
        count = counted([SeriesRow(hour * HOUR_S, blocked, 10)])
        learning.wait(state, hour * HOUR_S, count, rows=1)
    return state


def test_a_quiet_start_is_learnt() -> None:
    state = waiting(1)
    learning.daily(state, DEFAULT, 100 * HOUR_S)
    assert state.phase is Phase.QUIET
    assert state.baseline.share is not None
    assert len(state.baseline.waiting) == 24


def test_a_blocked_start_is_no_quiet_past() -> None:
    state = waiting(9)
    learning.daily(state, DEFAULT, 100 * HOUR_S)
    assert (state.phase, state.no_quiet_past) == (Phase.ALARMED, True)
    assert state.baseline.share is None
    assert state.interference is not None
    assert state.interference.level == 0.9


def test_too_few_votes_wait_on() -> None:
    state = waiting(9, hours=16)
    learning.daily(state, DEFAULT, 16 * HOUR_S + DAY_S)
    assert state.phase is Phase.LEARNING
    assert len(state.baseline.waiting) == 16


def test_while_alarmed_the_border_stands_and_the_level_is_learnt() -> None:
    state = waiting(1)
    learning.daily(state, DEFAULT, 100 * HOUR_S)
    border, weight = state.baseline.border, state.baseline.weight
    state.phase, state.interference = Phase.ALARMED, Interference(0.0, 0.0, 0.0, 0.02)
    for hour in range(100, 200):
        learning.wait(state, hour * HOUR_S, counted([SeriesRow(hour * HOUR_S, 9, 10)]), rows=1)
    learning.daily(state, DEFAULT, 200 * HOUR_S)
    assert (state.baseline.border, state.baseline.weight) == (border, weight)
    assert 0.6 < state.interference.level <= 0.9  # the last quiet hours wait with the first blocked ones


def test_nothing_is_learnt_close_to_an_end() -> None:
    state = waiting(1)
    state.phase, state.learn_after_s = Phase.QUIET, 60 * HOUR_S
    learning.daily(state, DEFAULT, 100 * HOUR_S)
    assert state.baseline.rows == 15 * 1.0 or state.baseline.blocks < 16
    assert state.baseline.last_s == 75 * HOUR_S


def test_a_surplus_row_joins_its_block_while_that_waits() -> None:
    state = waiting(1, hours=2)
    assert learning.merge(state, 1 * HOUR_S, SeriesRow(1.5 * HOUR_S, 1))
    last = state.baseline.waiting[-1]
    assert (last.blocked, last.votes, last.rows) == (2, 11, 2)
    assert not learning.merge(state, 0.0, SeriesRow(0.5 * HOUR_S, 1))
    assert not learning.merge(State(), 0.0, SeriesRow(0.0, 1))
