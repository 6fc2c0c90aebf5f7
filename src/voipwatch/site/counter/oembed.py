"""`/oembed?url=…`: how another site embeds a counter when it is given one of our addresses (oEmbed 1.0).

The answer is rich and holds one `<iframe>` and nothing else: WordPress keeps only that of a provider which it
does not know, in a sandbox; scripts and handlers it strips.
"""

import re
from collections.abc import Collection
from html import escape
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import msgspec

from voipwatch.site.counter.document import CounterDocument
from voipwatch.site.counter.frame import HEIGHT_PX, WIDTH_PX
from voipwatch.site.words import LANGUAGES

CACHE_S: Final = 86_400
_LEAST_PX: Final = 120
_QUERY_MAX_CHARS: Final = 2048
_PLACES: Final = (
    re.compile(r"/counter/(?P<lang>[a-z]+)/(?P<id>[^/]+?)(?:/|\.svg)?"),
    re.compile(r"/(?P<lang>[a-z]+)/incidents/(?P<id>[^/]+)/?(?:r\d+/?)?"),
    re.compile(r"/(?P<lang>[a-z]+)/countries/(?P<id>[^/]+)/?"),
)


class OembedError(ValueError):
    """What is wrong with the question; `status` is the answer's (oEmbed 1.0, section 2.3)."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Asked(msgspec.Struct, frozen=True):
    """Which counter, and how large at most."""

    id: str
    lang: str
    width_px: int
    height_px: int


def asked(query: str, *, base: str, known: Collection[str]) -> Asked:
    """What a query string asks for.

    Args:
        query: without the question mark.
        base: address of the site: only its own pages are described.
        known: ids of counters.

    Raises:
        OembedError: 400 for no question, 404 for no page of ours with a counter, 501 for another format.
    """
    if len(query) > _QUERY_MAX_CHARS:
        raise OembedError(400, "the question is too long")
    try:
        given = parse_qs(query, max_num_fields=16)
    except ValueError as error:
        raise OembedError(400, "the question has too many fields") from error
    if given.get("format", ["json"])[-1] != "json":
        raise OembedError(501, "only format=json is spoken")
    urls = given.get("url")
    if not urls:
        raise OembedError(400, "which page? add url=ADDRESS")
    name, lang = _place(urls[-1], base)
    if name not in known or lang not in LANGUAGES:
        raise OembedError(404, "there is no counter at this address")
    width_px = _size(given.get("maxwidth"), WIDTH_PX)
    return Asked(name, lang, width_px, _size(given.get("maxheight"), HEIGHT_PX))


def description(document: CounterDocument, question: Asked, *, base: str) -> bytes:
    """The answer, JSON."""
    texts = document.texts[question.lang]
    return msgspec.json.encode(
        {
            "version": "1.0",
            "type": "rich",
            "title": texts.alone,
            "provider_name": "voipwatch",
            "provider_url": f"{base}/",
            "cache_age": CACHE_S,
            "width": question.width_px,
            "height": question.height_px,
            "html": iframe(
                document, question.lang, base=base, width_px=question.width_px, height_px=question.height_px
            ),
        }
    )


def oembed_url(name: str, lang: str, base: str) -> str:
    """Where the description of a counter is; empty where the site's own address is not known."""
    if not base:
        return ""
    return f"{base}/oembed?format=json&url={quote(frame_url(name, lang, base), safe='')}"


def frame_url(name: str, lang: str, base: str) -> str:
    """Address of the counter's frame."""
    return f"{base}/counter/{lang}/{quote(name, safe='')}/"


def iframe(
    document: CounterDocument,
    lang: str,
    *,
    base: str,
    width_px: int = WIDTH_PX,
    height_px: int = HEIGHT_PX,
) -> str:
    """The element that shows the frame: lazy, without referrer, in a sandbox that lets its one link open."""
    return (
        f'<iframe src="{escape(frame_url(document.id, lang, base))}" width="{width_px}" height="{height_px}"'
        f' title="{escape(document.texts[lang].label)}" loading="lazy" referrerpolicy="no-referrer"'
        ' sandbox="allow-popups allow-popups-to-escape-sandbox" frameborder="0"></iframe>'
    )


def _place(url: str, base: str) -> tuple[str, str]:
    try:
        ours, theirs = urlsplit(base), urlsplit(url)
    except ValueError as error:
        raise OembedError(404, "that is no address") from error
    same = (theirs.scheme, theirs.netloc.lower()) == (ours.scheme, ours.netloc.lower())
    if not (same and theirs.path.startswith(f"{ours.path}/")):
        raise OembedError(404, "that is no page of this site")
    path = theirs.path.removeprefix(ours.path)
    for place in _PLACES:
        match = place.fullmatch(path)
        if match is not None:
            return unquote(match["id"]), match["lang"]
    raise OembedError(404, "that page has no counter")


def _size(given: list[str] | None, usual_px: int) -> int:
    """At most what is asked for; less than `_LEAST_PX` is no counter any more."""
    if given is None:
        return usual_px
    text = given[-1]
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise OembedError(400, "maxwidth and maxheight are whole numbers of pixels")
    return max(_LEAST_PX, min(usual_px, int(text)))
