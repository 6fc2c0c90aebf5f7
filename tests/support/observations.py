"""Observations to test with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from voipwatch.civic.observations import Observation, Precision, Quantity, observation

START = datetime(2016, 1, 1, 12, tzinfo=UTC)


def seen(**changes: Any) -> Observation:
    """One of a page of Inwi; fields are exchanged by name."""
    fields: dict[str, Any] = {
        "page": "facebook:inwi",
        "quantity": Quantity.LIKES,
        "low": 10,
        "high": 10,
        "precision": Precision.EXACT,
        "at": "2016-02-28T12:00:00Z",
        "source": "somebody",
        "method": "hand",
    }
    return observation(**(fields | changes))


def day(number: float, count: int, high: int | None = None, **changes: Any) -> Observation:
    """A count, or an interval of one, at noon of a day from 1 January 2016, day 0."""
    at = (START + timedelta(days=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    precision = Precision.EXACT if high is None else Precision.ROUNDED
    return seen(at=at, low=count, high=count if high is None else high, precision=precision, **changes)
