"""The order of spread: what is certain is full, intervals are light, what stands has an arrow."""

from voipwatch.site.charts.spread import SpreadLine, spread_chart
from voipwatch.site.words import words

AS_OF = "2016-03-01T00:00:00Z"


def test_an_interval_of_onset_and_of_end() -> None:
    row = SpreadLine(
        "A", "2016-01-02T00:00:00Z", "2016-01-06T00:00:00Z", "2016-02-01T00:00:00Z", "2016-02-03T00:00:00Z"
    )
    shown = str(spread_chart(words("en"), [row], as_of=AS_OF, title="T"))
    assert (shown.count("spread-maybe"), shown.count("spread-sure")) == (2, 1)


def test_what_stands_reaches_to_its_time_and_points_on() -> None:
    row = SpreadLine("A", None, "2016-01-06T00:00:00Z", None, None)
    shown = str(spread_chart(words("ar"), [row], as_of=AS_OF, title="T"))
    assert (shown.count("spread-maybe"), shown.count("spread-sure")) == (1, 2)


def test_nothing_is_nothing() -> None:
    assert spread_chart(words("en"), [], as_of=AS_OF, title="T") == ""
