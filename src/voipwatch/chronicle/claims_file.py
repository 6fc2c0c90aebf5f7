"""Claims as they are kept: one TOML file a chronology, sources once, claims by source."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from voipwatch.chronicle.edtf import EdtfError, decode_edtf
from voipwatch.model.claims import Claim, ClaimSays, ClaimType, DateFlag, Scope, Source

PACKAGED: Final = ("morocco-2015-2016",)
"""Chronologies that come with the package."""


class ClaimsError(Exception):
    """A chronology that does not hold."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        """Claim or source, and its field."""


class _Source(Source, frozen=True, forbid_unknown_fields=True):
    """A source as a file may spell it: no field but its own."""


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


def parse_claims(text: str) -> list[Claim]:
    """The claims of a file, in its order. What contradicts is contradicted: it need be written once.

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
    return [_claim(found, each, against[each.id]) for each in found.claim]


@cache
def packaged_claims(name: str) -> tuple[Claim, ...]:
    """One of `PACKAGED`."""
    place = files("voipwatch.chronicle").joinpath("data").joinpath(f"{name}.toml")
    return tuple(parse_claims(place.read_text(encoding="utf-8")))


def all_packaged_claims() -> tuple[Claim, ...]:
    """Of all chronologies."""
    return tuple(claim for name in PACKAGED for claim in packaged_claims(name))


def _claim(file: _File, each: _Claim, against: set[str]) -> Claim:
    source = file.source.get(each.source)
    if source is None:
        raise ClaimsError(f"{each.id}.source", f"there is no source {each.source}")
    impossible = _date(f"{each.id}.date", each.date)
    if source.date:
        _date(f"{each.source}.date", source.date)
    if impossible != (each.flag is DateFlag.IMPOSSIBLE):
        raise ClaimsError(f"{each.id}.flag", f"{each.date} is {'' if impossible else 'not '}impossible")
    return Claim(
        id=f"{file.name}/{each.id}",
        type=each.type,
        says=each.says,
        date=each.date,
        as_published=each.as_published,
        text=each.text,
        scope=Scope(file.country, tuple(each.operators), tuple(each.accesses), tuple(each.apps)),
        source=Source(**msgspec.structs.asdict(source)),
        contradicts=tuple(f"{file.name}/{name}" for name in sorted(against)),
        flag=each.flag,
    )


def _date(where: str, text: str) -> bool:
    try:
        return decode_edtf(text).impossible
    except EdtfError as error:
        raise ClaimsError(where, str(error)) from None
