"""Emulated and real rows never share a bundle: what every file says of itself, and who refuses."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from voipwatch.model.bundle import VALID_S, SeriesId
from voipwatch.model.instants import iso

SYNTHETIC: Final = "synthetic"


class MixedWorldsError(Exception):
    """A row of one world was about to enter the bundle of another: our fault, and nothing is written."""


class World(msgspec.Struct, frozen=True):
    """Which world a bundle is of, and as of when."""

    instance: str
    """Name of the emulation, empty for real measurements."""
    as_of: int
    """Unix seconds."""
    final: bool = False
    """A closed observatory's last bundle says nothing of the time after it."""

    @property
    def synthetic(self) -> bool:
        """Whether it is emulated."""
        return bool(self.instance)

    @property
    def valid_until(self) -> int:
        """Unix seconds."""
        return self.as_of if self.final else self.as_of + VALID_S

    def head(self, schema: str) -> dict[str, Any]:
        """What every JSON file begins with."""
        return {
            "schema": schema,
            "as_of": iso(self.as_of),
            "valid_until": iso(self.valid_until),
            **self.mark,
        }

    @property
    def mark(self) -> dict[str, Any]:
        """What says of an entry whether it is emulated: it may be read and quoted without its file."""
        return {SYNTHETIC: self.synthetic, "instance": self.instance}

    def admit(self, series: Iterable[SeriesId]) -> None:
        """Raises MixedWorldsError unless all of them are of this world."""
        self.admit_instances(each.instance for each in series)

    def admit_instances(self, instances: Iterable[str]) -> None:
        """The same for the names alone."""
        for instance in instances:
            if instance != self.instance:
                raise MixedWorldsError(
                    f"a row of {instance or 'real'!r} in a bundle of {self.instance or 'real'!r}"
                )


def document(head: dict[str, Any], body: dict[str, Any]) -> bytes:
    """One JSON file: fixed order, one line feed at its end."""
    return msgspec.json.format(msgspec.json.encode(head | body), indent=1) + b"\n"
