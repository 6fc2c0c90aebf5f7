"""An incident: evidence leads to rows, citations name the revision, what was said stands as it was said."""

from pathlib import Path

from tests.chronicle.writing import LATER
from tests.site.bundles import NAME, incident, log, published
from voipwatch.model.acts import EntryKind, Notice, Review
from voipwatch.site.bundle import read_bundle
from voipwatch.site.pages.incident import incident as page_of
from voipwatch.site.pages.incident import revision
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_the_page_of_the_newest_revision(site: Site) -> None:
    [told] = site.incidents
    page = page_of(site, EN, told)
    [phase] = page.phases
    assert phase.days.striptags() == "11 January 2016"
    [row] = page.spread
    assert row.href == "../../countries/MA/series/AS36925/4g/whatsapp/"
    assert page.facts.named == ""
    assert page.facts.told.striptags().startswith("not over as of ")
    assert page.facts.ended is None
    assert page.share.endswith(f"https://example.org/en/incidents/{NAME}/")


def test_a_revision_stays_as_it_was(tmp_path: Path) -> None:
    lines = log(
        (EntryKind.INCIDENT, incident()),
        (EntryKind.NOTICE, Notice(NAME, 1, ("AS36925",), LATER, "letter")),
        (EntryKind.REVIEW, Review(NAME, 2, "the desk", "")),
    )
    site = Site(read_bundle(published(tmp_path, lines=lines)))
    [told] = site.incidents
    newest = page_of(site, EN, told)
    first = revision(site, EN, told, 1)
    assert "AS36925" in newest.shell.title
    assert "AS36925" not in first.shell.title + first.cite.text + first.share
    assert first.shell.valid_until == ""
    assert [said.kind for said in newest.said] == ["Notice", "Review"]
    assert "1 operator was told" in newest.said[0].note
    assert "the desk" in newest.said[1].note
    assert [(each.number, each.reviewed) for each in newest.revisions] == [(1, False), (2, True), (3, False)]
