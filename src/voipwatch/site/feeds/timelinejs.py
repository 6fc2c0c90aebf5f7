"""The chronology for TimelineJS 3: what was measured and what was said, as two groups of events.

Its form has no place for a source's reliability or a check, so both are in the text; `headline` and `text`
are HTML there, so everything is escaped here. An event whose date cannot be has no place on a line: it is
left out.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import msgspec
from markupsafe import Markup, escape

from voipwatch.model.edtf import EdtfError, decode_edtf
from voipwatch.model.incidents import Incident, IncidentStatus, Phase
from voipwatch.model.instants import iso
from voipwatch.site.bundle import Bundle, Judged
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.feeds.entries import Entry, entries_of, state_text
from voipwatch.site.feeds.jsonld import text_in
from voipwatch.site.feeds.telling import plain
from voipwatch.site.telling import line_sentence
from voipwatch.site.words import Words, seen


def path_of(lang: str) -> str:
    """From the site's root."""
    return f"timeline/{lang}.json"


def encode_timeline(bundle: Bundle, words: Words, base_url: str = "") -> bytes:
    """The document in one language."""
    url = Addresses(path_of(words.lang), base_url)
    entries = sorted(entries_of(bundle, words), key=lambda entry: entry.incident.id)
    events = [event for entry in entries for event in _measured(entry, words, url)]
    emulated = bundle.manifest.synthetic
    said = (_said(judged, words, emulated=emulated) for judged in bundle.claims)
    events += [event for event in said if event is not None]
    document = {
        "title": {
            "text": {
                "headline": str(escape(words.plain("feeds.timeline.title"))),
                "text": str(escape(_stamp(bundle, words))),
            }
        },
        "scale": "human",
        "events": events,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _stamp(bundle: Bundle, words: Words) -> str:
    as_of = words.plain("feeds.as-of", moment=words.moment(bundle.manifest.as_of))
    if bundle.manifest.is_unmeasured:
        as_of = words.plain("foot.nothing")
    return f"[{words.plain('feeds.emulated')}] {as_of}" if bundle.manifest.synthetic else as_of


def _measured(entry: Entry, words: Words, url: Addresses) -> list[dict[str, Any]]:
    incident = entry.incident
    if incident.status is IncidentStatus.WITHDRAWN:
        return []
    found, seen_ids = [], Counter[str]()
    for phase in incident.phases:
        name = f"{incident.id}-{phase.kind.value}-{phase.latest[:10]}"
        seen_ids[name] += 1
        number = f"-{seen_ids[name]}" if seen_ids[name] > 1 else ""
        found.append(_phase(entry, incident, phase, words, url) | {"unique_id": f"{name}{number}"})
    return found


def _phase(entry: Entry, incident: Incident, phase: Phase, words: Words, url: Addresses) -> dict[str, Any]:
    headline = words.plain(
        "feeds.timeline.headline",
        state=state_text(incident, words),
        country=words.country(incident.country),
        phase=words.plain(f"feeds.timeline.{phase.kind.value}"),
    )
    link = Markup('<a href="{}">{}</a>').format(url(entry.page), words.plain("feeds.evidence"))
    if phase.earliest is None:
        dated = words.plain("feeds.timeline.by", moment=words.moment(phase.latest))
    else:
        dated = words.plain(
            "feeds.timeline.between",
            earliest=words.moment(phase.earliest),
            latest=words.moment(phase.latest),
        )
    line = plain(line_sentence(incident.country, phase), words)
    start = phase.earliest or phase.latest
    event: dict[str, Any] = {
        "start_date": _date(start),
        "display_date": dated,
        "group": words.plain("feeds.timeline.measured"),
        "text": {
            "headline": str(escape(headline)),
            "text": str(Markup("<p>{}</p><p>{}</p>").format(line, link)),
        },
    }
    end = phase.until or phase.latest
    return event | ({"end_date": _date(end)} if end > start else {})


def _said(judged: Judged, words: Words, *, emulated: bool) -> dict[str, Any] | None:
    claim = judged.claim
    bounds = _bounds(claim.date) or _bounds(claim.source.date)
    if bounds is None:
        return None
    since_s, until_s = bounds
    source = text_in(claim.source.title, claim.source.translations, words.lang)
    who = ": ".join(part for part in (claim.source.publisher, source) if part)
    # Made-up measurements say nothing about what a real source said.
    check = words.plain(
        "feeds.timeline.check.emulated" if emulated else f"feeds.timeline.check.{judged.check.state.value}"
    )
    body = Markup("<p>{}</p><p>{}</p>").format(seen(who), check)
    event: dict[str, Any] = {
        "unique_id": f"claim-{claim.id.replace('/', '-')}",
        "start_date": _date(iso(since_s)),
        "display_date": str(escape(seen(claim.as_published) or claim.date)),
        "group": words.plain("feeds.timeline.said"),
        "text": {
            "headline": str(escape(seen(text_in(claim.text, claim.translations, words.lang)))),
            "text": str(body),
        },
    }
    return event | ({"end_date": _date(iso(until_s))} if until_s > since_s else {})


def _bounds(text: str) -> tuple[float, float] | None:
    """First and last second of a date; one of them where the other is open."""
    try:
        span = decode_edtf(text)
    except EdtfError:
        return None
    ends = [
        each
        for each in (span.since_s, None if span.until_s is None else span.until_s - 1)
        if each is not None
    ]
    return None if span.impossible or not ends else (ends[0], ends[-1])


def _date(text: str) -> dict[str, int]:
    at = datetime.fromisoformat(text).astimezone(UTC)
    found = {"year": at.year, "month": at.month, "day": at.day}
    return found | ({"hour": at.hour, "minute": at.minute} if at.hour or at.minute else {})
