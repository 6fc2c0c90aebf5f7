"""Times as they are published: cut to the hour so that the interval still holds."""

from typing import Final

from voipwatch.model.instants import iso

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


def hour_before(time_s: float) -> str:
    """The start of the hour it lies in."""
    return iso(time_s // HOUR_S * HOUR_S)


def hour_after(time_s: float) -> str:
    """The first full hour that is not before it."""
    return iso(-(-time_s // HOUR_S) * HOUR_S)
