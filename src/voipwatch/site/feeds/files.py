"""All files of this package, by path."""

from collections.abc import Iterator

from voipwatch.site.bundle import Bundle
from voipwatch.site.feeds import atom, ical, jsonfeed, timelinejs
from voipwatch.site.feeds.status import status_files
from voipwatch.site.words import LANGUAGES, words


def feed_files(bundle: Bundle, base_url: str = "") -> Iterator[tuple[str, bytes]]:
    """Path from the site's root, and content; the same bundle gives the same bytes.

    Args:
        bundle: what they are made of.
        base_url: where the site is to stand. Empty: links are relative, ids are what they are anyhow.
    """
    for lang in LANGUAGES:
        told = words(lang)
        yield atom.path_of(lang), atom.encode_atom(bundle, told, base_url)
        yield jsonfeed.path_of(lang), jsonfeed.encode_json_feed(bundle, told, base_url)
        yield ical.path_of(lang), ical.encode_ical(bundle, told, base_url)
        yield timelinejs.path_of(lang), timelinejs.encode_timeline(bundle, told, base_url)
    yield from status_files(bundle, LANGUAGES)
