"""A boycott's window for a page and for a calendar: local times of its zone, UTC beside them, and what a
change of clocks does to its length.
"""

import msgspec

from voipwatch.civic.boycotts import Boycott
from voipwatch.civic.pledges import Window
from voipwatch.civic.reminder import Reminder, encode_reminder
from voipwatch.model.instants import iso
from voipwatch.site.words import Name, Words


class WindowView(msgspec.Struct, frozen=True):
    """Sentences."""

    span: str
    """In the zone's own time."""
    utc: str
    length: str
    """How many hours pass; where clocks change, how many they show too."""
    changes: bool


def window_view(window: Window, t: Words) -> WindowView:
    """For a page."""
    hours = t.number(window.length_s / 3600)
    changes = window.length_s != window.wall_s
    if changes:
        length = t.plain(
            "pledge.window.change", zone=Name(window.zone), wall=t.number(window.wall_s / 3600), hours=hours
        )
    else:
        length = t.plain("pledge.window.hours", n=window.length_s / 3600, hours=hours)
    utc = t.plain(
        "pledge.window.utc", begins=t.moment(iso(window.begins_s)), ends=t.moment(iso(window.ends_s))
    )
    return WindowView(t.plain("pledge.window.span", **_local(window, t)), utc, length, changes)


def reminder_of(boycott: Boycott, t: Words, *, url: str, page: str, now_s: float) -> bytes:
    """The calendar file, the same for everybody; of what was called off, one that takes it out again.

    `url` is the site's, whose host makes the UID unique; `page` is the campaign's path.
    """
    text = boycott.text(t.lang)[1]
    host = url.partition("://")[2].partition("/")[0]
    view = window_view(boycott.window, t)
    told = t.plain("pledge.window.description", **_local(boycott.window, t))
    lines = (told, *((view.length,) if view.changes else ()), f"{url}{page}")
    reminder = Reminder(
        uid=f"pledge-{boycott.id}@{host}",
        summary=text.title,
        description="\n".join(lines),
        lang=t.html_lang,
        sequence=1 if boycott.is_called_off else 0,
        cancelled=boycott.is_called_off,
    )
    return encode_reminder(reminder, boycott.window, now_s=now_s)


def _local(window: Window, t: Words) -> dict[str, object]:
    comma = "،" if t.direction == "rtl" else ","
    pattern = f"EEEE d MMMM y'{comma}' HH:mm"
    return {
        "begins": t.dated(window.begins, pattern),
        "ends": t.dated(window.ends, pattern),
        "zone": Name(window.zone),
    }
