"""Which counters there are: one for each incident, and one for each country.

A country's counter shows the oldest incident that stands and is seen to (how long calls have been stopped is
counted from the first of them), and where none stands the newest that ended: a badge that says "over" while
something else stands would be false. Where calls do not get through and no incident that stands is seen to,
it shows none, and says so. Withdrawn incidents are left out there; under its own id each has a counter that
says so, and a merged one shows what it was merged into.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from voipwatch.chronicle.dayzero import claimed_days, of_operator, source_of
from voipwatch.civic.daycount import Bracket, DayZero, Measuring, blocked_of, followed, shows
from voipwatch.model.claims import Claim
from voipwatch.model.incidents import Incident, IncidentKind, IncidentStatus, SeriesName
from voipwatch.model.instants import seconds
from voipwatch.site.names import BAD

States = Mapping[str, Mapping[SeriesName, Measuring]]
"""Country -> series -> whether it is measured, and gets through."""
_DECIDED: Final = BAD | {"ok"}
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*", re.ASCII)


class CounterSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What one counter counts."""

    id: str
    """In its addresses: a country's code or an incident's id."""
    country: str
    incident: Incident | None
    as_of: str
    """Of the bundle."""
    valid_until: str | None
    instance: str = ""
    """Name of the emulation, else empty."""
    measuring: Mapping[SeriesName, Measuring]
    """Every series of the country."""
    zero: DayZero | None = None
    """Instead of the measured onset."""
    zone: str = ""
    """IANA name; empty: the country's (`civic.zones`)."""

    @property
    def reviewed(self) -> bool:
        """Whether a person signed any revision of it."""
        return self.incident is not None and self.incident.reviewed_revision > 0


class _Series(msgspec.Struct):
    country: str
    operator: str
    access: str
    app: str
    state: str
    measured: bool
    measured_until: str | None


class _States(msgspec.Struct):
    series: list[_Series]


def states_of(states_json: bytes) -> dict[str, dict[SeriesName, Measuring]]:
    """`States` of a bundle's states.json. Raises msgspec.DecodeError, ValueError for anything else."""
    found: dict[str, dict[SeriesName, Measuring]] = {}
    for each in msgspec.json.decode(states_json, type=_States).series:
        name = SeriesName(each.operator, each.access, each.app)
        until_s = None if each.measured_until is None else seconds(each.measured_until)
        # Measured is what a row decided within a week: one that decides nothing tells nothing.
        measured = each.measured and each.state in _DECIDED
        through = each.state not in BAD if measured else None
        found.setdefault(each.country, {})[name] = Measuring(measured, until_s, through)
    return found


def subjects_of(
    incidents: Iterable[Incident],
    states: States,
    *,
    as_of: str,
    valid_until: str | None,
    instance: str = "",
    zeros: Mapping[str, DayZero] | None = None,
    zones: Mapping[str, str] | None = None,
) -> list[CounterSubject]:
    """Every counter of a bundle, by id.

    Args:
        incidents: newest revision of each, tombstones too.
        states: of all its series.
        as_of: of the bundle, as is the next.
        valid_until: None for a bundle that never spoke of now.
        instance: of an emulation.
        zeros: incident -> day zero by a claim.
        zones: country -> zone other than `civic.zones` gives.

    Raises:
        ValueError: an id or a country that can be no part of an address.
    """
    own = {each.id: each for each in incidents}
    countries = sorted({*states, *(each.country for each in own.values())})
    chosen: dict[str, tuple[str, Incident | None]] = {
        country: (
            country,
            shown_of([each for each in own.values() if each.country == country], states.get(country, {})),
        )
        for country in countries
    }
    chosen |= {name: (each.country, followed(each, own)) for name, each in own.items()}
    found = []
    for name, (country, incident) in sorted(chosen.items()):
        if not _ID.fullmatch(name):
            raise ValueError(f"{name!r} can be no part of an address")
        found.append(
            CounterSubject(
                id=name,
                country=country,
                incident=incident,
                as_of=as_of,
                valid_until=valid_until,
                instance=instance,
                measuring=states.get(country, {}),
                zero=None if incident is None else (zeros or {}).get(incident.id),
                zone=(zones or {}).get(country, ""),
            )
        )
    return found


def shown_of(incidents: Iterable[Incident], measuring: Mapping[SeriesName, Measuring]) -> Incident | None:
    """The one that a country's counter shows.

    None where all were withdrawn, or there is none; and where calls do not get through and no incident that
    stands has one of them: the number of another incident would be that of something else.
    """
    kept = [each for each in incidents if each.status is not IncidentStatus.WITHDRAWN]
    standing = [each for each in kept if not each.ended]
    seen = [each for each in standing if shows(each, measuring)]
    if seen:
        return min(seen, key=lambda each: (each.kind is not IncidentKind.CALLS, _onset(each), each.id))
    if blocked_of(measuring).count:
        return None
    if standing:
        return min(standing, key=lambda each: (not _measured(each, measuring), _onset(each), each.id))
    return newest(kept)


def _measured(incident: Incident, measuring: Mapping[SeriesName, Measuring]) -> bool:
    open_ones = [row.series for row in incident.spread if row.ended_latest is None]
    return any(each in measuring and measuring[each].measured for each in open_ones)


def newest(incidents: Iterable[Incident]) -> Incident | None:
    """The newest that stands, else the newest that ended; None where all were withdrawn, or there is none."""
    kept = [each for each in incidents if each.status is not IncidentStatus.WITHDRAWN]
    return max(kept, key=lambda each: (not each.ended, _onset(each), each.id), default=None)


def _onset(incident: Incident) -> str:
    return min((row.latest for row in incident.spread), default="")


def zero_of(claim: Claim, operators: Iterable[str] = ()) -> DayZero | None:
    """Day zero as a claim dates it; None where its date is none, impossible, or open towards now.

    What an operator told (one of `operators`, or by the claim's type) has no name, title or address of it.
    """
    days = claimed_days(claim)
    if days is None:
        return None
    if of_operator(claim, operators):
        return DayZero(bracket=Bracket(*days), source="", claim=claim.id, operator=True)
    return DayZero(
        bracket=Bracket(*days),
        source=source_of(claim),
        claim=claim.id,
        title=claim.source.title,
        url=claim.source.url,
    )
