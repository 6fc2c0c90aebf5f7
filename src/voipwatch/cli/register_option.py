"""`--register`: the register that collectors share, understood and opened."""

import re
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from voipwatch.cli.errors import Misuse, Trouble
from voipwatch.collector.register import Book

SCHEMES: Final = ("postgresql", "postgresql+psycopg")
_NAME: Final = re.compile(r"/[^/]+")


def parse_register_url(text: str | None) -> str:
    """The URL of a register, looked through; empty for None. Raises Misuse; Trouble without the driver."""
    if text is None:
        return ""
    try:
        parts = urlsplit(text)
        right = parts.scheme in SCHEMES and bool(parts.hostname) and _NAME.fullmatch(parts.path) is not None
        _ = parts.port  # raises ValueError for one that there is not
    except ValueError:
        right = False
    if not right:  # not shown: a password may be in it
        raise Misuse("error.register")
    try:
        import psycopg  # noqa: F401, PLC0415 -- an extra; only to see that it is there
        import sqlalchemy  # noqa: F401, PLC0415 -- the same
    except ImportError as error:
        raise Trouble("error.no_register", name=error.name or "psycopg") from error
    return text


def register_opener(url: str) -> Callable[[], Book] | None:
    """What opens it; None for an empty URL."""
    if not url:
        return None

    def opened() -> Book:
        from voipwatch.store.register.book import open_book  # noqa: PLC0415 -- an extra

        return open_book(url)

    return opened
