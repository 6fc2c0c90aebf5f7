"""A bundle is read whole or not at all: every file missing, changed, half-written."""

import json
import shutil
from pathlib import Path

import pytest

from tests.site.bundles import altered
from voipwatch.model.bundle import MANIFEST_FILE, SIGNATURE_FILE
from voipwatch.site.bundle import BadBundleError, Row, path_part, read_bundle


def refused(folder: Path) -> tuple[str, str]:
    with pytest.raises(BadBundleError) as caught:
        read_bundle(folder)
    return caught.value.path, caught.value.why


def test_a_bundle_of_publish_is_read(made: Path) -> None:
    bundle = read_bundle(made)
    assert [(state.app, state.state, state.measured) for state in bundle.states] == [
        ("viber", "ok", True),
        ("whatsapp", "blocked", True),
    ]
    rows = bundle.rows(bundle.states[1])
    assert rows[0].anchor == "2016-01-04-day"
    assert sum(row.votes for row in rows) == 5 * 4 * 12
    assert [page.incident.id for page in bundle.incidents] == ["MA-2016-01-a"]
    assert bundle.revision("MA-2016-01-a", 1) == bundle.incidents[0].incident
    assert bundle.signed_revision(bundle.incidents[0].incident) is None
    assert len(bundle.claims) == 43
    assert bundle.corrections == ()
    assert {change["app"] for change in bundle.changes} == {"whatsapp"}


def test_every_file_that_is_missing_is_named(made: Path, tmp_path: Path) -> None:
    paths = (MANIFEST_FILE, SIGNATURE_FILE, *read_bundle(made).paths)
    for number, path in enumerate(paths):
        folder = tmp_path / str(number)
        shutil.copytree(made, folder)
        (folder / path).unlink()
        assert refused(folder) == (path, "missing")


def test_every_file_that_was_changed_or_cut_is_named(made: Path, tmp_path: Path) -> None:
    for number, path in enumerate(read_bundle(made).paths):
        content = (made / path).read_bytes()
        folder = tmp_path / str(number)
        shutil.copytree(made, folder)
        for other in (content[: len(content) // 2], content[:-1] + bytes([content[-1] ^ 1]), b""):
            (folder / path).write_bytes(other)
            assert refused(folder) == (path, "changed")


def test_a_manifest_that_is_none_or_of_another_key(made: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(made, tmp_path / "b")
    content = (made / MANIFEST_FILE).read_bytes()
    (folder / MANIFEST_FILE).write_bytes(content[:100])
    assert refused(folder) == (MANIFEST_FILE, "form")
    (folder / MANIFEST_FILE).write_bytes(content.replace(b'"previous": ""', b'"previous": "0"'))
    assert refused(folder) == (SIGNATURE_FILE, "signature")
    (folder / MANIFEST_FILE).write_bytes(content)
    (folder / SIGNATURE_FILE).write_bytes(b"00\n")
    assert refused(folder) == (SIGNATURE_FILE, "signature")
    assert refused(tmp_path / "nowhere") == (MANIFEST_FILE, "missing")


def test_a_signed_file_of_another_form_is_named(made: Path, tmp_path: Path) -> None:
    folder = altered(made, tmp_path / "b", {"states.json": b'{"series": [{}]}', "claims.json": b"["})
    bundle = read_bundle(folder)
    for name, path in (("states", "states.json"), ("claims", "claims.json")):
        with pytest.raises(BadBundleError) as caught:
            getattr(bundle, name)
        assert (caught.value.path, caught.value.why) == (path, "form")


def test_rows_of_unequal_columns_are_no_rows(made: Path, tmp_path: Path) -> None:
    path = "series/MA/AS36925/4g/viber.json"
    document = json.loads((made / path).read_bytes())
    document["rows"]["votes"] = document["rows"]["votes"][1:]
    bundle = read_bundle(altered(made, tmp_path / "b", {path: json.dumps(document).encode()}))
    with pytest.raises(BadBundleError, match=r"viber\.json: form"):
        bundle.rows(bundle.states[0])


def test_a_path_that_leads_out_is_no_path(made: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x")
    folder = altered(made, tmp_path / "b", {})
    bundle = read_bundle(folder)
    with pytest.raises(BadBundleError):
        bundle.read("../secret")


def test_anchors_and_parts() -> None:
    row = Row("2016-01-05T14:00:00Z", "2016-01-05T21:00:00Z", "hour", "ok", 4, 4, 0, 0, 0, 0, 4, 1)
    assert row.anchor == "2016-01-05T14-hour"
    assert (path_part("Operator A"), path_part(".."), path_part("a/b")) == ("Operator%20A", "%2E.", "a%2Fb")
