"""Figures that the press printed of a campaign, as observations: one TOML file a campaign, sources once.

The file keeps what was printed and to what step; the intervals are made here, the same way for all. What a
loss and its percentage say of the count before is computed, never typed.
"""

import math
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from voipwatch.civic.observations import (
    FRACTIONS,
    Base,
    Observation,
    ObservationError,
    Precision,
    Quantity,
    base_of,
    interval,
    observation,
)

PACKAGED: Final = {"morocco-2016": "reputation-2016.toml"}
"""Campaigns that come with the package -> their file."""
METHOD: Final = "press"
DERIVED: Final = "press.derived"


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who printed it. A field that was not recorded is empty."""

    publisher: str
    title: str
    url: str = ""
    date: str = ""
    lang: str = ""

    @property
    def told(self) -> str:
        """As an observation names it."""
        return ": ".join(part for part in (self.publisher, self.title) if part) + (
            f" <{self.url}>" if self.url else " (address not recorded)"
        )


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number as it was printed, and the observation that it makes."""

    id: str
    printed: str
    """The number as printed, its sign and its "about" with it."""
    as_published: str
    """The words that the source has for the time, in English."""
    source: Source
    observation: Observation
    note: str = ""


class Before(msgspec.Struct, frozen=True, kw_only=True):
    """What there was before a loss, computed of two figures."""

    page: str
    lost: str
    """Id of the figure of the loss."""
    percent: str
    """Id of the figure of its share."""
    base: Base
    observation: Observation
    """The base as an observation of `likes`."""


class PressFile(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign's figures, in the file's order."""

    name: str
    country: str
    baseline: str
    """The day, EDTF, at the end of which the base stood."""
    figures: tuple[Figure, ...]
    before: tuple[Before, ...]

    @property
    def observations(self) -> tuple[Observation, ...]:
        """All of them; derived bases last."""
        return (
            *(each.observation for each in self.figures),
            *(each.observation for each in self.before),
        )


class _Figure(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    source: str
    page: str
    quantity: Quantity
    printed: str
    value: float
    step: float
    precision: Precision
    at: str
    as_published: str
    note: str = ""


class _Base(msgspec.Struct, forbid_unknown_fields=True):
    lost: str
    percent: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    country: str
    baseline: str
    source: dict[str, Source]
    figure: list[_Figure]
    base: list[_Base] = []


def parse_press(text: str) -> PressFile:
    """A file of figures.

    Raises:
        ObservationError: no TOML, an unknown field, source or figure, or a figure that is no observation;
            `field` says of which.
    """
    try:
        found = msgspec.convert(tomllib.loads(text), _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ObservationError(0, "file", str(error)) from None
    figures: dict[str, Figure] = {}
    for each in found.figure:
        if each.id in figures:
            raise ObservationError(0, each.id, "there are two")
        figures[each.id] = _figure(each, found.source)
    return PressFile(
        name=found.name,
        country=found.country,
        baseline=found.baseline,
        figures=tuple(figures.values()),
        before=tuple(_before(each, figures, found.baseline) for each in found.base),
    )


@cache
def packaged_press(name: str) -> PressFile:
    """One of `PACKAGED`. Raises KeyError for any other name."""
    place = files("voipwatch.civic").joinpath("data").joinpath(PACKAGED[name])
    return parse_press(place.read_text("utf-8"))


def _figure(each: _Figure, sources: dict[str, Source]) -> Figure:
    source = sources.get(each.source)
    if source is None:
        raise ObservationError(0, f"{each.id}.source", f"there is no source {each.source}")
    try:
        low, high = interval(each.value, each.step, each.precision)
        if each.quantity not in FRACTIONS:
            low, high = math.ceil(low), math.floor(high)  # the whole numbers inside
        seen = observation(
            page=each.page,
            quantity=each.quantity,
            # Half steps of percents are no exact floats: 5.615 is meant, not 5.6150000000000002.
            low=round(low, 6),
            high=round(high, 6),
            precision=each.precision,
            at=each.at,
            source=source.told,
            method=METHOD,
        )
    except ObservationError as error:
        raise ObservationError(0, f"{each.id}.{error.field}", error.reason) from None
    except ValueError as error:
        raise ObservationError(0, f"{each.id}.step", str(error)) from None
    return Figure(
        id=each.id, printed=each.printed, as_published=each.as_published, source=source,
        observation=seen, note=each.note,
    )  # fmt: skip


def _before(each: _Base, figures: dict[str, Figure], baseline: str) -> Before:
    for name in (each.lost, each.percent):
        if name not in figures:
            raise ObservationError(0, "base", f"there is no figure {name}")
    lost, percent = figures[each.lost], figures[each.percent]
    try:
        base = base_of(lost.observation, percent.observation)
        seen = observation(
            page=lost.observation.page,
            quantity=Quantity.LIKES,
            low=base.low,
            high=base.high,
            precision=Precision.DERIVED,
            at=baseline,
            source=f"{lost.source.publisher}, {lost.printed} and {percent.printed}: {base.arithmetic}",
            method=DERIVED,
        )
    except ValueError as error:
        raise ObservationError(0, f"base of {each.lost}", str(error)) from None
    return Before(
        page=seen.page, lost=each.lost, percent=each.percent, base=base, observation=seen
    )  # fmt: skip
