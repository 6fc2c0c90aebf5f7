from pathlib import Path

import msgspec
import pytest

from tests.site.made import bundle_of, incident, page, reviewed, write_bundle
from voipwatch.model.acts import Reply, ReplySide
from voipwatch.model.incidents import IncidentStatus
from voipwatch.site.bundle import read_bundle
from voipwatch.site.feeds.entries import entries_of, plain_text, root_of, state_text, updated_of, uuid_of
from voipwatch.site.words import LANGUAGES, words

REPLY = {
    "at": "2016-01-20T00:00:00Z",
    "line": 9,
    "kind": "reply",
    "body": Reply("MA-2016-01-a", ReplySide.OPERATOR, "Telco", "2016-01-19", "We did nothing.", "en"),
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unreviewed_incident_says_so_and_names_nobody(tmp_path: Path, lang: str) -> None:
    (entry,) = entries_of(bundle_of(tmp_path, incident()), words(lang))
    assert entry.title.startswith(f"[{words(lang).plain('feeds.status.detected')}] ")
    assert "AS64500" not in entry.title + plain_text(entry, words(lang))
    assert "WhatsApp" in entry.title


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reviewed_one_names_whom_it_may(tmp_path: Path, lang: str) -> None:
    first = incident()
    (entry,) = entries_of(bundle_of(tmp_path, first, reviewed(first)), words(lang))
    assert "AS64500" in entry.title


@pytest.mark.parametrize("lang", LANGUAGES)
def test_emulated_is_the_first_word(tmp_path: Path, lang: str) -> None:
    one = incident(id="LAB-MA-2016-01-a", instance="lab-1")
    (entry,) = entries_of(bundle_of(tmp_path, one), words(lang))
    assert entry.title.startswith(f"[{words(lang).plain('feeds.emulated')}")
    assert "lab-1" in plain_text(entry, words(lang))
    assert state_text(one, words(lang)).startswith(words(lang).plain("feeds.emulated"))


def test_an_id_is_permanent_and_an_observatorys_own(tmp_path: Path) -> None:
    first = incident()
    one = bundle_of(tmp_path / "1", first)
    later = bundle_of(tmp_path / "2", first, reviewed(first), as_of="2016-05-01T00:00:00Z")
    other = bundle_of(tmp_path / "3", first, first_line=b'{"n":1,"kind":"key","at":"else"}\n')
    (a,), (b,), (c,) = (entries_of(each, words("en")) for each in (one, later, other))
    assert a.urn == b.urn != c.urn
    assert a.urn == "urn:uuid:" + str(uuid_of(root_of(one), first.id))
    assert entries_of(one, words("ar"))[0].urn == a.urn


def test_updated_moves_with_a_revision_and_a_reply_and_never_otherwise(tmp_path: Path) -> None:
    first = incident()
    same = [
        bundle_of(tmp_path / "1", first),
        bundle_of(tmp_path / "2", first, as_of="2016-06-01T00:00:00Z"),
    ]
    entries = [entries_of(each, words("en"))[0] for each in same]
    assert entries[0] == entries[1]
    assert entries[0].updated == entries[0].published == "2016-01-11T00:00:00Z"
    revised = bundle_of(tmp_path / "3", first, reviewed(first))
    assert entries_of(revised, words("en"))[0].updated == "2016-01-12T00:00:00Z"
    replied = bundle_of(tmp_path / "4", first, said={"replies": [REPLY]})
    (entry,) = entries_of(replied, words("en"))
    assert (entry.updated, entry.published) == ("2016-01-20T00:00:00Z", "2016-01-11T00:00:00Z")
    assert "We did nothing." in plain_text(entry, words("en"))
    assert updated_of(replied.incidents[0]) == entry.updated


def test_what_changed_last_is_first_and_a_tombstone_stays(tmp_path: Path) -> None:
    gone = incident(id="MA-2016-01-b", status=IncidentStatus.WITHDRAWN, reason="a probe\nwas wrong")
    first = incident()
    pages = [page((first, reviewed(first))), page((gone,))]
    bundle = read_bundle(write_bundle(tmp_path, pages, (first, reviewed(first), gone)))
    entries = entries_of(bundle, words("en"))
    assert [entry.incident.id for entry in entries] == ["MA-2016-01-a", "MA-2016-01-b"]
    assert "[withdrawn]" in entries[1].title
    assert "Reason: a probe was wrong" in plain_text(entries[1], words("en"))


def test_a_bundle_without_a_log_has_a_root_all_the_same(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path, incident())
    manifest = msgspec.structs.replace(
        bundle.manifest, files=tuple(f for f in bundle.manifest.files if "log" not in f.path)
    )
    assert root_of(type(bundle)(tmp_path, manifest, "")) == manifest.key
