"""What the files of petitions and boycotts have in common: who is responsible, texts in several languages,
and checks that name the field which cannot be as it was written.
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar

import msgspec

LANGUAGES: Final = ("en", "fr", "ar")
TEXT_CHARACTERS_MAX: Final = 20_000
LINE_CHARACTERS_MAX: Final = 200
_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_COUNTRY: Final = re.compile(r"[A-Z]{2}")


class CampaignError(ValueError):
    """A petition or a boycott, or a record of one, cannot be as it was written."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class CampaignText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In one language."""

    title: str
    """One line."""
    body: str
    """Paragraphs, an empty line between them; no markup."""


class Controller(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who decides why and how the data are used, and answers for it: GDPR, article 13 (1) (a); Morocco's law
    09-08, article 5.
    """

    name: str
    address: str
    contact: str
    """Where a person can be written to: an e-mail address or a web address."""
    declaration: str = ""
    """Number of the authorisation of the authority (in Morocco: CNDP), where there is one."""


Kind = TypeVar("Kind")
Text = TypeVar("Text", bound=CampaignText)


def read_table(text: str, fields: Collection[str], *, of: str) -> dict[str, Any]:
    """A file's table, TOML, without a field that is none of `fields`. Raises CampaignError."""
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CampaignError("file", str(error)) from error
    unknown = sorted(set(table) - set(fields))
    if unknown:
        raise CampaignError(unknown[0], f"is no field of a {of}")
    return table


def read_id(table: Mapping[str, Any]) -> str:
    """The id, which stands in addresses. Raises CampaignError."""
    name = table.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise CampaignError("id", "1 to 64 lower-case letters, digits and hyphens, no hyphen at an end")
    return name


def read_country(table: Mapping[str, Any]) -> str:
    """The country whose law counts where it runs; empty where the file names none. Raises CampaignError."""
    country = table.get("country", "")
    if not isinstance(country, str) or (country and not _COUNTRY.fullmatch(country)):
        raise CampaignError("country", "two capital letters of ISO 3166")
    return country


def read_controller(table: Mapping[str, Any]) -> Controller:
    """Who is responsible. Raises CampaignError."""
    controller = convert(table.get("controller"), Controller, field="controller")
    for field in ("name", "address", "contact"):
        require_line(f"controller.{field}", getattr(controller, field))
    if controller.declaration:
        require_line("controller.declaration", controller.declaration)
    return controller


def read_texts(table: Mapping[str, Any], kind: type[Text]) -> dict[str, Text]:
    """Language -> text, at least one. Raises CampaignError."""
    written = convert(table.get("text"), dict[str, dict[str, Any]], field="text")
    if not written or set(written) - set(LANGUAGES):
        raise CampaignError("text", f"one of {', '.join(LANGUAGES)} or more, and no other")
    texts = {lang: convert(each, kind, field=f"text.{lang}") for lang, each in written.items()}
    for lang, text in texts.items():
        require_line(f"text.{lang}.title", text.title)
        require_paragraphs(f"text.{lang}.body", text.body)
    return texts


def in_language(texts: Mapping[str, Text], lang: str) -> tuple[str, Text]:
    """The text in that language, else in the first one that there is; with its language."""
    if lang in texts:
        return lang, texts[lang]
    return next((each, texts[each]) for each in LANGUAGES if each in texts)


def convert(value: object, kind: type[Kind], *, field: str) -> Kind:
    """What a field holds, as a struct. Raises CampaignError."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise CampaignError(field, str(error)) from error


def require_line(field: str, text: str) -> None:
    """Raises CampaignError for what is no single line of text."""
    if (
        not text.strip()
        or len(text) > LINE_CHARACTERS_MAX
        or any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text)
    ):
        raise CampaignError(field, f"one line of 1 to {LINE_CHARACTERS_MAX} characters")


def require_paragraphs(field: str, text: str) -> None:
    """Raises CampaignError for what is no text."""
    wrong = any(unicodedata.category(c) in {"Cc", "Cs"} for c in text if c not in "\n\t")
    if not text.strip() or len(text) > TEXT_CHARACTERS_MAX or wrong:
        raise CampaignError(field, f"text of 1 to {TEXT_CHARACTERS_MAX} characters")
