"""Followers and likes of a page by Facebook's Graph API: the Page node's `followers_count` and `fan_count`.

For a page of somebody else an app needs the reviewed feature Page Public Content Access or Page Public
Metadata Access. `likes` of 2016 became `fan_count` with version 2.6; the Insights metrics `page_fans` and
its kin ended on 15 November 2025, the fields of the node did not. The token goes in a header (RFC 6750),
not in the address.

Sources: Graph API reference, Page; Graph API overview, "Rate Limits" (X-App-Usage,
X-Business-Use-Case-Usage, error codes 4, 17, 32, 613) and "Handle errors" (codes 1, 2, 10, 100, 102, 190,
200-299, 803).
"""

import re
from typing import Any, Final
from urllib.parse import quote

import msgspec

from voipwatch.civic.observations import Quantity
from voipwatch.site.campaigns.adapters.answers import (
    Answer,
    Fetched,
    Lie,
    Unfetched,
    Why,
    exactly,
    parsed,
    part,
    refused,
    require_same,
    unlike,
    whole,
)
from voipwatch.site.campaigns.adapters.asking import Ask
from voipwatch.site.campaigns.adapters.keys import Key

HOME: Final = "https://graph.facebook.com"
VERSION: Final = "v26.0"
"""Of 29 July 2026; a version is served for two years at least."""
NAME: Final = re.compile(r"[A-Za-z0-9.]{3,80}", re.ASCII)
"""A page's id or its name in addresses."""
FIELDS: Final = {"followers_count": Quantity.FOLLOWERS, "fan_count": Quantity.LIKES}
_LIMITS: Final = frozenset({4, 17, 32, 613})
_KEY: Final = frozenset({102, 190})
HOUR_S: Final = 3600.0
"""Calls are counted over the last hour ("Rate Limits", platform rate limits)."""


def fetch(name: str, key: Key | None, *, ask: Ask, now_s: float, home: str = HOME) -> Fetched | Unfetched:
    """Both counts of a page, as far as they are told."""
    url = f"{home}/{VERSION}/{quote(name, safe='')}?fields=id,{','.join(FIELDS)}"
    answer = ask(url, key.bearer() if key else {})
    if isinstance(answer, Unfetched):
        return answer
    if answer.status != 200:
        return _refused(answer, now_s)
    try:
        document = parsed(answer)
        if "error" in document:
            return _refused(answer, now_s)
        if name.isdigit():
            require_same(document, "id", name)
        found = [
            exactly(
                f"facebook:{name.lower()}",
                quantity,
                whole(document, field),
                answer,
                now_s=now_s,
                source=f"{home}/{VERSION}/{name}?fields={field}",
                method="api.facebook",
            )
            for field, quantity in FIELDS.items()
            if field in document
        ]
    except Lie:
        return unlike(answer)
    if not found:
        return Unfetched(why=Why.HIDDEN, status=200)
    return Fetched(observations=tuple(found), used_percent=_used_percent(answer))


def _refused(answer: Answer, now_s: float) -> Unfetched:
    """An error object says more than its status, which is 400 for most."""
    told = refused(answer, now_s)
    try:
        code = part(parsed(answer), "error").get("code")
    except Lie:
        return told
    if isinstance(code, bool) or not isinstance(code, int) or not 0 <= code < 1_000_000:
        return told
    wait_s = told.retry_after_s
    if code in _LIMITS or 80_000 <= code <= 80_014:
        why, wait_s = Why.RATE_LIMITED, wait_s or _regain_s(answer) or HOUR_S
    elif code in _KEY:
        why = Why.KEY_REFUSED
    elif code == 10 or 200 <= code < 300:
        why = Why.FORBIDDEN
    elif code in {100, 803}:
        why = Why.NOT_FOUND
    elif code in {1, 2}:
        why = Why.SERVER_ERROR
    else:
        why = told.why
    return Unfetched(why=why, status=answer.status, code=str(code), retry_after_s=wait_s)


def _header(answer: Answer, name: str) -> Any:  # noqa: ANN401 -- whatever JSON it is
    try:
        return msgspec.json.decode(answer.headers.get(name, "").encode())
    except (msgspec.DecodeError, RecursionError):
        return None


def _used_percent(answer: Answer) -> float | None:
    """The largest of X-App-Usage's three shares: at 100 the app is throttled."""
    usage = _header(answer, "x-app-usage")
    names = ("call_count", "total_cputime", "total_time")
    shares = [usage.get(name) for name in names] if isinstance(usage, dict) else []
    known = [float(each) for each in shares if isinstance(each, int | float) and not isinstance(each, bool)]
    return max(known) if known and 0 <= max(known) < 1e6 else None


def _regain_s(answer: Answer) -> float | None:
    """The longest `estimated_time_to_regain_access`, told in minutes."""
    usage = _header(answer, "x-business-use-case-usage")
    lists = [each for each in usage.values() if isinstance(each, list)] if isinstance(usage, dict) else []
    rows = [row for each in lists for row in each if isinstance(row, dict)]
    minutes = [row.get("estimated_time_to_regain_access") for row in rows]
    # A bool is an int to Python: True would be a minute.
    known = [each for each in minutes if type(each) is int and 0 < each < 10_000]
    return max(known) * 60.0 if known else None
