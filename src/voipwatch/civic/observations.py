"""Follower counts as somebody saw them: a value or an interval, when, by whom, from which bytes, and how.

An observation never says more than its source did. A number that was printed rounded is an interval, a
service that cuts its counts to three figures gives an interval, and a time nobody wrote down is a bracket
of dates. What sources say of a loss ("137,500", "5.62 %") is kept as a loss: a count is made of it by
`base_of`, which shows its arithmetic.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from voipwatch.model.edtf import EdtfError, decode_edtf
from voipwatch.model.instants import iso_exact

COUNT_MAX: Final = 10_000_000_000
"""More followers than that are a lie: there are fewer people."""
ROWS_MAX: Final = 1_000_000
"""Of a file: a reading every half minute for a year."""
COLUMNS: Final = (
    "page", "quantity", "value", "low", "high", "precision", "at", "source", "capture", "method",
)  # fmt: skip
"""Of a CSV file, in the order in which `encode_csv` writes them; they are read in any order."""
_REQUIRED: Final = frozenset({"page", "quantity", "precision", "at", "source", "method"})
_PAGE: Final = re.compile(r"[a-z][a-z0-9-]{0,31}:[^\s,;\"'<>\\]{1,200}")
_METHOD: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}", re.ASCII)
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,13}(?:\.[0-9]{1,6})?", re.ASCII)
_TEXT_MAX: Final = 500
_Word = TypeVar("_Word", bound=StrEnum)


class ObservationError(ValueError):
    """What is no observation, and where."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(f"line {line}: {field}: {reason}" if line else f"{field}: {reason}")
        self.line = line
        """Of the file, from 1; 0: of no file."""
        self.field = field
        self.reason = reason


class Quantity(StrEnum):
    """What was counted."""

    FOLLOWERS = "followers"
    """Followers or subscribers of a page, account or channel."""
    LIKES = "likes"
    """"Likes" of a page, as Facebook counted them: its fans."""
    LIKES_LOST = "likes-lost"
    """Since a start that the source names or does not."""
    LIKES_LOST_PERCENT = "likes-lost-percent"
    """Of what there were before; 0 to 100."""
    LIKES_LOST_PER_MINUTE = "likes-lost-per-minute"


COUNTS: Final = frozenset({Quantity.FOLLOWERS, Quantity.LIKES})
"""Quantities that make a series; the others are changes of one."""
FRACTIONS: Final = frozenset({Quantity.LIKES_LOST_PERCENT, Quantity.LIKES_LOST_PER_MINUTE})
"""Quantities that may have decimals."""


class Precision(StrEnum):
    """How the source came to its number; the interval says what that leaves open."""

    EXACT = "exact"
    """Printed to the last digit."""
    ROUNDED = "rounded"
    """To the nearest step: half a step on either side."""
    TRUNCATED = "truncated"
    """Cut down to a step: from the number to just below the next."""
    ABOUT = "about"
    """"Some", "nearly", "~": a whole step on either side."""
    AT_MOST = "at-most"
    """"Up to": from nothing to the number."""
    DERIVED = "derived"
    """Computed from other observations; the source says how."""


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One number that one source gave. Made by `observation`, which checks it."""

    page: str
    """`service:name`, such as `facebook:maroc-telecom`; several pages together are joined by `+`."""
    quantity: Quantity
    low: float
    """Whole for counts and losses; percent or a rate may have decimals."""
    high: float
    """Equal to `low` where a value is known."""
    precision: Precision
    at: str
    """An instant (`2016-02-28T12:00:00Z`) or a bracket of dates in EDTF (`2016-02-27/2016-02-28`)."""
    source: str
    """Address, or publisher and title: printable, never empty."""
    method: str
    """How it came here: `api.youtube`, `warc.twitter-2014`, `press`, `hand`."""
    capture: str = ""
    """SHA-256 of the bytes it was read from, 64 hex digits; empty where none were kept."""

    @property
    def is_value(self) -> bool:
        """Whether it is one number."""
        return self.low == self.high

    @property
    def middle(self) -> float:
        """Of the interval."""
        return (self.low + self.high) / 2.0

    @property
    def span_s(self) -> tuple[float, float]:
        """Earliest and latest time at which it was so, Unix seconds; equal for an instant."""
        return decode_at(self.at)

    @property
    def middle_s(self) -> float:
        """Of `span_s`."""
        since_s, until_s = self.span_s
        return (since_s + until_s) / 2.0


def observation(  # noqa: PLR0913 -- one parameter a field of the record
    *,
    page: str,
    quantity: Quantity,
    low: float,
    high: float,
    precision: Precision,
    at: str,
    source: str,
    method: str,
    capture: str = "",
    line: int = 0,
) -> Observation:
    """A checked observation; its time is written in one way.

    Raises:
        ObservationError: a field outside of what `Observation` says, with `line` in it.
    """
    if not _PAGE.fullmatch(page) or not page.isprintable():
        raise ObservationError(line, "page", "not SERVICE:NAME, such as facebook:maroc-telecom")
    _require_interval(line, quantity, low, high)
    if precision is Precision.EXACT and low != high:
        raise ObservationError(line, "precision", "an exact number is one number, not an interval")
    for field, text in (("source", source), ("method", method)):
        if not text or len(text) > _TEXT_MAX or not text.isprintable():
            raise ObservationError(line, field, f"empty, unprintable or above {_TEXT_MAX} characters")
        if text[0] in "=+-@":
            raise ObservationError(line, field, "begins like a formula of a spreadsheet")
    if not _METHOD.fullmatch(method):
        raise ObservationError(line, "method", "not in a-z, 0-9, . and -, at most 64 characters")
    if capture and not _HASH.fullmatch(capture):
        raise ObservationError(line, "capture", "not a SHA-256 of 64 lower-case hex digits")
    try:
        at = normal_at(at)
    except ValueError as error:
        raise ObservationError(line, "at", str(error)) from None
    return Observation(
        page=page, quantity=quantity, low=float(low), high=float(high), precision=precision, at=at,
        source=source, method=method, capture=capture,
    )  # fmt: skip


def _require_interval(line: int, quantity: Quantity, low: float, high: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high)) or not 0 <= low <= high:
        raise ObservationError(line, "value", "not a number from 0, or low above high")
    if high > COUNT_MAX:
        raise ObservationError(line, "value", f"above {COUNT_MAX}: there are fewer people")
    if quantity is Quantity.LIKES_LOST_PERCENT and high > 100:
        raise ObservationError(line, "value", "above 100 percent")
    if quantity not in FRACTIONS and not (float(low).is_integer() and float(high).is_integer()):
        raise ObservationError(line, "value", f"{quantity.value} are whole numbers")


def normal_at(text: str) -> str:
    """A time as observations spell it: UTC with Z, or EDTF. Raises ValueError with what to write instead."""
    if "T" in text:
        try:
            moment = datetime.fromisoformat(text)
            told = "" if moment.tzinfo is None else iso_exact(moment.astimezone(UTC).timestamp())
        except (ValueError, OverflowError):
            told = ""
        if not told:
            raise ValueError("not a time with its zone, such as 2016-02-28T12:00:00Z or ...T13:00:00+01:00")
        return told
    try:
        span = decode_edtf(text)
    except EdtfError:
        raise ValueError("not a date such as 2016-02-28, 2016-02-27/2016-02-28 or 2016-02~") from None
    if span.impossible or span.since_s is None or span.until_s is None:
        raise ValueError("a day that cannot be, or a bracket with an open end")
    return text


def decode_at(text: str) -> tuple[float, float]:
    """Bounds in Unix seconds of what `normal_at` gave; the second is within the bracket's last second.

    Raises ValueError for anything else.
    """
    if "T" in text:
        time_s = datetime.fromisoformat(text).timestamp()
        return time_s, time_s
    span = decode_edtf(text)
    if span.since_s is None or span.until_s is None:
        raise ValueError(text)
    return span.since_s, span.until_s - 1.0


# --- intervals of printed numbers ---------------------------------------------------------------------


def interval(value: float, step: float, precision: Precision) -> tuple[float, float]:
    """What a printed number leaves open, given the step to which it was printed (`Precision`).

    Raises ValueError for a step that is not above 0, or `DERIVED`, which has no step.
    """
    if precision is Precision.EXACT:
        return value, value
    if not step > 0:
        raise ValueError(f"step must be above 0, got {step}")
    match precision:
        case Precision.ROUNDED:
            return max(0.0, value - step / 2), value + step / 2
        case Precision.ABOUT:
            return max(0.0, value - step), value + step
        case Precision.TRUNCATED:
            return value, value + step - 1
        case Precision.AT_MOST:
            return 0.0, value
        case _:
            raise ValueError("a derived number has no step")


def three_figures(count: int) -> tuple[int, int] | None:
    """The interval of a count that was cut to three significant figures; None where it was not.

    YouTube cuts so since September 2019 (Data API, `channels`, statistics.subscriberCount): 12,345 is told as
    12,300, which stands for 12,300 to 12,399. Below 1,000 a count is told as it is.
    """
    if count < 1000:
        return count, count
    step: int = 10 ** (len(str(count)) - 3)
    return (count, count + step - 1) if count % step == 0 else None


class Base(msgspec.Struct, frozen=True):
    """A count before a loss, as far as the loss and its share of it tell."""

    low: int
    high: int
    arithmetic: str
    """Both ends, worked; the same in every language."""


def base_of(lost: Observation, percent: Observation) -> Base:
    """What there was before, of a loss and the percentage that it was: loss / share, ends rounded outward.

    Raises ValueError where the share may be nothing, or the two are of different pages or times.
    """
    if (lost.quantity, percent.quantity) != (Quantity.LIKES_LOST, Quantity.LIKES_LOST_PERCENT):
        raise ValueError("base_of takes a loss and its percentage")
    if (lost.page, lost.at) != (percent.page, percent.at):
        raise ValueError("a loss and a percentage of different pages or times")
    if not percent.low > 0:
        raise ValueError("a share that may be nothing bounds no base")
    low, high = 100.0 * lost.low / percent.high, 100.0 * lost.high / percent.low
    arithmetic = (
        f"{lost.low:.0f} / {percent.high:g} % = {low:.1f}; {lost.high:.0f} / {percent.low:g} % = {high:.1f}"
    )
    return Base(math.floor(low), math.ceil(high), arithmetic)


# --- CSV ----------------------------------------------------------------------------------------------


def parse_csv(text: str) -> list[Observation]:
    """The observations of a CSV file, in its order (RFC 4180; header required; # begins a comment).

    A row has `value`, or `low` and `high`. `capture` may be left out.

    Raises:
        ObservationError: at the first row that is none, or columns that are not `COLUMNS`.
    """
    return list(_rows(text))


def _rows(text: str) -> Iterator[Observation]:
    lines = io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"), newline="")
    reader = csv.reader(("\r\n" if line.startswith("#") else line for line in lines), strict=True)
    header: list[str] | None = None
    count = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise ObservationError(reader.line_num, "row", str(error)) from None
        if not any(row):
            continue
        if header is None:
            header = _header(row, reader.line_num)
            continue
        count += 1
        if count > ROWS_MAX:
            raise ObservationError(reader.line_num, "row", f"more than {ROWS_MAX} rows")
        if len(row) != len(header):
            raise ObservationError(reader.line_num, "row", f"{len(row)} fields below {len(header)} columns")
        yield _of_row(dict(zip(header, (field.strip() for field in row), strict=True)), reader.line_num)
    if header is None:
        raise ObservationError(0, "header", "no row of column names")


def _header(row: Sequence[str], line: int) -> list[str]:
    names = [name.strip() for name in row]
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise ObservationError(line, "header", f"columns are {', '.join(COLUMNS)}, each once")
    missing = sorted(_REQUIRED - set(names))
    if missing:
        raise ObservationError(line, "header", f"no column {', '.join(missing)}")
    if "value" not in names and not {"low", "high"} <= set(names):
        raise ObservationError(line, "header", "neither a column value nor columns low and high")
    return names


def _of_row(row: dict[str, str], line: int) -> Observation:
    value, low, high = (row.get(name, "") for name in ("value", "low", "high"))
    if bool(value) == bool(low or high) or bool(low) != bool(high):
        raise ObservationError(line, "value", "either value, or low and high")
    named = (("value", value), ("value", value)) if value else (("low", low), ("high", high))
    ends = [_number(field, text, line) for field, text in named]
    return observation(
        page=row["page"],
        quantity=_word(Quantity, "quantity", row["quantity"], line),
        low=ends[0],
        high=ends[1],
        precision=_word(Precision, "precision", row["precision"], line),
        at=row["at"],
        source=row["source"],
        method=row["method"],
        capture=row.get("capture", ""),
        line=line,
    )


def _number(field: str, text: str, line: int) -> float:
    if not _NUMBER.fullmatch(text):
        raise ObservationError(line, field, "not a number of digits such as 2447000 (no separators, no sign)")
    return float(text)


def _word(kind: type[_Word], field: str, text: str, line: int) -> _Word:
    try:
        return kind(text)
    except ValueError:
        known = ", ".join(each.value for each in kind)
        raise ObservationError(line, field, f"not one of {known}") from None


def encode_csv(observations: Iterable[Observation]) -> str:
    """A file that `parse_csv` reads back as the same observations."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in observations:
        ends = (number(each.low), "", "") if each.is_value else ("", number(each.low), number(each.high))
        writer.writerow(
            (each.page, each.quantity.value, *ends, each.precision.value, each.at, each.source,
             each.capture, each.method)
        )  # fmt: skip
    return out.getvalue()


def number(value: float) -> str:
    """A number as files spell it: no exponent, at most six decimals."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6f}".rstrip("0")


def merged(*parts: Iterable[Observation]) -> list[Observation]:
    """All of them once, in the order of time, then page; what disagrees stays side by side."""
    every = dict.fromkeys(each for part in parts for each in part)
    return sorted(every, key=lambda each: (*each.span_s, each.page, each.quantity, each.source, each.method))
