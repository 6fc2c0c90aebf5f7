"""Dates as sources give them: the part of the Extended Date/Time Format that chronologies need.

Source: EDTF (ISO 8601-2:2019, annex A; Library of Congress, 2019-02-04), level 0 dates and intervals, and of
level 1 the qualifiers `~`, `?`, `%` and the open interval `..`. A date that cannot be is no error of the
reader: it is kept as published, and has no bounds.
"""

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?([~?%]?)", re.ASCII)
OPEN: Final = ".."
ROUGH_DAYS: Final = {"day": 3, "month": 31, "year": 366}
"""What "about" adds on either side: three days to a day, a month to a month, a year to a year."""


class EdtfError(ValueError):
    """Not in the subset."""


class Span(msgspec.Struct, frozen=True):
    """What a date says, as bounds in Unix seconds; None: open."""

    since_s: float | None
    until_s: float | None
    """Exclusive: the first second after it."""
    uncertain: bool = False
    """`?` or `%`: the source itself does not know."""
    approximate: bool = False
    """`~` or `%`: the bounds are as wide as "about" makes them."""
    impossible: bool = False
    """There is no such day; the bounds mean nothing."""

    @property
    def width_s(self) -> float | None:
        """None where an end is open."""
        return None if self.since_s is None or self.until_s is None else self.until_s - self.since_s


_NO_DAY: Final = Span(None, None, impossible=True)


def decode_edtf(text: str) -> Span:
    """The bounds of a date or an interval.

    `2016-01-05`, `2016-01`, `2016`, each with `~`, `?` or `%` after it, and two of them with `/` between, of
    which either may be `..` or empty.

    Raises:
        EdtfError: anything else.
    """
    if "/" not in text:
        return _date(text)
    first, _, second = text.partition("/")
    spans = [None if part in {"", OPEN} else _date(part) for part in (first, second)]
    if spans == [None, None]:
        raise EdtfError(f"{text!r} has no date in it")
    since, until = spans
    known = [span for span in spans if span is not None]
    if any(span.impossible for span in known):
        return _NO_DAY
    found = Span(
        since_s=None if since is None else since.since_s,
        until_s=None if until is None else until.until_s,
        uncertain=any(span.uncertain for span in known),
        approximate=any(span.approximate for span in known),
    )
    backwards = found.since_s is not None and found.until_s is not None and found.since_s >= found.until_s
    return _NO_DAY if backwards else found


def _date(text: str) -> Span:
    match = _DATE.fullmatch(text)
    if match is None:
        raise EdtfError(f"{text!r} is no date such as 2016-01-05, 2016-01~ or 2015-12-31/2016-01-05")
    year, month, day, qualifier = match.groups()
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
    except ValueError:
        return _NO_DAY
    if day:
        unit, days = "day", 1
    elif month:
        unit, days = "month", monthrange(start.year, start.month)[1]
    else:
        unit, days = "year", 366 if monthrange(start.year, 2)[1] == 29 else 365
    approximate = qualifier in {"~", "%"}
    rough_s = ROUGH_DAYS[unit] * 86_400.0 if approximate else 0.0
    since_s = (start - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
    return Span(
        since_s=since_s - rough_s,
        until_s=since_s + timedelta(days=days).total_seconds() + rough_s,
        uncertain=qualifier in {"?", "%"},
        approximate=approximate,
    )
