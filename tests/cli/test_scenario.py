import json
from pathlib import Path

import msgspec
import pytest

from tests.cli.doubles import Stream, run_line
from tests.lab.scenarios.stories import right_incident
from voipwatch.cli import scenario_run
from voipwatch.cli.context import Context
from voipwatch.cli.language import texts
from voipwatch.cli.scenario import _bars, cache_folder
from voipwatch.cli.scenario_run import NotOursError, Order, Outcome, Step
from voipwatch.lab.scenarios.handing import Handed
from voipwatch.lab.scenarios.reading import load_scenario
from voipwatch.lab.scenarios.score import Change
from voipwatch.lab.scenarios.truth import planted
from voipwatch.model.incidents import PhaseKind

ASKED: list[Order] = []


def perfect(size: str) -> Outcome:
    scenario = load_scenario("morocco-2016").sized(size)
    incidents = [right_incident(scenario)]
    found = Outcome(runs=10, checks=4, handed=Handed(9, {"unsigned": 1}), incidents=incidents)
    for truth in planted(scenario):
        for spell in truth.spells:
            if not spell.gated:
                for kind, at_s in (("onset", spell.since_s), ("end", spell.until_s)):
                    found.changes.append(Change(truth.series, kind, at_s - 3_600, at_s, at_s))
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Outcome]:
    """By size."""
    outcomes = {size: perfect(size) for size in ("demo", "full")}

    def run(order: Order, step: Step) -> Outcome:
        ASKED.append(order)
        step("checks", 1, 4)
        return outcomes[order.size]

    monkeypatch.setattr(scenario_run, "run_scenario", run)
    return outcomes


def test_what_was_planted_was_found(told: dict[str, Outcome], tmp_path: Path) -> None:
    ran = run_line("lab", "scenario", "morocco-2016", "--data", str(tmp_path / "d"), width=200)
    assert ran.status == 0
    assert "EMULATION" in ran.out
    assert "60 of 60 onsets and ends" in ran.out
    assert "2016-01-02 21:00 .. 2016-01-02 22:00" in ran.out
    assert "LAB-MA-2016-01-a (found by the machine, reviewed by nobody (revision " in ran.out
    assert "2016-01-05 VoIPDown" in ran.out
    assert "at 6–22 h UTC" in ran.out
    assert "the wrong way round: 0" in ran.out
    assert "MISSED" not in ran.out
    assert "9 reports taken, 1 refused" in ran.out
    order = ASKED[-1]
    assert (order.size, order.seed, order.every_check) == ("demo", 1, False)


def test_as_json(told: dict[str, Outcome]) -> None:
    ran = run_line("lab", "scenario", "morocco-2016", "--full", "--seed", "3", "--checks", "kept", "--json")
    document = json.loads(ran.out)
    assert ran.status == 0
    assert document["schema"] == "voipwatch.lab-scenario/2"
    assert (document["synthetic"], document["instance"]) == (True, "morocco-2016")
    assert (document["right"], document["edges"], document["missed"], document["wrong"]) == (
        True,
        180,
        [],
        [],
    )
    assert len(document["lines"]) == 27
    assert [each["phase"] for each in document["story"]["phases"]] == [
        "mobile", "intermittence", "intermittence over", "everywhere", "end",
    ]  # fmt: skip
    assert document["incidents"][0]["id"] == "LAB-MA-2016-01-a"
    order = ASKED[-1]
    assert (order.size, order.seed, order.every_check, order.checks) == ("full", 3, True, Path("kept"))


def test_what_is_kept_is_published_under_its_own_name(told: dict[str, Outcome], tmp_path: Path) -> None:
    for lang in ("en", "fr", "ar"):
        line = ("lab", "scenario", "morocco-2016", "--data", str(tmp_path / lang))
        ran = run_line(*line, lang=lang, width=300)
        assert ran.status == 0
        assert "voipwatch publish --out DIR --data" in ran.err
        assert "--instance" in ran.err
        assert "morocco-2016" in ran.err


def test_what_is_wrong_is_named_and_is_1(told: dict[str, Outcome]) -> None:
    changes = told["demo"].changes
    lost = changes.pop(0)
    changes.append(Change(lost.series, "onset", 1_470_000_000.0, 1_470_003_600.0, 1_470_003_600.0))
    ran = run_line("lab", "scenario", "morocco-2016", width=200)
    assert ran.status == 1
    assert "False: onset of Operator A 3g whatsapp, 2016-07-31 22:20 UTC." in ran.out
    document = json.loads(run_line("lab", "scenario", "morocco-2016", "--json").out)
    assert document["right"] is False
    assert [(each["kind"], each["at"]) for each in document["missed"]] == [("onset", "2016-01-02T22:00:00Z")]


def test_a_chronology_that_is_wrong_is_1_and_says_what_is_wrong(told: dict[str, Outcome]) -> None:
    (incident,) = told["demo"].incidents
    relief = next(phase for phase in incident.phases if phase.kind is PhaseKind.RELIEF)
    hourly = [
        msgspec.structs.replace(phase, blocked_hours=(6, 7)) if phase.blocked_hours else phase
        for phase in incident.phases
        if phase.kind is not PhaseKind.END
    ]
    told["demo"].incidents = [
        msgspec.structs.replace(incident, phases=(*hourly, relief)),
        msgspec.structs.replace(incident, id="LAB-MA-2016-01-b", phases=(), spread=()),
    ]
    ran = run_line("lab", "scenario", "morocco-2016", width=200)
    assert ran.status == 1
    assert "Not one incident but 2: LAB-MA-2016-01-a, LAB-MA-2016-01-b" in ran.out
    assert "Told, and not planted: relief of 6 series" in ran.out
    assert ran.out.count("MISSED") == 1, "the end"
    assert "Operator A wifi, by intermittence: hours 6–8 UTC found (planted 6–22)" in ran.out


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_in_other_languages(told: dict[str, Outcome], lang: str) -> None:
    assert run_line("lab", "scenario", "morocco-2016", lang=lang, width=200).status == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["atlantis-1"], "there is no scenario"),
        (["morocco-2016", "--size", "huge"], "--size"),
        (["morocco-2016", "--seed=-1"], "--seed"),
        (["morocco-2016", "--jobs", "0"], "--jobs"),
    ],
)
def test_misuse_is_told(line: list[str], said: str) -> None:
    ran = run_line("lab", "scenario", *line)
    assert ran.status == 64
    assert said in ran.err


@pytest.mark.parametrize(
    ("error", "said"),
    [(NotOursError("/d"), "no scenario made"), (RuntimeError("the collector's side died"), "collector")],
)
def test_trouble_is_told(monkeypatch: pytest.MonkeyPatch, error: Exception, said: str) -> None:
    def run(_order: Order, _step: Step) -> Outcome:
        raise error

    monkeypatch.setattr(scenario_run, "run_scenario", run)
    ran = run_line("lab", "scenario", "morocco-2016")
    assert ran.status not in {0, 1}
    assert said in ran.err


def test_where_checks_are_kept() -> None:
    assert cache_folder({"XDG_CACHE_HOME": "/c"}) == Path("/c/voipwatch/checks")
    assert cache_folder({}).parts[-3:] == (".cache", "voipwatch", "checks")


def test_without_a_terminal_each_fifth_of_a_step_is_a_line() -> None:
    context = Context(texts("en"), stdin=Stream(), stdout=Stream(), stderr=Stream())
    with _bars(context) as step:
        for done in range(101):
            step("checks", done, 100)
        step("calendar", 3, 3)
    assert isinstance(context.stderr, Stream)
    lines = context.stderr.getvalue().splitlines()
    assert lines == [
        *(f"distinct checks: {done} of 100" for done in (20, 40, 60, 80, 100)),
        "handed in: 3 of 3",
    ]
