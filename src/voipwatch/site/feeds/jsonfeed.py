"""The incidents as JSON Feed, version 1.1 (jsonfeed.org/version/1.1)."""

from typing import Any, Final

import msgspec

from voipwatch.site import links
from voipwatch.site.bundle import Bundle
from voipwatch.site.feeds.addresses import Addresses
from voipwatch.site.feeds.atom import title_of
from voipwatch.site.feeds.entries import Entry, entries_of, plain_text
from voipwatch.site.feeds.markup import html_of
from voipwatch.site.words import Words

VERSION: Final = "https://jsonfeed.org/version/1.1"
TYPE: Final = "application/feed+json"


def path_of(lang: str) -> str:
    """Of the feed, from the site's root."""
    return f"feeds/{lang}.json"


def encode_json_feed(bundle: Bundle, words: Words, base_url: str = "") -> bytes:
    """The feed in one language; without `base_url` its links are relative to it."""
    url = Addresses(path_of(words.lang), base_url)
    manifest = bundle.manifest
    document = {
        "version": VERSION,
        "title": title_of(bundle, words),
        "description": words.plain("feeds.subtitle"),
        "home_page_url": url(f"{words.lang}/{links.home()}"),
        "feed_url": url(path_of(words.lang)),
        "language": words.html_lang,
        "authors": [{"name": "voipwatch"}],
        "expired": manifest.final is not None,
        "_voipwatch": {
            "as_of": manifest.as_of,
            "valid_until": manifest.valid_until,
            "synthetic": manifest.synthetic,
            "instance": manifest.instance,
        },
        "items": [_item(entry, words, url) for entry in entries_of(bundle, words)],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _item(entry: Entry, words: Words, url: Addresses) -> dict[str, Any]:
    incident = entry.incident
    tags = ["emulated"] if incident.synthetic else []
    return {
        "id": entry.urn,
        "url": url(entry.page),
        "title": entry.title,
        "content_html": str(html_of(entry, words)),
        "content_text": plain_text(entry, words),
        "date_published": entry.published,
        "date_modified": entry.updated,
        "language": words.html_lang,
        "tags": [*tags, incident.status.value, incident.country],
        "_voipwatch": {
            "id": incident.id,
            "revision": incident.revision,
            "status": incident.status.value,
            "synthetic": incident.synthetic,
        },
    }
