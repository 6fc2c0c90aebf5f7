"""What a form sent: read within bounds, and only from a page of ours or of nobody's.

For whoever signs there is no cookie and no session, so another site's page that posts here can do what any
stranger can: ask for a mail to an address, within the limits of mails. It is refused all the same where the
browser says that it is another site's (Fetch Metadata, `Sec-Fetch-Site`; Origin, RFC 6454). What signs or
revokes needs a token from a mail; keepers' forms carry a token of their session besides (`admin`).
"""

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

FORM_BYTES_MAX: Final = 4_096
_PROXIED: Final = frozenset(
    {b"forwarded", b"via", b"x-real-ip", b"x-client-ip", b"cf-connecting-ip", b"true-client-ip"}
)
"""What proxies add, beside whatever begins with `_X_FORWARDED`."""
_X_FORWARDED: Final = b"x-forwarded-"
FIELDS_MAX: Final = 10
_ORIGIN: Final = re.compile(r"https?://[0-9A-Za-z.:\[\]-]{1,200}")
_TYPE: Final = b"application/x-www-form-urlencoded"

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_form(
    headers: Mapping[bytes, bytes], receive: Receive, *, most_bytes: int = FORM_BYTES_MAX
) -> dict[str, str] | None:
    """The fields, of two of one name the last; None: no form, or more than one has."""
    if headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != _TYPE:
        return None
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # gone
            return None
        body += message.get("body", b"")
        if len(body) > most_bytes:
            return None
        more = message.get("more_body", False)
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_MAX, errors="strict"
        )
    except ValueError:
        return None
    # PostgreSQL takes no NUL in a text, and nobody types one.
    return None if any("\0" in part for field in fields for part in field) else dict(fields)


def is_local(client: str, headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser on this machine asks, without a proxy between: from a loopback address, for one, and
    nothing in the headers says that somebody else was the one who asked.

    A proxy on this machine that says nothing of itself and rewrites Host looks the same (docs/petition.md).
    `headers`: by name in lower case.
    """
    proxied = any(name in _PROXIED or name.startswith(_X_FORWARDED) for name in headers)
    if proxied or b"@" in headers.get(b"host", b""):
        return False
    try:
        asked = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname or ""
    except ValueError:
        return False
    return _is_loopback(client) and (asked == "localhost" or _is_loopback(asked))


def _is_loopback(text: str) -> bool:
    try:
        found = ip_address(text)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def seen_origin(headers: Mapping[bytes, bytes]) -> str:
    """The Origin that a browser named, fit for a log; empty: none, or nothing of that form."""
    found = headers.get(b"origin", b"").decode("latin-1")
    return found if _ORIGIN.fullmatch(found) else ""


def is_foreign(headers: Mapping[bytes, bytes], url: str) -> bool:
    """Whether a browser says that another site's page sent it."""
    if headers.get(b"sec-fetch-site", b"same-origin") not in {b"same-origin", b"none"}:
        return True
    # `null` is what a page of ours sends: its referrer policy is no-referrer (Fetch, "append a request
    # Origin header").
    origin = headers.get(b"origin", b"null").decode("latin-1")
    parts = urlsplit(url)
    return origin not in {"null", f"{parts.scheme}://{parts.netloc}"}
