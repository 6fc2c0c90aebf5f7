"""What the head of a page says of feeds, of itself to machines, and of its picture when it is shared."""

from typing import Final

from voipwatch.site import links
from voipwatch.site.bundle import Bundle, IncidentPage
from voipwatch.site.cards import card_path
from voipwatch.site.feeds import atom, ical, jsonfeed
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.feeds.entries import entry_of, root_of
from voipwatch.site.feeds.jsonld import claim_reviews, dataset, encode_json_ld
from voipwatch.site.words import LOCALES, Words

CARD_SIZE: Final = (1200, 630)


def head_links(words: Words, file: str) -> list[dict[str, str]]:
    """Of the page `file` (its path from the site's root): `rel`, `type`, `href`, `title` of each feed."""
    url = Addresses(file, "")
    feeds = [
        (atom.TYPE, atom.path_of(words.lang), "feeds.atom-title"),
        (jsonfeed.TYPE, jsonfeed.path_of(words.lang), "feeds.json-title"),
        (ical.TYPE, ical.path_of(words.lang), "feeds.ical-title"),
    ]
    return [
        {"rel": "alternate", "type": kind, "href": url(path), "title": words.plain(key)}
        for kind, path, key in feeds
    ]


def site_json_ld(bundle: Bundle, words: Words, file: str, base_url: str = "") -> str:
    """The data set, for the home page and the page of the data."""
    return encode_json_ld(dataset(bundle, words, file, base_url))


def incident_json_ld(bundle: Bundle, page: IncidentPage, words: Words, file: str, base_url: str = "") -> str:
    """Reviewed findings on claims; empty where there are none."""
    return encode_json_ld(claim_reviews(bundle, page, words, file, base_url))


def open_graph(
    bundle: Bundle, page: IncidentPage, words: Words, file: str, base_url: str = ""
) -> list[dict[str, str]]:
    """`property` and `content` of each entry, for the page of an incident (ogp.me). Without `base_url` there
    is no address in them: readers of Open Graph take absolute ones only.
    """
    url = Addresses(file, base_url)
    entry = entry_of(bundle, page, words, root=root_of(bundle))
    alt = words.plain("card.alt", title=entry.title, marks=" · ".join(entry.marks))
    found = {
        "og:type": "article",
        "og:site_name": "voipwatch",
        "og:title": entry.title,
        "og:description": " · ".join((*entry.marks, entry.as_of)),
        "og:locale": LOCALES[words.lang] if "_" in LOCALES[words.lang] else words.lang,
        "article:published_time": entry.published,
        "article:modified_time": entry.updated,
    }
    if base_url:
        found |= {
            "og:url": url(f"{words.lang}/{links.incident(page.incident.id)}"),
            "og:image": url(card_path(words.lang, page.incident.id, page.incident.revision)),
            "og:image:type": "image/png",
            "og:image:width": str(CARD_SIZE[0]),
            "og:image:height": str(CARD_SIZE[1]),
            "og:image:alt": alt,
        }
    return [{"property": key, "content": value} for key, value in found.items()]
