"""The order of spread: every interval in the table, apps of one line together in the drawing."""

import re

from tests.site.bundles import SERIES, incident
from voipwatch.model.incidents import SeriesName, Spread
from voipwatch.site.links import Here
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.spread import spread_drawing, spread_rows
from voipwatch.site.words import words

EN = words("en")
HERE = Here("en", "incidents/MA-2016-01-a/")
DAYS = ("2016-01-11T00:00:00Z", "2016-01-12T00:00:00Z")


def test_only_a_series_that_is_published_is_led_to(site: Site) -> None:
    other = SeriesName("AS64500", "4g", "viber")
    told = incident(
        spread=(
            Spread(other, *DAYS, 2, ended_earliest=DAYS[1], ended_latest="2016-01-13T00:00:00Z"),
            Spread(SERIES, *DAYS, 1),
        )
    )
    first, second = spread_rows(site, EN, HERE, told, "2016-01-15T00:00:00Z")
    assert first.href == "../../countries/MA/series/AS36925/4g/whatsapp/"
    assert first.ended.striptags() == "not over as of 15 January 2016, 00:00 UTC"
    assert (second.rank, second.href) == (2, "")
    assert second.ended.striptags() == "on 12 January 2016"


def test_apps_reached_together_are_one_row_of_the_drawing(site: Site) -> None:
    def drawn(count: int) -> str:
        rows = tuple(Spread(SeriesName("AS64500", "4g", f"app{number}"), *DAYS, 1) for number in range(count))
        return str(spread_drawing(site, EN, incident(spread=rows), "A title"))

    assert "app0, app1" in drawn(2)
    assert re.search(r"4G · 3 apps", drawn(3))


def test_what_nobody_measures_may_have_ended_since(site: Site) -> None:
    """Full until it was seen last, light since; an arrow only where it is still measured."""
    row = Spread(SeriesName("AS64500", "4g", "app"), *DAYS, 1)
    fresh = str(spread_drawing(site, EN, incident(spread=(row,), as_of="2016-01-15T00:00:00Z"), "T"))
    later = str(spread_drawing(site, EN, incident(spread=(row,), as_of="2016-02-15T00:00:00Z"), "T"))
    arrow = re.compile(r'<path [^>]*class="spread-sure"')
    assert (len(arrow.findall(fresh)), len(arrow.findall(later))) == (1, 0)
    assert (fresh.count('"spread-maybe"'), later.count('"spread-maybe"')) == (1, 2)
