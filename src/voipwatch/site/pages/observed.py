"""Observed numbers and times in words: an interval as an interval, a sign in one piece, days as days."""

import math
from datetime import UTC, datetime

from markupsafe import Markup

from voipwatch.civic.observations import Observation, decode_at
from voipwatch.site.words import Words


def number(t: Words, each: Observation) -> Markup:
    """A value or an interval."""
    return interval(t, each.low, each.high, places=3)


def interval(t: Words, low: float, high: float, *, places: int = 0) -> Markup:
    """Both ends; one number where they are written the same."""
    ends = [t.decimal(each, places) if places else t.number(round(each)) for each in (low, high)]
    if ends[0] == ends[1]:
        return Markup("{}").format(ends[0])
    return t("reputation.range", low=ends[0], high=ends[1])


def signed(t: Words, value: float, *, places: int = 0) -> Markup:
    """With its sign, in one piece: from the right it would else be read behind the number."""
    rounded = round(value, places)
    shown = t.decimal(abs(rounded), places) if places else t.number(abs(rounded))
    sign = "" if not rounded else "\u2212" if rounded < 0 else "+"
    return t.name(f"{sign}{shown}")


def range_signed(t: Words, low: float, high: float) -> Markup:
    """Both ends with their signs; one where they are the same."""
    if low == high:
        return signed(t, low)
    return t("reputation.range", low=signed(t, low), high=signed(t, high))


def share(t: Words, low: float | None, high: float | None) -> Markup:
    """Both ends in percent; outward, so that no digit says more than the numbers do."""
    if low is None or high is None:
        return Markup("?")
    # What floats make of 5.62 % may be 5.6200000000000003: a millionth of a percent is no digit.
    ends = math.floor(low * 1e4 + 1e-6) / 100, math.ceil(high * 1e4 - 1e-6) / 100
    return interval(t, *ends, places=2)


def when(t: Words, each: Observation) -> Markup:
    """An instant, a day or days."""
    return Markup("{}").format(t.moment(each.at)) if "T" in each.at else days_between(t, *each.span_s)


def days_between(t: Words, since_s: float, until_s: float) -> Markup:
    """From day to day (UTC), both included; Unix seconds."""
    first, last = (datetime.fromtimestamp(end, UTC).date().isoformat() for end in (since_s, until_s))
    return Markup("{}").format(t.days(first, last))


def event_day(t: Words, at: str) -> Markup:
    """The day on which an event begins, of an instant or a date."""
    return Markup("{}").format(day_at(t, decode_at(at)[0]))


def day_at(t: Words, time_s: float) -> str:
    """Of Unix seconds, UTC."""
    return t.day(datetime.fromtimestamp(time_s, UTC))
