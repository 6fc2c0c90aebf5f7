"""A reminder of a boycott's window as a calendar (RFC 5545): one event, one alarm, no name of anybody.

Times are written in UTC, as the zone's clocks are known today. Where its rules change, the same window makes
another reminder: send it with the same UID and a higher sequence.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

import msgspec

from voipwatch.civic.ical import content_line, instant, text_value
from voipwatch.civic.pledges import Window

ALARM: Final = timedelta(hours=12)
"""Before the start: the evening before a window that begins at noon or midnight."""


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """What is remembered; texts in the language of `lang`."""

    uid: str
    """Permanent, of the campaign, not of the person: RFC 7986, 5.3."""
    summary: str
    description: str
    lang: str
    """BCP 47."""
    sequence: int = 0
    cancelled: bool = False


def encode_reminder(of: Reminder, window: Window, *, now_s: float) -> bytes:
    """The calendar file; `now_s` is when it is made, Unix seconds."""
    return b"".join(content_line(line) for line in _lines(of, window, now_s))


def _lines(of: Reminder, window: Window, now_s: float) -> Iterator[str]:
    yield "BEGIN:VCALENDAR"
    yield "VERSION:2.0"
    yield "PRODID:-//voipwatch//pledge//EN"
    yield "CALSCALE:GREGORIAN"
    yield "METHOD:" + ("CANCEL" if of.cancelled else "PUBLISH")
    yield "BEGIN:VEVENT"
    yield f"UID:{text_value(of.uid)}"
    yield f"DTSTAMP:{instant(now_s)}"
    yield f"SEQUENCE:{of.sequence}"
    yield "STATUS:" + ("CANCELLED" if of.cancelled else "CONFIRMED")
    yield f"DTSTART:{instant(window.begins_s)}"
    yield f"DTEND:{instant(window.ends_s)}"
    yield f"SUMMARY;LANGUAGE={of.lang}:{text_value(of.summary)}"
    yield f"DESCRIPTION;LANGUAGE={of.lang}:{text_value(of.description)}"
    # Who shares a calendar need not show what is in it: a boycott is a political opinion.
    yield "CLASS:PRIVATE"
    yield "TRANSP:TRANSPARENT"
    if not of.cancelled:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"TRIGGER:-PT{int(ALARM.total_seconds() // 3600)}H"
        yield f"DESCRIPTION;LANGUAGE={of.lang}:{text_value(of.summary)}"
        yield "END:VALARM"
    yield "END:VEVENT"
    yield "END:VCALENDAR"
