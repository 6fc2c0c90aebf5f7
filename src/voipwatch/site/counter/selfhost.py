"""`/counter/LANG/ID.zip`: the counter for who asks nobody: module, frozen document, an example, a read-me.

What is in it will not be asked again, so it says the start date and "as of", never "today". The same document
gives the same bytes.
"""

import io
from html import escape
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import msgspec

from voipwatch.site.counter.document import CounterDocument, encoded, is_web
from voipwatch.site.counter.embed import element
from voipwatch.site.counter.module import Module
from voipwatch.site.counter.petitions import PetitionFigure
from voipwatch.site.counter.phrases import say
from voipwatch.site.words import LANGUAGES

_MADE: Final = (1980, 1, 1, 0, 0, 0)
"""The first date that the format knows: an archive tells nothing by its clock."""


def archive(
    document: CounterDocument,
    lang: str,
    *,
    base: str,
    module: Module,
    petition: PetitionFigure | None = None,
) -> bytes:
    """The zip.

    Args:
        document: of a mirror.
        lang: of the example page.
        base: address of the site, or empty: then nothing in it leads anywhere.
        module: the current one.
        petition: a second figure, of the document's; the archive has no other then.

    Raises:
        ValueError: the document speaks of today.
    """
    if document.live or any(texts.headline for texts in document.texts.values()):
        raise ValueError("an archive is of a document that is true for ever")
    pages = {name: url for name, url in document.page.items() if is_web(url)}
    told = () if petition is None else (_rooted(petition),)
    document = msgspec.structs.replace(document, page=pages, petitions=told)
    written = {
        module.name: module.body,
        "counter.json": encoded(document),
        "example.html": _example(document, lang, module, *told),
        **{f"README.{name}.txt": _read_me(document, name, base, module, *told) for name in LANGUAGES},
    }
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as folder:
        for name, body in written.items():
            entry = ZipInfo(f"voipwatch-counter/{name}", _MADE)
            entry.compress_type = ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            folder.writestr(entry, body)
    return stream.getvalue()


def _rooted(petition: PetitionFigure) -> PetitionFigure:
    """The same, leading nowhere but to whole addresses."""
    whole = {lang: url for lang, url in petition.url.items() if is_web(url)}
    return msgspec.structs.replace(petition, url=whole)


def _example(
    document: CounterDocument, lang: str, module: Module, petition: PetitionFigure | None = None
) -> bytes:
    texts = document.texts[lang]
    inside = element(
        document, lang, source="counter.json", script=module.name, module=module, petition=petition
    )
    return (
        f'<!doctype html>\n<html lang="{lang}" dir="{texts.dir}">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(texts.label)}</title>\n{inside}\n</html>\n"
    ).encode()


def _read_me(
    document: CounterDocument,
    lang: str,
    base: str,
    module: Module,
    petition: PetitionFigure | None = None,
) -> bytes:
    beside = "" if petition is None else f"/petition/{petition.id}"
    url = f"{base}/counter/{lang}/{document.id}{beside}.zip"
    where = say(lang, "selfhost.where", url=url) if base else ""
    texts = document.texts[lang]
    dated = texts.alone if petition is None else f"{texts.alone}.\n{petition.texts[lang]}"
    told = say(lang, "selfhost.read_me", dated=dated, module=module.name, where=where).lstrip("\n")
    return (f"{told}\n{texts.unread}.\n" if texts.unread else told).encode()
