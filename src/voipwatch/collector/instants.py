"""Instants as records spell them: UTC, ISO 8601 with Z."""

from datetime import UTC, datetime
from functools import lru_cache


@lru_cache(16)  # receipts say the hour, which is the same for thousands of them
def utc(seconds: float) -> str:
    """Unix seconds as text, to the second."""
    return datetime.fromtimestamp(int(seconds), tz=UTC).isoformat().replace("+00:00", "Z")


def unix_seconds(text: str) -> float:
    """Text as Unix seconds. Raises ValueError for anything but a UTC time with Z."""
    if not text.endswith("Z"):
        raise ValueError("no Z at its end")
    try:
        return datetime.fromisoformat(text).timestamp()
    except OverflowError as error:
        raise ValueError("beyond what a clock shows") from error
