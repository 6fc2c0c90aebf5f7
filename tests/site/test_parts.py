"""The site put together: what stands in the head of a page, what files there are beside the pages."""

import asyncio
import json
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.site.asked import asked, write_site
from tests.site.bundles import Page
from voipwatch.site import parts
from voipwatch.site.app import SiteApp
from voipwatch.site.cards.fonts import NoFontsError
from voipwatch.site.live import counters_of
from voipwatch.site.memory import read_memory
from voipwatch.site.pages.embed import NOWHERE
from voipwatch.site.pages.head import Subject
from voipwatch.site.pages.site import Site
from voipwatch.site.render import plan
from voipwatch.site.words import LANGUAGES, words


def whole(site: Site, *starts: str) -> dict[str, bytes]:
    """What these paths begin with, of all that makes up the site."""
    planned = plan(site.bundle, base=site.base, parts=parts.PARTS)
    return {each.path: each.make() for each in planned if each.path.startswith(starts)}


def test_every_part_is_there_in_every_language(site: Site) -> None:
    paths = {each.path for each in plan(site.bundle, parts=parts.PARTS)}
    named = site.bundle.incidents[0].incident
    for lang in LANGUAGES:
        assert {
            f"feeds/{lang}.atom", f"feeds/{lang}.json", f"feeds/{lang}.ics", f"timeline/{lang}.json",
            f"counter/{lang}/{named.id}.svg", f"counter/{lang}/{named.country}/index.html",
            f"{lang}/embed/index.html", f"{lang}/line-test/index.html", f"linetest/texts-{lang}.json",
            f"cards/{lang}/{named.id}-r{named.revision}.png",
        } <= paths  # fmt: skip
    assert {"status.json", "api/v1/openapi.json", "counter/MA.json", "linetest/linetest.js"} <= paths
    assert any(path.startswith("counter-") and path.endswith(".js") for path in paths)


def test_feeds_are_on_every_page_and_structured_data_where_it_speaks_of_the_page(site: Site) -> None:
    told = words("fr")
    home = parts.head_of(site, told, Subject("home", ""))
    series = parts.head_of(site, told, Subject("series", "countries/MA/series/a/4g/b/"))
    assert [link.href for link in home.links[:3]] == [
        "../feeds/fr.atom",
        "../feeds/fr.json",
        "../feeds/fr.ics",
    ]
    assert len(series.links) == 3
    assert msgspec.json.decode(home.json_ld)["@type"] == "Dataset"
    assert (series.json_ld, series.metas, home.metas) == ("", (), ())
    named = site.bundle.incidents[0].incident
    shown = parts.head_of(site, told, Subject("incident", f"incidents/{named.id}/", incident=named.id))
    assert {meta.property for meta in shown.metas} >= {"og:title", "og:type", "og:description"}


def test_every_page_with_a_counter_says_where_its_description_is(site: Site, tmp_path: Path) -> None:
    """Each of the links is followed, as WordPress does; the frame that it names is there."""
    (tmp_path / "site").mkdir()
    for path, content in whole(site, "counter").items():
        place = tmp_path / "site" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    (tmp_path / "site/bundle").symlink_to(site.bundle.folder)
    write_site(tmp_path / "site", {"index.html": b"x"})
    memory = read_memory(tmp_path / "site")
    app = SiteApp(memory, tmp_path / "site", live=lambda each: counters_of(each.folder, site.base))
    named = site.bundle.incidents[0].incident.id
    wanted = {"": "MA", "countries/MA/": "MA", f"incidents/{named}/": named}
    found = 0
    for lang in LANGUAGES:
        for path, content in whole(site, f"{lang}/").items():
            page = Page(content)
            links = [tag for tag in page.all("link") if tag.get("type") == "application/json+oembed"]
            name = wanted.get(path.removeprefix(f"{lang}/").removesuffix("index.html"))
            assert len(links) == (name is not None), path
            for link in links:
                address = urlsplit(link["href"] or "")
                assert f"{address.scheme}://{address.netloc}" == site.base
                answer = asyncio.run(asked(app, address.path, query=address.query))
                assert answer.status == 200
                shown = Page(json.loads(answer.body)["html"].encode()).all("iframe")[0]["src"]
                assert shown == f"{site.base}/counter/{lang}/{name}/"
                frame = asyncio.run(asked(app, urlsplit(shown or "").path))
                assert frame.status == 200
                found += 1
    assert found == 3 * len(LANGUAGES)


def test_without_an_address_there_is_no_description(site: Site) -> None:
    head = parts.head_of(Site(site.bundle), words("en"), Subject("home", ""))
    assert len(head.links) == 3


def test_the_page_of_counters_has_five_ways_for_each(site: Site) -> None:
    found = parts.counters(site, words("ar"))
    assert {each.id for each in found} >= {"MA", site.bundle.incidents[0].incident.id}
    for each in found:
        assert len(each.snippets) == 5
        assert f"{site.base}/counter/ar/{each.id}.svg" in each.snippets[0].code
    (first, *_) = parts.counters(Site(site.bundle), words("ar"))
    assert NOWHERE in first.snippets[0].code, "a site that does not say where it is"


def test_codes_that_would_show_nothing_are_said_to(site: Site) -> None:
    for lang in LANGUAGES:
        known = Page(whole(site, f"{lang}/embed/")[f"{lang}/embed/index.html"])
        unknown = Page(whole(Site(site.bundle), f"{lang}/embed/")[f"{lang}/embed/index.html"])
        said = words(lang).plain("embed.nowhere", host=NOWHERE).split(NOWHERE)
        assert all(part in unknown.text for part in said)
        assert not any(part in known.text for part in said)
        assert NOWHERE not in known.text


def test_the_line_test_has_its_page_in_each_language(site: Site) -> None:
    for lang in LANGUAGES:
        page = Page(parts.line_test(site, words(lang)))
        assert [tag["src"] for tag in page.all("script") if tag.get("src")] == ["../../linetest/linetest.js"]
        assert page.all("html")[0]["dir"] == words(lang).direction
        assert len(page.all("h1")) == 1


def test_routes_that_can_be_followed_are_there(site: Site) -> None:
    paths = {each.path for each in plan(site.bundle, parts=parts.PARTS)}
    assert {path for path, follow, _ in parts.ROUTES if follow} <= paths


def test_without_fonts_there_are_no_cards_and_all_the_rest(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise NoFontsError("raqm")

    monkeypatch.setattr(parts, "find_fonts", missing)
    assert whole(site, "cards/") == {}
    assert whole(site, "status.json")
