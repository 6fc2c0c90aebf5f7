"""A country day by day: series, and those that did not pass."""

from datetime import date

from voipwatch.site.pages.site import Site
from voipwatch.site.pages.tally import daily_tally


def test_days_of_a_country(site: Site) -> None:
    tally = daily_tally(site, "MA")
    assert tally[date(2016, 1, 11)] == [2, 0]
    assert tally[date(2016, 1, 12)] == [2, 1]
    assert len(tally) == 12
