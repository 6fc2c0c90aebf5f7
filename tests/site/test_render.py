"""Every page of a real bundle's site: whole, linked, in its language, marked, the same twice."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

import pytest

from tests.chronicle.writing import LATER
from tests.pipeline.publishing.support import votes
from tests.site.bundles import HOSTILE, NAME, SERIES, Page, claim, incident, log, published, some, with_claims
from voipwatch.model.acts import Dispute, EntryKind, Notice, Reply, ReplySide, Review, Withdrawal
from voipwatch.model.incidents import Phase, PhaseKind
from voipwatch.site.bundle import Bundle, read_bundle
from voipwatch.site.pages.embed import Counter, Snippet
from voipwatch.site.pages.head import Head, HeadLink, HeadMeta
from voipwatch.site.render import Parts, bundle_files, plan, render

LANGUAGES = {"en": ("en", "ltr"), "fr": ("fr", "ltr"), "ar": ("ar-MA", "rtl"), "zgh": ("zgh", "ltr")}


def html(pages: dict[str, bytes]) -> Iterator[tuple[str, Page]]:
    for path, content in pages.items():
        if path.endswith(".html"):
            yield path, Page(content)


def broken(pages: dict[str, bytes], bundle: Bundle) -> list[str]:
    """Links of pages that lead nowhere in the site, anchors too."""
    parsed = dict(html(pages))
    files = set(pages) | {path for path, _ in bundle_files(bundle)}
    found = []
    for path, page in parsed.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = unquote(parts.path)
            if target.startswith("/"):
                where = target.lstrip("/")
            else:
                where = normpath(str(PurePosixPath(path).parent / target)) if target else path
            if target.endswith("/") or where in {"", "."}:
                where = normpath(f"{where}/index.html")
            if where not in files:
                found.append(f"{path}: {link}")
            elif parts.fragment and parts.fragment not in parsed[where].ids:
                found.append(f"{path}: {link}: no such anchor")
    return found


def test_every_internal_link_leads_somewhere(pages: dict[str, bytes], bundle: Bundle) -> None:
    assert broken(pages, bundle) == []


def test_every_page_says_its_language_title_and_heading(pages: dict[str, bytes]) -> None:
    for path, page in html(pages):
        [root] = page.all("html")
        lang = path.split("/")[0]
        assert (root["lang"], root["dir"]) == LANGUAGES.get(lang, ("en", "ltr")), path
        assert page.title.strip(), path
        assert len(page.all("h1")) == 1, path
        assert len(page.all("main")) == 1, path
        assert len(page.ids) == len(set(page.ids)), path
        if lang in LANGUAGES:
            found = [each["hreflang"] for each in page.all("link") if each.get("rel") == "alternate"]
            assert found[:3] == ["en", "fr", "ar-MA"], path
            assert "As of" in page.text or lang != "en", path


def test_nothing_is_asked_of_others_and_nothing_is_inline(pages: dict[str, bytes]) -> None:
    for path, page in html(pages):
        for tag, attributes in page.tags:
            assert "style" not in attributes, path
            assert not [name for name in attributes if name.startswith("on")], path
            assert tag not in {"style", "iframe", "object", "base"}, path
            assert tag != "script", path
            if tag in {"link", "img"} and attributes.get("rel") != "canonical":
                link = attributes.get("href") or attributes.get("src") or ""
                assert not urlsplit(link).netloc, f"{path}: {link}"
    css = next(content for path, content in pages.items() if path.endswith(".css"))
    assert b"url(" not in css
    assert b"@import" not in css


def test_an_unreviewed_incident_names_nobody_in_any_title(pages: dict[str, bytes]) -> None:
    for path, page in html(pages):
        kind = path.split("/", 1)[-1]
        head = [page.title, *(each.get("content") or "" for each in page.all("meta"))]
        if "/operators/" in kind or "/series/" in kind:
            continue  # tables of rows, which carry their network at all times: the title says no state
        assert all(SERIES.operator not in text for text in head), path
    told = Page(pages["en/incidents/MA-2016-01-a/index.html"])
    assert told.title.startswith("Morocco: calls by WhatsApp found stopped on 4G; began on 11 January 2016")


def test_a_signed_incident_names_who_was_signed(tmp_path: Path) -> None:
    address = "javascript:alert(1)"
    reply = Reply(NAME, ReplySide.OPERATOR, HOSTILE, "2016-01-14", f"نحن {HOSTILE}", "ar", address)
    lines = log(
        (EntryKind.INCIDENT, incident()),
        (EntryKind.NOTICE, Notice(NAME, 1, ("AS36925",), LATER, "letter")),
        (EntryKind.REVIEW, Review(NAME, 2, "desk", HOSTILE)),
        (EntryKind.REPLY, reply),
    )
    bundle = read_bundle(published(tmp_path, lines=lines))
    assert bundle.incidents[0].incident.named == ("AS36925",)
    made = some(bundle, "en/incidents/", "fr/index.html")
    page = Page(made["en/incidents/MA-2016-01-a/index.html"])
    assert "on AS36925" in page.title
    assert f"نحن {HOSTILE}" in page.text  # unedited
    [quote] = [each for each in page.all("blockquote") if each.get("lang")]
    assert quote == {"lang": "ar", "dir": "auto"}
    assert not page.all("script")
    assert "onerror" not in {name for _, attributes in page.tags for name in attributes}
    assert not [link for link in page.links if link.startswith("javascript")]
    before = Page(made["en/incidents/MA-2016-01-a/r1/index.html"])
    assert "AS36925" not in before.title
    assert "AS36925" in Page(made["fr/index.html"]).text


def test_a_dispute_stands_beside_the_finding(tmp_path: Path) -> None:
    lines = log(
        (EntryKind.INCIDENT, incident()), (EntryKind.DISPUTE, Dispute(NAME, HOSTILE, "The line was down."))
    )
    made = some(read_bundle(published(tmp_path, lines=lines)), "en/incidents/")
    page = Page(made["en/incidents/MA-2016-01-a/index.html"])
    assert f"{HOSTILE} contests it." in page.text
    assert "The line was down." in page.text
    assert "disputed (revision 2)" in page.text


def test_emulated_pages_say_so_and_are_not_indexed(tmp_path: Path) -> None:
    bundle = read_bundle(published(tmp_path, instance="drill"))
    made = dict(render(bundle))
    for path, page in html(made):
        robots = [each["content"] for each in page.all("meta") if each.get("name") == "robots"]
        assert robots == ["noindex"], path
        assert "[emulated]" in page.title or "[émulé]" in page.title or "[محاكاة]" in page.title, path
        if path != "404.html":
            assert "drill" in page.text, path
    assert broken(made, bundle) == []


def test_real_pages_are_indexed(pages: dict[str, bytes]) -> None:
    for path, page in html(pages):
        if not path.endswith("404.html"):
            assert "[emulated]" not in page.title, path
            assert not [each for each in page.all("meta") if each.get("name") == "robots"], path


def test_translations_nobody_has_read_say_so(pages: dict[str, bytes]) -> None:
    for path, content in pages.items():
        if path.endswith(".html") and path.count("/"):
            assert (b'class="banner unread"' in content) is (not path.startswith("en/")), path


def test_the_same_bundle_gives_the_same_bytes(made: Path, pages: dict[str, bytes]) -> None:
    assert dict(render(read_bundle(made))) == pages


def test_hostile_names_of_operators_are_text(tmp_path: Path) -> None:
    said = votes(10, blocked_from=8, operator=HOSTILE)
    at = incident().phases[0].latest
    spread = incident().spread[0]
    hostile = incident(
        phases=(Phase(PhaseKind.ONSET, None, at, ()),),
        spread=(type(spread)(type(SERIES)(HOSTILE, "4g", "whatsapp"), None, at, 1),),
    )
    bundle = read_bundle(published(tmp_path, said, lines=log((EntryKind.INCIDENT, hostile))))
    made = dict(render(bundle))
    for path, page in html(made):
        assert not page.all("script"), path
        assert not [each for each in page.all("img") if "onerror" in each], path
        assert re.search(r"[<>]", path) is None
    assert broken(made, bundle) == []
    country = Page(made["en/countries/MA/index.html"])
    assert HOSTILE in country.text


def test_hostile_claims_are_text(made: Path, tmp_path: Path) -> None:
    source = {"publisher": HOSTILE, "title": HOSTILE, "url": "javascript:alert(1)", "lang": "fr"}
    entry = claim("../../x/" + HOSTILE, text=HOSTILE, as_published=HOSTILE, date="2016-13-45",
                  source=source)  # fmt: skip
    bundle = read_bundle(with_claims(made, tmp_path / "b", entry, claim()))
    pages = dict(render(bundle))
    assert broken(pages, bundle) == []
    for path, page in html(pages):
        assert ".." not in path
        assert not page.all("script"), path
        assert not [link for link in page.links if link.startswith("javascript")], path
    assert HOSTILE in Page(pages["fr/claims/index.html"]).text


def test_a_hundred_operators(tmp_path: Path) -> None:
    said = [vote for number in range(100) for vote in votes(1, probes=3, operator=f"Network {number:03}")]
    bundle = read_bundle(published(tmp_path, said, days=8, lines=log()))
    page = Page(some(bundle, "en/countries/MA/index.html").popitem()[1])
    assert [f"Network {number:03}" in page.text for number in range(100)] == [True] * 100
    paths = {each.path for each in plan(bundle)}
    assert {f"ar/countries/MA/operators/Network_{number:03}/index.html" for number in range(100)} <= paths


def test_a_country_with_an_incident_and_no_row_has_pages(tmp_path: Path) -> None:
    bare = incident(id="TN-2016-01-a", country="TN", phases=(), spread=())
    bundle = read_bundle(published(tmp_path, lines=log((EntryKind.INCIDENT, bare))))
    made = dict(render(bundle))
    assert "en/countries/TN/index.html" in made
    assert broken(made, bundle) == []


def test_a_withdrawn_incident_is_a_tombstone(tmp_path: Path) -> None:
    lines = log(
        (EntryKind.INCIDENT, incident()), (EntryKind.WITHDRAWAL, Withdrawal("A fault of ours.", NAME))
    )
    wanted = ("en/incidents/", "en/index.html", "en/corrections/")
    made = some(read_bundle(published(tmp_path, lines=lines)), *wanted)
    page = Page(made["en/incidents/MA-2016-01-a/index.html"])
    assert "Withdrawn: it does not stand" in page.text
    assert "A fault of ours." in page.text
    home = made["en/index.html"].decode()
    # What was measured is told; the incident is no reason for it.
    assert "1 of 2 measured series does not get through" in home
    assert "en/incidents/MA-2016-01-a/r1/index.html" in made
    assert "A fault of ours." in Page(made["en/corrections/index.html"]).text


def test_what_others_add(bundle: Bundle) -> None:
    counter = Counter("MA", "Morocco", "counter/en/MA.svg", "stopped", (Snippet("Picture", "", "<img>"),))
    parts = Parts(
        head=lambda site, t, subject: Head(
            (HeadLink("alternate", "/feeds/en.atom", "application/atom+xml", "Incidents"),),
            (HeadMeta("og:title", f"{subject.kind} {t.lang}"),),
            '{"a": "</script><script>"}',
        ),
        files=(lambda site: iter([("counter/en/MA.svg", b"<svg/>")]),),
        counters=lambda site, t: (counter,),
        line_test=lambda site, t: f"line test {t.lang}".encode(),
    )
    made = dict(render(bundle, base="https://example.org/x/", parts=parts))
    assert made["counter/en/MA.svg"] == b"<svg/>"
    assert made["fr/line-test/index.html"] == b"line test fr"
    embed = made["en/embed/index.html"]
    assert b"&lt;img&gt;" in embed
    assert Page(made["en/index.html"]).text.count("Line test") == 1
    home = made["ar/index.html"].decode()
    assert 'content="home ar"' in home
    assert '<link rel="canonical" href="https://example.org/x/ar/">' in home
    assert "</script><script>" not in home
    assert "\\u003c/script\\u003e" in home


def test_a_page_is_made_again_only_where_its_inputs_changed(bundle: Bundle) -> None:
    keys = {each.path: each.key for each in plan(bundle)}
    assert {each.path: each.key for each in plan(bundle)} == keys
    other = {each.path: each.key for each in plan(bundle, base="https://example.org")}
    changed = {path for path in keys if keys[path] != other[path]}
    assert changed == {path for path in keys if path.endswith(".html")}


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_state_on_a_page_leads_to_its_row(pages: dict[str, bytes], lang: str) -> None:
    page = Page(pages[f"{lang}/countries/MA/index.html"])
    states = [each for each in page.all("a") if "state" in (each.get("class") or "").split()]
    assert {each["href"] for each in states} == {
        "series/AS36925/4g/viber/#2016-01-15-day",
        "series/AS36925/4g/whatsapp/#2016-01-15-day",
    }


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_count_leads_to_the_rows_that_are_counted(pages: dict[str, bytes], lang: str) -> None:
    def shown(path: str) -> tuple[list[str], list[str]]:
        """Where counts lead, and how many have no link."""
        html_of = pages[f"{lang}/{path}"].decode()
        counted = re.findall(r'<ul class="counts">(.*?)</ul>', html_of)
        items = [item for each in counted for item in re.findall("<li>.*?</li>", each)]
        items += re.findall(r'<p class="measured">.*?</p>', html_of)
        found = [re.search('<a href="([^"]*)">.*[0-9].*</a>', item) for item in items]
        return [each.group(1) for each in found if each], [
            item for item, each in zip(items, found, strict=True) if not each
        ]

    network = "countries/MA/apps/whatsapp/"
    assert shown("index.html") == (
        ["countries/MA/apps/viber/#now", f"{network}#now", "countries/MA/#matrix"],
        [],
    )
    [there] = shown("countries/MA/index.html")[0]
    assert there.endswith("#matrix")
    assert shown(f"{network}index.html") == (["#now"], [])
    assert shown("countries/MA/operators/AS36925/index.html") == (["#now", "#now"], [])
    rows = Page(pages[f"{lang}/{network}index.html"]).all("a")
    assert [each for each in rows if "-day" in (each.get("href") or "")], "the matrix leads on to the row"


def test_every_page_leads_to_campaigns_where_they_are_asked_for(bundle: Bundle) -> None:
    for asked in (True, False):
        made = dict(render(bundle, parts=Parts(campaigns=asked)))
        assert (b'href="../campaigns/fr/"' in made["fr/index.html"]) == asked
        assert (b'href="../../campaigns/en/"' in made["en/claims/index.html"]) == asked
