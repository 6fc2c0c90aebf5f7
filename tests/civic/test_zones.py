"""Days and midnights in named zones, those that clocks jump over and show twice included."""

from datetime import UTC, date, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voipwatch.civic.zones import (
    CAPITAL_ZONES,
    UTC_NAME,
    date_at,
    next_midnight_s,
    zone,
    zone_names,
    zone_of_country,
)

MOROCCO = "Africa/Casablanca"


def at(text: str) -> float:
    """Unix seconds of `2016-01-05T14:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def told(time_s: float) -> str:
    return datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("name", "now", "midnight"),
    [
        (MOROCCO, "2016-01-05T12:00", "2016-01-06T00:00"),
        (MOROCCO, "2016-01-05T23:59", "2016-01-06T00:00"),
        (MOROCCO, "2016-01-06T00:00", "2016-01-07T00:00"),
        (MOROCCO, "2016-05-10T12:00", "2016-05-10T23:00"),  # summer time, +1
        (MOROCCO, "2016-06-10T12:00", "2016-06-11T00:00"),  # Ramadan: back to +0
        (MOROCCO, "2025-03-01T12:00", "2025-03-02T00:00"),  # Ramadan, when +1 is the rule
        (MOROCCO, "2026-09-25T12:00", "2026-09-26T00:00"),  # +0 for good since 20 September 2026
        (
            "America/Sao_Paulo",
            "2017-10-14T12:00",
            "2017-10-15T03:00",
        ),  # 00:00 was skipped: 01:00 began the day
        ("America/Sao_Paulo", "2018-02-18T01:30", "2018-02-18T03:00"),  # 23:30 for the first of two times
        ("America/Havana", "2016-11-05T12:00", "2016-11-06T04:00"),  # 00:30 twice: the first midnight counts
        ("Pacific/Apia", "2011-12-30T01:00", "2011-12-30T10:00"),  # 30 December was left out
        ("America/St_Johns", "2010-11-07T03:00", "2010-11-07T03:30"),  # 00:01 became 23:01: a second midnight
        ("Asia/Kathmandu", "2016-01-05T12:00", "2016-01-05T18:15"),
    ],
)
def test_midnights_by_hand(name: str, now: str, midnight: str) -> None:
    assert told(next_midnight_s(at(now), name)) == midnight


@given(
    st.sampled_from(sorted(zone_names())),
    st.floats(at("2012-01-01T00:00"), at("2037-01-01T00:00"), allow_nan=False),
)
def test_midnight_is_where_the_date_changes(name: str, now_s: float) -> None:
    then_s = next_midnight_s(now_s, name)
    assert 0 < then_s - now_s <= 26 * 3600
    assert date_at(then_s, name) == date_at(now_s, name) + timedelta(days=1)
    assert date_at(then_s - 0.001, name) == date_at(now_s, name)


def test_a_day_that_was_left_out_is_left_out() -> None:
    then_s = next_midnight_s(at("2011-12-30T01:00"), "Pacific/Apia")
    assert date_at(at("2011-12-30T01:00"), "Pacific/Apia") == date(2011, 12, 29)
    assert date_at(then_s, "Pacific/Apia") == date(2011, 12, 31)


def test_zones_are_those_of_the_package_and_not_of_the_machine() -> None:
    """Release 2026f: Morocco went back to +0 for good on 20 September 2026."""
    later = datetime(2026, 9, 25, tzinfo=zone(MOROCCO))
    assert later.utcoffset() == timedelta(0)
    assert zone(MOROCCO) is zone(MOROCCO)


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "../../etc/passwd", "Africa", "africa/casablanca"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(KeyError, match="no time zone"):
        zone(name)


def test_every_country_has_one_zone() -> None:
    """A second reading of the same table: one row, or a line of ours that names one of its rows."""
    rows: dict[str, set[str]] = {}
    for line in (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            rows.setdefault(line.split("\t")[0], set()).add(line.split("\t")[2])
    assert {country for country, names in rows.items() if len(names) > 1} == set(CAPITAL_ZONES)
    for country, names in rows.items():
        assert zone_of_country(country) in names
        zone(zone_of_country(country))
    assert zone_of_country("MA") == MOROCCO
    assert zone_of_country("RU") == "Europe/Moscow"
    assert zone_of_country("<script>") == zone_of_country("") == UTC_NAME
    assert zone(UTC_NAME).utcoffset(datetime(2026, 1, 1)) == timedelta(0)  # noqa: DTZ001 -- a wall time
