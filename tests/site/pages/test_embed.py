"""The page of counters: each with its picture's address from here."""

from voipwatch.site.pages.embed import Counter, Snippet, embed
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words


def test_counters(site: Site) -> None:
    counter = Counter("MA", "Morocco", "counter/en/MA.svg", "alt", (Snippet("Picture", "", "<img>"),))
    bare = Counter("TN", "Tunisia", "", "", ())
    page = embed(site, words("en"), (counter, bare))
    assert page.counters == ((counter, "../../counter/en/MA.svg"), (bare, ""))
