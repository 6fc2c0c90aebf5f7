"""The ground of all pages: orders, addresses of rows, months with pages of their own."""

import json
from pathlib import Path

from tests.pipeline.publishing.support import DAY, HOUR, MONDAY, votes
from tests.site.bundles import Page, altered, log, published, some
from voipwatch.model.instants import iso
from voipwatch.site.bundle import read_bundle
from voipwatch.site.pages.site import HOURS_ON_PAGE, Site, began_of, is_line, key_of

VIBER = ("MA", "AS36925", "4g", "viber")


def with_hours(made: Path, target: Path, hours: int) -> Path:
    """A series with that many rows of single hours in one month."""
    path = "series/MA/AS36925/4g/viber.json"
    document = json.loads((made / path).read_bytes())
    rows = document["rows"]
    for number in range(hours):
        start = iso(MONDAY + number * HOUR)
        given = {"start": start, "as_of": iso(MONDAY + 30 * DAY), "level": "hour", "state": "ok"}
        for name, values in rows.items():
            values.append(
                given.get(name, 3 if name in {"votes", "ok", "probes"} else 1 if name == "hours" else 0)
            )
    return altered(made, target, {path: json.dumps(document).encode()})


def test_orders(site: Site) -> None:
    assert list(site.states) == [VIBER, ("MA", "AS36925", "4g", "whatsapp")]
    assert site.countries == ("MA",)
    assert (site.operators("MA"), site.apps("MA")) == (("AS36925",), ("viber", "whatsapp"))
    assert [key_of(state)[3] for state in site.of("MA", app="viber")] == ["viber"]
    assert not is_line(site.of("MA")[0])
    assert began_of(site.incidents[0]) == "2016-01-12T00:00:00Z"
    assert len(site.claims_of("MA")) == 43
    assert site.incidents_of("TN") == ()
    assert set(site.changes) == {each["id"] for each in site.bundle.changes}


def test_few_hours_are_on_the_page_of_the_series(made: Path, tmp_path: Path) -> None:
    site = Site(read_bundle(with_hours(made, tmp_path / "b", HOURS_ON_PAGE)))
    path, anchor = site.row_at(site.states[VIBER], "2016-01-04T03:00:00Z", "hour")
    assert (path, anchor) == ("countries/MA/series/AS36925/4g/viber/", "2016-01-04T03-hour")


def test_many_hours_have_a_page_of_their_own(made: Path, tmp_path: Path) -> None:
    bundle = read_bundle(with_hours(made, tmp_path / "b", HOURS_ON_PAGE + 1))
    site = Site(bundle)
    path, anchor = site.row_at(site.states[VIBER], "2016-01-04T03:00:00Z", "hour")
    assert path == "countries/MA/series/AS36925/4g/viber/2016-01/"
    pages = some(bundle, "en/countries/MA/series/AS36925/4g/viber/")
    month = Page(pages[f"en/{path}index.html"])
    series = Page(pages["en/countries/MA/series/AS36925/4g/viber/index.html"])
    assert anchor in month.ids
    assert anchor not in series.ids
    assert "2016-01-04-day" in series.ids
    # What it says is final: no bundle's time, and no end of its being valid.
    assert "What this page says never changes." in month.text
    assert "Valid until" not in month.text


def test_the_row_near_a_day(site: Site) -> None:
    assert site.row_near(VIBER, "2016-01-03") is None
    assert site.row_near(VIBER, "2016-01-09") == ("countries/MA/series/AS36925/4g/viber/", "2016-01-09-day")
    assert site.row_near(VIBER, "2020-01-01") == ("countries/MA/series/AS36925/4g/viber/", "2016-01-15-day")
    assert site.row_near(("MA", "X", "4g", "viber"), "2016-01-09") is None


def test_an_observatory_that_knows_nothing_has_a_first_page(tmp_path: Path) -> None:
    bundle = read_bundle(published(tmp_path, votes(1, probes=1), days=3, lines=log()))
    assert bundle.states == ()
    page = Page(some(bundle, "en/index.html")["en/index.html"])
    assert "Nothing" in page.text
