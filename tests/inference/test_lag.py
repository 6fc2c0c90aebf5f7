"""The lag, by hand; the store's own is set against it in tests/store/test_series.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.inference.lag import lag_of, lag_of_many
from voipwatch.model.cells import LAG_REPORTS_MIN, LAG_UNKNOWN_S


@pytest.mark.parametrize(
    ("lags_s", "lag_s"),
    [
        ([], LAG_UNKNOWN_S),
        ([60.0] * (LAG_REPORTS_MIN - 1), LAG_UNKNOWN_S),
        ([60.0] * LAG_REPORTS_MIN, 60.0),
        ([60.0] * 19 + [900.0], 900.0),  # 1 of 20 is not below
        ([60.0] * 20 + [900.0], 60.0),
        ([float(n) for n in range(100, 0, -1)], 96.0),
    ],
)
def test_by_hand(lags_s: list[float], lag_s: float) -> None:
    assert lag_of_many(lags_s) == lag_s


@given(st.lists(st.floats(0, 1e9), min_size=LAG_REPORTS_MIN))
def test_95_of_100_stay_below(lags_s: list[float]) -> None:
    lag_s = lag_of_many(lags_s)
    assert sum(each <= lag_s for each in lags_s) >= 0.95 * len(lags_s)
    assert sum(each < lag_s for each in lags_s) <= 0.95 * len(lags_s)


def test_a_clock_that_is_ahead_makes_no_negative_lag() -> None:
    assert lag_of(100.0, 40.0) == 60.0
    assert lag_of(40.0, 100.0) == 0.0
