import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.model.instants import fractional_seconds, iso, iso_exact, iso_ms, seconds


def test_known_instants() -> None:
    assert iso(1451984399.9) == "2016-01-05T08:59:59Z"
    assert iso(-0.5) == "1969-12-31T23:59:59Z"
    assert seconds("2016-01-05T08:59:59Z") == 1451984399
    assert fractional_seconds("2026-11-22T00:00:00Z") == 1_795_305_600.0
    assert fractional_seconds("2026-11-22T00:00:00.250Z") == 1_795_305_600.25


def test_fractions_are_kept_where_asked() -> None:
    assert iso_ms(1451984399.9) == "2016-01-05T08:59:59.900Z"
    assert iso_ms(1451984399) == "2016-01-05T08:59:59.000Z"
    assert iso_exact(1451984399.9) == "2016-01-05T08:59:59.900000Z"
    assert iso_exact(1451984399) == "2016-01-05T08:59:59Z"


@given(st.integers(0, 4_000_000_000))
def test_whole_seconds_come_back(time_s: int) -> None:
    assert seconds(iso(time_s)) == time_s


@given(st.integers(0, 4_000_000_000_000_000))
def test_microseconds_come_back(time_us: int) -> None:
    assert round(fractional_seconds(iso_exact(time_us / 1e6)) * 1e6) == time_us


def test_what_is_no_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="does not match"):
        seconds("2016-02-30")


@pytest.mark.parametrize(
    "text", ["", "Z", "2026-11-22", "2026-11-22T00:00:00", "2026-11-22T00:00:00+01:00", "xZ"]
)
def test_anything_else_is_no_utc_time(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- the words are Python's own
        fractional_seconds(text)


@pytest.mark.parametrize("time_s", [float("nan"), float("inf"), 1e12, -1e12])
def test_what_no_year_holds_is_refused(time_s: float) -> None:
    for spelled in (iso, iso_ms, iso_exact):
        with pytest.raises((ValueError, OverflowError)):
            spelled(time_s)
