"""Whether an incident stands: nobody is accused of today by what was measured last year."""

from pathlib import Path
from typing import Any

import msgspec

from tests.site.bundles import SERIES, incident
from tests.site.made import bundle_of
from tests.site.made import incident as made_incident
from tests.site.made import state as entry
from voipwatch.chronicle.titles import Seen
from voipwatch.model.incidents import Incident, IncidentStatus, SeriesName, Spread
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.standing import (
    headline,
    plain_title,
    seen_of,
    seen_of_series,
    title,
    told,
)
from voipwatch.site.words import words

EN = words("en")
AS_OF = "2016-03-01T06:00:00Z"


def site_of(tmp_path: Path, **changes: Any) -> tuple[Site, Incident]:
    """One series, measured last until 29 February, and an incident of it since January."""
    told = made_incident()
    known = entry(state="blocked") | changes
    if known["row"] is not None:
        known["row"] = known["row"] | {"state": changes.get("state", "blocked")}
    return Site(bundle_of(tmp_path, told, states=[known])), told


def test_what_is_measured_stands(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path)
    assert seen_of(site, told_incident, AS_OF) == Seen("stands", "2016-02-28")


def test_what_nobody_measures_any_more_stood(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path, measured=False, measured_until="2016-02-20T00:00:00Z")
    seen = seen_of(site, told_incident, AS_OF)
    assert seen == Seen("stood", "2016-02-19")
    assert told(EN, seen, AS_OF).striptags() == "when last measured, on 19 February 2016, it stood"


def test_what_passed_when_it_was_measured_last_did_not_stand(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path, measured=False, measured_until="2016-02-20T00:00:00Z", state="ok")
    seen = seen_of(site, told_incident, AS_OF)
    assert seen == Seen("unseen", "2016-02-19")
    assert "it stood" not in told(EN, seen, AS_OF)


def test_without_a_row_its_onset_was_seen(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path, measured=False, measured_until=None, row=None)
    assert seen_of(site, told_incident, AS_OF) == Seen("stood", "2016-01-05")
    assert seen_of(site, told_incident, "2016-01-08T00:00:00Z").kind == "stands"


def test_one_that_is_measured_speaks_for_all(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path)
    other = Spread(SeriesName("gone", "4g", "whatsapp"), None, "2016-01-06T00:00:00Z", 2)
    assert seen_of_series(site, "MA", other, AS_OF) == Seen("stood", "2016-01-05")
    both = msgspec.structs.replace(told_incident, spread=(other, *told_incident.spread))
    assert seen_of(site, both, AS_OF).kind == "stands"
    alone = msgspec.structs.replace(told_incident, spread=(other,))
    assert seen_of(site, alone, AS_OF).kind == "stood"


def test_an_older_revision_as_it_was_then(site: Site) -> None:
    """The series is measured until 15 January; what was told on the 13th knew its rows until then."""
    [row] = incident().spread
    assert row.series == SERIES
    then = seen_of_series(site, "MA", row, "2016-01-13T12:00:00Z")
    assert then.kind == "stands"
    assert then.day <= "2016-01-12"
    assert seen_of_series(site, "MA", row, "2017-01-01T00:00:00Z").kind == "stood"  # a year later


def test_what_passes_again_is_not_told_as_stopped(tmp_path: Path) -> None:
    """Measured, every row gets through, and the chronicle has no end of it yet."""
    site, told_incident = site_of(tmp_path, state="ok")
    seen = seen_of(site, told_incident, AS_OF)
    assert seen == Seen("passes", "2016-02-28")
    assert "no end established" in told(EN, seen, AS_OF)
    text = headline(site, EN, told_incident, AS_OF).striptags()
    assert text == (
        "Morocco: calls by WhatsApp were stopped on 4G; began between 4 January 2016 and 5 January 2016"
        "; no end established; last seen getting through on 28 February 2016"
    )
    assert plain_title(site, EN, told_incident, AS_OF) == text


def test_a_title_of_what_nobody_measures_says_when_it_was_seen(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path, measured=False, measured_until="2016-02-20T00:00:00Z")
    text = headline(site, EN, told_incident, AS_OF).striptags()
    assert text.endswith("; still so when last measured, on 19 February 2016")
    assert "are stopped" not in text
    assert title(site, EN, told_incident, AS_OF).striptags() == text


def test_the_present_tense_is_for_where_as_of_stands_beside_it(tmp_path: Path) -> None:
    site, told_incident = site_of(tmp_path)
    assert "are stopped" in headline(site, EN, told_incident, AS_OF)
    for text in (
        plain_title(site, EN, told_incident, AS_OF),
        title(site, EN, told_incident, AS_OF).striptags(),
    ):
        assert text.endswith("; no end seen as of 1 March 2016")
        assert "are stopped" not in text
    withdrawn = msgspec.structs.replace(told_incident, status=IncidentStatus.WITHDRAWN)
    assert "are stopped" not in headline(site, EN, withdrawn, AS_OF)


def test_beside_names_what_is_theirs_is_seen(tmp_path: Path) -> None:
    """Somebody else's line is still measured and blocked: nobody else is accused of today by that."""
    site, told_incident = site_of(tmp_path)
    other = Spread(SeriesName("gone", "4g", "whatsapp"), None, "2016-01-06T00:00:00Z", 2)
    both = msgspec.structs.replace(told_incident, spread=(other, *told_incident.spread), named=("gone",))
    assert seen_of(site, both, AS_OF).kind == "stands"
    text = headline(site, EN, both, AS_OF).striptags()
    assert "on gone (4G)" in text
    assert text.endswith("; still so when last measured, on 5 January 2016")
