"""Around a page: languages, navigation, times, what others bring."""

from copy import copy

import msgspec
import pytest

from voipwatch.site.bundle import Bundle
from voipwatch.site.html import to_html
from voipwatch.site.pages.head import Head, HeadLink, Subject
from voipwatch.site.pages.home import home
from voipwatch.site.pages.shell import shell
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words


def test_around_a_page(bundle: Bundle) -> None:
    site = Site(bundle, "https://example.org/x/", frozenset({"line-test"}))
    found = shell(site, words("ar"), Subject("claims", "claims/"), title="T")
    assert found.canonical == "https://example.org/x/ar/claims/"
    assert [item.href for item in found.navigation if item.current] == ["./"]
    assert "../line-test/" in [item.href for item in found.navigation]
    assert "../embed/" not in [item.href for item in found.footer]
    assert [(each.lang, each.href, each.current) for each in found.languages] == [
        ("en", "../../en/claims/", False), ("fr", "../../fr/claims/", False), ("ar-MA", "./", True),
    ]  # fmt: skip
    assert (found.description, found.root) == ("T", "../../")


@pytest.mark.parametrize(
    ("path", "lang", "href"),
    [("", "en", "../campaigns/en/"), ("claims/", "ar", "../../campaigns/ar/")],
)
def test_pages_lead_to_campaigns_where_they_are_served_beside(
    bundle: Bundle, path: str, lang: str, href: str
) -> None:
    def hrefs(*extras: str) -> list[str]:
        site = Site(bundle, extras=frozenset(extras))
        return [item.href for item in shell(site, words(lang), Subject("x", path), title="T").navigation]

    assert hrefs("campaigns") == [*hrefs(), href]


def test_the_head_of_others(bundle: Bundle) -> None:
    head = Head((HeadLink("alternate", "x"),))
    site = Site(bundle, head=lambda site, t, subject: head if subject.kind == "home" else Head())
    assert shell(site, words("en"), Subject("home", ""), title="T").head is head
    lasting = shell(site, words("en"), Subject("month", "x/"), title="T", lasting="2016-01-05T00:00:00Z")
    assert (lasting.head.links, lasting.valid_until) == ((), "")
    assert lasting.as_of == "5 January 2016, 00:00 UTC"


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_where_nothing_was_measured_no_page_says_a_date(bundle: Bundle, lang: str) -> None:
    manifest = msgspec.structs.replace(
        bundle.manifest, as_of="1970-01-01T00:59:59Z", valid_until="1970-01-03T00:59:59Z"
    )
    empty = copy(bundle)
    empty.manifest = manifest
    site = Site(empty)
    t = words(lang)
    page = to_html("home.html", home(site, t), t).decode()
    assert t.plain("foot.nothing") in page
    assert f"<title>{t.plain('home.heading')}" in page
    assert "banner outdated" not in page
    measured = to_html("home.html", home(Site(bundle), t), t).decode()
    assert t.plain("foot.nothing") not in measured
