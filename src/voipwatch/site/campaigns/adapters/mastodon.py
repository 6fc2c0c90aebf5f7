"""Followers of an account by its own Mastodon server: `GET /api/v1/accounts/lookup`, public on most.

Only the account's own server is asked: what another one knows of it may be old. A server may show no count
(-1).

Sources: docs.joinmastodon.org, methods/accounts "Lookup account ID from Webfinger address" (3.4.0),
entities/Account (followers_count), api/rate-limits (300 requests in 5 minutes; X-RateLimit-Reset in ISO
8601).
"""

import re
from typing import Final
from urllib.parse import quote

from voipwatch.civic.observations import Quantity
from voipwatch.site.campaigns.adapters.answers import (
    Fetched,
    Lie,
    Unfetched,
    Why,
    exactly,
    parsed,
    refused,
    require_same,
    reset_iso_s,
    unlike,
    whole,
)
from voipwatch.site.campaigns.adapters.asking import Ask
from voipwatch.site.campaigns.adapters.keys import Key

HOME: Final = ""
"""None: the account's name says which server."""
NAME: Final = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,28}[A-Za-z0-9_])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}",
    re.ASCII,
)
"""`user@server`."""


def fetch(name: str, key: Key | None, *, ask: Ask, now_s: float, home: str = HOME) -> Fetched | Unfetched:
    """The followers of an account."""
    user, _, host = name.partition("@")
    url = f"{home or 'https://' + host}/api/v1/accounts/lookup?acct={quote(user, safe='')}"
    answer = ask(url, key.bearer() if key else {})
    if isinstance(answer, Unfetched):
        return answer
    if answer.status != 200:
        reset_after_s = reset_iso_s(answer.headers.get("x-ratelimit-reset", ""), now_s)
        return refused(answer, now_s, reset_after_s=reset_after_s)
    try:
        document = parsed(answer)
        require_same(document, "acct", user)
        if document.get("followers_count") == -1:
            return Unfetched(why=Why.HIDDEN, status=200)
        count = whole(document, "followers_count")
    except Lie:
        return unlike(answer)
    seen = exactly(
        f"mastodon:{name.lower()}",
        Quantity.FOLLOWERS,
        count,
        answer,
        now_s=now_s,
        source=url,
        method="api.mastodon",
    )
    return Fetched(observations=(seen,))
