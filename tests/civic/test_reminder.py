"""The reminder, read by another library: its times are those of the window, and nobody is in it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
from msgspec.structs import replace

from voipwatch.civic.pledges import window_of_hours
from voipwatch.civic.reminder import Reminder, encode_reminder

NOW_S = datetime(2016, 1, 10, 12, tzinfo=UTC).timestamp()
TEXTS = Reminder(
    uid="campaign-1@observatory.example",
    summary="48 heures sans appel ; merci, à bientôt",
    description="Du 16 janvier 00:00 au 18 janvier 00:00, heure du Maroc.\nRien d’autre.",
    lang="fr",
)


def read(content: bytes) -> Any:
    (event,) = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return event


@pytest.mark.parametrize(
    ("begins", "start", "hours"),
    [("2016-01-16T00:00", datetime(2016, 1, 16, tzinfo=UTC), 48),
     ("2016-03-26T12:00", datetime(2016, 3, 26, 12, tzinfo=UTC), 47)],
)  # fmt: skip
def test_the_times_are_those_of_the_window(begins: str, start: datetime, hours: int) -> None:
    window = window_of_hours(datetime.fromisoformat(begins), 48, zone_name="Africa/Casablanca")
    event = read(encode_reminder(TEXTS, window, now_s=NOW_S))
    assert event.decoded("DTSTART") == start
    assert event.decoded("DTEND") - start == timedelta(hours=hours)
    assert event.decoded("DTSTAMP") == datetime(2016, 1, 10, 12, tzinfo=UTC)
    assert str(event["SUMMARY"]) == TEXTS.summary
    assert str(event["DESCRIPTION"]) == TEXTS.description
    (alarm,) = event.walk("VALARM")
    assert alarm.decoded("TRIGGER") == -timedelta(hours=12)


def test_nobody_is_in_it_and_it_is_private() -> None:
    window = window_of_hours(datetime(2016, 1, 16), 48, zone_name="Africa/Casablanca")  # noqa: DTZ001 -- wall
    content = encode_reminder(TEXTS, window, now_s=NOW_S)
    assert b"ATTENDEE" not in content
    assert b"ORGANIZER" not in content
    assert str(read(content)["CLASS"]) == "PRIVATE"
    assert content == encode_reminder(TEXTS, window, now_s=NOW_S), "the same for everybody"


def test_a_moved_and_a_cancelled_reminder_replace_the_first() -> None:
    window = window_of_hours(datetime(2016, 1, 16), 48, zone_name="Africa/Casablanca")  # noqa: DTZ001 -- wall
    event = read(encode_reminder(replace(TEXTS, sequence=2, cancelled=True), window, now_s=NOW_S))
    assert (event["SEQUENCE"], str(event["STATUS"]), str(event["UID"])) == (2, "CANCELLED", TEXTS.uid)
    assert event.walk("VALARM") == []
