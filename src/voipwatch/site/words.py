"""Texts of the site: sentences, plurals, numbers, dates and lists in each language.

Two faces: HTML (`Markup`, where every name is in `<bdi>`) and plain text for feeds, cards and `alt` (where in
Arabic every name is between U+2068 and U+2069; UAX #9). What a bundle says is escaped here and nowhere marked
safe.

Texts live in `locale/LANG.toml`, the same keys in each of `LANGUAGES`; a text with plural forms is a table
of CLDR's categories (`one`, `few`, `other`), chosen by its value `n`. Dates, numbers and lists are CLDR's
(Babel): Morocco's Arabic has Latin digits and its own names of months.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from markupsafe import Markup, escape

from voipwatch.chronicle.titles import Sentence, sentences
from voipwatch.civic.zones import zone as clock

LANGUAGES: Final = ("en", "fr", "ar")
LOCALES: Final[Mapping[str, str]] = {"en": "en_GB", "fr": "fr", "ar": "ar_MA", "zgh": "zgh"}
HTML_LANG: Final[Mapping[str, str]] = {"en": "en", "fr": "fr", "ar": "ar-MA", "zgh": "zgh"}
"""BCP 47, for `lang`: which glyphs and voices a browser takes."""
RIGHT_TO_LEFT: Final = frozenset({"ar"})
UNREAD: Final = frozenset({"fr", "ar", "zgh"})
"""Translations that no fluent reader has passed: every page of them says so."""
FIRST_OF_MONTH: Final[Mapping[str, str]] = {"fr": "1er"}
"""Language -> its ordinal (Lexique des règles typographiques en usage à l'Imprimerie nationale)."""
WHOLE_LETTERS: Final = 8
"""A name with a hyphen that is no longer stays on one line; a longer one may be wider than a phone."""
PLURALS: Final = frozenset({"zero", "one", "two", "few", "many", "other"})
FSI, PDI, RLM = "\u2068", "\u2069", "\u200f"
_PLACE: Final = re.compile(r"\{(\w+)\}")
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""That no text has, and that XML 1.0 (section 2.2) has no place for."""
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""That turn the text around a name (UAX #9)."""


class Name(str):
    """Something with letters of its own, an operator, an app, a title: isolated where it is shown."""

    __slots__ = ()


class Names(tuple[str, ...]):
    """Several of them: a list as the language joins it, each isolated."""

    __slots__ = ()


class Commas(tuple[str, ...]):
    """Several of them that more follow: a comma between them and no "and", each isolated."""

    __slots__ = ()


class Words:
    """All texts of one language, and its way to write numbers and times."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.html_lang = HTML_LANG[lang]
        self.direction = "rtl" if lang in RIGHT_TO_LEFT else "ltr"
        self.read = lang not in UNREAD
        self._comma = "، " if self.direction == "rtl" else ", "
        self._locale = Locale.parse(LOCALES[lang])
        self._texts = _texts(lang)
        self._row_times: dict[tuple[str, str], str] = {}
        self._moments: dict[tuple[datetime | str, str], str] = {}

    def __call__(self, key: str, **values: object) -> Markup:
        """A text as HTML, its places filled; `n` chooses a plural form.

        Raises KeyError for a text that is not there or a place without a value: our fault, tests look for it.
        """
        return self._html(self._text(key, values), values)

    def plain(self, key: str, **values: object) -> str:
        """The same as plain text."""
        return self._plain(self._text(key, values), values)

    def sentence(self, sentence: Sentence, **values: object) -> Markup:
        """A sentence of the chronicle as HTML; `values` replace its own, ready to be shown."""
        return self._html(sentences(self.lang)[sentence.key], sentence.values | values)

    def plain_sentence(self, sentence: Sentence, **values: object) -> str:
        """The same as plain text."""
        return self._plain(sentences(self.lang)[sentence.key], sentence.values | values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in self._texts

    def keys(self) -> list[str]:
        """Of all texts, sorted."""
        return sorted(self._texts)

    def _text(self, key: str, values: Mapping[str, object]) -> str:
        text = self._texts.get(key)
        if text is None:
            number = values["n"]
            assert isinstance(number, int | float), key
            form = self._locale.plural_form(number)
            text = self._texts.get(f"{key}.{form}") or self._texts[f"{key}.other"]
        return text

    def _html(self, text: str, values: Mapping[str, object]) -> Markup:
        parts = _PLACE.split(text)
        # At odd places stand the names of the places.
        return Markup("").join(
            self._shown_html(values[part]) if number % 2 else escape(part)
            for number, part in enumerate(parts)
        )

    def _plain(self, text: str, values: Mapping[str, object]) -> str:
        return "".join(
            self._shown_plain(values[part]) if number % 2 else part
            for number, part in enumerate(_PLACE.split(text))
        )

    def _shown_html(self, value: object) -> Markup:
        if isinstance(value, Markup):
            return value
        if isinstance(value, Name):
            return self.name(value)
        if isinstance(value, Names):
            return self.list(value)
        if isinstance(value, Commas):
            return escape(self._comma).join(self.name(each) for each in value)
        return escape(self._written(value))

    def _shown_plain(self, value: object) -> str:
        if isinstance(value, Markup):
            return value.striptags()
        if isinstance(value, Names):
            return self.plain_list(value)
        if isinstance(value, Commas):
            return self._comma.join(self.isolate(each) for each in value)
        return self.isolate(value) if isinstance(value, Name) else self._written(value)

    def _written(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        return self.number(value)

    def name(self, text: str) -> Markup:
        """A name as HTML: `<bdi>`, so that its letters order nothing around it; `Wi-Fi` is never broken."""
        if "-" in text and len(text) <= WHOLE_LETTERS:
            return Markup('<bdi class="whole">{}</bdi>').format(text)
        return Markup("<bdi>{}</bdi>").format(text)

    def isolate(self, text: str) -> str:
        """A name as plain text; marks only where the language is written from right to left."""
        text = seen(text)
        return f"{FSI}{text}{PDI}" if self.direction == "rtl" else text

    def span(self, text: str) -> Name:
        """`18–23`: a range of digits alone, which would be read backwards where a language runs from the
        right and nothing in the range says so.
        """
        return Name(f"{RLM}{text}" if self.direction == "rtl" else text)

    def number(self, value: float) -> str:
        """`1 234,5`: at most one digit after the point."""
        return str(format_decimal(value, format="#,##0.#", locale=self._locale))

    def decimal(self, value: float, places: int) -> str:
        """More digits than `number` gives, without zeros at the end: a share is 0.0023."""
        return str(format_decimal(value, format=f"#,##0.{'#' * places}", locale=self._locale))

    def percent(self, share: float) -> str:
        """A share, 0 to 1, in whole percent."""
        return str(format_percent(share, format=None, locale=self._locale))

    def day(self, value: date | datetime | str, *, year: bool = True) -> str:
        """`5 January 2016`; of a text the day that it begins with."""
        moment = date.fromisoformat(value[:10]) if isinstance(value, str) else value
        return self.dated(moment, "d MMMM y" if year else "d MMMM")

    def dated(self, moment: date, pattern: str) -> str:
        """By a pattern of CLDR; the first of a month as the language has it, which CLDR's own do not."""
        if moment.day == 1 and self.lang in FIRST_OF_MONTH:
            pattern = pattern.replace("d", f"'{FIRST_OF_MONTH[self.lang]}'", 1)
        if isinstance(moment, datetime):
            return format_datetime(moment, pattern, locale=self._locale)
        return format_date(moment, pattern, locale=self._locale)

    def days(self, first: str, last: str) -> str:
        """`2–6 January 2016`: from day to day, both included; one day where they are the same."""
        start, end = date.fromisoformat(first[:10]), date.fromisoformat(last[:10])
        if start == end:
            return self.day(start)
        if (start.year, start.month) == (end.year, end.month):
            # In each of the languages the day of the month comes first.
            return f"{self.dated(start, 'd')}–{self.day(end)}"
        return f"{self.day(start, year=start.year != end.year)} – {self.day(end)}"

    def moment(self, value: datetime | str, zone: str = "UTC") -> str:
        """`5 January 2016, 14:00 UTC`: never without its zone."""
        known = self._moments.get((value, zone))
        if known is None:
            known = self._moments[value, zone] = self._moment(value, zone)
        return known

    def _moment(self, value: datetime | str, zone: str) -> str:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        local = at.astimezone(UTC if zone == "UTC" else clock(zone))
        comma = "،" if self.direction == "rtl" else ","
        told = self.dated(local, f"d MMMM y'{comma}' HH:mm")
        return f"{told} {local.tzname() if zone == 'UTC' else zone}"

    def month(self, name: str) -> str:
        """`January 2016` for 2016-01."""
        return format_skeleton("yMMMM", date.fromisoformat(f"{name}-01"), locale=self._locale)

    def short_month(self, value: date) -> str:
        """`Jan`: beside the axis of a chart."""
        return format_skeleton("MMM", value, locale=self._locale)

    def row_time(self, start: str, level: str) -> str:
        """When a published row is of: `5 January 2016`, with its hours where it is of one, UTC."""
        known = self._row_times.get((start, level))
        if known is None:
            known = self._row_times[start, level] = self._row_time(start, level)
        return known

    def _row_time(self, start: str, level: str) -> str:
        if level == "hour":
            hour = int(start[11:13])
            hours = self.span(f"{hour:02}:00–{hour + 1:02}:00")
            return self.plain("row.hour", day=self.row_time(start[:10], "day"), hours=hours)
        if level == "day":
            return self.day(start)
        return self.days(start, (date.fromisoformat(start[:10]) + timedelta(days=6)).isoformat())

    def count(self, value: int | None) -> str:
        """A whole number, or nothing."""
        if value is None:
            return ""
        return str(value) if value < 1000 else self.number(value)

    def list(self, values: Iterable[str]) -> Markup:
        """`A, B and C`, each a name."""
        # Of parts that are escaped already, joined by CLDR's words.
        marked = format_list([str(self.name(value)) for value in values], locale=self._locale)
        return Markup(marked)  # noqa: S704 -- every name was escaped by `name`

    def plain_list(self, values: Iterable[str]) -> str:
        """The same as plain text."""
        return format_list([self.isolate(value) for value in values], locale=self._locale)

    def country(self, code: str) -> str:
        """`Morocco` for MA; the code where CLDR knows none."""
        return str(self._locale.territories.get(code, code))


def seen(text: str) -> str:
    """A stranger's text without controls that nobody sees and that would turn the text around it."""
    return _TURNS.sub("", printable(text))


def printable(text: str) -> str:
    """A text that any format may hold: without control characters, but for tabs and line breaks."""
    return _CONTROLS.sub("", text)


def language_tag(text: str) -> str:
    """A stranger's language tag where it has the form of one (RFC 5646, section 2.1); else empty."""
    return text if _TAG.fullmatch(text) else ""


@cache
def words(lang: str) -> Words:
    """The texts of one of `LANGUAGES`."""
    return Words(lang)


@cache
def _texts(lang: str) -> Mapping[str, str]:
    """Of `LANG.toml` and of every `PART-LANG.toml` beside it."""
    folder = files("voipwatch.site").joinpath("locale")
    found: dict[str, str] = {}
    for place in sorted(folder.iterdir(), key=lambda each: each.name):
        if place.name == f"{lang}.toml" or place.name.endswith(f"-{lang}.toml"):
            flatten(tomllib.loads(place.read_text(encoding="utf-8")), "", found)
    return {key: text.strip() for key, text in found.items()}


def flatten(table: Mapping[str, Any], prefix: str, found: dict[str, str]) -> None:
    """Put every text of a table into `found` by its dotted key."""
    for key, value in table.items():
        if isinstance(value, dict):
            flatten(value, f"{prefix}{key}.", found)
        else:
            found[f"{prefix}{key}"] = str(value)
