"""`civic turnout` and `civic reminder`: intent is no turnout, and a window keeps its local times."""

import json
import sys
from datetime import UTC, datetime

import icalendar
import pytest

from tests.cli.doubles import Ran, run_line
from voipwatch.civic.zones import zone, zone_names

START = "2016-03-26T12:00"
WINDOW = ("--zone", "Africa/Casablanca", "--title", "48 h", "--uid", "x@observatory.example")


def turnout(*more: str, lang: str = "en") -> Ran:
    return run_line("civic", "turnout", *more, lang=lang, width=200)


def test_twenty_four_thousand_by_hand() -> None:
    ran = turnout("--declared", "24000", "--kept", "480", "--broken", "120")
    assert (ran.status, ran.err) == (0, "")
    assert "That is intent, no turnout" in ran.out
    assert "2.0 % to 99.5 %" in ran.out
    assert "76.7 % to 83.1 %" in ran.out
    assert "People: from 1 to 24000" in ran.out


def test_nobody_reported_and_nobody_pledged() -> None:
    ran = turnout("--declared", "24000")
    assert "0.0 % to 100.0 %" in ran.out
    assert "nothing narrower" in ran.out
    assert "there is no turnout" in turnout("--declared", "0").out
    found = json.loads(turnout("--declared", "24000", "--json").out)
    assert found["turnout"]["bounds"] == {"low": 0, "high": 1}
    assert found["turnout"]["if_alike"] is None
    assert found["people"] == {"low": 1, "high": 24000}


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_it_speaks_the_other_languages(lang: str) -> None:
    ran = turnout("--declared", "24000", "--kept", "480", "--broken", "120", lang=lang)
    assert (ran.status, ran.err) == (0, "")
    assert "99,5" in ran.out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--declared", "-1"), "--declared"),
        (("--declared", "10", "--kept", "6", "--broken", "5"), "11 reports of 10"),
    ],
)
def test_counts_that_cannot_be(line: tuple[str, ...], words: str) -> None:
    ran = turnout(*line)
    assert ran.status == 64
    assert words in ran.err


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_a_reminder_is_a_calendar(lang: str) -> None:
    ran = run_line("civic", "reminder", START, *WINDOW, lang=lang)
    assert (ran.status, ran.err) == (0, "")
    (event,) = icalendar.Calendar.from_ical(ran.out).walk("VEVENT")
    assert event.decoded("DTSTART") == datetime(2016, 3, 26, 12, tzinfo=UTC)
    assert event.decoded("DTEND") == datetime(2016, 3, 28, 11, tzinfo=UTC)
    assert str(event["SUMMARY"]) == "48 h"
    assert "47" in str(event["DESCRIPTION"])


def test_a_light_installation_has_no_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    zone_names.cache_clear()
    zone.cache_clear()
    monkeypatch.setitem(sys.modules, "tzdata", None)
    try:
        ran = run_line("civic", "reminder", START, *WINDOW, width=300)
    finally:
        zone_names.cache_clear()
        zone.cache_clear()
    assert ran.status == 70
    assert "voipwatch[observatory]" in ran.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ((START, *WINDOW[2:], "--zone", "Morocco"), "is no time zone"),
        (("2016-03-27T02:30", *WINDOW), "leave 2016-03-27T02:30:00 out"),
        (("tomorrow", *WINDOW), "A start is a local time"),
        (("2016-03-26T12:00+01:00", *WINDOW), "offset of its own"),
        (("9999-12-31T12:00", *WINDOW), "A start is a local time"),
        ((START, *WINDOW, "--hours", "0"), "--hours"),
    ],
)
def test_a_window_that_cannot_be(line: tuple[str, ...], words: str) -> None:
    ran = run_line("civic", "reminder", *line, width=300)
    assert ran.status == 64
    assert words in ran.err
