"""Parts of the counter's sentences in three languages: plurals, ranges, days, lists, strangers' names.

Plural categories are those of CLDR (Babel): Arabic has six. Of a range the category is that of CLDR's plural
ranges (supplemental/pluralRanges.xml, release 45). Months are those of ar-MA (`نونبر`), digits Latin.

Languages, days, numbers and countries are `site.words`', names of apps those of `apps.names`. A counter's own
are the sentences, which pages do not have, a shortened list of apps, and how a stranger's text is cleaned:
one line of a badge, cut to what fits, isolated in every language wherever it could turn what is around it. A
page keeps such a text whole and has `<bdi>`.
"""

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Final

from babel import Locale
from babel.lists import format_list

from voipwatch.apps.names import app_names as names_of_apps
from voipwatch.civic.daycount import Blocked, Bracket, Days
from voipwatch.site.words import FSI, LANGUAGES, LOCALES, PDI, RIGHT_TO_LEFT, flatten, words

DIRECTIONS: Final[Mapping[str, str]] = {lang: "rtl" if lang in RIGHT_TO_LEFT else "ltr" for lang in LANGUAGES}
APPS_SHOWN: Final = 3
"""By name, as in titles of incidents; further ones are counted."""
NAME_MAX_CHARS: Final = 120
"""Of a name of a stranger's making: longer ones are cut, with an ellipsis."""
_RANGES: Final = {("zero", "one"): "zero", ("zero", "two"): "zero", ("one", "two"): "other"}
"""Of Arabic; in every other case of our languages a range has the category of its end."""


@cache
def texts(lang: str) -> Mapping[str, str]:
    """Every text of a language, by dotted key. Raises KeyError for a language that there is not."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    place = files("voipwatch.site.counter").joinpath("locale").joinpath(f"{lang}.toml")
    found: dict[str, str] = {}
    flatten(tomllib.loads(place.read_text(encoding="utf-8")), "", found)
    return found


def say(lang: str, key: str, **values: str) -> str:
    """The text `key` with its places filled; what is filled in is never read as a text again."""
    return texts(lang)[key].format(**values)


def clean(text: str, limit: int = NAME_MAX_CHARS) -> str:
    """A stranger's text on one line, at most `limit` characters.

    Without controls, among them those that turn the direction of what follows, and without what XML cannot
    hold.
    """
    kept = "".join(" " if each.isspace() else each for each in text if each.isspace() or _harmless(each))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _harmless(char: str) -> bool:
    # Joiners (U+200C, U+200D) are format characters that Persian, Indic and emoji need.
    return char in "\u200c\u200d" or (
        unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"} and char not in "\ufffe\uffff"
    )


def isolated(lang: str, text: str) -> str:
    """A stranger's text, cleaned; an isolate (UAX #9, FSI ... PDI) where it could turn the rest."""
    kept = clean(text)
    turns = any(unicodedata.bidirectional(each) in {"R", "AL", "AN"} for each in kept)
    return f"{FSI}{kept}{PDI}" if turns or DIRECTIONS[lang] == "rtl" else kept


def country_name(lang: str, country: str) -> str:
    """Of an ISO 3166 code; the code itself where there is no name."""
    known: str | None = _locale(lang).territories.get(country)
    return isolated(lang, country) if known is None else known


def app_names(lang: str, apps: Sequence[str]) -> str:
    """`WhatsApp, Viber, Skype and 3 more apps`."""
    names = [isolated(lang, names_of_apps().get(app, app)) for app in apps]
    more = len(names) - APPS_SHOWN
    if more <= 0:
        return format_list(names, locale=_locale(lang))
    shown = texts(lang)["list.comma"].join(names[:APPS_SHOWN])
    return say(lang, f"list.more.{category(lang, more)}", apps=shown, n=number(lang, more))


def number(lang: str, value: int) -> str:
    """Grouped as the language does, in Latin digits."""
    return words(lang).number(value)


def blocked(lang: str, series: Blocked) -> str:
    """`1 of 2 measured series does not get through`."""
    n, measured = number(lang, series.count), number(lang, series.measured)
    return say(lang, f"blocked.{category(lang, series.count)}", n=n, measured=measured)


def category(lang: str, value: int) -> str:
    """CLDR plural category."""
    found: str = _locale(lang).plural_form(value)
    return found


def range_category(lang: str, low: int, high: int) -> str:
    """CLDR plural category of a range of whole numbers."""
    first, last = category(lang, low), category(lang, high)
    return _RANGES.get((first, last), last) if lang == "ar" else last


def duration(lang: str, family: str, days: Days) -> str:
    """So many days.

    Args:
        lang: one of `LANGUAGES`.
        family: `since` (up to now) or `lasted`.
        days: exact, a range, or without an upper bound.
    """
    if days.high is None:
        form = f"least.{category(lang, days.low)}"
        return say(lang, f"{family}.{form}", n=number(lang, days.low))
    if days.low != days.high:
        form = f"range.{range_category(lang, days.low, days.high)}"
        return say(lang, f"{family}.{form}", low=number(lang, days.low), high=number(lang, days.high))
    if days.low == 0:
        return say(lang, f"{family}.today")
    return say(lang, f"{family}.exact.{category(lang, days.low)}", n=number(lang, days.low))


def day_name(lang: str, day: date) -> str:
    """`2 January 2016`, `1er janvier 2016`, `31 دجنبر 2015`."""
    return words(lang).day(day)


def day_range(lang: str, family: str, bracket: Bracket) -> str:
    """`2 to 6 January 2016`: what both have in common is said once.

    Args:
        lang: one of `LANGUAGES`.
        family: `date` (a noun) or `began` (since).
        bracket: one day, two, or without a first.
    """
    last = day_name(lang, bracket.latest)
    if bracket.earliest is None:
        return say(lang, f"{family}.open", last=last)
    if bracket.earliest == bracket.latest:
        return say(lang, f"{family}.exact", last=last)
    same_year = bracket.earliest.year == bracket.latest.year
    same_month = same_year and bracket.earliest.month == bracket.latest.month
    pattern = "d" if same_month else "d MMMM" if same_year else "d MMMM y"
    return say(lang, f"{family}.range", first=words(lang).dated(bracket.earliest, pattern), last=last)


@cache
def _locale(lang: str) -> Locale:
    return Locale.parse(LOCALES[lang])
