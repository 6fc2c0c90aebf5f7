"""The public count of a petition: in steps of ten, rarely, in a log that cannot be rewritten unseen.

Told is `floor(n / 10) * 10`, and of fewer than ten only that they are fewer than ten; at most once a day
(UTC) below 500 and once an hour from there on, so that nobody who watches the page while a neighbour signs
learns that he did. What is told is a line of a log, each with the SHA-256 of the line before, so that a
line that was changed, taken out or put in is seen by whoever kept a later one. A count falls where people
revoke, and the log says so.
"""

import hashlib
import math
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from scipy.stats import chi2

from voipwatch.model.instants import iso, seconds

STEP: Final = 10
"""A told count is a multiple of it."""
HOURLY_FROM: Final = 500
"""A told count from which on it is told by the hour."""
DAY_S: Final = 86_400
HOUR_S: Final = 3_600
FIRST_PREV: Final = "0" * 64
ANOMALY_HOURS: Final = 24
"""The rule looks at whole days."""
ANOMALY_MEAN_MIN: Final = 5.0
"""Confirmations an hour, below which the chi-square distribution is no good approximation (Cochran 1954)."""
ANOMALY_LEVEL: Final = 0.001
"""False alarms a petition and day, at most: docs/methods/arrivals.md."""


class CountLine(msgspec.Struct, frozen=True):
    """One told count."""

    n: int
    """From 1."""
    prev: str
    """Digest of the line before, hex; `FIRST_PREV` in the first."""
    at: str
    """RFC 3339, UTC: when it was taken, the first moment of its hour or day at which somebody looked."""
    count: int
    digest: str
    """SHA-256 of the line without this field: its JSON with sorted keys and no spaces; hex."""


class Regularity(msgspec.Struct, frozen=True):
    """Whether a day's confirmations came more evenly than people come."""

    day: str
    confirmations: int
    p_value: float
    """Of the hourly counts being at least so even, if everybody decides alone; an upper bound."""

    @property
    def robotic(self) -> bool:
        """Whether it is noted on the page."""
        return self.p_value <= ANOMALY_LEVEL


def told_count(confirmed: int) -> int:
    """What is told of a count: zero stands for fewer than ten."""
    return confirmed // STEP * STEP


def next_line(
    last: CountLine | None, confirmed: int, now_s: float, *, opening_s: float | None = None
) -> CountLine | None:
    """The line that is due; None: this hour or day has its own already.

    Every hour or day has one, also where nothing moved: a line that came only with a change would say when
    somebody signed.

    Args:
        last: of the log; None: it is empty.
        confirmed: signatures at this moment.
        now_s: Unix seconds.
        opening_s: an instant, fixed before anybody was counted, from which a line is due at once, whatever
            its day has; None: there is none.
    """
    count = told_count(confirmed)
    if last is None:
        return _line(1, FIRST_PREV, iso(now_s), count)
    # By what was told before: a count that just came to 500 is told no earlier for it.
    period_s = HOUR_S if last.count >= HOURLY_FROM else DAY_S
    opens = opening_s is not None and seconds(last.at) < opening_s <= now_s
    if not opens and now_s // period_s <= seconds(last.at) // period_s:
        return None
    return _line(last.n + 1, last.digest, iso(now_s), count)


def first_break(lines: Iterable[CountLine]) -> int | None:
    """The place, from 0, of the first line that does not follow from those before; None: the log holds."""
    prev, at_s = FIRST_PREV, -math.inf
    for place, line in enumerate(lines):
        try:
            later = seconds(line.at) > at_s
        except ValueError:
            return place
        whole = _line(place + 1, prev, line.at, line.count) == line
        if not (whole and later and line.count >= 0 and line.count % STEP == 0):
            return place
        prev, at_s = line.digest, seconds(line.at)
    return None


def regularity(day: str, by_hour: Sequence[int]) -> Regularity | None:
    """Whether a day's hours are too even for people; None where too few confirmed to say.

    The index of dispersion (Fisher 1950; Cox and Lewis 1966, chapter 6): with everybody alone and no hour
    preferred, `sum((x - mean)^2) / mean` has about the chi-square distribution with 23 degrees of freedom.
    Where hours are preferred it is larger still: the sum of squares is Schur-convex, and so is its tail
    (Rinott 1973), so that the lower tail under even hours bounds that of any day of people who decide
    alone.

    Args:
        day: `2026-11-22`, UTC.
        by_hour: confirmations in each of its 24 hours.

    Raises ValueError for another number of hours.
    """
    if len(by_hour) != ANOMALY_HOURS or min(by_hour) < 0:
        raise ValueError(f"{ANOMALY_HOURS} counts, none of them negative")
    total = sum(by_hour)
    mean = total / ANOMALY_HOURS
    if mean < ANOMALY_MEAN_MIN:
        return None
    dispersion = sum((each - mean) ** 2 for each in by_hour) / mean
    return Regularity(day, total, float(chi2.cdf(dispersion, ANOMALY_HOURS - 1)))


def _line(n: int, prev: str, at: str, count: int) -> CountLine:
    body = {"at": at, "count": count, "n": n, "prev": prev}
    return CountLine(
        n, prev, at, count, hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
    )
