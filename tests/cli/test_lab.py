import json
from contextlib import suppress
from pathlib import Path

import pytest

from tests.cli.doubles import Ran, Told, run_line
from voipwatch.cli import lab
from voipwatch.cli.kernel import KernelCheckError
from voipwatch.cli.lab import _telling
from voipwatch.cli.machinery import judge_in_english, measure_in_kernel
from voipwatch.lab import ndpi
from voipwatch.lab.grading import GUILTY_LINES
from voipwatch.lab.matrix import Job, MatrixResult, named, once_each, plan, simulated, summarise
from voipwatch.lab.matrixrows import Row
from voipwatch.lab.worlds import load_worlds
from voipwatch.lab.worlds_page import EXAMPLE
from voipwatch.model.vocabulary import Verdict


def test_worlds_are_listed_with_what_is_expected() -> None:
    ran = run_line("lab", "worlds", width=200)
    document = json.loads(run_line("lab", "worlds", "--json").out)
    assert ran.status == 0
    assert document["schema"] == "voipwatch.worlds/1"
    assert [row["world"] for row in document["worlds"]] == [world.id for world in load_worlds().worlds]
    rows = {row["world"]: row for row in document["worlds"]}
    assert rows["cut-bytes"]["draw"]["policy.bytes"] == {"low": 3200, "high": 7000, "choices": []}
    assert (rows["cut-bytes"]["group"], rows["cut-bytes"]["kernel"]) == ("guilty-flow", True)
    assert rows["cut-bytes"]["policy"]["policy"] == "cut-bytes"
    for row in document["worlds"]:
        assert row["world"] in ran.out
        assert all(expected["verdicts"] for expected in row["expected"].values())


def test_a_world_is_run_and_judged() -> None:
    ran = run_line("lab", "run", "stun-cookie", "--app", "webrtc", "--seed", "7", "--json")
    document = json.loads(ran.out)
    assert ran.status == 0
    assert document["schema"] == "voipwatch.lab-run/1"
    assert (document["world"], document["seed"], document["network"]) == ("stun-cookie", 7, "sim")
    assert (document["as_expected"], document["unexpected"]) == (True, [])
    row = document["check"]["results"][0]
    assert (row["app"], row["verdict"], row["mechanism"]) == ("webrtc", "blocked", "stun.drop")


def test_a_world_about_other_apps_is_run_with_those() -> None:
    found = {world.id: world for world in load_worlds().worlds}
    few = ("whatsapp", "sip", "webrtc")
    assert _telling(found["clean"], few) == few
    assert _telling(found["every-call"], few) == few
    assert _telling(found["ndpi-signal"], few) == ("signal", "whatsapp", "sip")
    assert _telling(found["ndpi-whatsapp"], few) == few
    assert _telling(found["unknown-after-relay"], ()) == tuple(found["unknown-after-relay"].expected)


def run_told(verdict: Verdict, *options: str) -> Ran:
    told = Told({"webrtc": verdict})
    return run_line("lab", "run", "stun-cookie", "--app", "webrtc", *options, judge=told, width=200)


def test_another_verdict_than_the_expected_one_is_1_and_said() -> None:
    ran = run_told(Verdict.OK)
    assert ran.status == 1
    assert "Not as expected: webrtc (blocked)" in ran.out
    as_json = run_told(Verdict.OK, "--json")
    assert as_json.status == 1
    assert json.loads(as_json.out)["unexpected"] == ["webrtc"]


def test_the_expected_verdict_is_0_and_said() -> None:
    ran = run_told(Verdict.BLOCKED)
    assert ran.status == 0
    assert "As expected: webrtc." in ran.out
    assert "simulated in this process" in ran.err
    assert "Time on the emulated line’s clock: " in ran.out  # nobody waited so long


def test_equal_seeds_give_equal_runs_and_others_do_not() -> None:
    outs = [
        run_line("lab", "run", "sip-text", "--app", "sip", "--seed", seed, "--json").out
        for seed in ("3", "3", "4")
    ]
    assert outs[0] == outs[1]
    assert outs[0] != outs[2]


def test_without_the_kernels_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "kernel_problem", lambda: "no namespaces for you")
    ran = run_line("lab", "run", "clean", "--network", "kernel")
    assert ran.status == 70
    assert "no namespaces for you" in ran.err
    assert "--network sim" in ran.err


def result(*, right: bool = True, guilty: bool = True, verdict: str = "blocked") -> MatrixResult:
    row = Row(
        world="stun-cookie", line="clean", app="sip", seed=1, guilty=guilty, expected="blocked",
        verdict=verdict,
        stage="setup", mechanism="stun.drop", direction="up", rule="r", verdict_right=right,
        mechanism_right=right, cost_bytes=1, decided_s=None, decided_packets=None, elapsed_s=0.1,
    )  # fmt: skip
    return summarise([row])


def told_matrix(monkeypatch: pytest.MonkeyPatch, given: MatrixResult) -> list[dict[str, object]]:
    asked: list[dict[str, object]] = []

    def run_matrix(todo: list[Job], **options: object) -> MatrixResult:
        asked.append({"todo": todo, **options})
        step = options["on_progress"]
        assert callable(step)
        step(1, 2)
        return given

    monkeypatch.setattr(lab, "run_matrix", run_matrix)
    return asked


def test_matrix_passes_its_options_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    assert run_line("lab", "matrix", "--runs", "5", "--seeds", "2", "--jobs", "1").status == 0
    assert asked[0]["todo"] == plan(runs=5, guilty_seeds=2)
    assert (asked[0]["processes"], asked[0]["judge"]) == (1, judge_in_english)
    assert asked[0]["measure"] is simulated


def test_matrix_without_options_is_the_whole_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    assert run_line("lab", "matrix").status == 0
    assert asked[0]["todo"] == plan()


def test_matrix_of_some_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    assert run_line("lab", "matrix", "--world", "clean, police", "--runs", "6", "--seeds", "1").status == 0
    quiet = [Job("clean", None, seed) for seed in (1000, 1001)]
    assert asked[0]["todo"] == [*(Job("police", line, 1) for line in GUILTY_LINES), *quiet]
    for unknown in ("clean,atlantis", "", "clean,"):
        assert run_line("lab", "matrix", "--world", unknown).status == 64
    assert len(asked) == 1


def test_matrix_of_seeds_that_nobody_saw(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    line = ("--world", "clean,police", "--runs", "3", "--seeds", "1", "--first-seed", "11")
    assert run_line("lab", "matrix", *line).status == 0
    police = [Job("police", line, 11) for line in GUILTY_LINES]
    assert asked[0]["todo"] == [*police, Job("clean", None, 1010)]


def test_a_world_that_got_no_run_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    told_matrix(monkeypatch, result())
    ran = run_line("lab", "matrix", "--world", "clean,burst-30", "--runs", "3", "--seeds", "0")
    assert "No run of burst-30" in ran.err
    enough = run_line("lab", "matrix", "--world", "clean,burst-30", "--runs", "4", "--seeds", "0")
    assert "No run" not in enough.err


def test_a_family_is_run_by_its_name_with_all_its_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    monkeypatch.setattr(ndpi, "is_installed", lambda: True)
    assert run_line("lab", "matrix", "--world", "ndpi,sip-words", "--seeds", "2").status == 0
    table = load_worlds()
    assert asked[0]["todo"] == named([*table.of_family("ndpi"), table.get("sip-words")], seeds=2)
    monkeypatch.setattr(lab, "kernel_problem", lambda: None)
    line = ("lab", "matrix", "--network", "kernel", "--world", "sip-words,clean")
    assert run_line(*line).status == 0
    assert asked[1]["todo"] == [
        Job("clean", None, 1),
        Job("sip-words", None, 1, ("sip", "whatsapp", "webrtc")),
    ]


def test_without_ndpi_its_worlds_are_left_out_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    monkeypatch.setattr(ndpi, "is_installed", lambda: False)
    ran = run_line("lab", "matrix", "--world", "ndpi-sip,sip-words")
    assert ran.status == 0
    assert asked[0]["todo"] == named([load_worlds().get("sip-words")])
    assert [row for row in ran.err.splitlines() if "ndpi-sip" in row and "voipwatch[lab]" in row]
    alone = run_line("lab", "matrix", "--world", "ndpi-sip")
    assert (alone.status, len(asked)) == (64, 1)
    refused = run_line("lab", "run", "ndpi-sip")
    assert refused.status == 70
    assert "voipwatch[lab]" in refused.err


def test_matrix_in_the_kernel_is_one_check_a_world_and_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told_matrix(monkeypatch, result())
    monkeypatch.setattr(lab, "kernel_problem", lambda: None)
    assert run_line("lab", "matrix", "--network", "kernel").status == 0
    assert (asked[0]["todo"], asked[0]["processes"]) == (once_each(), 1)
    assert asked[0]["measure"] is measure_in_kernel
    monkeypatch.setattr(lab, "kernel_problem", lambda: "no namespaces here")
    refused = run_line("lab", "matrix", "--network", "kernel")
    assert (refused.status, len(asked)) == (70, 1)
    assert "no namespaces here" in refused.err


def test_matrix_says_why_the_kernel_gave_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_matrix(*_todo: object, **_options: object) -> MatrixResult:
        raise KernelCheckError("the check took too long")

    monkeypatch.setattr(lab, "run_matrix", run_matrix)
    monkeypatch.setattr(lab, "kernel_problem", lambda: None)
    ran = run_line("lab", "matrix", "--network", "kernel")
    assert ran.status == 70
    assert "took too long" in ran.err


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (result(), 0),
        (result(right=False), 1),
        (result(right=False, guilty=False), 1),
        (result(guilty=False, right=True, verdict="ok"), 0),
    ],
)
def test_matrix_status(monkeypatch: pytest.MonkeyPatch, given: MatrixResult, status: int) -> None:
    told_matrix(monkeypatch, given)
    assert run_line("lab", "matrix").status == status


def test_matrix_as_a_table_as_json_and_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told_matrix(monkeypatch, result())
    path = tmp_path / "matrix.json"
    ran = run_line("lab", "matrix", "--out", str(path), width=200)
    assert "stun-cookie" in ran.out
    assert "100.0 %" in ran.out
    document = json.loads(path.read_text())
    assert document["schema"] == "voipwatch.matrix/1"
    assert json.loads(run_line("lab", "matrix", "--json").out) == document


def test_the_file_is_whole_though_the_reader_of_what_is_printed_has_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told_matrix(monkeypatch, result())

    def left(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(lab, "show_matrix", left)
    path = tmp_path / "matrix.json"
    with suppress(BrokenPipeError):
        run_line("lab", "matrix", "--out", str(path))
    assert json.loads(path.read_text())["schema"] == "voipwatch.matrix/1"


def test_the_matrix_is_drawn_into_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told_matrix(monkeypatch, result())
    path = tmp_path / "matrix.svg"
    ran = run_line("lab", "matrix", "--picture", str(path))
    assert path.read_text("utf-8").startswith("<svg ")
    assert "Picture drawn in" in ran.err
    assert run_line("lab", "matrix", "--picture", str(tmp_path / "none" / "x.svg")).status != 0


def test_matrix_counts_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    told_matrix(monkeypatch, result())
    assert run_line("lab", "matrix", terminal=True).status == 0


def test_matrix_for_real() -> None:
    ran = run_line("lab", "matrix", "--runs", "1", "--seeds", "0", "--jobs", "1", "--json")
    document = json.loads(ran.out)
    assert document["totals"]["innocent_checks"] == 1
    assert document["totals"]["innocent_accused"] == 0
    assert ran.status == 0


@pytest.mark.parametrize(
    "options",
    [["--runs", "0", "--seeds", "0"], ["--world", "morocco-3g-2016", "--seeds", "0"]],
    ids=["none", "for showing"],
)
def test_a_matrix_of_nothing_is_no_success(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    asked = told_matrix(monkeypatch, result())
    assert run_line("lab", "matrix", *options).status == 64
    assert asked == []


def test_worlds_of_ones_own_are_run_in_place_of_the_packaged_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLE)
    mine = ("--table", str(file))
    ran = run_line("lab", "run", "my-bad-line", "--app", "sip", *mine, "--json")
    document = json.loads(ran.out)
    assert (ran.status, document["world"], document["as_expected"]) == (0, "my-bad-line", True)
    ran = run_line(
        "lab", "matrix", *mine, "--world", "my-bad-line", "--runs", "3", "--jobs", "1", "--json", width=200
    )
    assert {cell["world"] for cell in json.loads(ran.out)["cells"]} == {"my-bad-line"}
    absent = run_line("lab", "run", "port-drop", *mine)
    assert (absent.status, "my-relay, my-bad-line" in absent.err) == (64, True)


def test_a_bad_table_is_one_line_that_says_where_and_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(EXAMPLE.replace("policy = {", "polcy = {", 1))
    for command in (("lab", "matrix"), ("lab", "run", "my-relay")):
        ran = run_line(*command, "--table", str(file), width=300)
        assert (ran.status, ran.out, ran.err.count("\n")) == (64, "", 1)
        assert "line 10: " in ran.err
        assert "did you mean policy? Allowed: id, title" in ran.err
    assert run_line("lab", "matrix", "--table", str(tmp_path / "none.toml")).status == 64
