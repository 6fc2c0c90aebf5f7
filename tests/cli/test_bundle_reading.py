"""A bundle read by itself: what it names, and nothing that it does not."""

from pathlib import Path

import pytest

from tests.chronicle.writing import MACHINE, Writing, found_incident
from tests.pipeline.publishing.support import contents, request, store_of, votes
from voipwatch.chronicle import manifests
from voipwatch.cli.bundle_reading import PublishedBundle
from voipwatch.cli.errors import Misuse
from voipwatch.pipeline.publishing.publish import publish

ID = "MA-2016-01-a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    log = Writing()
    log.detect(found_incident())
    publish(store_of(votes(9)), request(tmp_path, 9, log=tuple(log.lines), key=MACHINE))
    return tmp_path / "bundle"


def test_what_it_names(folder: Path) -> None:
    bundle = PublishedBundle(folder)
    assert bundle.incidents() == [ID]
    assert (bundle.revisions(ID), bundle.revisions("MA-2016-01-b")) == (1, 0)
    assert bundle.digest == manifests.digest_of((folder / "manifest.json").read_bytes())
    assert list(bundle.state().stories) == [ID]
    rows = bundle.rows()
    assert rows
    assert len(rows) == (folder / "tables/cells/2016-01.csv").read_bytes().count(b"\n") - 1


def test_every_file_is_the_manifests(folder: Path) -> None:
    bundle = PublishedBundle(folder)
    for path, content in contents(folder).items():
        if path.startswith("manifest."):
            assert not bundle.has(path)
            continue
        assert bundle.file(path) == content
    with pytest.raises(Misuse) as caught:
        bundle.file("manifest.json")
    assert caught.value.key == "bundle.none"
    place = folder / "states.json"
    place.unlink()
    with pytest.raises(Misuse) as caught:
        bundle.file("states.json")
    assert caught.value.key == "bundle.none"
    place.write_bytes(b"{}")
    with pytest.raises(Misuse) as caught:
        bundle.file("states.json")
    assert caught.value.key == "chronicle.not_the_bundles"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"\xff"])
def test_no_bundle(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(Misuse) as caught:
        PublishedBundle(tmp_path)
    assert caught.value.key == "bundle.none"
