"""The first page: what is blocked now, since when; what ended; what nobody measures."""

import json
from pathlib import Path

from tests.site.bundles import altered, incident, log, published
from tests.site.pages.test_matrix import stale
from voipwatch.model.acts import EntryKind
from voipwatch.model.incidents import Phase, PhaseKind, Spread
from voipwatch.site.bundle import read_bundle
from voipwatch.site.pages.home import home
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_what_is_blocked_now(site: Site) -> None:
    [now] = home(site, EN).countries
    assert now.blocked
    assert now.headline.striptags() == (
        "Morocco: calls by WhatsApp are stopped on 4G; began on 11 January 2016"
    )
    assert now.since.striptags() == "Began 11 January 2016."
    assert (now.measured, now.series) == (2, 2)
    assert [(app.name, [(count.state, count.n) for count in app.counts]) for app in now.apps] == [
        ("Viber", [("ok", 1)]),
        ("WhatsApp", [("blocked", 1)]),
    ]


def test_a_block_without_an_incident_is_counted(tmp_path: Path) -> None:
    site = Site(read_bundle(published(tmp_path, lines=log())))
    [now] = home(site, EN).countries
    assert now.headline == "1 of 2 measured series does not get through"
    assert now.newest is None
    assert now.counted
    assert now.rows_href == "countries/MA/#matrix"


def test_a_block_of_another_series_is_not_told_by_an_incidents_title(made: Path, tmp_path: Path) -> None:
    """WhatsApp gets through again and Viber does not: nobody is accused of WhatsApp's block today."""
    document = json.loads((made / "states.json").read_bytes())
    for each in document["series"]:
        each["state"] = "blocked" if each["app"] == "viber" else "ok"
    changed = altered(made, tmp_path / "b", {"states.json": json.dumps(document).encode()})
    [now] = home(Site(read_bundle(changed)), EN).countries
    assert now.blocked
    assert "WhatsApp" not in now.headline
    assert now.headline == "1 of 2 measured series does not get through"


def test_what_nobody_measures_any_more_is_not_over(made: Path, tmp_path: Path) -> None:
    [now] = home(stale(made, tmp_path / "b"), EN).countries
    assert now.headline == "Nobody measures here"
    assert now.since.striptags() == "Began 11 January 2016: when last measured, on 11 January 2016, it stood."
    assert not now.blocked


def test_what_has_ended(tmp_path: Path) -> None:
    first = incident()
    ended = "2016-01-14T00:00:00Z"
    row = first.spread[0]
    spread = (Spread(row.series, row.earliest, row.latest, 1, "2016-01-13T00:00:00Z", ended),)
    end = Phase(PhaseKind.END, "2016-01-13T00:00:00Z", ended, (row.series,))
    over = incident(spread=spread, phases=(*first.phases, end), as_of=ended)
    site = Site(read_bundle(published(tmp_path, lines=log((EntryKind.INCIDENT, over)))))
    page = home(site, EN)
    [brief] = page.incidents
    assert brief.ended is not None
    assert brief.ended.striptags() == "13 January 2016"
    assert not brief.standing
    # It is blocked all the same, by its rows.
    assert page.countries[0].headline == "1 of 2 measured series does not get through"
