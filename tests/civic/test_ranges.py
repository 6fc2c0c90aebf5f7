"""Ranges: both ends by hand, and that no value inside the parts falls outside of the whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.ranges import Range, hull

ENDS = st.floats(0.0, 1e12)


@st.composite
def ranges(draw: st.DrawFn) -> Range:
    low, high = sorted((draw(ENDS), draw(ENDS)))
    return Range(low, high)


def test_products_sums_and_quotients_by_hand() -> None:
    assert Range(2, 3).times(Range(10, 20)) == Range(20, 60)
    assert Range(2, 3).plus(1) == Range(3, 4)
    assert Range(2, 3).over(Range(4, 8)) == Range(0.25, 0.75)
    assert Range.exactly(5) == Range(5, 5)
    assert Range.exactly(5).is_point
    assert not Range(5, 6).is_point


def test_what_has_no_bound_keeps_none() -> None:
    endless = Range(2, None)
    assert endless.times(Range(3, 4)) == Range(6, None)
    assert Range(3, 4).times(endless) == Range(6, None)
    assert endless.plus(1) == Range(3, None)
    assert endless.over(Range(2, 4)) == Range(0.5, None)
    assert Range(2, 3).over(endless) == Range(0, 1.5)
    assert endless.times(Range(0, 0)) == Range(0, 0), "nothing, however often, is nothing"


@pytest.mark.parametrize(
    "ends", [(-1, 2), (3, 2), (float("nan"), 2), (0, float("nan")), (float("inf"), None)]
)
def test_what_is_no_range_is_refused(ends: tuple[float, float | None]) -> None:
    with pytest.raises(ValueError, match="no range"):
        Range(*ends)


def test_nothing_is_divided_by_what_may_be_nothing() -> None:
    with pytest.raises(ZeroDivisionError):
        Range(1, 2).over(Range(0, 2))


def test_the_hull_holds_all() -> None:
    assert hull([Range(2, 3), Range(1, 2), Range(5, 6)]) == Range(1, 6)
    assert hull([Range(2, 3), Range(4, None)]) == Range(2, None)
    with pytest.raises(ValueError, match="no range is given"):
        hull([])


@given(ranges(), ranges(), st.floats(0, 1), st.floats(0, 1))
def test_a_product_of_values_inside_lies_inside(one: Range, other: Range, a: float, b: float) -> None:
    assert one.high is not None
    assert other.high is not None
    inside = (one.low + a * (one.high - one.low)) * (other.low + b * (other.high - other.low))
    whole = one.times(other)
    assert whole.high is not None
    assert whole.low * (1 - 1e-9) <= inside <= whole.high * (1 + 1e-9) + 1e-9
