"""What is taken for a bundle; the findings' texts are tested with `publish`."""

import json
from pathlib import Path

import pytest

from tests.cli.doubles import run_line
from tests.pipeline.publishing.support import request, store_of, votes
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.verify_bundle import bundle_at
from voipwatch.pipeline.publishing.publish import publish

FINDINGS = {
    "signature": (True, False), "key": (True, False, None), "files": (True,), "file": (False,),
    "valid": (None,), "contents": (False,), "world": (True, False), "states": (True, False),
    "partition": (True, False), "summaries": (True, False), "changepoints": (True, False), "votes": (None,),
    "log": (True, False), "log-key": (True, False), "key-lost": (None,), "incidents": (True, False),
    "incidents-table": (True, False), "formats": (True, False), "manifest": (False,),
    "signature-file": (False,), "time": (None,), "counting": (True, False),
}  # fmt: skip
"""Every finding of `pipeline.publishing.checking`, and how it may end."""


def test_a_folder_or_its_manifest_is_a_bundle(tmp_path: Path) -> None:
    assert bundle_at(tmp_path) == tmp_path
    manifest = tmp_path / "manifest.json"
    assert bundle_at(manifest) is None
    manifest.touch()
    assert bundle_at(manifest) == tmp_path
    assert bundle_at(tmp_path / "report.json") is None


def test_every_finding_has_its_text_in_every_language() -> None:
    word = {True: "holds", False: "fails", None: "open"}
    for lang in LANGUAGES:
        for name, ends in FINDINGS.items():
            assert all(texts(lang).has(f"bundle.{name}.{word[end]}") for end in ends)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_manifest_that_was_changed_does_not_hold(tmp_path: Path, lang: str) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    for place in (tmp_path, tmp_path / "manifest.json"):
        ran = run_line("verify", str(place), lang=lang, width=300)
        assert (ran.status, ran.err) == (1, "")
        assert "manifest.json" in ran.out
    assert "was changed, or is no manifest of ours" in run_line("verify", str(tmp_path), width=300).out
    assert json.loads(run_line("verify", str(tmp_path), "--json").out)["verified"] is False


def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path) -> None:
    ran = run_line("verify", str(tmp_path), width=300)
    assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
    assert "has no manifest.json" in ran.err
    assert "Copy the folder again" in ran.err
    publish(store_of(votes(3)), request(tmp_path, 3))
    (tmp_path / "bundle/manifest.sig").unlink()
    ran = run_line("verify", str(tmp_path / "bundle"), width=300)
    assert (ran.status, ran.err) == (1, "")
    assert "manifest.sig is missing" in ran.out
    assert "Copy the folder again" in ran.out


def test_a_bundle_of_the_future_is_told(tmp_path: Path) -> None:
    publish(store_of(votes(3)), request(tmp_path, 365 * 900))
    ran = run_line("verify", str(tmp_path / "bundle"), width=300)
    assert "which is still to come" in ran.out
    publish(store_of(votes(3)), request(tmp_path / "past", 3))
    assert "still to come" not in run_line("verify", str(tmp_path / "past/bundle"), width=300).out
