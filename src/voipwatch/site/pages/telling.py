"""Incidents and series in words: titles, marks and phases with every value in its place and isolated.

Names of operators in titles come from `chronicle.titles` alone, which gives them only where a person signed.
"""

from collections.abc import Iterable

from markupsafe import Markup

from voipwatch.chronicle.titles import Seen, day_of, marks_of, title_of
from voipwatch.model.incidents import Incident, Phase, SeriesName
from voipwatch.site import telling
from voipwatch.site.names import app_name
from voipwatch.site.telling import bound
from voipwatch.site.words import Name, Words


def title(
    t: Words, incident: Incident, signed: Incident | None, *, seen: Seen | None = None, as_of: str = ""
) -> Markup:
    """What happened, where, since when, as HTML; `signed`, `seen` and `as_of` as `title_of` has them."""
    sentence = title_of(incident, signed, seen=seen, as_of=as_of)
    return t.sentence(sentence, **telling.values_of(t, sentence, named=incident.named))


def plain_title(
    t: Words, incident: Incident, signed: Incident | None, *, seen: Seen | None = None, as_of: str = ""
) -> str:
    """The same as plain text."""
    sentence = title_of(incident, signed, seen=seen, as_of=as_of)
    return t.plain_sentence(sentence, **telling.values_of(t, sentence, named=incident.named))


def marks(t: Words, incident: Incident) -> tuple[Markup, ...]:
    """Emulated, status, attribution: always shown with a title."""
    return tuple(t.sentence(mark, **telling.values_of(t, mark)) for mark in marks_of(incident))


def plain_marks(t: Words, incident: Incident) -> tuple[str, ...]:
    """The same as plain text."""
    return tuple(str(mark.striptags()) for mark in marks(t, incident))


def phase_line(t: Words, country: str, phase: Phase) -> Markup:
    """One phase as a sentence; operators are counted, not named."""
    sentence = telling.line_sentence(country, phase)
    return t.sentence(sentence, **telling.values_of(t, sentence))


def accesses(t: Words, found: Iterable[str]) -> Markup:
    """`3G, 4G and Wi-Fi`, each once, in the order of tables."""
    return t.list(telling.accesses(t, found))


access = telling.access


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
    return t.name(f"{parts[0]} – {parts[1]}")


def _said_part(t: Words, text: str) -> str | None:
    """Of a whole day or month that exists; None for what has a sign, an open end or no day."""
    try:
        if len(text) == len("2016-01-05"):
            return t.day(text)
        return t.month(text) if len(text) == len("2016-01") else None
    except ValueError:
        return None
