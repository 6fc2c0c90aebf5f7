"""A citation names the revision and the digest; a text to share says what is not reviewed."""

from tests.site.bundles import NAME
from voipwatch.site.links import Here
from voipwatch.site.pages.citing import cite, downloads, share_text
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_a_citation(site: Site) -> None:
    told = site.incidents[0].incident
    found = cite(site, told, None)
    assert "Operator" not in found.text
    assert found.text.endswith(f"https://example.org/bundle/incidents/{NAME}/r1.json")
    assert site.bundle.digest in found.bibtex
    assert found.ris.startswith("TY  - DATA\n")
    assert "\r" not in found.ris


def test_a_text_to_share(site: Site) -> None:
    told = site.incidents[0].incident
    text = share_text(site, EN, told, "A title", f"incidents/{NAME}/")
    assert text.startswith("A title [")
    assert text.endswith(f"https://example.org/en/incidents/{NAME}/")
    assert "reviewed by nobody" in text
    assert "http" not in share_text(Site(site.bundle), EN, told, "A title", "")


def test_files_that_the_bundle_has(site: Site) -> None:
    found = dict(downloads(site, Here("en", f"incidents/{NAME}/"), site.incidents[0].incident))
    assert found[f"incidents/{NAME}/r1.json"] == f"../../../bundle/incidents/{NAME}/r1.json"
    assert set(found) <= set(site.bundle.paths)
