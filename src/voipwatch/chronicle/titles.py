"""How an incident is told: which sentence with which values, and the sentences of three languages.

An operator is named only where a person signed it (`Incident.named`); until then the sentences have no place
for a name. Beside a name stands nothing that the machine found after the signature. Sentences live in
`locale/LANG.toml`, one file a language with the same keys; country, app and operator names are values, which
a page isolates in its own script.
"""

import tomllib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Final, NamedTuple

import msgspec

from voipwatch.model.incidents import (
    AttributionReason,
    AttributionState,
    Incident,
    IncidentKind,
    IncidentStatus,
    Phase,
    PhaseKind,
    SeriesName,
    Spread,
)
from voipwatch.model.instants import iso, seconds

LANGUAGES: Final = ("en", "fr", "ar")
APPS_SHOWN: Final = 3
"""In a title; further ones are counted."""
OPERATORS_SHOWN: Final = 5
"""In a title. Of more than that it names none: which of them would be a choice, and all of them no title."""
_BEGINS: Final = frozenset({PhaseKind.ONSET, PhaseKind.EXTENSION, PhaseKind.INTERMITTENT})
_PLACES: Final = ("named", "all", "first", "nowhere")
_KINDS: Final = ("calls", "calls-more-1", "calls-more-2", "calls-more-3", "calls-more-11", "down")
_MORE: Final = (11, 3, 2, 1)
"""From how many further apps on a language may count otherwise: of ours Arabic does (CLDR's plural rules, of
which those for a hundred and more are left out)."""
_SAME: Final = ("alike", "mixed")
_WHEN: Final = ("between", "day", "open", "none")
_OPEN: Final = ("stands", "open", "stood", "unseen")
_TENSES: Final = (*_OPEN, *(f"{tense}-partly" for tense in _OPEN), "ended")


class Seen(NamedTuple):
    """What was seen last of one series, or of an incident's open ones together."""

    kind: str
    """`stands`: measured within a week, and it does not get through. `passes`: measured within a week, and it
    does, though no end is established. `stood`: not measured, and what was seen last is that something does
    not get through. `unseen`: not measured, and the last row that decides says that it does."""
    day: str
    """ISO date on which it was seen last; empty where an incident has no open series."""


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


def title_of(
    incident: Incident, signed: Incident | None = None, *, seen: Seen | None = None, as_of: str = ""
) -> Sentence:
    """What happened, where, when it began; to whose customers only where that was signed.

    What stands beside names holds for each of them: between `date` and `by` each was reached for the first
    time, by `until` all of it was over for all. Where the apps and accesses are not the same everywhere, the
    sentence says so. Where nobody who was named is left, or more than five are, nobody is named. Without
    names the interval is that of the first phase, and accesses that came later are told apart.

    Of an incident without an end it says by itself that no end was seen as of a day, which stays true.
    With `seen` it says what rows say: in the present tense, for a place where "as of" stands beside it, only
    where it is measured and does not get through; else when it was seen last, and how.

    Args:
        incident: any revision of it.
        signed: the revision that a person signed last before it (`Story.signed`): series that it does
            not have are not told of those it names. None where it is not at hand: all of the named are.
        seen: what was seen last of the open ones of `rows_told`; None where no rows are at hand.
        as_of: until when an end was looked for, ISO 8601; empty: the incident's own.

    Returns:
        key: `title.PLACE.KIND.SAME.WHEN.TENSE`, one of `sentences`.
        values: country, apps, more; operators; accesses, later; date, by, until, as_of, seen: days,
            `2016-01-05`.
    """
    rows = _rows_of_named(incident, signed)
    names = sorted({row.series.operator for row in rows})
    earliest, latest = _first_reached(_as_signed(rows, signed)) if names else _first_phase(incident)
    place, values = _place_of(incident, rows)
    rows = rows or incident.spread
    series = {row.series for row in rows} or {name for phase in incident.phases for name in phase.series}
    kind, told_apps = _apps_of(incident, series)
    values |= {"country": incident.country} | told_apps
    same = "alike" if _alike(series) else "mixed"
    when = "none"
    if latest is not None:
        values |= {"by": day_of(latest)}
        when = "open"
    if latest is not None and earliest is not None:
        values |= {"date": earliest[:10]}
        when = "day" if values["date"] == values["by"] else "between"
    tense, told_end = _tense_of(rows, seen, as_of or incident.as_of)
    return Sentence(f"title.{place}.{kind}.{same}.{when}.{tense}", values | told_end)


def rows_told(incident: Incident, signed: Incident | None = None) -> tuple[Spread, ...]:
    """The rows that its title is of: those of the named, else all; `signed` as `title_of` has it."""
    return _rows_of_named(incident, signed) or incident.spread


def _tense_of(rows: tuple[Spread, ...], seen: Seen | None, as_of: str) -> tuple[str, dict[str, str]]:
    """Whether it is over, or what is known instead, and the days of that."""
    over = [row.ended_latest for row in rows if row.ended_latest is not None]
    if over and len(over) == len(rows):
        return "ended", {"until": day_of(max(over))}
    partly = "-partly" if over else ""
    if seen is None or not seen.day:
        return f"open{partly}", {"as_of": as_of[: len("2016-01-05")]}
    if seen.kind == "stands":
        return f"stands{partly}", {}
    return ("stood" if seen.kind == "stood" else "unseen") + partly, {"seen": seen.day}


def _place_of(incident: Incident, rows: tuple[Spread, ...]) -> tuple[str, dict[str, str]]:
    """Beside names their accesses; else those of the first phase, and what came later."""
    if rows:
        names = sorted({row.series.operator for row in rows})
        accesses = sorted({row.series.access for row in rows})
        return "named", {"operators": ", ".join(names), "accesses": ", ".join(accesses)}
    all_of = {row.series.access for row in incident.spread}
    first = _onset(incident)
    begun = all_of if first is None else _perhaps_at_first(incident, first)
    values = {"accesses": ", ".join(sorted(begun))}
    if later := sorted(all_of - begun):
        return "first", values | {"later": ", ".join(later)}
    return ("all" if begun else "nowhere"), values


def _perhaps_at_first(incident: Incident, first: Phase) -> set[str]:
    """Accesses of the first phase, and those of which a series may have been reached before it was over."""
    reached = {each.access for each in first.series}
    for row in incident.spread:
        if row.earliest is None or row.earliest < first.latest:
            reached.add(row.series.access)
    return reached


def _as_signed(rows: tuple[Spread, ...], signed: Incident | None) -> tuple[Spread, ...]:
    """The rows as the signed revision has them: no date beside a name is of what was found after it."""
    if signed is None:
        return rows
    series = {row.series for row in rows}
    return tuple(row for row in signed.spread if row.series in series)


def _apps_of(incident: Incident, series: AbstractSet[SeriesName]) -> tuple[str, dict[str, str]]:
    """Which kind of sentence, and its apps."""
    if incident.kind is IncidentKind.DOWN:
        return "down", {}
    apps = sorted({each.app for each in series})
    values = {"apps": ", ".join(apps[:APPS_SHOWN])}
    if more := max(len(apps) - APPS_SHOWN, 0):
        counted = next(number for number in _MORE if more >= number)
        return f"calls-more-{counted}", values | {"more": str(more)}
    return "calls", values


def _alike(series: AbstractSet[SeriesName]) -> bool:
    """Whether every app is there on every access of every operator that is there."""
    operators = {each.operator for each in series}
    accesses = {each.access for each in series}
    return len(series) == len(operators) * len(accesses) * len({each.app for each in series})


def _first_reached(rows: tuple[Spread, ...]) -> tuple[str | None, str]:
    """Between when and when each operator of these was reached for the first time."""
    bounds: list[tuple[str | None, str]] = []
    for name in {row.series.operator for row in rows}:
        own = [row for row in rows if row.series.operator == name]
        known = [row.earliest for row in own if row.earliest is not None]
        bounds.append((min(known) if len(known) == len(own) else None, min(row.latest for row in own)))
    lower = [earliest for earliest, _ in bounds if earliest is not None]
    return min(lower) if len(lower) == len(bounds) else None, max(latest for _, latest in bounds)


def _first_phase(incident: Incident) -> tuple[str | None, str | None]:
    first = _onset(incident)
    return (None, None) if first is None else (first.earliest, first.latest)


def _onset(incident: Incident) -> Phase | None:
    """The phase that it began with; phases are in order."""
    return next((phase for phase in incident.phases if phase.kind in _BEGINS), None)


def _rows_of_named(incident: Incident, signed: Incident | None) -> tuple[Spread, ...]:
    """What may stand beside the names, in order; nothing where they are too many."""
    known = {row.series for row in (incident if signed is None else signed).spread}
    rows = tuple(
        row for row in incident.spread if row.series.operator in incident.named and row.series in known
    )
    return rows if len({row.series.operator for row in rows}) <= OPERATORS_SHOWN else ()


def day_of(latest: str) -> str:
    """The day of an upper bound, `2016-01-05`: midnight is the end of the day before."""
    return iso(seconds(latest) - 1)[:10] if latest.endswith("T00:00:00Z") else latest[:10]


def marks_of(incident: Incident) -> tuple[Sentence, ...]:
    """What must stand beside the title wherever it is shown."""
    found = [Sentence("mark.emulated", {"instance": incident.instance})] if incident.synthetic else []
    found.append(status_of(incident))
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


def status_of(incident: Incident) -> Sentence:
    """The status, and of which revision; a signature is under the revision that it was given to."""
    revision = {"revision": str(incident.revision)}
    if incident.status is not IncidentStatus.REVIEWED:
        return Sentence(f"status.{incident.status.value}", revision)
    reviewed = {"reviewed": str(incident.reviewed_revision)}
    # The review itself made the revision after the one it was of.
    if incident.revision <= incident.reviewed_revision + 1:
        return Sentence("status.reviewed", reviewed)
    return Sentence("status.reviewed-revised", reviewed | revision)


def line_of(phase: Phase, *, utc_offset_h: float | None = None) -> Sentence:
    """One phase as a sentence.

    Args:
        phase: of any incident; operators are counted, not named.
        utc_offset_h: of the country's clocks all through that phase, for hours of the day; None where that
            is no one number: then they are told in UTC alone.
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
        values |= {"hours_utc": hours_text(phase.blocked_hours), "until": phase.until or ""}
        bound = "over" if phase.until is not None else "stands"
        if not phase.blocked_hours:
            bound += "_unhoured"
        elif utc_offset_h is None:
            bound += "_utc"
        else:
            values |= {"hours_local": hours_text(phase.blocked_hours, utc_offset_h)}
    return Sentence(f"phase.{phase.kind.value}.{bound}", values)


def time_of(phase: Phase, incident: Incident) -> tuple[str, str]:
    """From when to when a phase's hours of the day are told: for whoever looks up the country's clock."""
    return phase.earliest or phase.latest, phase.until or max(phase.latest, incident.as_of)


def hours_text(hours: tuple[int, ...], offset_h: float = 0.0) -> str:
    """`18–23` for 18, 19, 20, 21, 22: ranges from the first hour's start to the last one's end; over midnight
    they are one.

    Args:
        hours: of the day, 0 to 23.
        offset_h: that the clock told is ahead of the hours' own; `23:30–4:30` where it is not whole.
    """
    wanted = set(hours)
    if len(wanted) == 24:
        return "0–24"
    starts = [hour for hour in wanted if (hour - 1) % 24 not in wanted]
    found = []
    for start in sorted(starts, key=lambda hour: (hour + offset_h) % 24):
        length = next(count for count in range(1, 25) if (start + count) % 24 not in wanted)
        found.append(f"{_clock(start + offset_h)}–{_clock(start + length + offset_h, midnight='24')}")
    return ", ".join(found)


def _clock(hour: float, *, midnight: str = "0") -> str:
    minutes = round(hour * 60) % (24 * 60)
    if minutes == 0:
        return midnight
    return f"{minutes // 60}:{minutes % 60:02}" if minutes % 60 else str(minutes // 60)


def card_of(
    incident: Incident,
    signed: Incident | None = None,
    *,
    utc_offsets_h: Sequence[float | None] | None = None,
) -> Card:
    """Title, marks and phases.

    Args:
        incident: any revision of it.
        signed: as `title_of` has it.
        utc_offsets_h: one a phase, as `line_of` has it; None: hours are told in UTC alone.
    """
    offsets = (None,) * len(incident.phases) if utc_offsets_h is None else utc_offsets_h
    lines = tuple(
        line_of(phase, utc_offset_h=offset) for phase, offset in zip(incident.phases, offsets, strict=True)
    )
    return Card(title_of(incident, signed), marks_of(incident), lines)


def told(sentence: Sentence, lang: str) -> str:
    """The sentence in one of `LANGUAGES`, values as they stand; pages that isolate values fill in themselves.

    Raises KeyError for a key that is in no file: that is our fault, and a test looks for it.
    """
    return sentences(lang)[sentence.key].format(**sentence.values)


@cache
def sentences(lang: str) -> Mapping[str, str]:
    """All sentences of a language, by dotted key; titles are put together from their parts."""
    place = files("voipwatch.chronicle").joinpath("locale").joinpath(f"{lang}.toml")
    found: dict[str, str] = {}
    _flatten(tomllib.loads(place.read_text(encoding="utf-8")), "", found)
    parts = {key: found.pop(key) for key in list(found) if key.startswith("title.")}
    for where, kind, same, when, tense in product(_PLACES, _KINDS, _SAME, _WHEN, _TENSES):
        what, more, _ = kind.partition("-more-")
        pieces = (
            f"{what}.{tense.removesuffix('-partly')}",
            f"place.{where}",
            f"same.{same}",
            f"when.{when}",
            f"end.{tense}",
        )
        text = "".join(parts[f"title.{piece}"] for piece in pieces)
        if more:
            text = text.replace("{apps}", parts[f"title.apps.{kind.removeprefix('calls-')}"])
        found[f"title.{where}.{kind}.{same}.{when}.{tense}"] = text
    return found


def _flatten(table: Mapping[str, object], prefix: str, found: dict[str, str]) -> None:
    for key, value in table.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{key}.", found)
        else:
            found[f"{prefix}{key}"] = str(value)
