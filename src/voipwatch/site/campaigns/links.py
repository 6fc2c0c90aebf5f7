"""Addresses of the pages of campaigns."""

from typing import Final

MOUNT: Final = "/campaigns/"
"""Path in the site; the application is below it."""
SECTIONS: Final = frozenset({"admin", "api", "pledge", "wall"})
"""Names below a language (and, `api`, beside them) that no petition may have."""

ADMIN: Final = "admin"
WALL: Final = "wall"
OPENAPI: Final = "openapi.json"
"""Below `api`: what is answered here, for programs."""
LONG_FORM_BYTES: Final = 196_608
"""Of the protected page: an answer of 20,000 letters, each of them nine bytes in a form."""


def petition_path(lang: str, name: str) -> str:
    """The page of a petition; an act on it is below."""
    return f"{MOUNT}{lang}/{name}/"


def confirm_path(lang: str, name: str, token: str) -> str:
    """Where a signature is confirmed."""
    return f"{petition_path(lang, name)}confirm/{token}"


def revoke_path(lang: str, name: str, token: str = "") -> str:
    """Where one is taken back; without a token, where the link is asked for."""
    return f"{petition_path(lang, name)}revoke{'/' if token else ''}{token}"


def admin_path(lang: str, *below: str) -> str:
    """The protected page, or what is below it."""
    return f"{MOUNT}{lang}/{ADMIN}/{'/'.join(below)}"


def log_path(name: str) -> str:
    """The log of counts."""
    return f"{MOUNT}api/{name}/counts.json"


def wall_path(lang: str, rest: str = "") -> str:
    """The wall of supporters, or a page below it: `enrol`, `leave`."""
    return f"{MOUNT}{lang}/{WALL}/{rest}"
