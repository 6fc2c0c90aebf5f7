"""The code that a webmaster copies into a page: picture, frame, element, archive.

No piece has an inline script, style or handler, each has a text that stays true when nothing else loads, and
each says that no referrer is to be sent.
"""

from html import escape
from urllib.parse import quote

import msgspec

from voipwatch.site.counter import frame
from voipwatch.site.counter.document import CounterDocument, is_web
from voipwatch.site.counter.module import Module
from voipwatch.site.counter.oembed import frame_url, iframe
from voipwatch.site.counter.petitions import PetitionFigure
from voipwatch.site.counter.svg import WIDTH_PX


class Snippets(msgspec.Struct, frozen=True):
    """HTML, ready to copy; and the address of the archive."""

    picture: str
    frame: str
    element: str
    archive: str
    """Address of the zip."""
    page: str
    """Address to paste where oEmbed is spoken."""


def snippets(document: CounterDocument, lang: str, *, base: str, module: Module) -> Snippets:
    """What an embed builder shows.

    Args:
        document: of a server or of a mirror: only what is true for ever is taken from it.
        lang: one of its languages. Raises KeyError for another.
        base: address of the site, which the embedding page will ask.
        module: the current one.
    """
    name = quote(document.id, safe="")
    return Snippets(
        picture=_linked(
            document,
            lang,
            f'<img src="{escape(base)}/counter/{lang}/{name}.svg" width="{WIDTH_PX}"'
            f' alt="{escape(document.texts[lang].alone)}" loading="lazy" referrerpolicy="no-referrer">',
        ),
        frame=iframe(document, lang, base=base),
        element=element(
            document,
            lang,
            source=f"{base}/counter/{name}.json",
            script=f"{base}/{module.name}",
            module=module,
        ),
        archive=f"{base}/counter/{lang}/{name}.zip",
        page=frame_url(document.id, lang, base),
    )


class PetitionSnippets(msgspec.Struct, frozen=True):
    """A counter with a petition's told count beside it: HTML ready to copy, and WordPress's shortcode."""

    picture: str
    frame: str
    element: str
    wordpress: str


def petition_snippets(
    counter: str, lang: str, *, base: str, module: Module, petition: PetitionFigure
) -> PetitionSnippets:
    """What a petition's own page shows. Its dated sentence stands in each for where nothing else loads.

    Args:
        counter: id of the counter that the count stands beside.
        lang: one of the site's languages.
        base: address of the site, which the embedding page will ask.
        module: the current one.
        petition: whose figure, with whole addresses.
    """
    name, said = quote(counter, safe=""), escape(petition.texts[lang])
    place = f"{escape(base)}/counter/{lang}/{name}/petition/{petition.id}"
    link = f'<a href="{escape(petition.url[lang])}" rel="noopener noreferrer">'
    source, script = f"{base}/counter/{name}.json", f"{base}/{module.name}"
    return PetitionSnippets(
        picture=f'{link}<img src="{place}.svg" width="{WIDTH_PX}" alt="{said}" loading="lazy"'
        ' referrerpolicy="no-referrer"></a>',
        frame=f'<iframe src="{place}/" width="{frame.WIDTH_PX}" height="{frame.HEIGHT_PX}" title="{said}"'
        ' loading="lazy" referrerpolicy="no-referrer"'
        ' sandbox="allow-popups allow-popups-to-escape-sandbox" frameborder="0"></iframe>',
        element=_script(script, module)
        + f'<voipwatch-counter src="{escape(source)}" lang="{lang}" petition="{petition.id}">{link}{said}</a>'
        "</voipwatch-counter>",
        wordpress=f'[voipwatch_counter id="{name}" lang="{lang}" petition="{petition.id}"]',
    )


def element(
    document: CounterDocument,
    lang: str,
    *,
    source: str,
    script: str,
    module: Module,
    petition: PetitionFigure | None = None,
) -> str:
    """The script and the element, with the dated text inside for where there is no script.

    Args:
        document: whose `dated` stands inside.
        lang: one of its languages.
        source: address of the JSON document.
        script: address of the module, which must allow every origin, or SRI refuses it.
        module: whose digest is pinned.
        petition: a second figure, of the document's.
    """
    inside = _linked(document, lang, escape(document.texts[lang].alone))
    named = "" if petition is None else f' petition="{escape(petition.id)}"'
    if petition is not None:
        inside += f"<br>{escape(petition.texts[lang])}"
    return (
        _script(script, module)
        + f'<voipwatch-counter src="{escape(source)}" lang="{lang}"{named}>{inside}</voipwatch-counter>'
    )


def _script(address: str, module: Module) -> str:
    return (
        f'<script type="module" src="{escape(address)}" integrity="{module.integrity}"'
        ' crossorigin="anonymous" referrerpolicy="no-referrer"></script>\n'
    )


def _linked(document: CounterDocument, lang: str, inside: str) -> str:
    """With a link to the page, where its whole address is known."""
    page = document.page.get(lang, "")
    if not is_web(page):
        return inside
    return f'<a href="{escape(page)}" rel="noopener noreferrer">{inside}</a>'
