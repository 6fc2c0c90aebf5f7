"""Followers of an account by X's API v2: `public_metrics.followers_count`. Each call is paid for beforehand.

Sources: X API v2, "Get User by Username" (user.fields=public_metrics), "Rate limits" (x-rate-limit-reset in
Unix seconds, no Retry-After), "Response codes and errors" (a missing user is 200 with `errors` and no
`data`).
"""

import re
from typing import Any, Final

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
    reset_s,
    unlike,
    whole,
)
from voipwatch.site.campaigns.adapters.asking import Ask
from voipwatch.site.campaigns.adapters.keys import Key

HOME: Final = "https://api.x.com"
NAME: Final = re.compile(r"[A-Za-z0-9_]{1,15}", re.ASCII)


def fetch(name: str, key: Key | None, *, ask: Ask, now_s: float, home: str = HOME) -> Fetched | Unfetched:
    """The followers of an account."""
    url = f"{home}/2/users/by/username/{name}?user.fields=public_metrics"
    answer = ask(url, key.bearer() if key else {})
    if isinstance(answer, Unfetched):
        return answer
    if answer.status != 200:
        reset_after_s = reset_s(answer.headers.get("x-rate-limit-reset", ""), now_s)
        return refused(answer, now_s, reset_after_s=reset_after_s)
    try:
        document = parsed(answer)
        if "data" not in document:
            return _missing(document)
        data = part(document, "data")
        require_same(data, "username", name)
        count = whole(part(data, "public_metrics"), "followers_count")
    except Lie:
        return unlike(answer)
    seen = exactly(
        f"x:{name.lower()}", Quantity.FOLLOWERS, count, answer, now_s=now_s, source=url, method="api.x"
    )
    return Fetched(observations=(seen,), used_percent=_used_percent(answer))


def _missing(document: dict[str, Any]) -> Unfetched:
    """Why there is no user: gone, or suspended (which X calls forbidden). Raises `Lie` without a reason."""
    rows = document.get("errors")
    types = [row.get("type") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    problem = next((each.rpartition("/")[2] for each in types if isinstance(each, str)), "")
    why = {
        "resource-not-found": Why.NOT_FOUND,
        "not-authorized-for-resource": Why.FORBIDDEN,
        "usage-capped": Why.RATE_LIMITED,
    }.get(problem)
    if why is None:
        raise Lie("errors")
    return Unfetched(why=why, status=200)


def _used_percent(answer: Answer) -> float | None:
    limit, left = (answer.headers.get(f"x-rate-limit-{name}", "") for name in ("limit", "remaining"))
    if not (limit.isdigit() and left.isdigit() and int(limit[:9]) > 0 and len(left) < 10):
        return None
    return max(0.0, 100.0 * (1 - int(left) / int(limit[:9])))
