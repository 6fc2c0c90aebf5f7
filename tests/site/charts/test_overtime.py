"""Shares over time: a bar a day, gaps as gaps, and what passed in another colour."""

from datetime import date

from voipwatch.site.charts.overtime import country_chart, series_chart
from voipwatch.site.history import Day
from voipwatch.site.words import words


def day(number: int, deciding: int, blocked: int) -> Day:
    return Day(date(2016, 1, number), "blocked" if blocked else "ok", deciding, blocked, "a")


def test_a_gap_is_hatched_and_no_bar() -> None:
    shown = str(series_chart(words("en"), [day(1, 4, 4), day(2, 4, 0), day(5, 4, 2)], title="S"))
    assert shown.count("url(#share-hatch)") == 1
    assert "3 days with rows, 2 of them not passing, 2 days not measured." in shown
    [stopped] = [part for part in shown.split("<path ") if 'class="bar"' in part]
    assert stopped.count("M") == 2
    assert "v-166.0" in stopped  # all
    assert "v-83.0" in stopped  # a half
    assert 'class="passed"' in shown


def test_too_few_votes_are_no_share() -> None:
    shown = str(series_chart(words("en"), [day(1, 2, 2)], title="S"))
    assert 'class="few"' in shown
    assert 'class="bar"' not in shown


def test_a_country() -> None:
    shown = str(
        country_chart(
            words("fr"), {date(2016, 1, 1): [4, 1], date(2016, 1, 3): [4, 4]}, name="Maroc", of="MA"
        )
    )
    assert "url(#year-MA-hatch)" in shown
    assert "1 jours sur 2" in shown


def test_nothing_is_nothing() -> None:
    assert series_chart(words("en"), [], title="S") == ""
    assert country_chart(words("en"), {}, name="M", of="MA") == ""
