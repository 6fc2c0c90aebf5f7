"""Claims as they are kept: one TOML file a chronology, sources once, claims by source; beside it a file a
language with our own words in it.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.model.acts import ClaimNote
from voipwatch.model.claims import (
    Claim,
    ClaimSays,
    ClaimType,
    DateFlag,
    Reliability,
    Scope,
    Source,
    Translation,
)
from voipwatch.model.edtf import EdtfError, decode_edtf

PACKAGED: Final = ("morocco-2015-2016",)
"""Chronologies that come with the package."""
ENGLISH: Final = "en"
TRANSLATED: Final = ("fr", "ar")
"""Languages of which there is a file `NAME.LANG.toml`."""


class ClaimsError(Exception):
    """A chronology that does not hold."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        """Claim or source, and its field."""


class _Source(msgspec.Struct, forbid_unknown_fields=True):
    publisher: str
    title: str
    url: str = ""
    date: str = ""
    reliability: Reliability = Reliability.REPORTED
    lang: str = ""
    gone_at: str = ""
    archived_url: str = ""


class _Claim(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    source: str
    type: ClaimType
    says: ClaimSays
    date: str
    as_published: str
    text: str
    operators: list[str] = []
    accesses: list[str] = []
    apps: list[str] = []
    contradicts: list[str] = []
    flag: DateFlag | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    country: str
    name: str
    source: dict[str, _Source]
    claim: list[_Claim]


class _Words(msgspec.Struct, forbid_unknown_fields=True):
    source: dict[str, str] = {}
    claim: dict[str, str] = {}
    read: bool = False


def parse_claims(text: str, words: Mapping[str, str] | None = None) -> list[Claim]:
    """The claims of a file, in its order. What contradicts is contradicted: it need be written once.

    Args:
        text: TOML.
        words: language -> TOML with our words in it, by id of claim and source; what one lacks is told in
            English.

    Raises:
        ClaimsError: no TOML, an unknown field or word, a claim or source that is not there, a date that is
            no EDTF, an impossible date without its flag. An impossible date itself is kept.
    """
    try:
        document: dict[str, Any] = tomllib.loads(text)
        found = msgspec.convert(document, _File)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ClaimsError("file", str(error)) from None
    ids = [each.id for each in found.claim]
    for number, name in enumerate(ids):
        if name in ids[:number]:
            raise ClaimsError(name, "there are two")
    against: dict[str, set[str]] = {name: set() for name in ids}
    for each in found.claim:
        for other in each.contradicts:
            if other not in against or other == each.id:
                raise ClaimsError(f"{each.id}.contradicts", f"there is no claim {other}")
            against[each.id].add(other)
            against[other].add(each.id)
    told = {lang: _words(lang, content, found) for lang, content in ({} if words is None else words).items()}
    return [_claim(found, each, against[each.id], told) for each in found.claim]


def _words(lang: str, content: str, file: _File) -> _Words:
    try:
        found = msgspec.convert(tomllib.loads(content), _Words)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as error:
        raise ClaimsError(f"file.{lang}", str(error)) from None
    unknown = sorted({*found.claim} - {each.id for each in file.claim} | {*found.source} - {*file.source})
    if unknown:
        raise ClaimsError(f"{unknown[0]}.{lang}", "there is no such claim or source")
    return found


def told_in(text: str, translations: Iterable[Translation], lang: str) -> tuple[str, str]:
    """Our words in a language, and the language they are in: English where there are none."""
    for each in translations:
        if each.lang == lang:
            return each.text, lang
    return text, ENGLISH


def with_note(claim: Claim, note: ClaimNote) -> Claim:
    """The claim, its source marked as what became of it; it stays cited as it was."""
    source = msgspec.structs.replace(
        claim.source,
        gone_at=note.gone_at or claim.source.gone_at,
        archived_url=note.archived_url or claim.source.archived_url,
    )
    return msgspec.structs.replace(claim, source=source)


@cache
def packaged_claims(name: str) -> tuple[Claim, ...]:
    """One of `PACKAGED`."""
    folder = files("voipwatch.chronicle").joinpath("data")
    words = {lang: folder.joinpath(f"{name}.{lang}.toml").read_text(encoding="utf-8") for lang in TRANSLATED}
    return tuple(parse_claims(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"), words))


def all_packaged_claims() -> tuple[Claim, ...]:
    """Of all chronologies."""
    return tuple(claim for name in PACKAGED for claim in packaged_claims(name))


def _claim(file: _File, each: _Claim, against: set[str], told: Mapping[str, _Words]) -> Claim:
    source = file.source.get(each.source)
    if source is None:
        raise ClaimsError(f"{each.id}.source", f"there is no source {each.source}")
    impossible = _date(f"{each.id}.date", each.date)
    for field in ("date", "gone_at"):
        value = getattr(source, field)
        if value and _date(f"{each.source}.{field}", value):
            raise ClaimsError(f"{each.source}.{field}", f"{value}: there is no such day")
    if impossible and each.flag is not DateFlag.IMPOSSIBLE:
        raise ClaimsError(
            f"{each.id}.date",
            f'{each.date}: there is no such day; where it was published so: flag = "impossible"',
        )
    if not impossible and each.flag is DateFlag.IMPOSSIBLE:
        raise ClaimsError(f"{each.id}.flag", f"{each.date} is not impossible")
    return Claim(
        id=f"{file.name}/{each.id}",
        type=each.type,
        says=each.says,
        date=each.date,
        as_published=each.as_published,
        text=each.text,
        scope=Scope(file.country, tuple(each.operators), tuple(each.accesses), tuple(each.apps)),
        source=Source(
            publisher=source.publisher,
            title=source.title,
            url=source.url,
            date=source.date,
            reliability=source.reliability,
            lang=source.lang,
            translations=tuple(
                Translation(lang, words.source[each.source], words.read)
                for lang, words in told.items()
                if each.source in words.source
            ),
            gone_at=source.gone_at,
            archived_url=source.archived_url,
        ),
        contradicts=tuple(f"{file.name}/{name}" for name in sorted(against)),
        flag=each.flag,
        translations=tuple(
            Translation(lang, words.claim[each.id], words.read)
            for lang, words in told.items()
            if each.id in words.claim
        ),
    )


def _date(where: str, text: str) -> bool:
    try:
        return decode_edtf(text).impossible
    except EdtfError as error:
        raise ClaimsError(where, str(error)) from None
