"""IP addresses spelled in text: every run of characters that names one, or looks enough like it.

What is taken for an address is taken generously: a string that looks like one and is none costs a few
characters, the other mistake could cost somebody his safety. Only the unspecified address `::` is none.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Final

import numpy as np

IPV4: Final = re.compile(r"(?<![0-9])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9])", re.ASCII)
DASHED_IPV4: Final = re.compile(r"(?<![0-9A-Fa-f])(?:[0-9]{1,3}-){3}[0-9]{1,3}(?![0-9A-Fa-f-])", re.ASCII)
"""As providers write them into names: `host-10-0-0-1.example`. Dates have two dashes, UUIDs hex digits."""
IPV6: Final = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z_.~-]+)?", re.ASCII)
"""A run that could hold an IPv6 address, with a zone (RFC 4007) if there is one."""

_GROUP: Final = "[0-9A-Fa-f]{1,4}"
_OCTET: Final = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_QUAD: Final = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_GROUP_BEGINS: Final = r"[^0-9A-Fa-f.](?:(?<!:)\.+)?"
_GROUP_ENDS: Final = r"(?=:|\.*(?![0-9A-Fa-f:.]))"
_SHORTENED: Final = re.compile(
    f"{_GROUP_BEGINS}(?:{_GROUP}::(?:{_GROUP}|{_QUAD})?|::(?:{_GROUP}|{_QUAD})){_GROUP_ENDS}".encode()
)
_EIGHT: Final = re.compile(
    f"{_GROUP_BEGINS}(?:{_GROUP}:){{6}}(?:{_GROUP}:{_GROUP}|{_QUAD}){_GROUP_ENDS}".encode()
)
"""Where `ipv6_in` finds one in a run: a whole group beside `::`, or eight of them. It takes each stretch of
groups apart, which for a run of 8 MB is a minute; these go over the text once."""
GROUPS_MAX: Final = 9
"""Parts between the colons: eight groups, or `1:2:3:4:5:6:7::` with two empty ones at its end."""
_HINT_IPV4: Final = re.compile(rb"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_HINT_DASHED_IPV4: Final = re.compile(rb"-[0-9]{1,3}-[0-9]{1,3}-[0-9]")
_HINT_IPV6: Final = re.compile(rb":[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]")
"""Inside of every address without `::`. They begin with one fixed byte each, which makes them quick."""
_COLONS_SPAN: Final = 10
"""Bytes from the first of three colons of an IPv6 address to the last, at most."""


def hints_at_address(data: bytes) -> bool:
    """Whether a look at each string is worth while: False only where no address is spelled in `data`.

    For whole documents, about 1 ns a byte; strings must be spelled plainly in it (no JSON escapes in them).
    """
    return any(hint.search(data) for hint in (_HINT_IPV4, _HINT_DASHED_IPV4)) or _hints_at_ipv6(data)


def spells_address(data: bytes) -> bool:
    """As `names_address`, of a document of ASCII or UTF-8; only for what it hints at is it gone through."""
    text = data.decode("latin-1")
    return (
        (_HINT_IPV4.search(data) is not None and _names(text, IPV4, "."))
        or (_HINT_DASHED_IPV4.search(data) is not None and _names(text, DASHED_IPV4, "-"))
        or names_ipv6(data)
    )


def _hints_at_ipv6(data: bytes) -> bool:
    """JSON is full of colons, so their distances are looked at first, of all at once."""
    colons = (np.frombuffer(data, np.uint8) == ord(":")).nonzero()[0]
    gaps = colons[1:] - colons[:-1]
    if gaps.size > 1 and (gaps[1:] + gaps[:-1]).min() <= _COLONS_SPAN and _HINT_IPV6.search(data):
        return True
    return gaps.size > 0 and bool(gaps.min() == 1) and _SHORTENED.search(b"|" + data) is not None


def names_address(text: str) -> bool:
    """Whether any address is spelled in `text`. Its cost grows with the length alone, whatever is in it."""
    return (
        _names(text, IPV4, ".")
        or _names(text, DASHED_IPV4, "-")
        or names_ipv6(text.encode("utf-8", "replace"))
    )


def names_ipv6(data: bytes) -> bool:
    """Whether an IPv6 address is spelled in ASCII or UTF-8: what `ipv6_in` finds in one of its runs."""
    text = b"|" + data  # what stands before a group is part of the patterns
    return (b"::" in data and _SHORTENED.search(text) is not None) or (
        _HINT_IPV6.search(data) is not None and _EIGHT.search(text) is not None
    )


def _names(text: str, ipv4: re.Pattern[str], separator: str) -> bool:
    return any(max(map(int, run[0].split(separator))) <= 255 for run in ipv4.finditer(text))


def ipv6_in(run: str) -> tuple[str, str, str] | None:
    """What stands before, in, and after the part of an `IPV6` run that holds an address; None without one.

    A run with an address in it counts as a whole: where it begins and ends cannot be told for sure.
    """
    before, text, after = _trimmed(run)
    plain = text.partition("%")[0]
    if plain == "::" or not any(_is_ipv6(part) for part in _parts(plain)):
        return None
    return before, plain, after


def canonical(text: str) -> str:
    """One spelling an address; a v4-mapped one (RFC 4291, 2.5.5.2) is its IPv4 address."""
    try:
        address = IPv6Address(text)
    except ValueError:
        return text.lower()
    return str(address.ipv4_mapped or address)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return text != "::"


def _trimmed(run: str) -> tuple[str, str, str]:
    """A run without the punctuation around it: `1::2.` at the end of a sentence, `addr:1::2:`."""
    body = run.rstrip(".")
    if body.endswith(":") and not body.endswith("::"):
        body = body[:-1]
    start = len(body) - len(body.lstrip("."))
    if body[start:].startswith(":") and not body[start:].startswith("::"):
        start += 1
    return run[:start], body[start:], run[len(body) :]


def _parts(run: str) -> Iterable[str]:
    """Every stretch of whole groups in a run, longest first: `ab:2001:db8::1` holds `2001:db8::1`."""
    groups = run.split(":")
    for length in range(min(len(groups), GROUPS_MAX), 1, -1):
        for start in range(len(groups) - length + 1):
            yield ":".join(groups[start : start + length])
