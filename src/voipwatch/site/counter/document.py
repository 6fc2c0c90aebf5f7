"""`/counter/ID.json`, schema `voipwatch.counter/1`: what a counter shows, in finished sentences.

Every tier (badge, frame, element, zip, plugin) shows what stands here and computes nothing. No operator is
ever named: a badge has no room for what must stand beside a name, and its page has. Names and titles are
strangers' text: cleaned of controls, isolated, and escaped by whoever puts them into a page.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from voipwatch.civic.daycount import (
    COUNTING,
    Bracket,
    CountState,
    DayCount,
    Days,
    ZeroKind,
    day_count,
)
from voipwatch.civic.zones import date_at, zone_of_country
from voipwatch.model.claims import ClaimType
from voipwatch.model.incidents import IncidentKind
from voipwatch.model.instants import iso, seconds
from voipwatch.site.counter.petitions import CountedPetition, PetitionFigure, figures
from voipwatch.site.counter.phrases import (
    DIRECTIONS,
    app_names,
    blocked,
    clean,
    country_name,
    day_name,
    day_range,
    duration,
    isolated,
    say,
)
from voipwatch.site.counter.subjects import CounterSubject
from voipwatch.site.words import LANGUAGES, UNREAD

COUNTER_SCHEMA: Final = "voipwatch.counter/1"


class Range(msgspec.Struct, frozen=True):
    """Days."""

    low: int
    high: int | None
    """None: at least `low`."""


class Known(msgspec.Struct, frozen=True):
    """Days, on the last date of which something is known."""

    low: int
    high: int | None
    date: str


class ZeroSource(msgspec.Struct, frozen=True):
    """Where day zero comes from."""

    kind: str
    """measured, claim."""
    title: str
    """Of what a claim was told in, with the next three; empty for what was measured."""
    url: str
    by: str = ""
    """Who told it; `operator-statement` where an operator did, whose name stands nowhere here."""
    claim: str = ""
    """Id."""


class Began(msgspec.Struct, frozen=True):
    """Dates in the counter's zone."""

    earliest: str | None
    latest: str
    source: ZeroSource


class Ended(msgspec.Struct, frozen=True):
    """Dates in the counter's zone."""

    earliest: str | None
    latest: str


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """Finished sentences of one language."""

    headline: str | None
    """May speak of today; None in a mirror and past `valid_until`."""
    start: str | None
    """When it began, for beneath the headline; None where there is no headline."""
    counted: str | None
    """On which day the headline was counted: a copy that somebody kept says so."""
    dated: str
    """True for ever, and whole by itself."""
    source: str
    emulated: str
    """Empty for real measurements; else always shown."""
    label: str
    """Name of the counter for assistive software."""
    dismiss: str
    details: str
    """Text of the link to the page."""
    dir: str
    unread: str = ""
    """Of a translation that no fluent reader has checked; empty for the others."""

    @property
    def alone(self) -> str:
        """`dated` for where nothing else of the counter stands beside it: it says that it is emulated."""
        return f"{self.emulated}. {self.dated}" if self.emulated else self.dated


class CounterDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One counter at one moment."""

    schema: str = COUNTER_SCHEMA
    id: str
    country: str
    incident: str | None
    revision: int | None
    reviewed: bool
    synthetic: bool
    instance: str
    state: CountState
    live: bool
    day: Range | None
    last_known: Known | None
    began: Began | None
    ended: Ended | None
    zone: str
    as_of: str
    valid_until: str | None
    next_change_at: str | None
    page: dict[str, str]
    texts: dict[str, Texts]
    petitions: tuple[PetitionFigure, ...] = ()
    """Of the instance, where it has any: a second figure for who asks for one."""

    def petition(self, name: str) -> PetitionFigure | None:
        """By its id."""
        return next((each for each in self.petitions if each.id == name), None)


def counter_document(
    subject: CounterSubject,
    now_s: float | None,
    *,
    base: str = "",
    petitions: Sequence[CountedPetition] = (),
) -> CounterDocument:
    """What the counter shows.

    Args:
        subject: what it counts.
        now_s: Unix seconds; None for a mirror.
        base: address of the site, `https://voip.example`, without a slash at its end; empty where it is not
            known: links are then relative to `/counter/`.
        petitions: told counts beside it.
    """
    incident = subject.incident
    count = day_count(
        incident,
        zone=subject.zone or zone_of_country(subject.country),
        as_of_s=seconds(subject.as_of),
        valid_until_s=None if subject.valid_until is None else seconds(subject.valid_until),
        now_s=now_s,
        measuring=subject.measuring,
        zero=subject.zero,
    )
    known = count.last_known
    return CounterDocument(
        id=subject.id,
        country=clean(subject.country),
        incident=None if incident is None else incident.id,
        revision=None if incident is None else incident.revision,
        reviewed=subject.reviewed,
        synthetic=bool(subject.instance),
        instance=clean(subject.instance),
        state=count.state,
        live=count.live,
        day=None if count.day is None else Range(count.day.low, count.day.high),
        last_known=None if known is None else Known(known.low, known.high, known.date.isoformat()),
        began=_began(count),
        ended=None if count.ended is None else Ended(*_dates(count.ended)),
        zone=count.zone,
        as_of=subject.as_of,
        valid_until=subject.valid_until,
        next_change_at=None if count.next_change_s is None else iso(count.next_change_s),
        page={lang: page_url(subject, lang, base) for lang in LANGUAGES},
        texts={lang: texts_of(subject, count, lang) for lang in LANGUAGES},
        petitions=figures(petitions, base),
    )


def encoded(document: CounterDocument) -> bytes:
    """The document as it is served."""
    return msgspec.json.encode(document)


def page_url(subject: CounterSubject, lang: str, base: str) -> str:
    """Of the incident, or of the country where there is none."""
    root = f"{base}/" if base else "../"
    if subject.incident is None:
        return f"{root}{lang}/countries/{quote(subject.country, safe='')}/"
    return f"{root}{lang}/incidents/{quote(subject.incident.id, safe='')}/"


def texts_of(subject: CounterSubject, count: DayCount, lang: str) -> Texts:
    """The sentences of a count in one of `LANGUAGES`."""
    values = _values(subject, count, lang)
    kind = "down" if subject.incident and subject.incident.kind is IncidentKind.DOWN else "calls"
    live = count.live
    start = "nothing"
    if count.line in COUNTING:
        start = "stands"
    elif count.line is CountState.PASSING:
        start = "passing"
    elif count.line in {CountState.ENDED, CountState.AGAIN}:
        start = "ended" if count.unmeasured_since is None else "ended_silent"
    return Texts(
        headline=_told(lang, "headline", kind, count, values) if live else None,
        start=say(lang, f"start.{start}", **values) if live else None,
        counted=say(lang, "counted.on", **values) if live and count.line in COUNTING else None,
        dated=_told(lang, "dated", kind, count, values),
        source=_source(subject, count, lang),
        emulated=say(lang, "mark.emulated", instance=isolated(lang, subject.instance))
        if subject.instance
        else "",
        label=say(lang, "label.counter", **values),
        dismiss=say(lang, "label.dismiss"),
        details=say(lang, "label.page"),
        dir=DIRECTIONS[lang],
        unread=say(lang, "mark.unread") if lang in UNREAD else "",
    )


def _told(lang: str, family: str, kind: str, count: DayCount, values: dict[str, str]) -> str:
    """A headline or a dated sentence."""
    line: CountState = count.line
    key = line.value
    if line is CountState.UNMEASURED:
        key += "" if count.unmeasured_since is not None else "_never"
    if count.began is not None and line is not CountState.WITHDRAWN:
        if line in COUNTING and count.outdated:
            key = "outdated"
        key = f"{kind}.{key}"
    sentence = say(lang, f"{family}.{key}", **values)
    if family == "dated" and line is CountState.ENDED and count.unmeasured_since is not None:
        sentence = say(lang, "dated.silent", sentence=sentence, **values)
    return (
        say(lang, f"{family}.disputed", sentence=sentence) if count.state is CountState.DISPUTED else sentence
    )


def _values(subject: CounterSubject, count: DayCount, lang: str) -> dict[str, str]:
    """Everything that a sentence may have a place for."""
    found = {
        "country": country_name(lang, subject.country),
        "apps": app_names(lang, count.apps),
        "as_of": day_name(lang, date_at(count.as_of_s, count.zone)),
        "zone": count.zone,
    }
    if count.day is not None:
        found |= {"since": duration(lang, "since", count.day), "lasted": duration(lang, "lasted", count.day)}
    if count.last_known is not None:
        known = Days(count.last_known.low, count.last_known.high)
        found["known"] = duration(lang, "lasted", known)
    if count.began is not None:
        found |= {
            "began": _by(count, lang, day_range(lang, "began", count.began)),
            "beginning": _by(count, lang, day_range(lang, "date", count.began)),
        }
    if count.ended is not None:
        found["end"] = day_range(lang, "date", count.ended)
    if count.blocked.count:
        found["blocked"] = blocked(lang, count.blocked)
    if count.unmeasured_since is not None:
        found["unmeasured"] = day_name(lang, count.unmeasured_since)
    if count.today is not None:
        found["today"] = day_name(lang, count.today)
    return found


def _by(count: DayCount, lang: str, text: str) -> str:
    """A date with whoever told it, where it was not measured: never one without the other."""
    if count.claimed is None:
        return text
    if count.claimed.operator:
        return say(lang, "date.claimed_operator", text=text)
    return say(lang, "date.claimed", text=text, source=isolated(lang, count.claimed.source))


def _source(subject: CounterSubject, count: DayCount, lang: str) -> str:
    if count.began is None:
        return say(lang, "source.nothing")
    reviewed = "reviewed" if subject.reviewed else "unreviewed"
    if count.claimed is not None and count.claimed.operator:
        return say(lang, f"source.operator_{reviewed}")
    title = "" if count.claimed is None else isolated(lang, count.claimed.source)
    return say(lang, f"source.{count.zero.value}_{reviewed}", title=title)


def _began(count: DayCount) -> Began | None:
    if count.began is None:
        return None
    zero = count.claimed
    if zero is None:
        return Began(*_dates(count.began), ZeroSource(ZeroKind.MEASURED.value, "", ""))
    url = zero.url if is_web(zero.url) else ""
    by = ClaimType.OPERATOR_STATEMENT.value if zero.operator else clean(zero.source)
    source = ZeroSource(ZeroKind.CLAIM.value, clean(zero.title), url, by, clean(zero.claim))
    return Began(*_dates(count.began), source)


def is_web(url: str) -> bool:
    """Whether an address may become a link: `javascript:` and its kin may not."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _dates(bracket: Bracket) -> tuple[str | None, str]:
    earliest = None if bracket.earliest is None else bracket.earliest.isoformat()
    return earliest, bracket.latest.isoformat()
