"""Sentences of the chronicle as plain text in a reader's language: its dates, apps, names."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from voipwatch.chronicle.titles import Sentence
from voipwatch.site.words import Name, Words

NO_BREAK: Final = "\u00a0"
_MOMENTS: Final = frozenset({"since", "earliest", "latest", "until"})
_SPACES: Final = re.compile("[^\\S\u00a0\u202f]+")


def plain(sentence: Sentence, words: Words) -> str:
    """One line; a date is not broken."""
    return one_line(words.plain_sentence(sentence, **_written(sentence, words)))


def one_line(text: str) -> str:
    """Without line breaks or runs of spaces: a title, a field of a calendar."""
    return _SPACES.sub(" ", text).strip()


@cache
def app_names() -> Mapping[str, str]:
    """What the apps of the catalogue are called, by id."""
    folder = files("voipwatch.apps").joinpath("catalogue")
    found = {}
    for place in folder.iterdir():
        if place.name.endswith(".toml"):
            table = tomllib.loads(place.read_text(encoding="utf-8"))
            found[str(table["id"])] = str(table["name"])
    return found


def _written(sentence: Sentence, words: Words) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in sentence.values.items():
        if key == "country":
            found[key] = words.country(value)
        elif key in {"date", "by", "until"} and len(value) == len("2016-01-05"):
            found[key] = words.day(value).replace(" ", NO_BREAK)
        elif key in _MOMENTS and value:
            found[key] = words.moment(value).replace(" ", NO_BREAK)
        elif key == "apps" and not value.isdecimal():
            found[key] = words.plain_list(app_names().get(app, app) for app in value.split(", "))
        elif key in {"accesses", "later"}:
            found[key] = words.plain_list(words.plain(f"access.{each}") for each in value.split(", ") if each)
        elif key == "operators" and not value.isdecimal():
            found[key] = words.plain_list(value.split(", "))
        elif key in {"instance", "id"}:
            found[key] = Name(value)
    return found
