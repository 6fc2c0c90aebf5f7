"""Sourced tariffs, a file a country: `data/tariffs-CC.toml`. What is not sourced is listed there, not
guessed.
"""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.civic.costs.inputs import Source
from voipwatch.civic.ranges import Range

COUNTRIES: Final = ("MA",)
"""That have a file."""


class Kind(StrEnum):
    """What is paid for."""

    MINUTE = "minute"
    """Of a call through the operator."""
    GIGABYTE = "gigabyte"


class Tax(StrEnum):
    """Whether a price has its tax in it."""

    BEFORE = "before"
    INCLUDED = "included"
    UNKNOWN = "unknown"


class Tariff(msgspec.Struct, frozen=True, kw_only=True):
    """A price, or an average of prices."""

    id: str
    kind: Kind
    operator: str
    """Empty: an average over all."""
    as_of: str
    """`2015-12`; empty where the source has no date."""
    tax: Tax
    price: Range
    """In the file's currency."""
    sources: tuple[Source, ...]


class Tariffs(msgspec.Struct, frozen=True):
    """Of one country."""

    country: str
    currency: str
    """ISO 4217."""
    tariffs: tuple[Tariff, ...]
    not_sourced: tuple[str, ...]
    """Keys of what was looked for and not found."""

    def of(self, kind: Kind) -> tuple[Tariff, ...]:
        """Those of a kind, in the file's order."""
        return tuple(each for each in self.tariffs if each.kind is kind)


@cache
def tariffs_of(country: str) -> Tariffs | None:
    """The packaged tariffs; None where nothing is sourced of the country."""
    if country not in COUNTRIES:
        return None
    resource = files("voipwatch.civic").joinpath("data").joinpath(f"tariffs-{country.lower()}.toml")
    return decode_tariffs(resource.read_text("utf-8"))


def decode_tariffs(text: str) -> Tariffs:
    """Read tariffs, TOML. Raises KeyError, ValueError (msgspec.ValidationError) for what does not hold."""
    document = tomllib.loads(text)
    sources = {name: msgspec.convert(each, Source) for name, each in document["source"].items()}
    return Tariffs(
        document["country"],
        document["currency"],
        tuple(_tariff(each, sources) for each in document["tariff"]),
        tuple(document["not_sourced"]),
    )


def _tariff(entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Tariff:
    named = tuple(sources[name] for name in entry["sources"])
    if not named:
        raise ValueError(f"{entry['id']} has no source")
    return Tariff(
        id=entry["id"],
        kind=Kind(entry["kind"]),
        operator=entry["operator"],
        as_of=entry["as_of"],
        tax=Tax(entry["tax"]),
        price=Range(float(entry["low"]), float(entry["high"])),
        sources=named,
    )
