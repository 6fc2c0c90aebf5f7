"""Times by lot: their law, and what becomes of the plan when the machine or its clock misbehaves."""

import math
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.probe.schedule import (
    BACK_S,
    DAY_S,
    DRAW_BYTES,
    LATE_S,
    Due,
    Rhythm,
    Turn,
    apps_of_run,
    few_of,
    gap_s,
    take_turn,
)

NOW_S = 1_800_000_000.0
RHYTHM = Rhythm()
DRAWS = st.binary(min_size=DRAW_BYTES, max_size=DRAW_BYTES)
MIDDLE = b"\x80" + bytes(7)


def draws(seed: int, count: int) -> list[bytes]:
    return [blake2b(f"{seed} {n}".encode(), digest_size=DRAW_BYTES).digest() for n in range(count)]


# --- the law of the gaps ------------------------------------------------------------------------------


def test_the_gaps_have_the_mean_that_was_asked_for() -> None:
    gaps = [gap_s(RHYTHM, draw) for draw in draws(7, 20_000)]
    # the standard error is under 4 h / sqrt(20000) = 100 s; four of them
    assert sum(gaps) / len(gaps) == pytest.approx(RHYTHM.mean_s, abs=400)
    assert min(gaps) >= RHYTHM.least_s
    assert max(gaps) <= RHYTHM.most_s


def test_the_law_by_a_second_method() -> None:
    """The share of gaps below each point against the cut exponential law, its rate found by scanning."""
    span = RHYTHM.most_s - RHYTHM.least_s
    grid = [n * 1e-7 for n in range(50, 2_000)]
    rate = min(
        grid, key=lambda r: abs(1 / r - span / math.expm1(r * span) - (RHYTHM.mean_s - RHYTHM.least_s))
    )
    gaps = sorted(gap_s(RHYTHM, draw) - RHYTHM.least_s for draw in draws(8, 20_000))
    worst = max(
        abs((n + 1) / len(gaps) - -math.expm1(-rate * gap) / -math.expm1(-rate * span))
        for n, gap in enumerate(gaps)
    )
    assert worst < 1.63 / math.sqrt(20_000), "Kolmogorov's bound at 1 %"


def test_a_hand_worked_median() -> None:
    # Nearly uncut: least 1, mean 101 (rate 1/100), most 10^6: the median gap is 1 + 100 ln 2.
    rhythm = Rhythm(101.0, 1.0, 1_000_000.0)
    assert gap_s(rhythm, MIDDLE) == pytest.approx(1 + 100 * math.log(2), rel=1e-3)
    assert gap_s(rhythm, bytes(8)) == 1.0


def test_within_the_bounds_there_is_no_memory() -> None:
    """Of gaps that lasted an hour, what is left is as long as what is left after two (far from the end)."""
    rhythm = Rhythm(2 * 3600.0, 60.0, 100 * 3600.0)
    gaps = [gap_s(rhythm, draw) for draw in draws(9, 40_000)]
    left = [[gap - since for gap in gaps if gap > since] for since in (3600.0, 7200.0)]
    means = [sum(each) / len(each) for each in left]
    assert means[0] == pytest.approx(means[1], rel=0.04)


@given(DRAWS, st.floats(1, 100), st.floats(1.01, 50), st.floats(2.01, 50))
def test_every_gap_lies_in_its_bounds(draw: bytes, least: float, mean: float, most: float) -> None:
    rhythm = Rhythm(least * mean, least, least * mean * most)
    assert rhythm.least_s <= gap_s(rhythm, draw) <= rhythm.most_s * (1 + 1e-9)


@pytest.mark.parametrize(
    ("mean", "least", "most"),
    [(10, 20, 30), (10, 0, 30), (20, 10, 30), (40, 10, 30), (10, 10, 30), (5, -1, 30)],
)
def test_a_rhythm_that_no_law_has_is_refused(mean: float, least: float, most: float) -> None:
    with pytest.raises(ValueError, match="mean gap"):
        Rhythm(mean, least, most)


# --- turns ----------------------------------------------------------------------------------------------


def test_a_new_probe_does_not_measure_at_once() -> None:
    due, turn = take_turn(RHYTHM, None, NOW_S, MIDDLE)
    assert turn is Turn.FIRST
    assert NOW_S < due.next_at_s < NOW_S + RHYTHM.most_s


def test_before_its_time_it_waits_and_nothing_moves() -> None:
    due = Due(NOW_S + 100, NOW_S)
    assert take_turn(RHYTHM, due, NOW_S + 99, MIDDLE) == (due, Turn.WAIT)


def test_at_its_time_it_runs_and_the_next_is_drawn_from_now() -> None:
    due, turn = take_turn(RHYTHM, Due(NOW_S, NOW_S - 100), NOW_S + LATE_S, MIDDLE)
    assert turn is Turn.RUN
    assert (due.drawn_at_s, due.last_run_at_s) == (NOW_S + LATE_S, NOW_S + LATE_S)
    assert due.next_at_s == NOW_S + LATE_S + gap_s(RHYTHM, MIDDLE)


def test_a_missed_time_is_drawn_again_and_not_tied_to_the_switch() -> None:
    asleep = Due(NOW_S, NOW_S - 100, NOW_S - 7_000)
    late = [take_turn(RHYTHM, asleep, NOW_S + DAY_S, draw) for draw in draws(3, 400)]
    assert {turn for _, turn in late} == {Turn.MISSED}
    waits = sorted(due.next_at_s - NOW_S - DAY_S for due, _ in late)
    assert waits[0] < 300, "what is left of a gap may be short"
    assert waits[-1] > 8 * 3600, "or long"
    assert waits[0] > 0


def test_after_a_missed_time_the_least_gap_still_holds() -> None:
    due, turn = take_turn(RHYTHM, Due(NOW_S, NOW_S - 60, NOW_S), NOW_S + LATE_S + 1, bytes(8))
    assert turn is Turn.MISSED
    assert due.next_at_s == NOW_S + RHYTHM.least_s


def test_a_clock_set_right_by_seconds_changes_nothing() -> None:
    due = Due(NOW_S + 100, NOW_S)
    assert take_turn(RHYTHM, due, NOW_S - BACK_S + 1, MIDDLE) == (due, Turn.WAIT)


@pytest.mark.parametrize("back_s", [BACK_S + 1, DAY_S, 365 * DAY_S])
def test_a_clock_that_goes_back_has_the_plan_drawn_again(back_s: float) -> None:
    now_s = NOW_S - back_s
    due, turn = take_turn(RHYTHM, Due(NOW_S + 5_000, NOW_S, NOW_S - 10), now_s, bytes(8))
    assert turn is Turn.CLOCK_BACK
    assert due.next_at_s == now_s + RHYTHM.least_s, "the run may have been just now"
    assert due.last_run_at_s == now_s


def test_a_rhythm_that_was_quickened_does_not_wait_for_the_old_plan() -> None:
    quick = Rhythm(3_600.0, 1_800.0, 9_000.0)
    _, turn = take_turn(quick, Due(NOW_S + DAY_S, NOW_S), NOW_S, MIDDLE)
    assert turn is Turn.CLOCK_BACK


@given(
    st.lists(st.tuples(st.floats(-400 * DAY_S, 400 * DAY_S), DRAWS), min_size=1, max_size=40),
    st.binary(min_size=8, max_size=8),
)
def test_whatever_the_clock_does_runs_never_bunch_and_never_stop(
    jumps: list[tuple[float, bytes]], seed: bytes
) -> None:
    now_s, due = NOW_S, None
    for jump_s, draw in jumps:
        now_s += jump_s
        due, turn = take_turn(RHYTHM, due, now_s, draw)
        assert now_s - BACK_S <= due.next_at_s + LATE_S
        assert due.next_at_s <= now_s + RHYTHM.most_s + 2 * BACK_S
        if turn is Turn.RUN:
            assert due.next_at_s >= now_s + RHYTHM.least_s


# --- what is measured, towards whom -------------------------------------------------------------------


def test_apps_go_round_two_at_a_time_each_as_often_as_the_others() -> None:
    apps = ("a", "b", "c", "d", "e")
    runs = [apps_of_run(apps, turn) for turn in range(10)]
    assert {len(set(run)) for run in runs} == {2}
    counts = {app: sum(app in run for run in runs) for app in apps}
    assert set(counts.values()) == {4}
    assert apps_of_run(("a",), 5) == ("a",)
    assert apps_of_run(("a", "b"), 5) == ("a", "b")


def test_a_probe_knows_few_reflectors_always_the_same_and_probes_differ() -> None:
    names = [f"r{n}.example:8443" for n in range(10)]
    secrets = [bytes([n]) * 32 for n in range(60)]
    chosen = [few_of(names, secret) for secret in secrets]
    assert {len(each) for each in chosen} == {2}
    assert chosen == [few_of([name.upper() for name in names], secret) for secret in secrets]
    assert {n for each in chosen for n in each} == set(range(10)), "all of them are somebody's"
    longer = [few_of([*names, "new.example:8443"], secret) for secret in secrets]
    kept = sum(len(set(a) & set(b)) for a, b in zip(chosen, longer, strict=True))
    assert kept >= 0.75 * 2 * len(secrets), "a longer list changes little"
    assert few_of(names[:1], secrets[0]) == (0,)
