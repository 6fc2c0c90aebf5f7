"""`check --profile` and `verify --profile`: a private profile beside the packaged ones."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.apps.imported.support import call, drafted
from tests.cli.doubles import Measured, run_line
from voipwatch.cli.context import CheckRequest
from voipwatch.cli.errors import Misuse
from voipwatch.cli.private import load_private
from voipwatch.experiment.events import Progress
from voipwatch.lab.drive import Simulation
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement

DRAFT = drafted(call())


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(DRAFT.text, encoding="utf-8")
    return path


def simulated(
    *, control_blocked: bool = False
) -> Callable[[CheckRequest, Callable[[Progress], None]], Measurement]:
    def measure(request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
        assert request.private == DRAFT.text
        world = load_worlds().get("stun-cookie")
        run = Simulation(
            world,
            apps=request.apps,
            seed=5,
            budget_bytes=600_000,
            private=DRAFT.profile,
            control_blocked=control_blocked,
        )
        return run.run(on_progress)

    return measure


def test_it_is_replayed_beside_the_apps_that_are_asked_for(profile: Path) -> None:
    measured = Measured()
    run_line(
        "check",
        "--reflector",
        "lab.example",
        "--yes",
        "--app",
        "sip",
        "--profile",
        str(profile),
        measure=measured,
    )
    assert [(r.apps, r.private) for r in measured.requests] == [(("sip", "private"), DRAFT.text)]
    run_line(
        "check",
        "--reflector",
        "lab.example",
        "--yes",
        "--app",
        "private",
        "--profile",
        str(profile),
        measure=measured,
    )
    assert measured.requests[1].apps == ("private",)


def test_a_profile_that_is_none_is_refused_before_anything_is_sent(tmp_path: Path, profile: Path) -> None:
    measured = Measured()
    other = tmp_path / "other.toml"
    for text, said in (
        (DRAFT.text.replace("private", "sip", 2), "private"),
        ("id = 7", "cannot be used"),
        ("x" * 70_000, "larger"),
    ):
        other.write_text(text, encoding="utf-8")
        ran = run_line(
            "check", "--reflector", "lab.example", "--yes", "--profile", str(other), measure=measured
        )
        assert ran.status == 64
        assert said in ran.err
    ran = run_line("check", "--reflector", "lab.example", "--yes", "--app", "private", measure=measured)
    assert (ran.status, measured.requests) == (64, [])
    assert "--profile FILE" in ran.err
    with pytest.raises(Misuse):
        load_private(tmp_path / "absent")
    assert load_private(profile)[1].digest == DRAFT.profile.digest


def check(profile: Path, report: Path, **options: bool) -> str:
    ran = run_line(
        "check",
        "--reflector",
        "lab.example",
        "--app",
        "sip",
        "--yes",
        "--json",
        "--profile",
        str(profile),
        "--out",
        str(report),
        measure=simulated(**options),
    )
    return ran.out


def test_its_report_is_verified_with_it_and_left_open_without_it(profile: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    rows = {row["app"]: row for row in json.loads(check(profile, report))["results"]}
    assert rows["private"]["verdict"] == "blocked"
    findings = json.loads(run_line("verify", str(report), "--profile", str(profile), "--json").out)
    assert findings["verified"] is True
    assert next(f for f in findings["findings"] if f["id"] == "kinds")["holds"] is True
    without = json.loads(run_line("verify", str(report), "--json").out)
    assert without["verified"] is True
    assert next(f for f in without["findings"] if f["id"] == "kinds")["holds"] is None


def test_without_the_control_channel_its_row_says_why_it_is_empty(profile: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    rows = {row["app"]: row for row in json.loads(check(profile, report, control_blocked=True))["results"]}
    assert rows["private"]["verdict"] == "insufficient"
    assert "kept ticket" in rows["private"]["explanation"]
    assert rows["private"]["not_tested"] == ["private-not-carried"]
    assert run_line("verify", str(report)).status == 0
