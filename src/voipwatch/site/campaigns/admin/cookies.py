"""The cookie of a keeper's session: the only one of the whole site, and nobody else gets it.

RFC 6265bis: `__Host-` where the site is reached by HTTPS (section 4.1.3.2: Secure, no Domain, Path=/, so that
no other host of the domain can plant one), HttpOnly, SameSite=Strict. It has no Expires: it ends with the
browser, and on the server before that.
"""

import re
from typing import Final

NAME: Final = "voipwatch-keeper"
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")
"""32 random bytes in base64url."""
COOKIE_BYTES_MAX: Final = 8_192
"""Of the header; nginx and Apache take as much of a line."""


def cookie_name(url: str) -> str:
    """By the site's URL."""
    return f"__Host-{NAME}" if url.startswith("https:") else NAME


def session_of(header: bytes, url: str) -> str:
    """The session's token; empty where there is none, or where there are two that differ (one of them was
    planted).
    """
    if len(header) > COOKIE_BYTES_MAX:
        return ""
    wanted = cookie_name(url)
    found = set()
    for part in header.decode("latin-1").split(";"):
        name, equals, value = part.partition("=")
        if equals and name.strip() == wanted:
            found.add(value.strip())
    token = found.pop() if len(found) == 1 else ""
    return token if TOKEN.fullmatch(token) else ""


def set_cookie(token: str, url: str) -> tuple[bytes, bytes]:
    """The header that gives a session. Raises ValueError for what is no token."""
    if not TOKEN.fullmatch(token):
        raise ValueError("no session's token")
    return _header(token, url, "")


def clear_cookie(url: str) -> tuple[bytes, bytes]:
    """The header that takes it back."""
    return _header("", url, "; Max-Age=0")


def _header(value: str, url: str, more: str) -> tuple[bytes, bytes]:
    where = "/; Secure" if url.startswith("https:") else "/campaigns/"
    text = f"{cookie_name(url)}={value}; Path={where}; HttpOnly; SameSite=Strict{more}"
    return b"set-cookie", text.encode("ascii")
