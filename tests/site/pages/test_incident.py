"""An incident: evidence leads to rows, citations name the revision, what was said stands as it was said."""

from pathlib import Path

from tests.chronicle.writing import LATER
from tests.site.bundles import NAME, incident, log, published
from voipwatch.model.acts import EntryKind, Notice, Review
from voipwatch.site.bundle import read_bundle
from voipwatch.site.links import Here
from voipwatch.site.pages.incident import correction_view, revision
from voipwatch.site.pages.incident import incident as page_of
from voipwatch.site.pages.site import Site
from voipwatch.site.words import words

EN = words("en")


def test_evidence_leads_to_rows(site: Site) -> None:
    [told] = site.incidents
    page = page_of(site, EN, told)
    [phase] = page.phases
    assert phase.days.striptags() == "11 January 2016"
    [row] = page.spread
    assert row.href == "../../countries/MA/series/AS36925/4g/whatsapp/"
    assert page.named == ""
    assert [path for path, _ in page.downloads][:2] == [f"incidents/{NAME}/r1.json", f"incidents/{NAME}.json"]
    assert "Operator" not in page.cite.text
    assert page.cite.text.endswith(f"https://example.org/bundle/incidents/{NAME}/r1.json")
    assert site.bundle.digest in page.cite.bibtex
    assert page.cite.ris.startswith("TY  - DATA\n")
    assert page.share.endswith(f"https://example.org/en/incidents/{NAME}/")
    assert "reviewed by nobody" in page.share
    assert page.standing


def test_a_changepoint_of_the_table_has_its_row(site: Site) -> None:
    change = next(iter(site.changes))
    told = site.incidents[0]
    first = told.incident.phases[0]
    phases = (type(first)(first.kind, first.earliest, first.latest, first.series, (change, "gone")),)
    found = type(told.incident)(**{
        name: getattr(told.incident, name) for name in told.incident.__struct_fields__
    } | {"phases": phases})  # fmt: skip
    page = page_of(site, EN, type(told)(incident=found, revised_at=told.revised_at))
    [view] = page.phases[0].changes
    assert view.id == change
    assert view.href.startswith("../../countries/MA/series/AS36925/4g/whatsapp/#2016-01-")


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


def test_a_correction() -> None:
    entry: dict[str, object] = {
        "at": "2016-01-20T00:00:00Z", "kind": "withdrawal",
        "body": {"incident": "", "reason": "A probe was wrong.", "changepoints": ["a", "b"]},
    }  # fmt: skip
    view = correction_view(EN, Here("en", "corrections/"), entry)
    assert (view.kind, view.href, view.what, view.evidence) == ("Withdrawal", "", "A probe was wrong.", 2)
