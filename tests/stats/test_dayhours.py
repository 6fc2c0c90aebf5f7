"""Hours of the day, named where the counts pay for them."""

import random
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.stats.dayhours import HOURS, WINDOWS, DayCounts, added, day_hours, shared_hours

EVENING = (18, 19, 20, 21, 22)


def counts(share: dict[int, float], *, votes: float = 10.0, elsewhere: float = 0.0) -> DayCounts:
    return DayCounts(tuple(votes * share.get(hour, elsewhere) for hour in range(HOURS)), (votes,) * HOURS)


def drawn(dice: random.Random, inside: float, outside: float, *, votes: int) -> DayCounts:
    hits = [
        float(sum(dice.random() < (inside if 6 <= hour < 22 else outside) for _ in range(votes)))
        for hour in range(HOURS)
    ]
    return DayCounts(tuple(hits), (float(votes),) * HOURS)


def test_the_gain_of_a_clean_window_is_that_of_a_hand_worked_case() -> None:
    found = day_hours([counts(dict.fromkeys(EVENING, 1.0))])
    assert found.hours == EVENING
    # 50 of 240 votes hit, all of them inside: with two rates nothing is left to say, with one rate all of it.
    flat = 50 * log(50 / 240) + 190 * log(190 / 240)
    assert found.gain == pytest.approx(-flat - log(WINDOWS) - 0.5 * log(240))


def test_a_window_goes_over_midnight_and_a_day_may_have_two() -> None:
    night = (0, 1, 23)
    assert day_hours([counts(dict.fromkeys(night, 0.9))]).hours == night
    two = (8, 9, 10, 20, 21)
    assert day_hours([counts(dict.fromkeys(two, 0.9), votes=30, elsewhere=0.05)]).hours == two


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_what_is_the_same_all_day_has_no_hours(share: float) -> None:
    assert day_hours([counts({}, elsewhere=share)]) == day_hours([])
    assert day_hours([]).hours == ()


def test_one_vote_names_nothing() -> None:
    assert day_hours([counts({3: 1.0}, votes=1.0)]).hours == ()


def test_without_a_schedule_hours_are_named_in_fewer_than_one_of_a_hundred() -> None:
    dice = random.Random(20160105)
    named = sum(
        bool(day_hours([drawn(dice, 0.3, 0.3, votes=dice.choice([3, 10, 40]))]).hours) for _ in range(300)
    )
    assert named < 3


def test_sixteen_hours_of_every_third_day_are_named_by_the_votes_of_three_lines() -> None:
    dice = random.Random(6)
    hours = tuple(range(6, 22))
    for _ in range(20):
        lines = [drawn(dice, 0.5, 0.2, votes=40) for _ in range(3)]
        assert shared_hours(lines) == [(hours, [0, 1, 2])]


def test_lines_with_hours_of_their_own_are_told_apart() -> None:
    morning, evening = counts(dict.fromkeys(range(8), 0.9)), counts(dict.fromkeys(EVENING, 0.9))
    assert shared_hours([morning, evening, morning]) == [(tuple(range(8)), [0, 2]), (EVENING, [1])]
    silent = counts({}, votes=0.0)
    assert shared_hours([evening, silent]) == [(EVENING, [0, 1])]
    assert shared_hours([]) == []


def test_groups_are_added_by_the_hour() -> None:
    total = added([counts({3: 0.5}), counts({3: 0.5, 4: 1.0})])
    assert (total.hits[3], total.hits[4], total.total[0]) == (10.0, 10.0, 20.0)
    with pytest.raises(ValueError, match="no counts"):
        added([])


@pytest.mark.parametrize(
    ("hits", "total", "reason"),
    [
        ([0.0] * 23, [1.0] * 24, "24 hours"),
        ([2.0] * 24, [1.0] * 24, "not above"),
        ([-1.0] * 24, [1.0] * 24, "below 0"),
        ([float("nan")] * 24, [1.0] * 24, "finite"),
    ],
)
def test_what_are_no_counts_is_refused(hits: list[float], total: list[float], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        DayCounts(tuple(hits), tuple(total))


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=HOURS, max_size=HOURS),
    st.integers(0, 23),
)
def test_another_clock_names_the_same_hours(draws: list[tuple[int, int]], turn: int) -> None:
    here = DayCounts(tuple(float(a) for a, _ in draws), tuple(float(a + b) for a, b in draws))
    there = DayCounts(here.hits[turn:] + here.hits[:turn], here.total[turn:] + here.total[:turn])
    named, moved = day_hours([here]), day_hours([there])
    assert moved.gain == pytest.approx(named.gain)
    assert bool(moved.hours) == bool(named.hours)
    assert 0 <= len(named.hours) < HOURS
    if named.hours:
        inside = sum(here.hits[h] for h in named.hours) / sum(here.total[h] for h in named.hours)
        assert inside > sum(here.hits) / sum(here.total)
