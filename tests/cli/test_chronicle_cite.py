"""A citation from a published bundle, in three forms, of any revision, and never of what was changed."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from msgspec.structs import replace

from tests.chronicle.writing import MACHINE, Writing, found_incident
from tests.cli.doubles import Ran, run_line
from tests.pipeline.publishing.support import request, store_of, votes
from voipwatch.model.acts import EntryKind
from voipwatch.pipeline.publishing.publish import publish

ID = "MA-2016-01-a"
BASE = "https://observatory.example/"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """With an incident of two revisions before its review, which names AS1, and after it."""
    log = Writing()
    incident = log.detect(found_incident())
    log.told(incident)
    log.review(incident)
    publish(store_of(votes(9)), request(tmp_path, 9, log=tuple(log.lines), key=MACHINE))
    return tmp_path / "bundle"


def cited(bundle: Path, *more: str, lang: str = "en") -> Ran:
    return run_line(
        "chronicle", "cite", ID, "--bundle", str(bundle), "--url", BASE, *more, lang=lang, width=80
    )


def test_the_three_forms_name_revision_bundle_and_permanent_address(bundle: Path) -> None:
    digest = sha256((bundle / "manifest.json").read_bytes()).hexdigest()
    url = f"{BASE}incidents/{ID}/r3.json"
    assert (bundle / f"incidents/{ID}/r3.json").is_file(), "the address is that of a file of the bundle"
    text = cited(bundle).out
    assert text.count("\n") == 1
    assert all(part in text for part in (ID, "revision 3", "as of 2016-01-06T00:00:00Z", digest, url, "AS1"))
    (ris,) = rispy.loads(cited(bundle, "--form", "ris").out)
    assert (ris["id"], ris["urls"], ris["notes"]) == (
        f"{ID}-r3",
        [url],
        [f"reviewed (revision 2); Bundle sha256:{digest}"],
    )
    (entry,) = parse_string(cited(bundle, "--form", "bibtex").out).entries
    assert entry["url"] == url
    for lang in ("fr", "ar"):
        assert digest in cited(bundle, lang=lang).out


def test_a_revision_before_the_review_names_nobody(bundle: Path) -> None:
    for number in ("1", "2"):
        ran = cited(bundle, "--revision", number)
        assert f"/r{number}.json" in ran.out
        assert "AS1" not in ran.out


def test_what_the_machine_found_after_the_review_is_not_cited_of_the_named(tmp_path: Path) -> None:
    log = Writing()
    incident = log.detect(found_incident())
    log.told(incident)
    reviewed = log.review(incident)
    (row,) = reviewed.spread
    later = replace(row, series=replace(row.series, app="viber"))
    log.add(EntryKind.INCIDENT, replace(reviewed, revision=4, spread=(row, later)), signer=MACHINE)
    publish(store_of(votes(9)), request(tmp_path, 9, log=tuple(log.lines), key=MACHINE))
    text = cited(tmp_path / "bundle").out
    assert "revision 4" in text
    assert "AS1" in text
    assert "viber" not in text


def test_what_cannot_be_cited_is_one_line(bundle: Path, tmp_path: Path) -> None:
    page = bundle / f"incidents/{ID}/r3.json"
    for ran, words in (
        (cited(bundle, "--revision", "9"), "revisions 1 to 3"),
        (cited(bundle, "--form", "word"), "text, ris, bibtex"),
        (cited(tmp_path), "no bundle"),
        (
            run_line("chronicle", "cite", "MA-1999-01-a", "--bundle", str(bundle), "--url", BASE),
            f"MA-1999-01-a is not in this bundle; it has: {ID}",
        ),
        (run_line("chronicle", "cite", ID, "--bundle", str(bundle), "--url", "here"), "no address"),
        (run_line("chronicle", "cite", ID, "--bundle", str(bundle), "--url", "https://"), "no address"),
        (
            run_line("chronicle", "cite", ID, "--bundle", str(bundle), "--url", "ftp://x.example"),
            "no address",
        ),
    ):
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1), ran.err
        assert words in ran.err
    told = json.loads(page.read_bytes())
    told["incident"]["named"] = ["AS9"]
    page.unlink()
    page.write_text(json.dumps(told))
    assert "not the file that the manifest names" in " ".join(cited(bundle).err.split())


@pytest.mark.parametrize(
    ("lang", "words", "status"),
    [
        ("en", ("revision 1", "as of", "Bundle"), "reviewed by nobody"),
        ("fr", ("révision 1", "état au", "Paquet"), "relu par personne"),
        ("ar", ("المراجعة 1", "حتى", "الحزمة"), "لم يراجعه أحد"),
    ],
)
def test_it_says_that_nobody_signed_it_in_the_readers_language(
    bundle: Path, lang: str, words: tuple[str, ...], status: str
) -> None:
    for form in ("text", "ris", "bibtex"):
        out = cited(bundle, "--revision", "1", "--form", form, lang=lang).out
        assert status in out
        assert all(word in out for word in words)
        if lang != "en":
            assert "revision 1" not in out
            assert "as of" not in out


def test_who_publishes_is_who_the_bundle_says(tmp_path: Path) -> None:
    log = Writing()
    log.detect(found_incident())
    named = request(tmp_path, 9, log=tuple(log.lines), key=MACHINE, publisher="Observatoire d'appels")
    publish(store_of(votes(9)), named)
    assert cited(tmp_path / "bundle").out.startswith("Observatoire d'appels: MA: calls by")
    assert "name: 'Observatoire d''appels'" in (tmp_path / "bundle/CITATION.cff").read_text("utf-8")
