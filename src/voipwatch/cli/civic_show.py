"""What the civic commands share: ranges in words, sources in a line, JSON."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec
from rich.text import Text

from voipwatch.civic.costs.inputs import Source
from voipwatch.civic.ranges import Range
from voipwatch.cli.context import Context
from voipwatch.cli.errors import Misuse
from voipwatch.cli.language import Texts
from voipwatch.cli.values import shown

MILLION: Final = 1_000_000.0
SEPARATORS: Final = {"fr": ("\u202f", ","), "ar": (".", ",")}
"""Of thousands and of decimals (CLDR 44: fr, ar-MA)."""


def range_text(texts: Texts, value: Range, *, places: int = 1) -> str:
    """`2.5`, `2.5 to 3`, or `2.5 or more`."""
    low = number_text(texts, value.low, places=places)
    if value.high is None:
        return texts("civic.at_least", low=low)
    high = number_text(texts, value.high, places=places)
    return low if low == high else texts("civic.range", low=low, high=high)


def number_text(texts: Texts, value: float, *, places: int = 1) -> str:
    """At most so many digits after the point, thousands apart, as the language writes both."""
    text = f"{value:,.{places}f}"
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    thousands, point = SEPARATORS.get(texts.lang, (",", "."))
    whole = whole.replace(",", thousands)
    return f"{whole}{point}{rest}" if rest else whole


def money_text(texts: Texts, value: Range, unit: str) -> str:
    """In millions of a currency: `118.5 to 404.1 million USD`."""
    scaled = Range(value.low / MILLION, None if value.high is None else value.high / MILLION)
    return texts("civic.millions", range=range_text(texts, scaled), unit=unit)


def source_text(texts: Texts, source: Source) -> str:
    """Publisher, title, date, how far it was read, address."""
    known = [source.publisher, source.title, source.date, texts(f"civic.seen.{source.seen}"), source.url]
    return " · ".join(part for part in known if part)


_NUMBER: Final = r"[0-9]{1,15}(?:\.[0-9]{1,9})?(?:[eE][0-9]{1,2})?"
_AMOUNTS: Final = re.compile(rf"(?P<low>{_NUMBER})(?:-(?P<high>{_NUMBER}))?", re.ASCII)


class Footnotes:
    """Sources numbered in the order in which they were first cited."""

    def __init__(self) -> None:
        self.sources: list[Source] = []

    def marks(self, sources: Iterable[Source]) -> str:
        """`[1] [3]`."""
        numbers: dict[int, None] = {}
        for source in sources:
            if source not in self.sources:
                self.sources.append(source)
            numbers[self.sources.index(source) + 1] = None
        return " ".join(f"[{number}]" for number in numbers)

    def print(self, context: Context) -> None:
        """Each on a line."""
        for number, source in enumerate(self.sources, start=1):
            print_line(context, f"[{number}] {source_text(context.texts, source)}", style="dim")


def print_line(context: Context, text: str, *, style: str = "") -> None:
    """A line of data, or of a text in the reader's language."""
    context.out.print(Text(context.texts.isolate(text), style=style), soft_wrap=True)


def print_document(context: Context, schema: str, document: object) -> None:
    """One JSON document with its schema."""
    plain = msgspec.to_builtins(document)
    context.print_json(msgspec.json.format(msgspec.json.encode({"schema": schema, **plain}), indent=2))


def parse_country(code: str) -> str:
    """Two letters, in capitals."""
    if not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise Misuse("error.country", value=shown(code))
    return code.upper()


def parse_amounts(text: str, *, option: str) -> Range:
    """`2.5` or `2-3`, with a point or a comma."""
    match = _AMOUNTS.fullmatch(text.strip().replace(",", "."))
    low = float(match["low"]) if match else 1.0
    high = low if match is None or match["high"] is None else float(match["high"])
    if match is None or not low <= high < float("inf"):
        raise Misuse("civic.no_amount", option=option, value=shown(text))
    return Range(low, high)


def parse_days(text: str, *, option: str) -> tuple[date, date]:
    """`2016-01-05`, or `2015-12-31/2016-01-05` for any day between."""
    try:
        days = [date.fromisoformat(end) for end in text.strip().split("/")]
    except ValueError:
        days = []
    if not 1 <= len(days) <= 2 or days[0] > days[-1]:
        raise Misuse("civic.no_days", option=option, value=shown(text))
    return days[0], days[-1]
