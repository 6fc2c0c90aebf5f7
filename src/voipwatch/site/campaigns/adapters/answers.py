"""What asking a service gives: observations, or why there are none. A failed request is a result, no
exception.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import msgspec

from voipwatch.civic.observations import COUNT_MAX, Observation, Precision, Quantity, observation
from voipwatch.model.instants import iso

WAIT_MAX_S: Final = 7 * 86_400.0
"""A service that asks to be left alone for longer is taken to mean a week."""


class Why(StrEnum):
    """Why a service gave no count."""

    UNREACHABLE = "unreachable"
    """No name, no connection."""
    TLS = "tls"
    """Its certificate does not hold, or there is no TLS."""
    TIMEOUT = "timeout"
    CLOSED = "closed"
    """It hung up in the middle."""
    NOT_HTTP = "not-http"
    TOO_LONG = "too-long"
    REDIRECTED = "redirected"
    """Nobody is followed elsewhere with a key."""
    KEY_REFUSED = "key-refused"
    FORBIDDEN = "forbidden"
    """The key is good and not for this: a feature that was not granted, a page that is not public."""
    UNPAID = "unpaid"
    NOT_FOUND = "not-found"
    HIDDEN = "hidden"
    """The page does not show its count."""
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    NOT_JSON = "not-json"
    """HTML, for one."""
    NOT_AS_DOCUMENTED = "not-as-documented"
    """JSON of another form, a count that none can be, another page than was asked for."""


class Unfetched(msgspec.Struct, frozen=True, kw_only=True):
    """No count, and why. Nothing that the service wrote is in it: it may repeat the key."""

    why: Why
    status: int = 0
    """Of HTTP; 0: there was none."""
    code: str = ""
    """The service's own number of the error: digits."""
    retry_after_s: float | None = None
    """When it may be asked again; None: it does not say."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """Counts, and how much of the service's patience is used."""

    observations: tuple[Observation, ...]
    used_percent: float | None = None
    """Of what the key may ask; None: the service does not say."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came by HTTP."""

    status: int
    headers: dict[str, str]
    """Names in lower case; of several of one name the last."""
    body: bytes


class Lie(ValueError):  # noqa: N818 -- it is no error of ours
    """A field that is not what the service documents; its message names the field and never the value."""


def parsed(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer. Raises `Lie` for anything else."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Lie("body") from None
    if not isinstance(found, dict):
        raise Lie("body")
    return found


def part(document: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside an object. Raises `Lie`."""
    found = document.get(name)
    if not isinstance(found, dict):
        raise Lie(name)
    return found


def whole(document: dict[str, Any], name: str) -> int:
    """A count that may be one: an integer, not below 0, not above the number of people. Raises `Lie`."""
    found = document.get(name)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found <= COUNT_MAX:
        raise Lie(name)
    return found


def require_same(document: dict[str, Any], name: str, wanted: str) -> None:
    """That the answer is of what was asked for, letters' case aside. Raises `Lie`."""
    found = document.get(name)
    if not isinstance(found, str) or found.lower() != wanted.lower():
        raise Lie(name)


def exactly(
    page: str, quantity: Quantity, count: int, answer: Answer, *, now_s: float, source: str, method: str
) -> Observation:
    """One count that a service told to the last digit, with the digest of what it was read from."""
    return observation(
        page=page,
        quantity=quantity,
        low=count,
        high=count,
        precision=Precision.EXACT,
        at=iso(now_s),
        source=source,
        method=method,
        capture=sha256(answer.body).hexdigest(),
    )


def refused(answer: Answer, now_s: float, *, reset_after_s: float | None = None) -> Unfetched:
    """What a status other than 200 says by itself (RFC 9110, section 15; RFC 6585 for 429).

    `reset_after_s`: when a header of the service's own lets one ask again, for a 429 without Retry-After.
    """
    status = answer.status
    if 300 <= status < 400:
        why = Why.REDIRECTED
    elif status >= 500:
        why = Why.SERVER_ERROR
    else:
        why = {
            401: Why.KEY_REFUSED, 402: Why.UNPAID, 403: Why.FORBIDDEN, 404: Why.NOT_FOUND,
            410: Why.NOT_FOUND, 429: Why.RATE_LIMITED,
        }.get(status, Why.NOT_AS_DOCUMENTED)  # fmt: skip
    wait_s = retry_after_s(answer, now_s)
    if why is Why.RATE_LIMITED and wait_s is None:
        wait_s = reset_after_s
    return Unfetched(why=why, status=status, retry_after_s=wait_s)


def unlike(answer: Answer) -> Unfetched:
    """Of an answer that lied, or was no JSON."""
    text = answer.body.lstrip()[:1]
    why = Why.NOT_AS_DOCUMENTED if text in {b"{", b"["} else Why.NOT_JSON
    return Unfetched(why=why, status=answer.status)


def retry_after_s(answer: Answer, now_s: float) -> float | None:
    """Seconds of Retry-After, a number or a date (RFC 9110, section 10.2.3); None without a readable one."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), WAIT_MAX_S)
    try:
        return _until(parsedate_to_datetime(text).timestamp(), now_s) if text else None
    except (ValueError, OverflowError):
        return None


def _until(time_s: float, now_s: float) -> float:
    return min(max(0.0, time_s - now_s), WAIT_MAX_S)


def reset_s(text: str, now_s: float) -> float | None:
    """Seconds until a reset told in Unix seconds, as X does; None for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        return None
    return _until(float(text), now_s)


def reset_iso_s(text: str, now_s: float) -> float | None:
    """Seconds until a reset told in ISO 8601, as Mastodon does; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else _until(moment.timestamp(), now_s)
