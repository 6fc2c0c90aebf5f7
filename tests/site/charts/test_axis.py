"""The axis: from left to right in every language; ticks that have room."""

from datetime import date

import pytest

from voipwatch.site.charts.axis import Axis
from voipwatch.site.words import words


def test_days_and_instants() -> None:
    axis = Axis(date(1970, 1, 1), date(1970, 1, 10), left=100, right=200)
    assert axis.x(date(1970, 1, 1)) == 100
    assert axis.x(date(1970, 1, 6)) == 150
    assert axis.at(5 * 86_400) == 150
    assert (axis.at(-1e9), axis.at(1e9)) == (100, 200)


@pytest.mark.parametrize(
    ("last", "ticks"),
    [(date(2016, 1, 5), 5), (date(2016, 1, 30), 5), (date(2016, 12, 31), 12), (date(2018, 12, 31), 12),
     (date(2026, 1, 1), 11)],
)  # fmt: skip
def test_ticks(last: date, ticks: int) -> None:
    assert len(list(Axis(date(2016, 1, 1), last, left=0, right=900).ticks())) == ticks


def test_the_same_places_in_arabic() -> None:
    axis = Axis(date(2015, 12, 1), date(2016, 12, 31), left=0, right=900)
    english, arabic = (str(axis.drawn(words(lang), 0, 10)) for lang in ("en", "ar"))
    assert "دجنبر" in arabic
    assert english.count("<text") == arabic.count("<text") == 13 + 2  # two years
    assert english.index(">Dec<") < english.index(">Jan<")
