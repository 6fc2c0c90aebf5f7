"""Where there is no page: the same frame as all pages, at whatever address it is shown."""

from tests.site.bundles import Page, some
from voipwatch.site.bundle import Bundle
from voipwatch.site.pages.missing import missing
from voipwatch.site.pages.site import Site
from voipwatch.site.words import LANGUAGES, words


def test_no_link_depends_on_where_it_is_shown(bundle: Bundle) -> None:
    found = missing(Site(bundle), words("ar"))
    assert found.home_href == "/ar/"
    assert [each.href for each in found.shell.languages] == ["/en/", "/fr/", "/ar/"]
    assert found.shell.css.startswith("/assets/")
    assert not any(item.current for item in found.shell.navigation)
    assert found.shell.canonical == ""
    below = missing(Site(bundle, "https://example.org/x/"), words("fr"))
    assert below.home_href == "/x/fr/"


def test_it_is_dressed_as_the_site_is_and_not_indexed(bundle: Bundle) -> None:
    for lang in LANGUAGES:
        made = some(bundle, f"{lang}/404.html")
        page = Page(made[f"{lang}/404.html"])
        links = [link for link in page.links if not link.startswith("#")]
        assert links
        assert all(link.startswith("/") for link in links)
        assert page.title.startswith(words(lang).plain("missing.title"))
        assert {"name": "robots", "content": "noindex"} in page.all("meta")
        assert page.all("nav")
