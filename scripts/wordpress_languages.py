"""The WordPress plugin's languages: the template, merged .po files, compiled .mo files and the editor's JSON.

    python scripts/wordpress_languages.py           write them all
    python scripts/wordpress_languages.py --check   write nothing; exit 1 and name what would change

People edit `languages/voipwatch-counter-LOCALE.po`, nothing else. WordPress's own tool (wp-cli) is in no
Debian, so the strings are found here: calls of its translation functions with a literal text, the block's
title, description and keywords, and the plugin's own description.
"""

import io
import json
import re
import struct
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PLUGIN = Path(__file__).resolve().parents[1] / "wordpress/voipwatch-counter"
DOMAIN = "voipwatch-counter"
LOCALES = ("fr_FR", "ar")
EDITOR_HANDLE = "voipwatch-counter-editor-script"

# The calls that the plugin uses; another one would be found missing by the tests of its rules.
CALL = re.compile(
    r"""\b(?:__|esc_html__|esc_attr__|esc_html_e|esc_attr_e|_e)\(\s*'((?:[^'\\]|\\.)*)'\s*,\s*'voipwatch-counter'\s*\)"""
)
TRANSLATORS = re.compile(r"/\*\s*translators:\s*(.*?)\s*\*/")
# Babel would write the hour of each run, and no two would be alike.
MADE = datetime(2016, 1, 5, tzinfo=UTC)
HEADER = (
    "# The VoipWatch Counter plugin, distributed under the same licence as the plugin: GPL-2.0-or-later.\n#"
)


class Found(NamedTuple):
    """A text to translate: its context, where it stands, what translators are told."""

    text: str
    context: str | None
    file: str
    line: int
    comment: str


def in_code(file: Path) -> Iterator[Found]:
    """The texts of one .php or .js file."""
    text = file.read_text("utf-8")
    for call in CALL.finditer(text):
        line = text.count("\n", 0, call.start()) + 1
        before = text[: call.start()].splitlines()[-2:-1]
        told = TRANSLATORS.search(before[0]) if before else None
        literal = call.group(1).replace("\\'", "'")
        yield Found(literal, None, file.relative_to(PLUGIN).as_posix(), line, told.group(1) if told else "")


def in_block(file: Path) -> Iterator[Found]:
    """The texts of block.json, with the contexts in which WordPress looks for them."""
    block = json.loads(file.read_text("utf-8"))
    name = file.relative_to(PLUGIN).as_posix()
    yield Found(block["title"], "block title", name, 1, "")
    yield Found(block["description"], "block description", name, 1, "")
    for keyword in block["keywords"]:
        yield Found(keyword, "block keyword", name, 1, "")


def in_header() -> Iterator[Found]:
    """The description that the list of plugins shows."""
    text = (PLUGIN / f"{DOMAIN}.php").read_text("utf-8")
    described = re.search(r"^ \* Description:\s*(.+)$", text, re.MULTILINE)
    assert described
    yield Found(described.group(1), None, f"{DOMAIN}.php", 1, "Description of the plugin")


def all_found() -> list[Found]:
    """Every text of the plugin, in the order of its files."""
    code = sorted([*PLUGIN.rglob("*.php"), *PLUGIN.joinpath("block").glob("*.js")])
    return [
        *in_header(),
        *in_block(PLUGIN / "block/block.json"),
        *(found for file in code for found in in_code(file)),
    ]


class PlainCatalog(Catalog):
    """A catalogue that does not say which Babel wrote it: another version writes the same bytes."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """The header's lines."""
        kept = [each for each in super().mime_headers if each[0] != "Generated-By"]
        return [*kept[:-1], (kept[-1][0], f"{kept[-1][1]}\n")]

    @mime_headers.setter
    def mime_headers(self, headers: Iterable[tuple[str | bytes, str | bytes]]) -> None:
        raise NotImplementedError("a header is written, never read")


def template(locale: str | None = None) -> Catalog:
    """The catalogue of every text, untranslated."""
    catalog = PlainCatalog(
        locale=locale, project="VoipWatch Counter", version="0.1.0", domain=DOMAIN, creation_date=MADE,
        revision_date=MADE, copyright_holder="The VoipWatch contributors", header_comment=HEADER,
        msgid_bugs_address="none", last_translator="The VoipWatch contributors",
        language_team="The VoipWatch contributors", charset="utf-8", fuzzy=False,
    )  # fmt: skip
    for found in all_found():
        catalog.add(
            found.text, context=found.context, locations=[(found.file, found.line)],
            auto_comments=[found.comment] if found.comment else [],
            flags=["php-format"] if "%s" in found.text else [],
        )  # fmt: skip
    for message in catalog:
        message.flags.discard("python-format")  # Babel sees a %s and takes it for its own
    return catalog


def merged(locale: str) -> Catalog:
    """The translations that a .po file holds of the texts that there are now."""
    with (PLUGIN / f"languages/{DOMAIN}-{locale}.po").open("rb") as file:
        known = read_po(file, locale=locale, domain=DOMAIN)
    catalog = template(locale)
    for message in catalog:
        before = known.get(message.id, message.context) if message.id else None
        if before is not None and not before.fuzzy:
            message.string = before.string
    return catalog


def po_bytes(catalog: Catalog) -> bytes:
    """A catalogue as .po or .pot."""
    out = io.BytesIO()
    write_po(out, catalog, width=110, include_lineno=False, ignore_obsolete=True)
    return out.getvalue()


def mo_bytes(catalog: Catalog) -> bytes:
    """A catalogue as .mo.

    WordPress before 6.5 refuses a file whose (empty) hash table does not begin where the table of
    translations ends; Babel says 0 for it. The header, 32 bits each: magic, revision, count, two addresses,
    the hash table's size and address.
    """
    out = io.BytesIO()
    write_mo(out, catalog)
    data = bytearray(out.getvalue())
    _, _, count, _, translations_at, _, _ = struct.unpack_from("=7I", data)
    struct.pack_into("=I", data, 24, translations_at + 8 * count)
    return bytes(data)


def is_of_editor(message: Message) -> bool:
    """Whether the editor's script asks for this text."""
    return any(str(file).endswith(".js") for file, _ in message.locations)


def json_bytes(catalog: Catalog, locale: str) -> bytes:
    """The editor script's texts as WordPress hands them to wp.i18n (the Jed format)."""
    messages: dict[str, object] = {
        "": {"domain": "messages", "lang": locale, "plural-forms": catalog.plural_forms}
    }
    for message in catalog:
        if message.id and message.string and is_of_editor(message):
            messages[str(message.id)] = [message.string]
    document = {"domain": "messages", "locale_data": {"messages": messages}}
    return (json.dumps(document, ensure_ascii=False, indent="\t") + "\n").encode()


def built() -> dict[Path, bytes]:
    """Every file that this script writes, with its bytes."""
    folder = PLUGIN / "languages"
    files = {folder / f"{DOMAIN}.pot": po_bytes(template())}
    for locale in LOCALES:
        catalog = merged(locale)
        files[folder / f"{DOMAIN}-{locale}.po"] = po_bytes(catalog)
        files[folder / f"{DOMAIN}-{locale}.mo"] = mo_bytes(catalog)
        files[folder / f"{DOMAIN}-{locale}-{EDITOR_HANDLE}.json"] = json_bytes(catalog, locale)
    return files


def untranslated() -> list[str]:
    """The texts that a language lacks, as "LOCALE: text"."""
    return [
        f"{locale}: {message.id}"
        for locale in LOCALES
        for message in merged(locale)
        if message.id and not message.string
    ]


def main(arguments: list[str]) -> int:
    """Write, or compare."""
    files = built()
    if arguments == ["--check"]:
        stale = [path.name for path, data in files.items() if not path.exists() or path.read_bytes() != data]
        for each in [*(f"not as it would be written: {name}" for name in stale), *untranslated()]:
            print(each, file=sys.stderr)
        return 1 if stale or untranslated() else 0
    if arguments:
        print("usage: wordpress_languages.py [--check]", file=sys.stderr)
        return 64
    for path, data in files.items():
        path.write_bytes(data)
    for each in untranslated():
        print(f"untranslated: {each}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
