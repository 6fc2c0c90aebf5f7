"""How iCalendar (RFC 5545) spells values and lines: shared by every calendar that we write."""

import re
from typing import Final

from voipwatch.model.instants import iso

LINE_BYTES: Final = 75
"""3.1: without the line break."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""3.1: no value holds any of these."""


def instant(time_s: float) -> str:
    """3.3.5, form 2: Unix seconds as `20160116T000000Z`."""
    return iso(time_s).replace("-", "").replace(":", "")


def text_value(text: str) -> str:
    """3.3.11: backslashes, semicolons, commas and line breaks are escaped."""
    clean = _CONTROLS.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        clean = clean.replace(plain, escaped)
    return clean.replace("\t", " ")


def content_line(line: str) -> bytes:
    """3.1: folded, so that no line has over 75 octets and no letter is cut in two; ends with CRLF."""
    found, current = bytearray(), 0
    for letter in line:
        octets = letter.encode()
        if current + len(octets) > LINE_BYTES:
            found += b"\r\n "
            current = 1
        found += octets
        current += len(octets)
    return bytes(found) + b"\r\n"
