"""Times as they are typed, and as of when a bundle is."""

import pytest

from voipwatch.cli.errors import Misuse
from voipwatch.cli.publish_times import HOUR_S, SKEW_S, as_of_newest, instant, past, told_as_of

NOON = 1_451_995_200
"""2016-01-05 12:00 UTC."""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2016-01-05T12:00:00Z", NOON),
        ("2016-01-05T12:00Z", NOON),
        ("2016-01-05", NOON - 12 * HOUR_S),
    ],
)
def test_a_time_is_utc(text: str, found: int) -> None:
    assert instant("--as-of", text) == found


@pytest.mark.parametrize(
    "text", ["soon", "", "2016-02-30", "2016-01-05T12:00:00", "2016-01-05T12:00:00+01:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Misuse) as caught:
        instant("--until", text)
    assert caught.value.key == "publish.instant"


def test_a_time_to_come_is_none_but_for_what_clocks_differ_by() -> None:
    assert past("--as-of", "2016-01-05T12:00:00Z", NOON - SKEW_S) == NOON
    with pytest.raises(Misuse) as caught:
        past("--as-of", "2016-01-05T12:00:00Z", NOON - SKEW_S - 1)
    assert caught.value.key == "publish.future"


def test_a_bundle_is_as_of_the_end_of_the_hour_of_the_newest_report() -> None:
    assert told_as_of(NOON) == told_as_of(NOON + HOUR_S - 1) == NOON + HOUR_S - 1
    assert as_of_newest(NOON + 60, NOON + 60) == NOON + HOUR_S - 1
    with pytest.raises(Misuse) as caught:
        as_of_newest(NOON + SKEW_S + 1, NOON)
    assert caught.value.key == "publish.newest_future"
