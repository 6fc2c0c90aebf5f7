"""How an incident is told: which sentence with which values, and the sentences of three languages.

An operator is named only where a person signed it (`Incident.named`); until then the sentences have no place
for a name. Beside a name stands nothing that the machine found after the signature. Sentences live in
`locale/LANG.toml`, one file a language with the same keys; country, app and operator names are values, which
a page isolates in its own script.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from voipwatch.model.incidents import (
    AttributionReason,
    AttributionState,
    Incident,
    IncidentKind,
    IncidentStatus,
    Phase,
    PhaseKind,
    Spread,
)
from voipwatch.model.instants import iso, seconds

LANGUAGES: Final = ("en", "fr", "ar")
APPS_SHOWN: Final = 3
"""In a title; further ones are counted."""


class Sentence(msgspec.Struct, frozen=True):
    """A key of the locale files and the values for its places."""

    key: str
    values: dict[str, str] = {}


class Card(msgspec.Struct, frozen=True):
    """What a card, a feed item or a preview shows of an incident."""

    title: Sentence
    marks: tuple[Sentence, ...]
    """Emulated, status, attribution: always shown with the title."""
    lines: tuple[Sentence, ...]
    """One a phase, in order."""


def title_of(incident: Incident, signed: Incident | None = None) -> Sentence:
    """What happened, where, since when; to whose customers only where that was signed.

    Beside names apps, dates and end are those of the named alone: what others do is not theirs. Where nobody
    who was named is left, nobody is.

    Args:
        incident: any revision of it.
        signed: the revision that a person signed last before it (`Story.signed`): series that it does
            not have are not told of those it names. None where it is not at hand: all of the named are.
    """
    rows = _rows_of_named(incident, signed)
    names = sorted({row.series.operator for row in rows})
    rows = rows or incident.spread
    ended = bool(rows) and all(row.ended_latest is not None for row in rows)
    apps = sorted({row.series.app for row in rows})
    since = day_of(rows[0].latest) if rows else ""
    values = {"country": incident.country, "date": since}
    kind = "down" if incident.kind is IncidentKind.DOWN else "calls"
    if incident.kind is IncidentKind.CALLS:
        values |= {"apps": ", ".join(apps[:APPS_SHOWN])}
        if len(apps) > APPS_SHOWN:
            kind, values = "calls-more", values | {"more": str(len(apps) - APPS_SHOWN)}
    if ended:
        values |= {"until": day_of(max(row.ended_latest or "" for row in rows))}
    tense = "ended" if ended else "stands"
    if names:
        return Sentence(f"title.named.{kind}.{tense}", values | {"operators": ", ".join(names)})
    return Sentence(f"title.{kind}.{tense}", values)


def _rows_of_named(incident: Incident, signed: Incident | None) -> tuple[Spread, ...]:
    """What may stand beside the names, in order."""
    known = {row.series for row in (incident if signed is None else signed).spread}
    return tuple(
        row for row in incident.spread if row.series.operator in incident.named and row.series in known
    )


def day_of(latest: str) -> str:
    """The day of an upper bound, `2016-01-05`: midnight is the end of the day before."""
    return iso(seconds(latest) - 1)[:10] if latest.endswith("T00:00:00Z") else latest[:10]


def marks_of(incident: Incident) -> tuple[Sentence, ...]:
    """What must stand beside the title wherever it is shown."""
    found = [Sentence("mark.emulated", {"instance": incident.instance})] if incident.synthetic else []
    found.append(_status_of(incident))
    if incident.status is IncidentStatus.WITHDRAWN:
        if incident.merged_into is not None:
            found.append(Sentence("mark.merged", {"id": incident.merged_into}))
        return tuple(found)
    attribution = incident.attribution
    if attribution.state is AttributionState.ATTRIBUTED:
        found.append(Sentence("attribution.attributed"))
    for reason in attribution.reasons:
        if reason is AttributionReason.CANARY_SILENT and attribution.canary_silent_since is not None:
            since = {"since": attribution.canary_silent_since}
            found.append(Sentence("attribution.canary-silent-since", since))
        elif reason is not AttributionReason.CANARY_REACHED:
            found.append(Sentence(f"attribution.{reason.value}"))
    return tuple(found)


def _status_of(incident: Incident) -> Sentence:
    """The status, and of which revision; a signature is under the revision that it was given to."""
    revision = {"revision": str(incident.revision)}
    if incident.status is not IncidentStatus.REVIEWED:
        return Sentence(f"status.{incident.status.value}", revision)
    reviewed = {"reviewed": str(incident.reviewed_revision)}
    # The review itself made the revision after the one it was of.
    if incident.revision <= incident.reviewed_revision + 1:
        return Sentence("status.reviewed", reviewed)
    return Sentence("status.reviewed-revised", reviewed | revision)


def line_of(phase: Phase, *, utc_offset_h: int = 0) -> Sentence:
    """One phase as a sentence.

    Args:
        phase: of any incident; operators are counted, not named.
        utc_offset_h: of the country's clock in that phase, for hours of the day.
    """
    operators = {each.operator for each in phase.series}
    values = {
        "latest": phase.latest,
        "operators": str(len(operators)),
        "accesses": ", ".join(sorted({each.access for each in phase.series})),
        "apps": str(len({each.app for each in phase.series})),
    }
    bound = "open" if phase.earliest is None else "bounded"
    if phase.earliest is not None:
        values |= {"earliest": phase.earliest}
    if phase.kind is PhaseKind.INTERMITTENT:
        values |= {
            "hours_utc": hours_text(phase.blocked_hours),
            "hours_local": hours_text(tuple((hour + utc_offset_h) % 24 for hour in phase.blocked_hours)),
            "until": phase.until or "",
        }
        bound = "over" if phase.until is not None else "stands"
        bound += "" if phase.blocked_hours else "_unhoured"
    return Sentence(f"phase.{phase.kind.value}.{bound}", values)


def hours_text(hours: tuple[int, ...]) -> str:
    """`18–23` for 18, 19, 20, 21, 22: ranges from the first hour's start to the last one's end; over midnight
    they are one.
    """
    wanted = sorted(set(hours))
    if len(wanted) == 24:
        return "0–24"
    starts = [hour for hour in wanted if (hour - 1) % 24 not in wanted]
    found = []
    for start in starts:
        length = next(count for count in range(1, 25) if (start + count) % 24 not in wanted)
        end = (start + length) % 24
        found.append(f"{start}–{end or 24}")
    return ", ".join(found)


def card_of(incident: Incident, signed: Incident | None = None, *, utc_offset_h: int = 0) -> Card:
    """Title, marks and phases; `signed` as `title_of` has it."""
    lines = tuple(line_of(phase, utc_offset_h=utc_offset_h) for phase in incident.phases)
    return Card(title_of(incident, signed), marks_of(incident), lines)


def told(sentence: Sentence, lang: str) -> str:
    """The sentence in one of `LANGUAGES`, values as they stand; pages that isolate values fill in themselves.

    Raises KeyError for a key that is in no file: that is our fault, and a test looks for it.
    """
    return sentences(lang)[sentence.key].format(**sentence.values)


@cache
def sentences(lang: str) -> Mapping[str, str]:
    """All sentences of a language, by dotted key."""
    place = files("voipwatch.chronicle").joinpath("locale").joinpath(f"{lang}.toml")
    found: dict[str, str] = {}
    _flatten(tomllib.loads(place.read_text(encoding="utf-8")), "", found)
    return found


def _flatten(table: Mapping[str, object], prefix: str, found: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", found)
        else:
            found[f"{prefix}{key}"] = str(value)
