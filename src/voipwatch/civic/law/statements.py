"""Sentences on the law of a country: `data/law.toml`, each with its source and the day on which it was
read.
"""

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.civic.costs.inputs import Source

LANGUAGES: Final = ("en", "fr", "ar")


class Topic(StrEnum):
    """What a sentence is about."""

    BOYCOTT = "boycott"
    PETITION = "petition"
    DATA = "data"
    """Lists of those who sign or pledge."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One."""

    country: str
    """ISO 3166."""
    topic: Topic
    texts: Mapping[str, str]
    """By language, each of `LANGUAGES`."""
    read: date
    """On which its sources were read: what came after is not in it."""
    sources: tuple[Source, ...]


class Law(msgspec.Struct, frozen=True):
    """What is known of one country."""

    country: str
    statements: tuple[Statement, ...]

    @property
    def known(self) -> bool:
        """Whether anything is."""
        return bool(self.statements)

    @property
    def silent_on(self) -> tuple[Topic, ...]:
        """Topics of which nothing is known here: to be said, not left out."""
        told = {each.topic for each in self.statements}
        return tuple(topic for topic in Topic if topic not in told)


def law_of(country: str) -> Law:
    """The law where an instance runs; of an unknown country, a law without statements."""
    return Law(country, tuple(each for each in _packaged() if each.country == country))


def known_countries() -> tuple[str, ...]:
    """That have statements, sorted."""
    return tuple(sorted({each.country for each in _packaged()}))


@cache
def _packaged() -> tuple[Statement, ...]:
    resource = files("voipwatch.civic").joinpath("data").joinpath("law.toml")
    return decode_statements(resource.read_text("utf-8"))


def decode_statements(text: str) -> tuple[Statement, ...]:
    """Read statements, TOML. Raises KeyError, ValueError (msgspec.ValidationError) for what does not hold."""
    document = tomllib.loads(text)
    sources = {name: msgspec.convert(each, Source) for name, each in document["source"].items()}
    return tuple(_statement(each, sources) for each in document["statement"])


def _statement(entry: Mapping[str, Any], sources: Mapping[str, Source]) -> Statement:
    named = tuple(sources[name] for name in entry["sources"])
    if not named:
        raise ValueError(f"{entry['country']}, {entry['topic']}: no source")
    return Statement(
        country=entry["country"],
        topic=Topic(entry["topic"]),
        texts={lang: entry[lang] for lang in LANGUAGES},
        read=entry["read"],
        sources=named,
    )
