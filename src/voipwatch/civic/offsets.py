"""How far a country's clocks are ahead of UTC, where that is one number: else only UTC is said.

Local time is told only where all zones of a country agree, and only of a time in which none of them changes:
the hours of a phase that goes through a change of clocks would be wrong in half of it. Countries come from
`zone1970.tab` of PyPI `tzdata`, whose zones are apart where clocks differed since 1970.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final

from voipwatch.civic.zones import zone

_STEP: Final = timedelta(days=1)
"""No zone of the table changes its clock and changes it back within a day."""


@cache
def _zones_of_countries() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    table = files("tzdata").joinpath("zoneinfo").joinpath("zone1970.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            countries, _, name = line.split("\t")[:3]
            for country in countries.split(","):
                found[country] = (*found.get(country, ()), name)
    return found


def zones_of_country(country: str) -> tuple[str, ...]:
    """All zones of a country (ISO 3166), in the table's order; none for what is no code of the table."""
    return _zones_of_countries().get(country, ())


def utc_offset_h(country: str, first: str, last: str) -> float | None:
    """Hours that every clock of a country was ahead of UTC from `first` to `last` (ISO 8601), both included.

    None where the country is not in the table, its zones differ, or one of them changes in that time.
    """
    since, until = (datetime.fromisoformat(each).astimezone(UTC) for each in (first, last))
    moments = [until]
    while since < until:
        moments.append(since)
        since += _STEP
    offsets = {
        where.utcoffset(moment.astimezone(where))
        for where in map(zone, zones_of_country(country))
        for moment in moments
    }
    if len(offsets) != 1:
        return None
    (offset,) = offsets
    return None if offset is None else offset / timedelta(hours=1)
