"""A country's page: its year and what was said."""

from voipwatch.site.pages.country import CLAIMS_SHOWN, country
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words


def test_a_country(site: Site) -> None:
    page = country(site, words("en"), "MA")
    [month] = page.months
    assert (month.name, month.days, month.stopped, month.percent) == ("January 2016", 24, 4, "17%")
    assert page.operators == (("AS36925", "operators/AS36925/"),)
    assert page.claims_total == 43
    assert len(page.claims) <= CLAIMS_SHOWN
    assert "year-MA" in page.chart
