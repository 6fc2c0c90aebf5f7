"""Instants as records spell them: RFC 3339, UTC, with Z at the end."""

from datetime import UTC, datetime
from functools import lru_cache


def iso(time_s: float) -> str:
    """Unix seconds as text, to the second, downwards.

    Raises ValueError, OverflowError outside of the years 1 to 9999.
    """
    return _whole(int(time_s // 1))


@lru_cache(maxsize=1 << 14)  # two years of hours: a bundle says the same few thousand hours millions of times
def _whole(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(time_s: float) -> str:
    """Unix seconds as text, to the millisecond, downwards. Raises as `iso` does."""
    return _with_z(datetime.fromtimestamp(time_s, tz=UTC), "milliseconds")


def iso_exact(time_s: float) -> str:
    """Unix seconds as text, to the microsecond; a fraction only where there is one. Raises as `iso` does."""
    return _with_z(datetime.fromtimestamp(time_s, tz=UTC), "auto")


def seconds(text: str) -> float:
    """Unix seconds of what `iso` wrote. Raises ValueError."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()


def fractional_seconds(text: str) -> float:
    """Unix seconds of what any of the three wrote. Raises ValueError for anything but a UTC time with Z."""
    if not text.endswith("Z"):
        raise ValueError("no Z at its end")
    try:
        return datetime.fromisoformat(text).timestamp()
    except OverflowError as error:
        raise ValueError("beyond what a clock shows") from error


def _with_z(at: datetime, timespec: str) -> str:
    return at.isoformat(timespec=timespec).replace("+00:00", "Z")
