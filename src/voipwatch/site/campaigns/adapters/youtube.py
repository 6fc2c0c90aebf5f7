"""Subscribers of a channel by the YouTube Data API: an interval, for the count is cut to three figures.

Sources: YouTube Data API reference, channels (statistics.subscriberCount "rounded down to three significant
figures", hiddenSubscriberCount) and errors (quotaExceeded; a day's quota comes back at midnight Pacific
time).
"""

import re
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote

from voipwatch.civic.observations import COUNT_MAX, Precision, Quantity, observation, three_figures
from voipwatch.civic.zones import next_midnight_s
from voipwatch.model.instants import iso
from voipwatch.site.campaigns.adapters.answers import (
    Answer,
    Fetched,
    Lie,
    Unfetched,
    Why,
    parsed,
    part,
    refused,
    unlike,
)
from voipwatch.site.campaigns.adapters.asking import Ask
from voipwatch.site.campaigns.adapters.keys import Key

HOME: Final = "https://www.googleapis.com"
NAME: Final = re.compile(r"UC[A-Za-z0-9_-]{22}|@[A-Za-z0-9._-]{3,30}", re.ASCII)
"""A channel's id, or its handle."""
_DAY: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_SOON: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_KEY: Final = frozenset({"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED", "authError"})


def fetch(name: str, key: Key | None, *, ask: Ask, now_s: float, home: str = HOME) -> Fetched | Unfetched:
    """The subscribers of a channel."""
    which = "forHandle" if name.startswith("@") else "id"
    url = f"{home}/youtube/v3/channels?part=statistics&{which}={quote(name, safe='')}"
    answer = ask(url, key.google() if key else {})
    if isinstance(answer, Unfetched):
        return answer
    if answer.status != 200:
        return _refused(answer, now_s)
    try:
        return _told(name, parsed(answer), answer, now_s, url)
    except Lie:
        return unlike(answer)


def _told(name: str, document: dict[str, Any], answer: Answer, now_s: float, url: str) -> Fetched | Unfetched:
    items = document.get("items", [])
    if not isinstance(items, list) or len(items) > 1 or document.get("kind") != "youtube#channelListResponse":
        raise Lie("items")
    if not items:
        return Unfetched(why=Why.NOT_FOUND, status=200)
    if not isinstance(items[0], dict) or (name.startswith("UC") and items[0].get("id") != name):
        raise Lie("id")
    statistics = part(items[0], "statistics")
    if statistics.get("hiddenSubscriberCount") is True:
        return Unfetched(why=Why.HIDDEN, status=200)
    low, high = _interval(statistics.get("subscriberCount"))
    seen = observation(
        page=f"youtube:{name}",
        quantity=Quantity.FOLLOWERS,
        low=low,
        high=high,
        precision=Precision.TRUNCATED if high > low else Precision.EXACT,
        at=iso(now_s),
        source=url,
        method="api.youtube",
        capture=sha256(answer.body).hexdigest(),
    )
    return Fetched(observations=(seen,))


def _interval(text: object) -> tuple[int, int]:
    """Of the count, which the service writes as a string of digits. Raises `Lie`."""
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,11}", text, re.ASCII):
        raise Lie("subscriberCount")
    told = three_figures(int(text))
    if told is None or told[1] > COUNT_MAX:
        raise Lie("subscriberCount")
    return told


def _refused(answer: Answer, now_s: float) -> Unfetched:
    told = refused(answer, now_s)
    try:
        error = part(parsed(answer), "error")
    except Lie:
        return told
    rows = [row for name in ("errors", "details") for row in _list(error.get(name))]
    reasons = {row["reason"] for row in rows if isinstance(row.get("reason"), str)}
    if reasons & _DAY:
        wait_s = next_midnight_s(now_s, "America/Los_Angeles") - now_s
        return Unfetched(why=Why.RATE_LIMITED, status=answer.status, retry_after_s=wait_s)
    if reasons & _SOON:
        return Unfetched(why=Why.RATE_LIMITED, status=answer.status, retry_after_s=told.retry_after_s)
    if reasons & _KEY:
        return Unfetched(why=Why.KEY_REFUSED, status=answer.status)
    return told


def _list(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
