"""The incidents as an Atom feed (RFC 4287).

Ids are permanent and of no host; `updated` of an entry moves when a revision or a reply comes, and never
otherwise. A withdrawn incident stays in the feed and says so.
"""

from typing import Final
from xml.etree import ElementTree as ET

from voipwatch.site import links
from voipwatch.site.bundle import Bundle
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.feeds.entries import Entry, entries_of, root_of, uuid_of
from voipwatch.site.feeds.markup import html_of
from voipwatch.site.words import Words, printable

ATOM: Final = "http://www.w3.org/2005/Atom"
TYPE: Final = "application/atom+xml"


def path_of(lang: str) -> str:
    """Of the feed, from the site's root."""
    return f"feeds/{lang}.atom"


def encode_atom(bundle: Bundle, words: Words, base_url: str = "") -> bytes:
    """The feed in one language; without `base_url` its links are relative to it."""
    url = Addresses(path_of(words.lang), base_url)
    entries = entries_of(bundle, words)
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": words.html_lang})
    _text(feed, "id", uuid_of(root_of(bundle), f"feed/{words.lang}").urn)
    _text(feed, "title", title_of(bundle, words))
    _text(feed, "subtitle", words.plain("feeds.subtitle"))
    # Of a feed without an entry nothing ever changed: the bundle's own time is all that there is.
    _text(feed, "updated", entries[0].updated if entries else bundle.manifest.as_of)
    author = ET.SubElement(feed, "author")
    _text(author, "name", "voipwatch")
    _text(feed, "generator", "voipwatch")
    _link(feed, "self", url(path_of(words.lang)), TYPE)
    _link(feed, "alternate", url(f"{words.lang}/{links.home()}"), "text/html")
    for entry in entries:
        feed.append(_entry(entry, words, url))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(feed, encoding="unicode")}\n'.encode()


def title_of(bundle: Bundle, words: Words) -> str:
    """Of the feed; emulated incidents are told as such before any of them."""
    return words.plain("feeds.title-emulated" if bundle.manifest.synthetic else "feeds.title")


def _entry(entry: Entry, words: Words, url: Addresses) -> ET.Element:
    found = ET.Element("entry")
    _text(found, "id", entry.urn)
    _text(found, "title", entry.title)
    _text(found, "published", entry.published)
    _text(found, "updated", entry.updated)
    _link(found, "alternate", url(entry.page), "text/html")
    ET.SubElement(found, "category", {"term": entry.incident.status.value})
    if entry.incident.synthetic:
        ET.SubElement(found, "category", {"term": "emulated"})
    _text(found, "summary", " · ".join((*entry.marks, entry.as_of)))
    content = ET.SubElement(found, "content", {"type": "html"})
    content.text = printable(str(html_of(entry, words)))
    return found


def _text(parent: ET.Element, tag: str, text: str) -> None:
    ET.SubElement(parent, tag).text = printable(text)


def _link(parent: ET.Element, rel: str, href: str, kind: str) -> None:
    ET.SubElement(parent, "link", {"rel": rel, "href": href, "type": kind})
