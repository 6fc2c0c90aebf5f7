"""Observed numbers in words: outward rounding, signs in one piece, days as days."""

import pytest

from voipwatch.civic.observations import Observation, Precision, Quantity, observation
from voipwatch.site.pages.observed import (
    day_at,
    days_between,
    event_day,
    interval,
    number,
    range_signed,
    share,
    signed,
    when,
)
from voipwatch.site.words import words

EN, FR, AR = words("en"), words("fr"), words("ar")


def seen(low: float, high: float, at: str) -> Observation:
    exact = Precision.EXACT if low == high else Precision.ROUNDED
    return observation(
        page="facebook:a", quantity=Quantity.LIKES_LOST_PERCENT, low=low, high=high, precision=exact, at=at,
        source="s", method="hand",
    )  # fmt: skip


def test_a_value_or_both_ends() -> None:
    assert interval(EN, 1234, 1234) == "1,234"
    assert interval(EN, 1234, 1250) == "1,234 to 1,250"
    assert interval(AR, 1234, 1250) == "من 1.234 إلى 1.250", "Latin digits"
    assert number(FR, seen(5.615, 5.625, "2016-02-28")) == "5,615 à 5,625"


def test_a_share_is_rounded_outward() -> None:
    assert share(EN, 0.062171, 0.063449) == "6.21 to 6.35"
    assert share(EN, 0.0562, 0.0562) == "5.62", "what a float makes of it is no digit"
    assert share(EN, None, 0.5) == "?"


@pytest.mark.parametrize(("value", "told"), [(12.0, "+12"), (-12.4, "\u221212"), (0.2, "0"), (-0.2, "0")])
def test_a_sign_stands_with_its_number(value: float, told: str) -> None:
    assert signed(AR, value) == f"<bdi>{told}</bdi>"


def test_signed_ends() -> None:
    assert range_signed(EN, -5, -5) == "<bdi>\u22125</bdi>"
    assert range_signed(EN, -5, 3) == "<bdi>\u22125</bdi> to <bdi>+3</bdi>"


def test_times() -> None:
    assert when(EN, seen(1, 1, "2016-02-28T12:00:00Z")) == "28 February 2016, 12:00 UTC"
    assert when(EN, seen(1, 1, "2016-02-27/2016-02-28")) == "27–28 February 2016"
    assert when(FR, seen(1, 1, "2016-03-01")) == "1er mars 2016"
    assert days_between(EN, 0.0, 86_399.0) == "1 January 1970"
    assert event_day(EN, "2016-02-27") == "27 February 2016"
    assert event_day(EN, "2016-02-27T23:59:59Z") == "27 February 2016"
    assert day_at(EN, 86_400.0) == "2 January 1970"
