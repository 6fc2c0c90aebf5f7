"""The first page in Tamazight: CLDR's words and everybody's, all else in French and said to be."""

import re

from tests.site.bundles import Page, some
from voipwatch.site.bundle import Bundle
from voipwatch.site.html import to_html
from voipwatch.site.pages.site import Site
from voipwatch.site.pages.tamazight import tamazight
from voipwatch.site.words import words

TIFINAGH = re.compile("[\u2d30-\u2d7f]")


def test_what_cldr_has(bundle: Bundle) -> None:
    page = tamazight(Site(bundle, "https://example.org"))
    assert [place.name for place in page.places] == ["ⵍⵎⵖⵔⵉⴱ"]
    assert page.as_of == "18 ⵉⵏⵏⴰⵢⵔ 2016, 00:00 UTC"
    assert [each.began for each in page.happenings] == ["11 ⵉⵏⵏⴰⵢⵔ 2016"]
    assert page.shell.canonical == "https://example.org/zgh/"
    assert [each.lang for each in page.shell.languages if each.current] == ["zgh"]


def test_every_link_leads_to_french(bundle: Bundle) -> None:
    page = Page(to_html("tamazight.html", tamazight(Site(bundle)), words("fr")))
    inside = [each["href"] or "" for each in page.all("a") if "hreflang" not in each]
    assert inside
    assert all(href.startswith(("../fr/", "#main", "./")) for href in inside), inside
    assert page.all("html") == [{"lang": "zgh", "dir": "ltr"}]


def test_nothing_of_ours_is_called_tamazight(bundle: Bundle) -> None:
    """Text in Latin letters is inside of an element that says another language, or is a name."""
    content = some(bundle, "zgh/")["zgh/index.html"].decode()
    body = content[content.index("<body") :]
    bare = re.sub(r'<(\w+)[^>]* lang="(?!zgh)[^"]*"[^>]*>.*?</\1>', "", body, flags=re.DOTALL)
    words_left = set(re.findall(r"[^\W\d_]{2,}", re.sub(r"<[^>]+>", " ", bare)))
    known = {"UTC", "WhatsApp", "Viber"}
    assert {each for each in words_left if not TIFINAGH.search(each)} <= known, words_left
    assert "aucune personne parlant couramment tamazight" in content


def test_the_first_pages_lead_there_and_no_other(pages: dict[str, bytes]) -> None:
    for path in ("index.html", "en/index.html", "ar/index.html"):
        assert b'hreflang="zgh"' in pages[path], path
    assert b'hreflang="zgh"' not in pages["en/claims/index.html"]
