"""The incidents as a calendar (RFC 5545): when calls stopped, and when they came back, each an interval.

A UID is permanent, SEQUENCE is the revision (3.8.7.4), what was withdrawn is CANCELLED, and so is the end of
an incident that turned out not to be over.
"""

from collections.abc import Iterator
from typing import Final

from voipwatch.civic.ical import content_line, text_value
from voipwatch.model.incidents import Incident, IncidentStatus, PhaseKind
from voipwatch.site.bundle import Bundle
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.feeds.atom import title_of
from voipwatch.site.feeds.entries import Entry, entries_of, plain_text, root_of, uuid_of
from voipwatch.site.feeds.telling import one_line
from voipwatch.site.words import Words, printable

TYPE: Final = "text/calendar"
CONFIRMED: Final = frozenset({IncidentStatus.REVIEWED, IncidentStatus.CORRECTED})


def path_of(lang: str) -> str:
    """Of the calendar, from the site's root."""
    return f"feeds/{lang}.ics"


def encode_ical(bundle: Bundle, words: Words, base_url: str = "") -> bytes:
    """The calendar in one language; events have addresses where `base_url` is known."""
    url = Addresses(path_of(words.lang), base_url)
    root = root_of(bundle)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:-//voipwatch//incidents//{words.lang.upper()}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"UID:{uuid_of(root, f'calendar/{words.lang}')}",
        f"NAME:{_text(title_of(bundle, words))}",  # RFC 7986, 5.1
        f"X-WR-CALNAME:{_text(title_of(bundle, words))}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
    ]
    for entry in entries_of(bundle, words):
        address = url(entry.page) if base_url else ""
        lines += _onset(entry, words, address)
        lines += _end(bundle, entry, words, address, root)
    lines.append("END:VCALENDAR")
    return b"".join(content_line(line) for line in lines)


def _onset(entry: Entry, words: Words, address: str) -> Iterator[str]:
    incident = entry.incident
    if not incident.phases:
        return
    first = incident.phases[0]
    key = "feeds.onset" if first.earliest is not None else "feeds.onset-open"
    bounds = (first.earliest, first.latest)
    yield from _event(entry, words, address, key, str(entry.uuid), bounds, _status(incident))


def _end(bundle: Bundle, entry: Entry, words: Words, address: str, root: str) -> Iterator[str]:
    """The end, also one that a revision spoke of and the newest does not: cancelled then."""
    incident = entry.incident
    bounds, status = end_of(incident), _status(incident)
    if bounds is None:
        earlier = (
            end_of(bundle.revision(incident.id, number))
            for number in range(incident.revision - 1, 0, -1)
            if f"incidents/{incident.id}/r{number}.json" in bundle.paths
        )
        bounds, status = next((found for found in earlier if found is not None), None), "CANCELLED"
    if bounds is not None:
        uid = str(uuid_of(root, f"{incident.id}/end"))
        yield from _event(entry, words, address, "feeds.end", uid, bounds, status)


def end_of(incident: Incident) -> tuple[str | None, str] | None:
    """Interval of the end of all of it; None while a series stands."""
    if not incident.ended:
        return None
    for phase in reversed(incident.phases):
        if phase.kind is PhaseKind.END:
            return phase.earliest, phase.latest
    last = max(incident.spread, key=lambda row: row.ended_latest or "")
    return last.ended_earliest, last.ended_latest or ""


def _status(incident: Incident) -> str:
    """3.8.1.11."""
    if incident.status is IncidentStatus.WITHDRAWN:
        return "CANCELLED"
    return "CONFIRMED" if incident.status in CONFIRMED else "TENTATIVE"


def _event(
    entry: Entry,
    words: Words,
    address: str,
    key: str,
    uid: str,
    bounds: tuple[str | None, str],
    status: str,
) -> Iterator[str]:
    earliest, latest = bounds
    yield "BEGIN:VEVENT"
    yield f"UID:{uid}"
    yield f"DTSTAMP:{_time(entry.updated)}"
    yield f"CREATED:{_time(entry.published)}"
    yield f"LAST-MODIFIED:{_time(entry.updated)}"
    yield f"SEQUENCE:{entry.incident.revision}"
    yield f"STATUS:{status}"
    # Without an earliest it is a point in time: no DTEND (3.6.1).
    yield f"DTSTART:{_time(earliest or latest)}"
    if earliest is not None and earliest < latest:
        yield f"DTEND:{_time(latest)}"
    yield f"SUMMARY;LANGUAGE={words.html_lang}:{_text(words.plain(key, title=entry.title))}"
    yield f"DESCRIPTION;LANGUAGE={words.html_lang}:{_text(plain_text(entry, words))}"
    yield f"CATEGORIES:{_text(entry.incident.status.value)}" + (
        ",emulated" if entry.incident.synthetic else ""
    )
    yield "CLASS:PUBLIC"
    yield "TRANSP:TRANSPARENT"
    if address:
        yield f"URL:{one_line(address)}"
    yield "END:VEVENT"


def _time(text: str) -> str:
    """3.3.5, form 2."""
    return text.replace("-", "").replace(":", "")


def _text(text: str) -> str:
    """3.3.11."""
    return text_value(printable(text))
