"""Addresses: where each page is, and how another page links to it.

Every link is relative to the page that it is on, so that a mirror works under any path and from a disk
(docs/design/0023-site.md has the addresses). A folder's page is its `index.html`.
"""

import re
from hashlib import sha256
from posixpath import relpath
from typing import Final

INDEX: Final = "index.html"
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(?: [A-Za-z0-9][A-Za-z0-9.-]*)*")
DIGEST_DIGITS: Final = 12


def part_of(name: str) -> str:
    """A name as one part of an address, the same on disk and in a link: `AS36925`, `Operator_A`.

    Any other name is told by its digest: no name leads out of its folder, and no two share one.
    """
    if _PLAIN.fullmatch(name):
        return name.replace(" ", "_")
    return f"x_{sha256(name.encode()).hexdigest()[:DIGEST_DIGITS]}"


def home() -> str:
    """Of a language; all paths here are below `/LANG/` and end with a slash."""
    return ""


def country(code: str) -> str:
    """One country."""
    return f"countries/{part_of(code)}/"


def operator(country_code: str, name: str) -> str:
    """One operator of a country."""
    return f"{country(country_code)}operators/{part_of(name)}/"


def app(country_code: str, name: str) -> str:
    """One app in a country."""
    return f"{country(country_code)}apps/{part_of(name)}/"


def series(country_code: str, operator_name: str, access: str, app_name: str) -> str:
    """The published rows of one series; a row's anchor is `bundle.Row.anchor`."""
    parts = (operator_name, access, app_name)
    return f"{country(country_code)}series/" + "".join(f"{part_of(part)}/" for part in parts)


def month(series_path: str, name: str) -> str:
    """The hours of one month of a series, where they are too many for its own page."""
    return f"{series_path}{part_of(name)}/"


def claim(name: str) -> str:
    """One claim, with the rows behind its check; `morocco-2016/start-5-january` is two parts."""
    return "claims/" + "".join(f"{part_of(part)}/" for part in name.split("/"))


def incident(name: str) -> str:
    """The newest revision."""
    return f"incidents/{part_of(name)}/"


def revision(name: str, number: int) -> str:
    """One revision for ever."""
    return f"{incident(name)}r{number}/"


class Here:
    """The page that links are made from."""

    def __init__(self, lang: str, path: str) -> None:
        """`path` as the functions above give it."""
        self.lang = lang
        self.path = path
        self.file = f"{lang}/{path}{INDEX}"
        """In the site's folder."""

    def page(self, path: str, *, lang: str | None = None, anchor: str = "") -> str:
        """To another page, in this language or another."""
        target = f"{self.lang if lang is None else lang}/{path}"
        return self.file_at(target) + (f"#{anchor}" if anchor else "")

    def file_at(self, path: str) -> str:
        """To any file or folder of the site, by its path from the root."""
        link = relpath(f"/{path}", f"/{self.lang}/{self.path}")
        return f"{link}/" if (not path or path.endswith("/")) and not link.endswith("/") else link
