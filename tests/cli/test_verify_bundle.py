"""What is taken for a bundle; the findings' texts are tested with `publish`."""

from pathlib import Path

from tests.cli.doubles import run_line
from voipwatch.cli.language import LANGUAGES, texts
from voipwatch.cli.verify_bundle import bundle_at

FINDINGS = {
    "signature": (True, False), "key": (True, False, None), "files": (True,), "file": (False,),
    "valid": (None,), "contents": (False,), "world": (True, False), "states": (True, False),
    "partition": (True, False), "summaries": (True, False), "changepoints": (True, False), "votes": (None,),
    "log": (True, False), "log-key": (True, False), "key-lost": (None,), "incidents": (True, False),
    "incidents-table": (True, False), "formats": (True, False),
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


def test_a_manifest_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    ran = run_line("verify", str(tmp_path / "manifest.json"))
    assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
    assert "is no bundle" in ran.err
