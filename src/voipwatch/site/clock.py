"""Clocks of countries, from the release of the tz database that comes with the program (PyPI `tzdata`).

The system's own may be years old, and `zoneinfo` would prefer it: Morocco changed its rules in 2018 and again
in 2026.
"""

from datetime import datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def zone(name: str) -> ZoneInfo:
    """A zone by its IANA name. Raises FileNotFoundError for a name that is none."""
    place = files("tzdata").joinpath("zoneinfo").joinpath(*name.split("/"))
    with place.open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


@cache
def _zones() -> dict[str, str]:
    text = files("tzdata").joinpath("zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            code, _, name, *_ = line.split("\t")
            found.setdefault(code, name)
    return found


def utc_offset_h(country: str, moment: str) -> int:
    """Whole hours that a country's first clock is ahead of UTC at `moment` (ISO 8601); 0 for no country."""
    name = _zones().get(country)
    if name is None:
        return 0
    offset = zone(name).utcoffset(datetime.fromisoformat(moment))
    return int(offset.total_seconds() / 3600) if offset is not None else 0
