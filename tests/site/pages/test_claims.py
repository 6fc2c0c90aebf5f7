"""Claims: contradicting ones together, rows behind each, a stranger's address is none."""

from pathlib import Path

from tests.site.bundles import claim, with_claims
from voipwatch.site.bundle import read_bundle
from voipwatch.site.pages.claims import claim_page, claims, grouped, told, web_address
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN, FR = words("en"), words("fr")


def of(made: Path, tmp_path: Path, *entries: dict[str, object]) -> Site:
    return Site(read_bundle(with_claims(made, tmp_path / "claims", *entries)))


def test_those_that_cannot_all_be_true_stand_together(made: Path, tmp_path: Path) -> None:
    site = of(
        made, tmp_path, claim("a/1", contradicts=["a/3"]), claim("a/2"), claim("a/3"),
        claim("a/4", contradicts=["a/3", "gone"]),
    )  # fmt: skip
    groups = [[each.claim.id for each in group] for group in grouped(site.bundle.claims)]
    assert groups == [["a/1", "a/3", "a/4"], ["a/2"]]
    assert [(state, n) for state, _, n in claims(site, EN).states] == [
        ("supported", 4), ("contradicted", 0), ("not-measurable", 0),
    ]  # fmt: skip


def test_a_claim_leads_to_its_rows(made: Path, tmp_path: Path) -> None:
    scope = {"country": "MA", "operators": ["AS36925"], "accesses": ["4g"], "apps": ["whatsapp"]}
    site = of(made, tmp_path, claim(scope=scope))
    page = claim_page(site, EN, site.bundle.claims[0])
    [line] = page.witnesses
    assert line.rows == (
        ("13 January 2016", "../../../countries/MA/series/AS36925/4g/whatsapp/#2016-01-13-day"),
    )
    assert [part.striptags() for part in page.scope] == ["Morocco", "AS36925", "4G", "WhatsApp"]
    assert (page.claim.percent, page.claim.interval, page.unread) == ("100%", "53% to 100%", False)


def test_our_words_in_a_readers_language(made: Path, tmp_path: Path) -> None:
    entry = claim(translations=[{"lang": "fr", "text": "Bloqué.", "read": False}])
    site = of(made, tmp_path, entry)
    assert claim_page(site, FR, site.bundle.claims[0]).claim.text == ("Bloqué.", "")
    assert claim_page(site, FR, site.bundle.claims[0]).unread
    assert told(words("ar"), "Blocked.", ()) == ("Blocked.", "en")


def test_addresses() -> None:
    assert web_address("https://example.org/x") == "https://example.org/x"
    assert [web_address(url) for url in ("javascript:alert(1)", "data:,x", "//x", "")] == [""] * 4
