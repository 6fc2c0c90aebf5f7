"""The year at the end of the demo, over a scenario that takes no time."""

import json
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import run_line
from tests.lab.scenarios.stories import right_incident
from voipwatch.cli import demo, demo_year
from voipwatch.cli.context import Context
from voipwatch.cli.demo_year import NAME, make_room
from voipwatch.cli.errors import CLEAR, Misuse
from voipwatch.cli.scenario_run import Outcome
from voipwatch.lab.scenarios.handing import Handed
from voipwatch.lab.scenarios.reading import load_scenario

SAID = {"folder": "", "digest": "0" * 64, "files": 90, "bytes": 1_700_000, "rows": 2_100}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int]]:
    """No lines, and a year that somebody else has run; what was asked for."""
    asked: list[tuple[str, str, int]] = []

    def outcome(_context: Context, run: tuple[str, str, int], *_: object, **__: object) -> Outcome:
        asked.append(run)
        scenario = load_scenario(NAME).sized("demo")
        return Outcome(runs=9, checks=4, handed=Handed(8), incidents=[right_incident(scenario)])

    def publish(*, context: Context, out: Path, instance: str, **_: object) -> int:
        assert instance == NAME, "an emulation says so in its bundle"
        context.print_json(msgspec.json.encode(SAID | {"folder": str(out)}))
        return CLEAR

    monkeypatch.setattr(demo_year, "outcome_of", outcome)
    monkeypatch.setattr(demo_year, "publish", publish)
    monkeypatch.setattr(demo, "_measure_all", lambda *_: iter(()))
    return asked


def test_the_demo_ends_with_the_chronology_and_its_bundle(
    quick: list[tuple[str, str, int]], tmp_path: Path
) -> None:
    ran = run_line(
        "demo", "--network", "sim", "--seed", "5", "--bundle", str(tmp_path / "d" / "bundle"), width=200
    )
    assert ran.status == 0, ran.err
    assert quick == [(NAME, "demo", 5)]
    assert "EMULATION" in ran.out
    assert "2016-11-04 ANRT" in ran.out
    assert "at 6–22 h UTC" in ran.out
    assert "0 of 60 onsets and ends" in ran.out, "nothing was found in this one, and it says so"
    assert "90 files" in ran.out
    assert f"voipwatch verify {tmp_path / 'd' / 'bundle'}" in ran.out
    assert ran.out.index("EMULATION") < ran.out.index("voipwatch check"), "what to do next comes last"


def test_without_a_bundle_no_year_is_run(quick: list[tuple[str, str, int]]) -> None:
    ran = run_line("demo", "--network", "sim", "--json")
    assert quick == []
    assert "year" not in json.loads(ran.out)


def test_as_json(quick: list[tuple[str, str, int]], tmp_path: Path) -> None:
    ran = run_line("demo", "--network", "sim", "--seed", "6", "--bundle", str(tmp_path / "b"), "--json")
    year = json.loads(ran.out)["year"]
    assert quick == [(NAME, "demo", 6)]
    assert (year["schema"], year["synthetic"], year["seed"]) == ("voipwatch.lab-scenario/2", True, 6)
    assert year["bundle"]["digest"] == "0" * 64


def test_the_bundle_of_an_earlier_demo_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    make_room(bundle)  # there is none
    bundle.mkdir()
    make_room(bundle)  # it is empty
    (bundle / "manifest.json").write_text(json.dumps({"synthetic": True, "instance": NAME}))
    make_room(bundle)
    assert not bundle.exists()


@pytest.mark.parametrize(
    "content",
    ["{}", "no JSON", '{"synthetic": false, "instance": ""}', '{"synthetic": true, "instance": "x"}'],
)
def test_another_folder_is_left_alone(tmp_path: Path, content: str) -> None:
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "manifest.json").write_text(content)
    with pytest.raises(Misuse):
        make_room(bundle)
    assert (bundle / "manifest.json").exists()
    ran = run_line("demo", "--bundle", str(bundle))
    assert ran.status == 64
    assert "no demo left there" in ran.err
