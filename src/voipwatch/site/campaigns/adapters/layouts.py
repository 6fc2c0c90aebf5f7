"""Layouts of archived pages, as data: which address, which days, where the count stands."""

import html
import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from voipwatch.civic.observations import Quantity
from voipwatch.model.edtf import decode_edtf

_IN_THREES: Final = re.compile(
    r"[0-9]{1,3}(?:([.,\u00a0\u202f ])[0-9]{3}(?:\1[0-9]{3})*)?|[0-9]{1,12}", re.ASCII
)  # fmt: skip


class LayoutError(ValueError):
    """A file of layouts that does not hold."""


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One."""

    id: str
    service: str
    quantity: Quantity
    url: str
    since: str
    until: str
    style: str
    pattern: str

    def page_of(self, url: str, time_s: float) -> str | None:
        """`service:name` of an address and a time; None where the layout is not of them."""
        since_s, until_s = decode_edtf(self.since).since_s, decode_edtf(self.until).until_s
        if since_s is None or until_s is None or not since_s <= time_s < until_s:
            return None
        match = re.fullmatch(self.url, url, re.ASCII)
        # Names on YouTube tell capitals apart; elsewhere they do not.
        name = match["page"] if match else ""
        return f"{self.service}:{name if self.service == 'youtube' else name.lower()}" if name else None

    def count_of(self, text: str) -> int | None:
        """The count on a page; None where there is none, or where there are two that differ."""
        found = {_count(match["count"], self.style) for match in re.finditer(self.pattern, text, re.ASCII)}
        return found.pop() if len(found) == 1 else None


def _count(text: str, style: str) -> int | None:
    text = text.strip()
    if style == "digits":
        return int(text) if text.isascii() and text.isdigit() else None
    if not _IN_THREES.fullmatch(text):
        return None  # 1,5 or 12.34
    return int(re.sub(r"[^0-9]", "", text))


def parse_layouts(text: str) -> tuple[Layout, ...]:
    """Layouts of a TOML file. Raises LayoutError."""
    try:
        found = msgspec.convert(tomllib.loads(text).get("layout", []), tuple[Layout, ...])
        problems = [problem for each in found if (problem := _problem(each))]
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, re.error, ValueError, RecursionError) as error:
        raise LayoutError(str(error)) from None
    if problems:
        raise LayoutError("; ".join(problems))
    return found


def _problem(each: Layout) -> str:
    """What is wrong with it; raises for what is no pattern or no date."""
    decode_edtf(each.since)
    decode_edtf(each.until)
    if "page" not in re.compile(each.url).groupindex or "count" not in re.compile(each.pattern).groupindex:
        return f"{each.id}: no group page or count"
    return "" if each.style in {"digits", "grouped"} else f"{each.id}: no style {each.style}"


@cache
def packaged_layouts() -> tuple[Layout, ...]:
    """Those that come with the package."""
    place = files("voipwatch.site.campaigns.adapters").joinpath("layouts.toml")
    return parse_layouts(place.read_text("utf-8"))


def page_text(payload: bytes) -> str:
    """A page's bytes as text in which patterns are looked for: UTF-8 with its errors replaced, entities
    resolved.
    """
    return html.unescape(payload.decode("utf-8", "replace"))
