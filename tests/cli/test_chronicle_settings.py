"""The observatory's own choices: kept, shown, refused where they cannot be."""

import json
from pathlib import Path

import pytest

from tests.cli.doubles import Ran, run_line


def run(data: Path, *more: str, lang: str = "en") -> Ran:
    return run_line("chronicle", "settings", "--data", str(data), *more, lang=lang, width=300)


def test_what_was_never_set_is_told_as_it_is(tmp_path: Path) -> None:
    for lang in ("en", "fr", "ar"):
        ran = run(tmp_path, lang=lang)
        assert (ran.status, ran.err) == (0, "")
        assert "48" in ran.out
    assert "no address is named yet" in run(tmp_path).out
    assert not any(tmp_path.iterdir()), "a question writes nothing"


def test_choices_are_kept_one_by_one(tmp_path: Path) -> None:
    assert run(tmp_path, "--publisher", " Observatory  of Calls ").status == 0
    assert run(tmp_path, "--contact", "https://x.example/reply").status == 0
    assert run(tmp_path, "--notice-hours", "72").status == 0
    told = json.loads(run(tmp_path, "--json").out)["settings"]
    assert (told["publisher"], told["contact"], told["notice_hours"]) == (
        "Observatory of Calls", "https://x.example/reply", 72,
    )  # fmt: skip
    other = json.loads(run(tmp_path, "--json", "--instance", "lab-x").out)["settings"]
    assert other["publisher"] == "voipwatch", "an emulation is an instance of its own"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--contact", "nobody"), "--contact nobody: this is no address"),
        (("--contact", ""), "no address"),
        (("--notice-hours", "-1"), "--notice-hours"),
        (("--notice-hours", "2161"), "--notice-hours"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, line: tuple[str, ...], words: str) -> None:
    ran = run(tmp_path, *line)
    assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
    assert words in ran.err
    assert not any(tmp_path.iterdir())


def test_damaged_settings_stop_everything_that_rests_on_them(tmp_path: Path) -> None:
    assert run(tmp_path, "--notice-hours", "72").status == 0
    (tmp_path / "chronicle/settings.json").write_bytes(b"{")
    for line in (("settings",), ("review", "MA-2016-01-a", "--by", "d", "--notice", "x", "--yes")):
        ran = run_line("chronicle", *line, "--data", str(tmp_path), width=300)
        assert ran.status in {64, 70}
    ran = run(tmp_path)
    assert (ran.status, "settings.json" in ran.err) == (70, True)
