"""One offset of a country's clocks, or none: many zones, changes of clocks, hours by halves."""

from importlib.resources import files

import pytest

from voipwatch.civic.offsets import utc_offset_h, zones_of_country
from voipwatch.civic.zones import zone_of_country


@pytest.mark.parametrize(
    ("country", "first", "last", "offset"),
    [
        ("MA", "2016-01-05T00:00:00Z", "2016-01-30T00:00:00Z", 0.0),
        ("MA", "2016-04-01T00:00:00Z", "2016-05-30T00:00:00Z", 1.0),
        ("MA", "2016-01-05T00:00:00Z", "2016-04-01T00:00:00Z", None),  # summer time began on 27 March
        ("MA", "2016-06-01T00:00:00Z", "2016-07-30T00:00:00Z", None),  # Ramadan: off and on again
        ("MA", "2026-09-01T00:00:00Z", "2026-09-10T00:00:00Z", 1.0),
        ("MA", "2026-10-01T00:00:00Z", "2026-10-10T00:00:00Z", 0.0),  # for good since 20 September 2026
        ("IN", "2020-01-01T00:00:00Z", "2020-12-31T00:00:00Z", 5.5),
        ("DE", "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", 1.0),  # two zones, one clock
        ("ES", "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", None),  # the Canaries
        ("US", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", None),
        ("ZZ", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", None),
        ("", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z", None),
    ],
)
def test_offsets_by_hand(country: str, first: str, last: str, offset: float | None) -> None:
    assert utc_offset_h(country, first, last) == offset


def test_a_moment_is_enough() -> None:
    assert utc_offset_h("AE", "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z") == 4.0


def test_every_country_of_the_other_table_is_in_this_one() -> None:
    text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
    for country in {line.split("\t")[0] for line in text.splitlines() if not line.startswith("#")}:
        assert zones_of_country(country), country
    assert zone_of_country("MA") in zones_of_country("MA")
