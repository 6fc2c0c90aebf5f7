"""Calendar days in a named time zone: which day it is, when the next begins, in which zone a country counts.

Zones come from PyPI `tzdata`, never from the operating system (`zoneinfo` prefers the system's): two servers
with the same release count the same day. Countries come from its `zone.tab` (ISO 3166 code -> zones). One
that has several counts in that of its capital, or of the zone that keeps the capital's time; `CAPITAL_ZONES`
names it for every such country.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

UTC_NAME: Final = "Etc/UTC"
"""For what is no country of the table: the counter says its zone, so that nobody is misled."""
CAPITAL_ZONES: Final[Mapping[str, str]] = {
    "AQ": "Antarctica/McMurdo",
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}


@cache
def zone(name: str) -> ZoneInfo:
    """A zone of `tzdata` by its IANA name. Raises KeyError for any other name."""
    if name not in zone_names():
        raise KeyError(f"{name!r} is no time zone")
    place = files("tzdata").joinpath("zoneinfo")
    for part in name.split("/"):
        place = place.joinpath(part)
    with place.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


@cache
def zone_names() -> frozenset[str]:
    """Every name that `zone` knows."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def _zones_of_countries() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    table = files("tzdata").joinpath("zoneinfo").joinpath("zone.tab").read_text("utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), name)
    return found


def zone_of_country(country: str) -> str:
    """The zone in which a country's days are counted; `UTC_NAME` for what is no code of the table."""
    named = CAPITAL_ZONES.get(country)
    return named or _zones_of_countries().get(country, (UTC_NAME,))[0]


def date_at(time_s: float, name: str) -> date:
    """The day that people in the zone `name` have at a time, Unix seconds."""
    return datetime.fromtimestamp(time_s, tz=zone(name)).date()


def next_midnight_s(time_s: float, name: str) -> float:
    """When the day that it is in the zone at a time is over: Unix seconds, always later than `time_s`.

    Where the clock jumps over midnight it is the jump; where it shows midnight twice, the first that is still
    to come. A day that a zone left out (Apia, 30 December 2011) is left out here too.
    """
    where = zone(name)
    tomorrow = date_at(time_s, name) + timedelta(days=1)
    midnight = datetime.combine(tomorrow, time.min, tzinfo=where)
    first_s, second_s = midnight.timestamp(), midnight.replace(fold=1).timestamp()
    # In a gap fold=1 is the earlier of the two and lies on the old day; only a repeated hour needs it.
    return first_s if first_s > time_s else second_s
