"""The matrix: its plan, its sums by hand, and a run of it with canned checks."""

from collections import Counter
from functools import cache
from math import ceil

import msgspec
import pytest

from voipwatch.inference import judge
from voipwatch.lab import matrix, ndpi
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.grading import GUILTY_LINES
from voipwatch.lab.matrix import (
    Job,
    few_apps,
    named,
    once_each,
    plan,
    run_job,
    run_matrix,
    summarise,
)
from voipwatch.lab.matrixrows import Row
from voipwatch.lab.worlds import APPS, World, load_worlds
from voipwatch.model.measurement import OVERTIME, Decision, Interruption, Measurement
from voipwatch.model.results import Check
from voipwatch.model.vocabulary import APP_IDS

RUN = [w for w in load_worlds().matrix if not w.needs_ndpi or ndpi.is_installed()]


def row(**changes: object) -> Row:
    right = Row(
        world="stun-cookie",
        line="clean",
        app="sip",
        seed=1,
        guilty=True,
        expected="blocked",
        verdict="blocked",
        stage="setup",
        mechanism="stun.drop",
        direction="up",
        rule="blocked.setup",
        verdict_right=True,
        mechanism_right=True,
        cost_bytes=100,
        decided_s=0.5,
        decided_packets=5,
        elapsed_s=1.0,
    )
    return msgspec.structs.replace(right, **changes)


def innocent(**changes: object) -> Row:
    return row(
        **{"world": "clean", "guilty": False, "expected": "ok", "verdict": "ok", "mechanism": None, **changes}
    )


# -- the plan ----------------------------------------------------------------------------------


def test_every_guilty_world_on_each_line_with_each_seed_and_a_thousand_innocent_runs() -> None:
    jobs = plan()
    guilty = [w.id for w in RUN if w.guilty]
    tried = Counter((j.world, j.line) for j in jobs if j.line is not None)
    assert tried == {(w, line): 3 for w in guilty for line in GUILTY_LINES}
    quiet = [j for j in jobs if j.line is None]
    assert len(quiet) * len(APPS) == 1002, "three apps a check: the first multiple over a thousand"
    assert not {j.world for j in quiet} & set(guilty)
    assert len(set(jobs)) == len(jobs), "no run is counted twice"
    assert all(j.apps == tuple(load_worlds().get(j.world).expected) for j in jobs)


def test_worlds_that_ask_ndpi_are_left_out_where_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for there in (True, False):
        monkeypatch.setattr(ndpi, "is_installed", lambda there=there: there)
        asked = {j.world for j in plan(runs=0, guilty_seeds=1)}
        assert ("ndpi-kill" in asked) == ("ndpi-police" in asked) == there


@pytest.mark.parametrize(("runs", "guilty_seeds"), [(0, 0), (0, 1), (39, 0), (85, 2)])
def test_innocent_runs_are_shared_among_their_worlds(runs: int, guilty_seeds: int) -> None:
    jobs = plan(runs=runs, guilty_seeds=guilty_seeds)
    assert len(jobs) == ceil(runs / len(APPS)) + sum(w.guilty for w in RUN) * 5 * guilty_seeds
    shares = Counter(j.world for j in jobs if j.line is None).values()
    assert max(shares, default=0) - min(shares, default=0) <= 1


def test_in_real_time_every_world_of_the_third_has_its_turn_on_its_own_line() -> None:
    jobs = once_each(seeds=2)
    assert [(j.world, j.line) for j in jobs] == [(w.id, None) for w in RUN if w.kernel] * 2
    assert {j.seed for j in jobs} == {1, 2}


# -- sums --------------------------------------------------------------------------------------


def test_totals_by_hand() -> None:
    rows = [
        row(),
        row(seed=2, verdict="ok", mechanism=None, verdict_right=False, mechanism_right=False),
        row(seed=3, mechanism="turn.drop", mechanism_right=False),
        row(line="lossy5"),
        innocent(),
        innocent(app="webrtc"),
        innocent(seed=2),
        innocent(
            seed=3, verdict="throttled", mechanism="rtp.loss", verdict_right=False, mechanism_right=False
        ),
        innocent(seed=4, verdict="insufficient", verdict_right=False),
    ]
    totals = summarise(rows).totals
    assert (totals.guilty_runs, totals.innocent_runs, totals.innocent_checks) == (4, 5, 4)
    assert (totals.guilty_verdicts_right, totals.guilty_mechanisms_right) == (0.75, 0.5)
    assert (totals.innocent_accused, totals.innocent_right) == (1, 0.6)


def test_runs_on_a_line_too_thin_for_the_app_are_counted_apart() -> None:
    rows = [
        row(),
        row(line="thin", expected="insufficient", verdict="insufficient", mechanism=None, graded=False),
        row(
            line="thin", seed=2, expected="insufficient", verdict="blocked", verdict_right=False, graded=False
        ),
        row(seed=3, expected="ok", verdict="throttled", verdict_right=False, mechanism_right=False),
    ]
    totals = summarise(rows).totals
    assert (totals.guilty_runs, totals.guilty_verdicts_right) == (2, 0.5)
    assert (totals.ungraded_runs, totals.ungraded_insufficient) == (2, 1)
    assert totals.guilty_spared_accused == 1


def test_cells_by_hand() -> None:
    rows = [
        innocent(seed=9, verdict="blocked", mechanism="sip.drop", verdict_right=False),
        innocent(seed=1),
        row(seed=2, mechanism=None, mechanism_right=False),
        row(seed=1),
        row(seed=3, line="lossy5"),
    ]
    cells = summarise(rows).cells
    assert [(c.world, c.line, c.runs) for c in cells] == [
        ("stun-cookie", "clean", 2),
        ("stun-cookie", "lossy5", 1),
        ("clean", "clean", 2),
    ]
    assert cells[0].said == {"blocked stun.drop": 1, "blocked": 1}
    assert (cells[0].verdicts_right, cells[0].mechanisms_right, cells[0].wrong_seeds) == (2, 1, [2])
    assert cells[0].accused == 2
    assert (cells[2].said, cells[2].accused, cells[2].wrong_seeds) == (
        {"ok": 1, "blocked sip.drop": 1},
        1,
        [9],
    )


def test_sums_do_not_depend_on_the_order_of_the_runs() -> None:
    rows = [
        row(seed=n, world=w, mechanism_right=n % 2 == 0) for n in range(4) for w in ("police", "sip-text")
    ]
    assert summarise(rows).cells == summarise(rows[::-1]).cells


def test_no_runs_give_no_ratios() -> None:
    result = summarise([])
    assert result.cells == []
    assert (result.totals.guilty_verdicts_right, result.totals.innocent_right) == (None, None)
    assert result.totals.innocent_accused == 0


# -- running -----------------------------------------------------------------------------------


@cache
def canned(world_id: str) -> Measurement:
    """A whole run of one app at little cost; what is asked for besides is not measured."""
    world = load_worlds().get(world_id)
    return run_simulated(world, apps=("sip",), seed=1, budget_bytes=0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[str, ...], int, str | None]]:
    calls: list[tuple[str, tuple[str, ...], int, str | None]] = []

    def run(world: World, *, apps: tuple[str, ...], seed: int, line: str | None) -> Measurement:
        calls.append((world.id, apps, seed, line))
        return msgspec.structs.replace(canned("clean"), apps=list(apps))

    monkeypatch.setattr(matrix, "run_simulated", run)
    return calls


def test_a_job_runs_all_apps_and_compares_each_with_the_table(
    asked: list[tuple[str, tuple[str, ...], int, str | None]],
) -> None:
    rows = run_job(Job("stun-cookie", "lossy5", 7), judge)
    assert asked == [("stun-cookie", APPS, 7, "lossy5")]
    assert [(r.world, r.line, r.app, r.seed, r.guilty) for r in rows] == [
        ("stun-cookie", "lossy5", app, 7, True) for app in APPS
    ]
    assert {r.verdict for r in rows} == {"insufficient"}
    assert [r.expected for r in rows] == ["blocked", "ok", "blocked"]
    assert [r.expected_mechanism for r in rows] == ["stun.drop", "", "stun.drop"]
    assert not any(r.verdict_right or r.mechanism_right for r in rows)
    assert all(r.decided_s is None and r.elapsed_s >= 0 for r in rows)


def test_a_row_names_the_worlds_own_line_and_knows_a_right_answer(
    asked: list[tuple[str, tuple[str, ...], int, str | None]],
) -> None:
    rows = run_job(Job("burst-30", None, 1), judge)
    assert asked[0][3] is None
    assert {r.line for r in rows} == {"burst-30"}
    assert {r.expected for r in rows} == {"insufficient/ok"}
    assert all(r.verdict_right and r.mechanism_right for r in rows)


def test_a_check_that_never_came_to_its_end_is_not_as_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    late = msgspec.structs.replace(canned("clean"), interrupted=Interruption(OVERTIME, 150.0))
    for measurement, right in ((canned("clean"), True), (late, False)):
        monkeypatch.setattr(matrix, "run_simulated", lambda *_, of=measurement, **__: of)
        (found,) = run_job(Job("burst-30", None, 1), judge)
        assert (found.app, found.verdict_right) == ("sip", right)


def test_the_decision_of_a_row_is_the_treatments_at_its_set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def decision(arm: str, question: str, stage: str, at_s: float) -> Decision:
        return Decision("sip", question, arm, stage, "dead", at_s, 6, 3)

    measurement = msgspec.structs.replace(
        canned("clean"),
        decisions=[
            decision("C", "setup", "setup", 0.1),
            decision("A", "setup", "voice", 0.2),
            decision("A", "setup", "setup", 0.3),
            decision("A", "repeat", "setup", 0.4),
        ],
    )
    monkeypatch.setattr(matrix, "run_simulated", lambda *_, **__: measurement)
    (found,) = run_job(Job("clean", None, 1), judge)
    assert (found.decided_s, found.decided_packets) == (0.3, 6)


def test_named_worlds_are_run_with_all_their_apps_or_a_few() -> None:
    table = load_worlds()
    worlds = [table.get("ndpi-teams"), table.get("provider-moved")]
    jobs = named(worlds, seeds=2)
    assert [(job.world, job.line, job.seed) for job in jobs] == [
        (world.id, None, seed) for seed in (1, 2) for world in worlds
    ]
    assert jobs[0].apps == APP_IDS
    assert jobs[1].apps == APPS
    assert [job.apps for job in named(worlds, all_apps=False)] == [
        ("skype", "teams", "whatsapp", "sip"), APPS,
    ]  # fmt: skip


def test_few_apps_are_those_that_are_blocked_and_two_others() -> None:
    table = load_worlds()
    assert few_apps(table.get("zoom-hello")) == ("zoom", "whatsapp", "sip")
    assert few_apps(table.get("sip-words")) == ("sip", "whatsapp", "webrtc")
    assert few_apps(table.get("every-call")) == APPS, "nobody is left to be spared"
    for world in table.worlds:
        apps = few_apps(world)
        assert len(set(apps)) == len(apps) >= (1 if world.ways else 2 if world.order else 3)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_matrix_runs_its_plan_and_tells_how_far_it_is(
    asked: list[tuple[str, tuple[str, ...], int, str | None]], processes: int
) -> None:
    canned("clean")
    told: list[tuple[int, int]] = []
    result = run_matrix(
        plan(runs=9, guilty_seeds=0),
        judge=judge,
        processes=processes,
        on_progress=lambda *done: told.append(done),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert result.totals.innocent_runs == 9
    assert result.totals.innocent_checks == 3
    assert result.schema == "voipwatch.matrix/1"
    assert len({(r.world, r.app) for r in result.rows}) == 9


def test_an_accusation_of_an_innocent_world_is_counted(
    asked: list[tuple[str, tuple[str, ...], int, str | None]],
) -> None:
    def accuser(measurement: Measurement) -> Check:
        check = judge(measurement)
        check.results = [msgspec.structs.replace(r, verdict="throttled") for r in check.results]
        return check

    result = run_matrix(plan(runs=6, guilty_seeds=0), judge=accuser, processes=1)
    assert (result.totals.innocent_accused, result.totals.innocent_right) == (6, 0.0)


def test_a_job_is_measured_by_whom_the_caller_names() -> None:
    asked: list[tuple[str, Job]] = []

    def elsewhere(world: World, job: Job) -> Measurement:
        asked.append((world.id, job))
        return msgspec.structs.replace(canned("clean"), apps=["webrtc"])

    job = Job("sip-text", None, 5)
    assert [r.app for r in run_job(job, judge, elsewhere)] == ["webrtc"]
    assert asked == [("sip-text", job)]


def test_a_cell_says_what_mechanism_was_expected() -> None:
    result = summarise([row(expected_mechanism="stun.drop"), row(app="webrtc", expected="ok", verdict="ok")])
    told = {cell.app: cell.expected_mechanism for cell in result.cells}
    assert told == {"sip": "stun.drop", "webrtc": ""}
