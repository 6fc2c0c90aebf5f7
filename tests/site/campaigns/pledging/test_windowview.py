"""Windows as sentences and as calendars, read by another library."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import msgspec
import pytest

from tests.site.campaigns.instance import NOW
from tests.site.campaigns.pledging.campaign import CLOCKS, boycott
from voipwatch.civic.boycotts import Boycott, read_boycott, with_closing
from voipwatch.site.campaigns.pledging.windowview import reminder_of, window_view
from voipwatch.site.words import LANGUAGES, words

URL = "https://watch.example"


def event(campaign: Boycott, lang: str) -> Any:
    content = reminder_of(campaign, words(lang), url=URL, page="/campaigns/x", now_s=NOW)
    (found,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return found


def test_local_times_with_their_zone_and_utc_beside_them() -> None:
    found = window_view(boycott().window, words("en"))
    assert found.span == (
        "From Saturday 14 November 2026, 00:00 to Monday 16 November 2026, 00:00, "
        "by the clocks of Africa/Casablanca."
    )
    assert found.utc == "In UTC: from 14 November 2026, 00:00 UTC to 16 November 2026, 00:00 UTC."
    assert (found.length, found.changes) == ("That is 48 hours.", False)


@pytest.mark.parametrize(
    ("lang", "hours", "said"),
    [
        ("en", 1, "That is 1 hour."), ("en", 1.5, "That is 1.5 hours."), ("en", 2, "That is 2 hours."),
        ("fr", 1, "Soit 1 heure."), ("fr", 1.5, "Soit 1,5 heure."), ("fr", 2, "Soit 2 heures."),
        ("ar", 1, "المدة ساعة واحدة."), ("ar", 2, "المدة ساعتان."), ("ar", 3, "المدة 3 ساعات."),
        ("ar", 48, "المدة 48 ساعة."), ("ar", 100, "المدة 100 ساعة."),
    ],
)  # fmt: skip
def test_hours_have_their_plural(lang: str, hours: float, said: str) -> None:
    window = boycott().window
    ends = window.begins + timedelta(hours=hours)
    found = window_view(msgspec.structs.replace(window, ends=ends), words(lang))
    assert found.length == said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_change_of_clocks_is_said(lang: str) -> None:
    found = window_view(read_boycott(CLOCKS).window, words(lang))
    assert found.changes
    assert "48" in found.length
    assert "47" in found.length


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_calendar_has_instants_and_nobody(lang: str) -> None:
    found = event(read_boycott(CLOCKS), lang)
    assert found.decoded("DTSTART") == datetime(2027, 3, 26, 23, tzinfo=UTC)
    assert found.decoded("DTEND") - found.decoded("DTSTART") == timedelta(hours=47)
    assert str(found["UID"]) == "pledge-clocks@watch.example"
    told = str(found["DESCRIPTION"])
    assert f"{URL}/campaigns/x" in told
    assert window_view(read_boycott(CLOCKS).window, words(lang)).length in told
    assert "mine/" not in told


def test_what_was_called_off_is_taken_out_of_calendars() -> None:
    before, after = event(boycott(), "en"), event(with_closing(boycott(), NOW + 1), "en")
    assert (str(before["STATUS"]), before["SEQUENCE"]) == ("CONFIRMED", 0)
    assert (str(after["STATUS"]), after["SEQUENCE"], after["UID"]) == ("CANCELLED", 1, before["UID"])
    over = with_closing(boycott(), int(boycott().window.ends_s))
    assert str(event(over, "en")["STATUS"]) == "CONFIRMED", "ending the reporting cancels nothing"
