"""The sourced inputs of all methods: `data/cost-inputs.toml`, where each value names who said it, when,
where.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.civic.ranges import Range


class Seen(StrEnum):
    """How far the source was read."""

    ORIGINAL = "original"
    """As its publisher has it."""
    COPY = "copy"
    """Its figures, in a copy elsewhere."""
    REPORT = "report"
    """Somebody's account of it."""
    INFERRED = "inferred"
    """It does not say so; the figure that it published comes out with it."""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who published what, when, where."""

    publisher: str
    title: str
    date: str
    """`2016`, `2016-10` or `2016-10-06`; empty where the source has none."""
    url: str
    """Empty for what has no page."""
    seen: Seen


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One quantity."""

    id: str
    country: str
    """ISO 3166; empty for every country."""
    unit: str
    year: str
    value: Range
    published: float | None
    """What the method's author used; None where nobody published it."""
    sources: tuple[Source, ...]


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A figure of the press or of a study."""

    id: str
    country: str
    method: str
    amount_usd: int
    days: int
    day_usd: int
    """As it was printed: rounded to a dollar."""
    first: date
    last: date
    sources: tuple[Source, ...]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Dates of a block as sources have them; bounds are days, both included."""

    id: str
    country: str
    first_earliest: date
    first_latest: date
    last_earliest: date
    last_latest: date
    partly_until: date | None
    """From this day on everywhere; before, on some kinds of lines only."""
    claims: tuple[str, ...]
    """Ids of the claims of the chronicle that have these dates."""


class CostInputs(msgspec.Struct, frozen=True):
    """All of the file."""

    inputs: Mapping[tuple[str, str], Input]
    """By country and id."""
    published: tuple[Published, ...]
    windows: tuple[Window, ...]

    def find(self, name: str, country: str = "") -> Input | None:
        """The country's own input, else every country's, else None."""
        return self.inputs.get((country, name)) or self.inputs.get(("", name))

    def get(self, name: str, country: str = "") -> Input:
        """The same. Raises KeyError where there is none."""
        found = self.find(name, country)
        if found is None:
            raise KeyError(name)
        return found

    def countries(self) -> tuple[str, ...]:
        """That have inputs of their own, sorted."""
        return tuple(sorted({country for country, _ in self.inputs if country}))


_FILE: Final = "cost-inputs.toml"


@cache
def cost_inputs() -> CostInputs:
    """The packaged inputs; read once."""
    resource = files("voipwatch.civic").joinpath("data").joinpath(_FILE)
    return decode_inputs(resource.read_text("utf-8"))


def decode_inputs(text: str) -> CostInputs:
    """Read inputs, TOML. Raises KeyError, ValueError (msgspec.ValidationError) for what does not hold."""
    document = tomllib.loads(text)
    sources = {name: msgspec.convert(entry, Source) for name, entry in document.get("source", {}).items()}
    inputs: dict[tuple[str, str], Input] = {}
    for entry in document.get("input", []):
        found = _input(entry, sources)
        if (found.country, found.id) in inputs:
            raise ValueError(f"{found.id} is there twice")
        inputs[found.country, found.id] = found
    return CostInputs(
        inputs,
        tuple(_published(entry, sources) for entry in document.get("published", [])),
        tuple(_window(entry) for entry in document.get("window", [])),
    )


def _input(entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Input:
    named = tuple(sources[name] for name in entry["sources"])
    if not named:
        raise ValueError(f"{entry['id']} has no source")
    published = entry.get("published")
    value = Range(float(entry["low"]), float(entry["high"]))
    if published is not None and not value.low <= published <= float(entry["high"]):
        raise ValueError(f"{entry['id']}: what was published lies outside")
    return Input(
        id=entry["id"],
        country=entry.get("country", ""),
        unit=entry["unit"],
        year=entry["year"],
        value=value,
        published=published,
        sources=named,
    )


def _published(entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Published:
    return Published(
        id=entry["id"],
        country=entry["country"],
        method=entry["method"],
        amount_usd=entry["amount_usd"],
        days=entry["days"],
        day_usd=entry["day_usd"],
        first=entry["from"],
        last=entry["until"],
        sources=tuple(sources[name] for name in entry["sources"]),
    )


def _window(entry: Mapping[str, Any]) -> Window:
    first, last = entry["first"], entry["last"]
    return Window(
        id=entry["id"],
        country=entry["country"],
        first_earliest=first[0],
        first_latest=first[1],
        last_earliest=last[0],
        last_latest=last[1],
        partly_until=entry.get("partly_until"),
        claims=tuple(entry["claims"]),
    )
