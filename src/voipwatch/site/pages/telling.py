"""Incidents and series in words: titles, marks and phases with every value in its place and isolated.

Names of operators in titles come from `chronicle.titles` alone, which gives them only where a person signed.
"""

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from voipwatch.chronicle.titles import Sentence, day_of, line_of, marks_of, title_of
from voipwatch.civic.offsets import utc_offset_h
from voipwatch.model.incidents import Incident, Phase, SeriesName
from voipwatch.site.names import access_rank, app_name
from voipwatch.site.words import Name, Words

_TIMES = frozenset({"earliest", "latest", "until", "since", "date"})
_DAYS = frozenset({"date", "by", "until"})
"""Of a title."""
_ACCESSES = frozenset({"accesses", "later"})


def title(t: Words, incident: Incident, signed: Incident | None) -> Markup:
    """What happened, where, since when, as HTML; `signed` as `title_of` has it."""
    sentence = title_of(incident, signed)
    return t.sentence(sentence, **title_values(t, sentence, incident))


def plain_title(t: Words, incident: Incident, signed: Incident | None) -> str:
    """The same as plain text."""
    sentence = title_of(incident, signed)
    return t.plain_sentence(sentence, **_plain_title_values(t, sentence, incident))


def title_values(t: Words, sentence: Sentence, incident: Incident) -> Mapping[str, object]:
    """The values of a title, ready for HTML."""
    values = _days(t, sentence) | {"country": t.country(incident.country)}
    if "apps" in sentence.values:
        values["apps"] = t.list(app_name(app) for app in sentence.values["apps"].split(", "))
    if "operators" in sentence.values:
        values["operators"] = t.list(_named(sentence.values["operators"], incident))
    for key in _ACCESSES & sentence.values.keys():
        values[key] = accesses(t, filter(None, sentence.values[key].split(", ")))
    return values


def _plain_title_values(t: Words, sentence: Sentence, incident: Incident) -> Mapping[str, object]:
    values = _days(t, sentence) | {"country": t.country(incident.country)}
    if "apps" in sentence.values:
        values["apps"] = t.plain_list(app_name(app) for app in sentence.values["apps"].split(", "))
    if "operators" in sentence.values:
        values["operators"] = t.plain_list(_named(sentence.values["operators"], incident))
    for key in _ACCESSES & sentence.values.keys():
        values[key] = str(accesses(t, filter(None, sentence.values[key].split(", "))).striptags())
    return values


def _named(joined: str, incident: Incident) -> list[Name]:
    """The names in a title, apart again: one of them may have a comma of its own."""
    named = sorted(incident.named)
    for first in range(len(named)):
        for last in range(len(named), first, -1):
            if ", ".join(named[first:last]) == joined:
                return [Name(each) for each in named[first:last]]
    parts = joined.split(", ")
    return [Name(each) for each in parts] if set(parts) <= set(named) else [Name(joined)]


def _days(t: Words, sentence: Sentence) -> dict[str, object]:
    return {key: t.day(value) for key, value in sentence.values.items() if key in _DAYS and value}


def marks(t: Words, incident: Incident) -> tuple[Markup, ...]:
    """Emulated, status, attribution: always shown with a title."""
    found = []
    for sentence in marks_of(incident):
        values: dict[str, object] = {
            key: Name(value) for key, value in sentence.values.items() if key in {"instance", "id"}
        }
        if "since" in sentence.values:
            values["since"] = t.moment(sentence.values["since"])
        found.append(t.sentence(sentence, **values))
    return tuple(found)


def plain_marks(t: Words, incident: Incident) -> tuple[str, ...]:
    """The same as plain text."""
    return tuple(str(mark.striptags()) for mark in marks(t, incident))


def phase_line(t: Words, country: str, phase: Phase) -> Markup:
    """One phase as a sentence; operators are counted, not named."""
    since, until = phase.earliest or phase.latest, phase.until or phase.latest
    sentence = line_of(phase, utc_offset_h=utc_offset_h(country, since, until))
    values: dict[str, object] = {
        key: bound(t, value, upper=key != "earliest")
        for key, value in sentence.values.items()
        if key in _TIMES and value
    }
    for key in ("hours_utc", "hours_local"):
        if key in sentence.values:
            values[key] = t.span(sentence.values[key])
    if values.get("earliest") is not None and values["earliest"] == values.get("latest"):
        # One day: told by its two times, for the sentence has two places.
        values |= {key: Name(t.moment(sentence.values[key])) for key in ("earliest", "latest")}
    values["accesses"] = accesses(t, (each.access for each in phase.series))
    values["operators"] = int(sentence.values["operators"])
    values["apps"] = int(sentence.values["apps"])
    return t.sentence(sentence, **values)


def bound(t: Words, value: str, *, upper: bool) -> Name:
    """A bound of an interval: where it is the edge of a day that day, which is inside; else a time."""
    if not value.endswith("T00:00:00Z"):
        return Name(t.moment(value))
    return Name(t.day(day_of(value) if upper else value))


def accesses(t: Words, found: Iterable[str]) -> Markup:
    """`3G, 4G and Wi-Fi`, each once, in the order of tables."""
    return t.list(access(t, each) for each in sorted(set(found), key=access_rank))


def access(t: Words, name: str) -> str:
    """`4G`; as it stands where no language has a word."""
    return t.plain(f"access.{name}") if t.has(f"access.{name}") else name


def app(t: Words, name: str) -> Name:
    """`WhatsApp`, or the words for the line itself."""
    return Name(t.plain("line.itself")) if name == "line" else app_name(name)


def state(t: Words, name: str) -> Markup:
    """What a state is called; as it stands where it is none of ours."""
    return t(f"state.{name}") if t.has(f"state.{name}") else t.name(name)


def span(t: Words, earliest: str | None, latest: str) -> Markup:
    """Between two bounds; `by` the second where nothing was seen before."""
    last = bound(t, latest, upper=True)
    if earliest is None:
        return t("span.by", latest=last)
    first = bound(t, earliest, upper=False)
    if first == last:
        return t("span.on", day=last)
    return t("span.between", earliest=first, latest=last)


def days(t: Words, earliest: str | None, latest: str) -> Markup:
    """The same in whole days."""
    last = day_of(latest)
    if earliest is None:
        return t("span.by", latest=t.day(last))
    return t.name(t.days(min(earliest[:10], last), last))


def series_name(t: Words, series: SeriesName) -> Markup:
    """`Operator · 4G · WhatsApp`, each isolated."""
    parts = (series.operator, access(t, series.access), app(t, series.app))
    return Markup(" · ").join(t.name(part) for part in parts)


def said_date(t: Words, edtf: str) -> Markup:
    """A source's date: `5 January 2016`, `January 2016`, `from … to …`; as it stands where it is neither."""
    first, slash, last = edtf.partition("/")
    parts = [_said_part(t, part) for part in ((first, last) if slash else (first,))]
    if any(part is None for part in parts):
        return t.name(edtf)
    if not slash:
        return t.name(str(parts[0]))
    if len(first) == len(last) == len("2016-01-05") and first[:4] == last[:4]:
        return t.name(t.days(first, last))
    return t("span.between", earliest=Name(parts[0] or ""), latest=Name(parts[1] or ""))


def _said_part(t: Words, text: str) -> str | None:
    """Of a whole day or month that exists; None for what has a sign, an open end or no day."""
    try:
        if len(text) == len("2016-01-05"):
            return t.day(text)
        return t.month(text) if len(text) == len("2016-01") else None
    except ValueError:
        return None
