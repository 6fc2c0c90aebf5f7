"""Times as they are published: UTC, ISO 8601 with Z, cut to the hour so that the interval still holds."""

from datetime import UTC, datetime
from typing import Final

HOUR_S: Final = 3600
DAY_S: Final = 24 * HOUR_S


def iso(time_s: float) -> str:
    """To the second, downwards. Raises ValueError, OverflowError outside of the years 1 to 9999."""
    return datetime.fromtimestamp(time_s // 1, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def hour_before(time_s: float) -> str:
    """The start of the hour it lies in."""
    return iso(time_s // HOUR_S * HOUR_S)


def hour_after(time_s: float) -> str:
    """The first full hour that is not before it."""
    return iso(-(-time_s // HOUR_S) * HOUR_S)


def seconds(text: str) -> float:
    """Unix seconds of what `iso` wrote. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()
