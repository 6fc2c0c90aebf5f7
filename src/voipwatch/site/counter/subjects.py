"""Which counters there are: one for each incident, and one for each country.

A country's counter shows its newest incident that stands, and where none stands the newest that ended: a
badge that says "over" while something else stands would be false. Withdrawn incidents are left out there;
under its own id each has a counter that says so, and a merged one shows what it was merged into.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from voipwatch.chronicle.edtf import decode_edtf
from voipwatch.civic.daycount import Bracket, DayZero, Measuring, followed
from voipwatch.model.claims import Claim
from voipwatch.model.incidents import Incident, IncidentStatus, SeriesName
from voipwatch.model.instants import seconds

States = Mapping[str, Mapping[SeriesName, Measuring]]
"""Country -> series -> whether it is measured."""
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
        found.setdefault(each.country, {})[name] = Measuring(each.measured, until_s)
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
        country: (country, newest(each for each in own.values() if each.country == country))
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


def newest(incidents: Iterable[Incident]) -> Incident | None:
    """The one that a country's counter shows; None where all were withdrawn, or there is none."""
    kept = [each for each in incidents if each.status is not IncidentStatus.WITHDRAWN]
    return max(kept, key=lambda each: (not each.ended, _onset(each), each.id), default=None)


def _onset(incident: Incident) -> str:
    return min((row.latest for row in incident.spread), default="")


def zero_of(claim: Claim) -> DayZero | None:
    """Day zero as a claim dates it; None where its date is impossible, or open towards now.

    A claim's days are those of its country's calendar, whatever its clock.
    """
    span = decode_edtf(claim.date)
    if span.impossible or span.until_s is None:
        return None
    earliest = None if span.since_s is None else _day(span.since_s)
    return DayZero(
        bracket=Bracket(earliest, _day(span.until_s - 1)),
        title=claim.source.title,
        url=claim.source.url,
        lang="en",
    )


def _day(time_s: float) -> date:
    return datetime.fromtimestamp(time_s, tz=UTC).date()
