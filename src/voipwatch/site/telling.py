"""Values of the chronicle's sentences as a reader's language writes them: the same on pages, feeds and cards.

Days and times, apps and accesses by name, operators apart again, hours that stay in order where a language
runs from the right. Whether that becomes HTML or plain text is `site.words`' to say, which isolates names in
both. Counters have sentences of their own (`site.counter.phrases`): they count days, name no operator and fit
a badge.
"""

from collections.abc import Iterable, Sequence

from voipwatch.chronicle.titles import Sentence, day_of, line_of
from voipwatch.civic.offsets import utc_offset_h
from voipwatch.model.incidents import Phase
from voipwatch.site.names import access_rank, app_name
from voipwatch.site.words import Commas, Name, Names, Words

BOUNDS = frozenset({"earliest", "latest", "until"})
"""Of a phase: instants."""
DAYS = frozenset({"date", "by", "until", "as_of", "seen"})
"""Of a title: whole days."""
_DAY = len("2016-01-05")


def values_of(t: Words, sentence: Sentence, *, named: Sequence[str] = ()) -> dict[str, object]:
    """What stands in the places of a sentence, ready for `Words.sentence` and `Words.plain_sentence`.

    Args:
        t: the language.
        sentence: a title, a mark or a phase.
        named: operators that may be named: one of them may have a comma of its own, and a title joins them.
    """
    found = {key: _value(t, key, value, named) for key, value in sentence.values.items() if value}
    if found.get("earliest") is not None and found["earliest"] == found.get("latest"):
        # One day: told by its two times, for the sentence has two places.
        found |= {key: Name(t.moment(sentence.values[key])) for key in ("earliest", "latest")}
    if isinstance(apps := found.get("apps"), Names) and "more" in found:
        found["apps"] = Commas(apps)  # the sentence goes on with "and 3 more"
    return found


def _value(t: Words, key: str, value: str, named: Sequence[str]) -> object:
    shown: object = value
    if key in DAYS and len(value) == _DAY:
        shown = t.day(value)
    elif key in BOUNDS:
        shown = bound(t, value, upper=key != "earliest")
    elif key == "since":
        shown = t.moment(value)
    elif key == "country":
        shown = t.country(value)
    elif key in {"accesses", "later"}:
        shown = accesses(t, value.split(", "))
    elif key in {"apps", "operators"} and value.isdecimal() and not named:
        shown = int(value)  # of a phase: counted; a title's may be a name of digits
    elif key == "apps":
        shown = Names(app_name(app) for app in value.split(", "))
    elif key == "operators":
        shown = Names(apart(value, named))
    elif key in {"hours_utc", "hours_local"}:
        shown = t.span(value)
    elif key in {"instance", "id"}:
        shown = Name(value)
    return shown


def apart(joined: str, named: Sequence[str]) -> list[str]:
    """The names in a title, apart again; one whole where that cannot be told."""
    known = sorted(named)
    for first in range(len(known)):
        for last in range(len(known), first, -1):
            if ", ".join(known[first:last]) == joined:
                return known[first:last]
    parts = joined.split(", ")
    return parts if set(parts) <= set(known) else [joined]


def line_sentence(country: str, phase: Phase) -> Sentence:
    """One phase; hours of the day by the country's clock where that is one clock all the time."""
    since, until = phase.earliest or phase.latest, phase.until or phase.latest
    return line_of(phase, utc_offset_h=utc_offset_h(country, since, until))


def bound(t: Words, value: str, *, upper: bool) -> Name:
    """A bound of an interval: where it is the edge of a day that day, which is inside; else a time."""
    if not value.endswith("T00:00:00Z"):
        return Name(t.moment(value))
    return Name(t.day(day_of(value) if upper else value))


def accesses(t: Words, found: Iterable[str]) -> Names:
    """`3G, 4G and Wi-Fi`, each once, in the order of tables."""
    return Names(access(t, each) for each in sorted(set(found) - {""}, key=access_rank))


def access(t: Words, name: str) -> str:
    """`4G`; as it stands where no language has a word."""
    return t.plain(f"access.{name}") if t.has(f"access.{name}") else name
