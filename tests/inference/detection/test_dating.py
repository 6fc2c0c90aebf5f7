"""Intervals of planted changes, a case by hand, and how often the interval holds the truth."""

import random

import pytest

from voipwatch.inference.detection.dating import Dated, Kept, date_change


def rows(votes: str) -> list[Kept]:
    """One row a character, an hour apart: # is blocked."""
    return [Kept(3600.0 * index, int(mark == "#"), 1, "") for index, mark in enumerate(votes)]


def dated(votes: str, *, before: float = 0.02, rising: bool = True, effect: float = 1.0) -> Dated:
    found = date_change(
        rows(votes), share_before=before, rising=rising, since_s=None, span_s=0.0, effect=effect
    )
    assert found is not None
    return found


def test_a_clean_step_is_dated_between_its_two_rows() -> None:
    found = dated("................########")
    assert (found.earliest_s, found.latest_s) == (15 * 3600.0, 16 * 3600.0)
    assert (found.blocked, found.votes, found.level) == (8, 8, 1.0)


def test_by_hand() -> None:
    """Leaving out one blocked row of a clean step costs ln(0.999 / 0.02) = 3.9: more than ln 20 = 3.0. With
    rows that are worth half, 1.96: then one row more is possible.
    """
    assert dated("................########").latest_s == 16 * 3600.0
    assert dated("................########", effect=2.0).latest_s == 17 * 3600.0


def test_mixed_rows_widen_the_interval() -> None:
    found = dated("................#..#..####", effect=1.5)
    assert found.earliest_s is not None
    assert found.earliest_s <= 16 * 3600.0
    assert found.latest_s >= 22 * 3600.0


def test_an_end_is_an_onset_of_votes_that_get_through() -> None:
    found = dated("##############..........", before=0.98, rising=False)
    assert (found.earliest_s, found.latest_s) == (13 * 3600.0, 14 * 3600.0)
    assert found.level == 0.0


def test_without_a_row_before_there_is_no_lower_bound() -> None:
    assert dated("######").earliest_s is None
    later = date_change(rows("######"), share_before=0.02, rising=True, since_s=-5.0, span_s=0.0, effect=1.0)
    assert later is not None
    assert later.earliest_s == -5.0


def test_no_change_and_no_rows_have_no_date() -> None:
    assert (
        date_change(rows("......"), share_before=0.5, rising=True, since_s=None, span_s=0.0, effect=1.0)
        is None
    )
    assert date_change([], share_before=0.5, rising=True, since_s=None, span_s=0.0, effect=1.0) is None


def test_late_rows_are_dated_by_their_own_time() -> None:
    shuffled = rows("................########")
    random.Random(3).shuffle(shuffled)
    found = date_change(shuffled, share_before=0.02, rising=True, since_s=None, span_s=0.0, effect=1.0)
    assert found == dated("................########")


def test_a_day_is_a_span() -> None:
    days = [Kept(86400.0 * day, 200 if day >= 9 else 3, 400, "") for day in range(14)]
    found = date_change(days, share_before=0.01, rising=True, since_s=None, span_s=86400.0, effect=5.0)
    assert found is not None
    assert (found.earliest_s, found.latest_s) == (9 * 86400.0, 10 * 86400.0)


@pytest.mark.parametrize("after", [0.4, 0.8])
def test_the_interval_holds_the_truth_nearly_always(after: float) -> None:
    rng = random.Random(17)
    held = 0
    for _ in range(200):
        votes = "".join(
            "#" if rng.random() < (after if index >= 100 else 0.03) else "." for index in range(130)
        )
        found = dated(votes, before=0.03)
        held += (
            found.earliest_s is None or found.earliest_s <= 100 * 3600.0
        ) and found.latest_s >= 99 * 3600.0
    assert held >= 180
