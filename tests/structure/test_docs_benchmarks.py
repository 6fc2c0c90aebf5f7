"""docs/benchmarks.md is written by programs: what they count, how they render, and that the page takes it."""

import json
import os
import shlex
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from scripts import import_table, judge, matrix_table
from scripts.benchmarks import deciding, matrix, page, sending
from scripts.benchmarks.deciding import ALONE, TOGETHER, Job, Outcome
from scripts.benchmarks.figures import Distribution, Machine, distribution
from scripts.benchmarks.receiving import Received
from scripts.benchmarks.simulated import ChecksSpeed, NetworkSpeed
from scripts.picture import COMMAND, PICTURE, draw
from tests.support.environment import REPOSITORY
from voipwatch.experiment.near_flow import NearFlow
from voipwatch.lab import ndpi
from voipwatch.lab.matrix import MatrixResult, plan, summarise
from voipwatch.lab.matrixrows import Row
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import MEDIA_SEQ, Columns, FlowKind, FlowRecord
from voipwatch.model.measurement import AppCost, Decision, Line, Measurement
from voipwatch.model.vocabulary import Arm, Family, Media, Stage, Verdict


def test_percentiles_are_values_that_occurred() -> None:
    told = distribution(range(1, 101))
    assert told == Distribution(n=100, p50=50, p95=95, p99=99, max=100)
    assert distribution(range(1, 11)) == Distribution(n=10, p50=5, p95=10, p99=10, max=10)
    assert distribution([3.0]) == Distribution(n=1, p50=3, p95=3, p99=3, max=3)
    assert distribution([]) is None


# --- the page -----------------------------------------------------------------------------------------


def test_only_what_is_between_the_markers_is_exchanged() -> None:
    text = "head\n<!-- a: begin -->\nold\n<!-- a: end -->\ntail\n"
    once = page.replace_between(text, "a", "new\n")
    assert once == "head\n<!-- a: begin -->\n\nnew\n\n<!-- a: end -->\ntail\n"
    assert page.replace_between(once, "a", "new") == once


@pytest.mark.parametrize(
    "text",
    ["", "<!-- a: begin -->", "<!-- a: end --><!-- a: begin -->", 2 * "<!-- a: begin --><!-- a: end -->"],
)
def test_a_page_without_its_markers_is_left_alone(text: str) -> None:
    with pytest.raises(ValueError, match="the page needs one"):
        page.replace_between(text, "a", "new")


def test_the_page_has_its_markers() -> None:
    text = page.PAGE.read_text("utf-8")
    names = (
        "bench",
        "sending",
        "matrix",
        "kernel",
        "apps",
        "detection",
        "detection-speed",
        "store",
        "publish",
        "linetest",
    )
    for name in names:
        assert "x y z" in page.replace_between(text, name, "x y z")


@pytest.mark.parametrize(("script", "name"), [(judge, "judge"), (import_table, "imports")])
def test_the_tables_of_ndpi_have_their_markers(script: ModuleType, name: str) -> None:
    assert "x y z" in page.replace_between(script.PAGE.read_text("utf-8"), name, "x y z")


def results(*, late_ms: float = 1.0, packets: float = 9, load: float = 0.25) -> page.Results:
    def all_of(value: float) -> Distribution:
        return Distribution(10, value, value, value, value)

    return page.Results(
        command="make bench",
        machine=Machine("2016-01-07 12:00", "a processor", 2, "Linux 6", "3.11.2", load),
        took_s=100,
        sending=[
            sending.Sending(
                apps=("sip",),
                record_ms=all_of(late_ms / 2),
                sent_ms=all_of(late_ms),
                every_ms=all_of(late_ms),
                by_app_ms={},
                flows=3,
                datagrams_sent=1000,
                datagrams_received=900,
                wall_s=20,
                cpu_s=2,
                load_before=0.25,
                load_after=None,
                interrupted=None,
            )
        ],
        network=[NetworkSpeed("clean", 1000, 60_000, 3), NetworkSpeed("slow", 1000, 49_000, 3)],
        checks=ChecksSpeed(4, 2, 10, 5_000, 0.4, check_s=all_of(2), judge_s=all_of(0.1)),
        deciding=[
            deciding.Deciding(
                "all of them", ALONE, 5, 5, 1, all_of(0.5), all_of(0.6), all_of(packets), None, all_of(120)
            )
        ],
        costs=[
            deciding.Costs("clear-cut: media dead", ALONE, 2, all_of(501)),
            deciding.Costs("everything else", TOGETHER, 2, all_of(2000)),
        ],
        receiving=Received(50, 1000, 0.9, 5, 2000, 0),
        lines_ms=[20, 200],
        seeds=3,
    )


def met(told: page.Results) -> list[bool | None]:
    return [row.met for row in page.summary(told)]


def test_the_summary_takes_the_worst_case_and_says_what_was_missed() -> None:
    # recorded, left, network, seconds, packets, undecided, clear-cut cost, other cost
    assert met(results()) == [True, True, False, True, True, False, False, True]
    assert met(results(late_ms=2.0, packets=12))[:5] == [True, False, False, True, False]
    assert [row.figure for row in page.summary(results())] == [
        "0.50",
        "1.00",
        "49,000",
        "0.50",
        "9",
        "1",
        "501",
        "2,000",
    ]


def test_the_rendered_page_names_machine_load_n_and_every_table_is_whole() -> None:
    text = page.render(results())
    assert "2 cores of a processor, Linux 6, Python 3.11.2" in text
    assert "0.25" in text
    assert "**no**" in text
    widths = [
        [line.count("|") for line in part.splitlines()] for part in text.split("\n\n") if part[:1] == "|"
    ]
    assert len(widths) == 7
    assert all(len(set(width)) == 1 for width in widths)


def test_a_busy_machine_is_confessed() -> None:
    assert "busy with other work" not in page.render(results(load=1.0))
    assert "busy with other work" in page.render(results(load=1.01))


def test_disturbance_is_what_was_neither_idle_nor_ours() -> None:
    before = [100, 10, 50, 1000, 0, 0, 5, 20]
    after = [150, 20, 60, 1100, 10, 0, 5, 50]
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    assert sending.disturbed(before, after, 0.0) == pytest.approx((50 + 10 + 10 + 30) / 210)
    assert sending.disturbed(before, after, 60 * tick_s) == pytest.approx((100 - 60) / 210)
    assert sending.disturbed(before, after, 999 * tick_s) == 0.0
    assert sending.disturbed(None, after, 0.0) is None
    assert sending.disturbed(after, after, 0.0) is None
    ticks = sending.processor_ticks()
    assert ticks is None or len(ticks) == 8


def test_the_least_disturbed_run_is_shown_and_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    shares = iter([0.3, 0.05, 0.1])
    monkeypatch.setattr(sending, "running_reflector", lambda: nullcontext((1, "pin")))
    monkeypatch.setattr(sending, "_one_process", lambda: nullcontext(Pool()))
    monkeypatch.setattr(sending, "disturbed", lambda *_: next(shares))
    run = sending.measure(("sip",), runs_max=3)
    assert (run.disturbed_ratio, run.other_runs) == (0.05, ((0.3, 0.5, 1.0), (0.1, 0.5, 1.0)))
    shares = iter([0.3, 0.001, 0.1])
    assert len(sending.measure(("sip",), runs_max=3).other_runs) == 1, "good enough: no third run"
    text = page.render(msgspec.structs.replace(results(), sending=[run]))
    assert "5.0 % of the processors' time went to others. It is the least disturbed of 3 runs" in text
    assert "30.0 % with 0.50 and 1.00 ms, 10.0 % with 0.50 and 1.00 ms." in text


def test_send_times_can_be_measured_again_on_their_own() -> None:
    text = page.render_sending(results().sending[0], results().machine)
    assert text.startswith(
        "`python scripts/bench.py --sending`, 2016-01-07 12:00 UTC, 2 cores of a processor."
    )
    assert "sip: 20 ms audio, after `sendto`" in text


class Pool:
    """Stands for the fresh process."""

    def submit(self, *_: object) -> "Pool":
        return self

    def result(self) -> sending.Sending:
        return results().sending[0]


def test_results_survive_json() -> None:
    told = results()
    assert msgspec.json.decode(msgspec.json.encode(told), type=page.Results) == told


# --- decisions ----------------------------------------------------------------------------------------


def flow(arm: Arm, question: str, *, leg: str, started_us: int, sent: list[tuple[int, int]]) -> FlowRecord:
    return FlowRecord(
        flow=1,
        reflector=0,
        kind=FlowKind("whatsapp" if question != "warmup" else "line", "", leg, arm, media=Media.NONE),
        replicate=0,
        family=Family.NONE,
        question=question,
        block=0,
        remote_port=1,
        round_stages=[Stage.SETUP],
        started_us=started_us,
        ended_us=started_us + 2_400_000,
        sent=Columns(seq=[s for s, _ in sent], t_us=[t for _, t in sent]),
    )


def planted() -> Measurement:
    """Warm-up until 2.4 s; first flow at 3 s, decided at 3.5 s; repeat from 6 s on, dead at 6.25 s."""
    return Measurement(
        seed="",
        started_at="2016-01-07T12:00:00Z",
        ended_at="2016-01-07T12:00:20Z",
        apps=["whatsapp"],
        profile_digests={},
        line=Line(),
        reflectors=[],
        flows=[
            flow(Arm.W, "warmup", leg="", started_us=0, sent=[]),
            flow(Arm.W, "warmup", leg="", started_us=-20_000, sent=[]),
            flow(Arm.C, "setup", leg="relay", started_us=3_000_000, sent=[(0, 3_000_000)]),
            flow(Arm.A, "setup", leg="relay", started_us=3_020_000, sent=[(0, 3_020_000), (4, 3_400_000)]),
            flow(Arm.A, "setup", leg="relay", started_us=3_100_000, sent=[(0, 3_500_000), (4, 3_600_000)]),
            flow(Arm.A, "setup", leg="other", started_us=2_500_000, sent=[(0, 2_500_000)]),
            flow(Arm.A, "repeat", leg="relay", started_us=6_000_000, sent=[(0, 6_000_000)]),
            flow(Arm.A, "setup", leg="relay", started_us=3_200_000, sent=[(MEDIA_SEQ, 3_300_000)]),
        ],
        decisions=[
            Decision("whatsapp", "setup", "A'", "setup", "dead", 0.1, 4, 3),
            Decision("whatsapp", "setup", "A", "setup", "dead", 0.5, 4, 3),
            Decision("whatsapp", "repeat", "A", "setup", "dead", 0.25, 4, 3),
            Decision("whatsapp", "setup", "A", "voice", "dead", 9.0, 4, 3),
        ],
        costs={"whatsapp": AppCost(123_456, 3.0), "line": AppCost(100_000, 20.0)},
    )


JOB = Job("turn-only", 100, ("whatsapp",), 1)


def test_time_and_packets_of_a_decision_come_from_the_records() -> None:
    told = deciding.outcome(planted(), JOB, "whatsapp", Verdict.BLOCKED)
    assert (told.decided_s, told.after_warmup_s, told.packets, told.repeated_s) == (0.5, 1.1, 3, 3.25)
    assert (told.cost_bytes, told.line_bytes) == (123_456, 100_000)


def test_a_dead_port_is_decided_by_its_control() -> None:
    measurement = planted()
    measurement.decisions = [
        msgspec.structs.replace(d, arm="C")
        for d in measurement.decisions
        if d.arm == "A" and d.stage == "setup"
    ]
    told = deciding.outcome(measurement, JOB, "whatsapp", Verdict.BLOCKED)
    assert (told.decided_s, told.packets, told.repeated_s) == (0.5, 1, 3.25)


def test_an_app_that_was_not_decided_is_counted_as_such() -> None:
    measurement = planted()
    measurement.decisions = [d for d in measurement.decisions if d.arm != "A"]
    told = deciding.outcome(measurement, JOB, "whatsapp", Verdict.INSUFFICIENT)
    assert (told.decided_s, told.packets, told.repeated_s) == (None, None, None)
    rows = deciding.deciding([told, deciding.outcome(planted(), JOB, "whatsapp", Verdict.BLOCKED)])
    assert [(r.world, r.together, r.runs, r.blocked, r.undecided) for r in rows] == [
        ("turn-only", ALONE, 2, 1, 1),
        ("all of them", ALONE, 2, 1, 1),
    ]


def test_costs_are_kept_apart_by_how_clear_the_case_is() -> None:
    def told(world: str, app: str, verdict: str, cost_bytes: int) -> Outcome:
        return Outcome(world, None, 1, app, 1, verdict, cost_bytes, 100_000)

    rows = deciding.costs(
        [
            told("turn-only", "whatsapp", "blocked", 120_000),
            told("turn-only", "sip", "ok", 900_000),
            told("one-way-media", "sip", "blocked", 400_000),
            told("one-way-media", "sip", "ok", 800_000),
        ]
    )
    kinds = {row.kind: (row.runs, row.cost_kb.max) for row in rows if row.cost_kb}
    assert kinds == {
        "clear-cut: set-up or handshake dead": (1, 120),
        "clear-cut: media dead": (1, 400),
        "everything else": (2, 900),
        "warm-up, TCP trials, log: once a check": (4, 100),
    }


def test_the_clear_cut_worlds_are_those_whose_set_up_or_handshake_is_dead() -> None:
    worlds = load_worlds()
    for world_id, apps in deciding.CLEAR_CUT.items():
        expected = worlds.get(world_id).expected
        assert set(apps) == {app for app, told in expected.items() if told.verdicts == (Verdict.BLOCKED,)}
        for app in apps:
            assert set(expected[app].stages) <= {Stage.SETUP, Stage.HANDSHAKE}
    for world_id in (*deciding.MEDIA_DEAD, *deciding.OTHERS):
        worlds.get(world_id)


# --- send times ---------------------------------------------------------------------------------------


class Planted(NearFlow):
    """A flow that has been played: media began at 10 s, two packets of 20 ms audio and one report."""

    def __init__(self) -> None:
        kind = FlowKind("sip", "", "media", Arm.A, media=Media.VOICE)
        self.epoch = 5.0
        self.record = msgspec.structs.replace(
            flow(Arm.A, "media", leg="media", started_us=0, sent=[(0, 4_900_000)]), kind=kind
        )
        for index, late_us in enumerate((100, 300, 200)):
            self.record.sent.seq.append(MEDIA_SEQ + index)
            self.record.sent.t_us.append(5_000_000 + 20_000 * index + late_us)
        self.script = type(
            "Script", (), {"up": [type("P", (), {"offset_us": 20_000 * i})() for i in range(3)]}
        )()
        self._media_start = 10.0


def test_lateness_is_counted_from_the_media_start_and_leaves_the_set_up_out() -> None:
    record, sent = sending.lateness([Planted()], [[9.9, 10.0002, 10.0205, 10.0401]])
    assert {key: [round(x, 3) for x in late] for key, late in record.items()} == {
        ("sip", True): [0.1, 0.3, 0.2]
    }
    assert {key: [round(x, 3) for x in late] for key, late in sent.items()} == {
        ("sip", True): [0.2, 0.5, 0.1]
    }


# --- the matrix ---------------------------------------------------------------------------------------


def row(world: str, *, guilty: bool, verdict: str, right: bool, seed: int = 1) -> Row:
    return Row(
        world=world,
        line="clean",
        app="sip",
        seed=seed,
        guilty=guilty,
        expected="blocked" if guilty else "ok",
        verdict=verdict,
        stage=None,
        mechanism="sip.drop" if guilty else None,
        direction=None,
        rule="",
        verdict_right=right,
        mechanism_right=right,
        cost_bytes=1,
        decided_s=None,
        decided_packets=None,
        elapsed_s=1.0,
    )


def some_matrix() -> MatrixResult:
    return summarise(
        [
            row("sip-text", guilty=True, verdict="blocked", right=True),
            row("sip-text", guilty=True, verdict="insufficient", right=False, seed=2),
            row("clean", guilty=False, verdict="ok", right=True),
            row("clean", guilty=False, verdict="blocked", right=False, seed=1007),
        ]
    )


def test_the_matrix_shows_what_was_said_right_and_wrong() -> None:
    text = matrix.render(some_matrix(), command="voipwatch lab matrix", date="2016-01-07", machine="2 cores")
    told = "**blocked sip.drop 1x, insufficient sip.drop 1x: 1/2 (1)**, expected blocked"
    assert f"| sip-text | clean | {told} |" in text
    assert "| clean | clean | **blocked 1x, ok 1x: 1/2**, expected ok |" in text
    assert "| **innocent, and called blocked or throttled** | **1** |" in text
    assert "- sip-text on clean: 2" in text
    assert "- clean on clean: 1007" in text
    assert "No run said anything else" not in text


def test_of_a_large_matrix_confusion_and_mistakes_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row(f"world-{n}", guilty=True, verdict="blocked", right=True) for n in range(matrix.CELLS_MAX)]
    result = summarise([*rows, row("wrong-one", guilty=True, verdict="ok", right=False, seed=4)])
    text = matrix.render(result, command="c", date="d", machine="m")
    assert "world-17" not in text
    assert "| blocked | ok | 1 of 251 | 0.4 % (0.1 % to 2.2 %) | wrong-one clean 4 |" in text
    assert "| sip | 250 of 251 | 99.6 % (97.8 % to 99.9 %) |" in text
    assert "| wrong-one | clean | **ok sip.drop: 0/1 (0)**, expected blocked |" in text


def test_a_matrix_without_a_mistake_says_so_and_is_not_bold() -> None:
    rows = [row("sip-text", guilty=True, verdict="blocked", right=True)]
    text = matrix.render(summarise(rows), command="c", date="d", machine="m")
    assert "| sip-text | clean | blocked sip.drop: 1/1 (1) |" in text
    assert "No run said anything else than expected." in text


def test_the_matrix_file_is_read_as_the_command_writes_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "matrix.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(some_matrix()), indent=2))
    assert matrix_table.main([str(file)]) == 0
    assert "guilty worlds: verdicts" in capsys.readouterr().out


def test_what_is_no_matrix_is_said_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.json").write_text("[1]")
    for name in ("other.json", "nowhere.json"):
        with pytest.raises(SystemExit) as ended:
            matrix_table.main([str(tmp_path / name)])
        assert ended.value.code == 2
        assert f"{name} is not what" in capsys.readouterr().err


def test_the_matrix_is_planned_over_every_world() -> None:
    matrix = [w for w in load_worlds().matrix if not w.needs_ndpi or ndpi.is_installed()]
    assert {job.world for job in plan(runs=3 * len(matrix))} == {w.id for w in matrix}


# --- the picture and the programs ---------------------------------------------------------------------


def test_the_picture_is_of_the_command_that_the_readme_names_and_asks_nobody_for_anything() -> None:
    svg = PICTURE.read_text("utf-8")
    command = shlex.join(["voipwatch", *COMMAND])
    assert command.replace(" ", "&#160;") in svg
    assert f"`{command}`" in (REPOSITORY / "README.md").read_text("utf-8")
    assert "url(http" not in svg
    assert "@import" not in svg
    assert "<script" not in svg


def test_what_is_drawn_is_what_was_printed() -> None:
    svg = draw("plain \x1b[1;31mBLOCKED\x1b[0m\n", "a title")
    assert ">BLOCKED</text>" in svg
    assert "a&#160;title" in svg
    assert "font-face" not in svg


@pytest.mark.parametrize("script", ["bench.py", "matrix_table.py", "picture.py"])
def test_the_programs_explain_themselves(script: str) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "scripts" / script, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=REPOSITORY,
    )
    assert "usage:" in done.stdout


def test_a_quick_run_is_smaller_than_a_full_one() -> None:
    code = (
        "import sys, json; sys.argv=['x']; import scripts.bench as b;"
        "print(json.dumps([b.QUICK.seeds < b.FULL.seeds, b.QUICK.datagrams < b.FULL.datagrams]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, cwd=REPOSITORY
    )
    assert json.loads(done.stdout) == [True, True]
