import json
from pathlib import Path

import pytest

import voipwatch.apps
from tests.cli.doubles import run_line
from voipwatch.apps import ProfileSet, load_profiles
from voipwatch.cli.apps import _outline
from voipwatch.model.vocabulary import APP_IDS

CATALOGUE = Path(voipwatch.apps.__file__).parent / "catalogue"
PROFILED = [profile.id for profile in load_profiles().profiles]


def test_list_has_a_row_an_app_in_the_order_of_tables() -> None:
    ran = run_line("apps", "list")
    positions = [ran.out.index(f" {app} ") for app in APP_IDS]
    assert positions == sorted(positions)
    assert ran.out.count("not yet") == len(APP_IDS) - len(PROFILED)


def test_list_as_json() -> None:
    document = json.loads(run_line("apps", "list", "--json").out)
    assert document["schema"] == "voipwatch.apps/1"
    assert document["digest"] == load_profiles().digest
    assert [row["app"] for row in document["apps"]] == list(APP_IDS)
    assert [row["app"] for row in document["apps"] if row["profile"]] == PROFILED


@pytest.mark.parametrize("app", PROFILED)
def test_show(app: str) -> None:
    ran = run_line("apps", "show", app.upper())
    assert ran.status == 0
    assert f"id: {app}" in ran.out
    assert "provenance" in ran.out
    document = json.loads(run_line("apps", "show", app, "--json").out)
    assert document["schema"] == "voipwatch.app/1"
    assert document["id"] == app
    assert document["legs"]


def test_an_app_without_a_profile_is_refused_with_those_that_have_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All apps have one today; an id that is to come has none yet."""
    few = ProfileSet.of([p for p in load_profiles().profiles if p.id == "sip"])
    monkeypatch.setattr("voipwatch.cli.apps.load_profiles", lambda: few)
    ran = run_line("apps", "show", "viber", profiled=("sip",))
    assert ran.status == 64
    assert ran.err.rstrip().endswith("sip.")


def test_packaged_profiles_are_accepted() -> None:
    files = sorted(CATALOGUE.glob("*.toml"))
    assert files
    accepted = [run_line("apps", "check", str(file)) for file in files]
    assert {ran.status for ran in accepted} == {0}
    assert json.loads(run_line("apps", "check", str(files[0]), "--json").out)["valid"] is True


def test_a_broken_profile_gets_each_problem_with_file_line_and_field(tmp_path: Path) -> None:
    source = (CATALOGUE / "sip.toml").read_text(encoding="utf-8")
    broken = tmp_path / "mine.toml"
    broken.write_text(source.replace('id = "sip"', 'id = "nobody"', 1), encoding="utf-8")
    ran = run_line("apps", "check", str(broken), width=400)
    assert ran.status == 64
    assert "mine.toml:" in ran.out
    assert "id" in ran.out
    document = json.loads(run_line("apps", "check", str(broken), "--json").out)
    assert document["valid"] is False
    assert document["problems"]
    assert all({"file", "line", "field", "message"} <= set(problem) for problem in document["problems"])


def test_outline() -> None:
    value = {"a": 1, "b": [1, 2], "c": [{"d": 3, "e": [{"f": None}]}], "g": {"h": {}}, "i": []}
    assert _outline(value) == [
        "a: 1",
        "b: 1, 2",
        "c:",
        "  - d: 3",
        "    e:",
        "      - f: -",
        "g:",
        "  h: -",
        "i: ",
    ]


def test_a_device_is_no_profile() -> None:
    ran = run_line("apps", "check", "/dev/zero")
    assert ran.status == 64
    assert "not a file" in ran.err
    assert "report" not in ran.err


def test_what_is_no_toml_is_told_with_its_line_and_no_field(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("not toml [\n")
    ran = run_line("apps", "check", str(broken), width=400)
    assert ran.status == 64
    assert "broken.toml:1: not TOML: " in ran.out
