"""Losses since a baseline as intervals; gaps stay gaps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.observations import day, seen
from voipwatch.civic.losses import (
    Baseline,
    Gap,
    baseline_before,
    disagreements,
    gaps,
    loss_at,
    losses,
    series,
    spells,
)
from voipwatch.civic.observations import Quantity
from voipwatch.civic.press import packaged_press


def test_a_loss_worked_by_hand() -> None:
    # 1,000 to 1,020 before, 900 to 905 after: lost 95 to 120, which is 1 - 905/1000 to 1 - 900/1020.
    base = Baseline(name="before", observation=day(0, 1000, 1020))
    loss = loss_at(day(1, 900, 905), base)
    assert (loss.low, loss.high, loss.sure) == (95, 120, True)
    assert loss.low_ratio == pytest.approx(0.095)
    assert loss.high_ratio == pytest.approx(0.1176470588)
    assert not loss_at(day(1, 1010), base).sure
    assert loss_at(day(1, 5), Baseline(name="none", observation=day(0, 0, 3))).low_ratio is None


@given(st.data())
def test_the_truth_is_in_the_interval(data: st.DataObject) -> None:
    base, now = data.draw(st.integers(1, 10**7)), data.draw(st.integers(0, 10**7))
    cuts = [data.draw(st.integers(0, 500)) for _ in range(4)]
    before = day(0, max(1, base - cuts[0]), base + cuts[1])
    loss = loss_at(day(1, max(0, now - cuts[2]), now + cuts[3]), Baseline(name="b", observation=before))
    assert loss.low <= base - now <= loss.high
    assert loss.low_ratio is not None
    assert loss.high_ratio is not None
    assert loss.low_ratio - 1e-12 <= 1 - now / base <= loss.high_ratio + 1e-12


def test_a_baseline_is_the_last_count_that_was_surely_before() -> None:
    counts = series([day(0, 10), day(3, 30), seen(at="2016-01-02/2016-01-06", low=20, high=20)],
                    "facebook:inwi", Quantity.LIKES)  # fmt: skip
    fifth_s = day(4.5, 1).middle_s
    found = baseline_before(counts, fifth_s, "before the fifth")
    assert found is not None
    assert found.observation.low == 30
    assert baseline_before(counts, day(0, 1).middle_s, "x") is None
    wide = baseline_before([day(0, 10), day(0, 5, 15)], fifth_s, "the one that says least")
    assert wide is not None
    assert wide.observation.high == 15


def test_the_baseline_itself_is_no_loss_and_what_was_before_it_neither() -> None:
    counts = [day(0, 10), day(1, 9), day(2, 8)]
    told = losses(counts, Baseline(name="b", observation=counts[1]))
    assert [each.observation for each in told] == [counts[2]]


def test_a_series_is_of_one_page_and_of_counts() -> None:
    mixed = [day(1, 2), day(0, 1), day(2, 3, page="facebook:meditel"), day(3, 4, quantity=Quantity.FOLLOWERS)]
    assert [each.low for each in series(mixed, "facebook:inwi", Quantity.LIKES)] == [1, 2]
    with pytest.raises(ValueError, match="no count"):
        series(mixed, "facebook:inwi", Quantity.LIKES_LOST)


def test_a_gap_is_longer_than_three_spacings_and_two_days() -> None:
    daily = [day(n, 1) for n in (0, 1, 2, 3, 7, 8)]
    (gap,) = gaps(daily)
    assert gap == Gap(day(3, 1).middle_s, day(7, 1).middle_s)
    assert [len(part) for part in spells(daily)] == [4, 2]
    assert gaps([day(n, 1) for n in (0, 1, 2, 3, 5.9, 7)]) == ()
    assert gaps([day(n / 24, 1) for n in (0, 1, 2, 3, 40)]) == ()  # hours: 37 of them are no two days
    assert gaps([day(7 * n, 1) for n in (0, 1, 2, 3, 5)]) == ()
    assert gaps([day(0, 1), day(100, 1)]) == ()


def test_a_gap_is_between_brackets_not_inside_them() -> None:
    counts = [day(0, 1), day(1, 1), day(2, 1), seen(at="2016-01-04/2016-01-12", low=1, high=1), day(12, 1)]
    assert gaps(counts) == ()


@given(st.lists(st.floats(0, 400), min_size=1, max_size=40))
def test_spells_are_the_series(days: list[float]) -> None:
    counts = series([day(round(each, 3), 1) for each in days], "facebook:inwi", Quantity.LIKES)
    parts = spells(counts)
    assert tuple(each for part in parts for each in part) == counts
    assert len(parts) == len(gaps(counts)) + 1


def test_what_disagrees_at_one_time_is_told() -> None:
    first, same, other = day(0, 10, 12), day(0, 12, 14), day(0, 13)
    assert disagreements([first, same, other, day(1, 99)]) == ((first, other),)


def test_the_shipped_base_and_a_count_after_it() -> None:
    (before,) = packaged_press("morocco-2016").before
    base = Baseline(name="computed", observation=before.observation)
    count = seen(page=before.page, low=2_300_000, high=2_300_000, at="2016-03-01T12:00:00Z")
    (loss,) = losses([count], base)
    assert (loss.low, loss.high) == (143_555, 149_689)
