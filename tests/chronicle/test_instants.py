"""Published times hold what was found: lower bounds go down to the hour, upper bounds up."""

from hypothesis import given
from hypothesis import strategies as st

from voipwatch.chronicle.instants import hour_after, hour_before
from voipwatch.model.instants import seconds


def test_known_instants() -> None:
    assert hour_before(1451984399) == "2016-01-05T08:00:00Z"
    assert hour_after(1451984399) == "2016-01-05T09:00:00Z"
    assert hour_before(1451984400) == hour_after(1451984400) == "2016-01-05T09:00:00Z"


@given(st.floats(0, 4e9))
def test_the_hours_enclose_the_time_and_come_back(time_s: float) -> None:
    assert seconds(hour_before(time_s)) <= time_s <= seconds(hour_after(time_s))
    assert seconds(hour_after(time_s)) - seconds(hour_before(time_s)) <= 3600
