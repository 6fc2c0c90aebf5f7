import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.doubles import Measured, Told, run_line
from voipwatch.cli.errors import Trouble
from voipwatch.cli.redact import Redactor
from voipwatch.experiment.events import Progress
from voipwatch.model.measurement import Interruption, Measurement, SignedLog
from voipwatch.model.ruleset import BLOCKS
from voipwatch.model.vocabulary import APP_IDS, Failure, Verdict

REFLECTOR = ("--reflector", "reflector.example")

LINE = {"country", "asn", "operator_declared", "access", "local_hop", "ip_version", "nat", "tunnel"}
ROW = {
    "app", "verdict", "stage", "mechanism", "direction", "rule", "effect_up", "effect_down", "quality",
    "stages", "works", "not_tested", "observed_s", "cost", "via", "explanation",
}  # fmt: skip
EFFECT = {"loss_points", "low", "high", "n_flows", "n_packets"}
QUALITY = {
    "mos_up",
    "mos_down",
    "rtt_ms",
    "jitter_up_ms",
    "jitter_down_ms",
    "loss_up_ratio",
    "loss_down_ratio",
}
CHECK = {"schema", "line", "reflectors", "ruleset", "results", "cost", "invalid"}


def test_json_has_every_name_of_the_contract() -> None:
    ran = run_line(
        "check", *REFLECTOR, "--yes", "--json", measure=Measured(), judge=Told({"whatsapp": Verdict.BLOCKED})
    )
    document = json.loads(ran.out)
    assert next(iter(document)) == "schema"
    assert document["schema"] == "voipwatch.check/1"
    assert set(document) >= CHECK
    assert set(document["line"]) >= LINE
    assert document["invalid"] is None
    rows = document["results"]
    assert [row["app"] for row in rows] == ["whatsapp", "sip", "webrtc"]
    assert all(set(row) >= ROW for row in rows)
    assert set(rows[0]["effect_up"]) >= EFFECT
    assert rows[0]["direction"] == "up"
    assert rows[1]["direction"] is None
    assert rows[1]["effect_up"] is None
    assert all(set(row["quality"]) >= QUALITY for row in rows)
    assert all(set(row["cost"]) == {"bytes", "seconds"} for row in [*rows, document])
    assert rows[0]["via"] is None


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        ((Verdict.OK, Verdict.OK, Verdict.OK), 0),
        ((Verdict.OK, Verdict.BLOCKED, Verdict.OK), 1),
        ((Verdict.THROTTLED, Verdict.OK, Verdict.OK), 1),
        ((Verdict.INSUFFICIENT, Verdict.OK, Verdict.BLOCKED), 1),
        ((Verdict.DOWN, Verdict.THROTTLED, Verdict.DOWN), 1),
        ((Verdict.INSUFFICIENT, Verdict.OK, Verdict.OK), 2),
        ((Verdict.OK, Verdict.OK, Verdict.DOWN), 2),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_exit_status_follows_the_verdicts(
    verdicts: tuple[Verdict, ...], status: int, form: tuple[str, ...]
) -> None:
    told = Told(dict(zip(("whatsapp", "sip", "webrtc"), verdicts, strict=True)))
    assert run_line("check", *REFLECTOR, "--yes", *form, measure=Measured(), judge=told).status == status


def test_options_reach_the_probe() -> None:
    measured = Measured()
    pin = "ab" * 32
    run_line(
        "check", "--reflector", "[2001:db8::7]:9000", "--reflector", "b.example", "--pin", pin,
        "--app", "sip",
        "--budget", "500kB", "--video", "--long", "--blocks", "28",
        "--access", "3g", "--operator", "Maroc Telecom", "--yes",
        measure=measured, judge=Told(),
    )  # fmt: skip
    (request,) = measured.requests
    assert [(e.host, e.port, e.pin) for e in request.reflectors] == [
        ("2001:db8::7", 9000, pin),
        ("b.example", 8443, pin),
    ]
    assert request.apps == ("sip",)
    assert (request.budget_bytes, request.video, request.long) == (500_000, True, True)
    assert request.blocks == 28
    assert (request.line.access.value, request.line.operator_declared) == ("3g", "Maroc Telecom")


MANY = ("whatsapp", "viber", "zoom", "sip", "webrtc")


def test_defaults_are_three_apps_voice_only_two_megabytes_each() -> None:
    measured = Measured()
    run_line("check", *REFLECTOR, "--yes", measure=measured, judge=Told(), profiled=MANY)
    [request] = measured.requests
    assert request.apps == ("whatsapp", "sip", "webrtc")
    assert (request.budget_bytes, request.video, request.long) == (2_000_000, False, False)
    assert request.blocks == BLOCKS


@pytest.mark.parametrize(
    ("asked", "each"),
    [(["24"], 4_000_000), (["24", "--all"], 4_740_000), (["24", "--budget", "1MB"], 1_000_000)],
)
def test_more_blocks_bring_a_larger_budget_unless_the_person_named_one(asked: list[str], each: int) -> None:
    measured = Measured()
    run_line("check", *REFLECTOR, "--blocks", *asked, "--yes", measure=measured, judge=Told(), profiled=MANY)
    [request] = measured.requests
    assert (request.blocks, request.budget_bytes) == (24, each)


@pytest.mark.parametrize("asked", ["11", "29", "-1"])
def test_blocks_outside_what_a_session_has_are_refused_before_anything_is_sent(asked: str) -> None:
    measured = Measured()
    ran = run_line("check", *REFLECTOR, "--blocks", asked, "--yes", measure=measured, judge=Told())
    assert (ran.status, measured.requests) == (64, [])
    assert "--blocks" in ran.err


@pytest.mark.parametrize(
    ("budget", "each"), [([], 2_340_000), (["--budget", "4MB"], 740_000), (["--budget", "300kB"], 50_000)]
)
def test_all_apps_share_the_budget_of_the_whole_check(budget: list[str], each: int) -> None:
    measured = Measured()
    run_line("check", *REFLECTOR, "--all", *budget, "--yes", measure=measured, judge=Told(), profiled=MANY)
    [request] = measured.requests
    assert request.apps == MANY
    assert request.budget_bytes == each


def test_an_app_without_a_profile_gets_its_row_and_is_not_measured() -> None:
    measured = Measured()
    ran = run_line(
        "check", *REFLECTOR, "--app", "viber,sip,viber", "--yes", "--json", measure=measured, judge=Told()
    )
    rows = json.loads(ran.out)["results"]
    assert [(row["app"], row["verdict"]) for row in rows] == [("viber", "insufficient"), ("sip", "ok")]
    assert rows[0]["rule"] == "app.no-profile"
    assert "no profile" in rows[0]["explanation"]
    assert set(rows[0]) >= ROW
    assert measured.requests[0].apps == ("sip",)
    assert ran.status == 2


def test_when_no_app_has_a_profile_nothing_is_sent() -> None:
    measured = Measured()
    ran = run_line(
        "check", *REFLECTOR, "--app", "imo,zoom", "--yes", "--json", measure=measured, judge=Told()
    )
    assert [row["app"] for row in json.loads(ran.out)["results"]] == ["imo", "zoom"]
    assert measured.requests == []
    assert ran.status == 2


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_an_unknown_app_is_refused_with_all_known_ones(lang: str) -> None:
    measured = Measured()
    ran = run_line(
        "check", *REFLECTOR, "--app", "whatsup", "--yes", measure=measured, judge=Told(), lang=lang
    )
    assert ran.status == 64
    assert all(app in ran.err for app in APP_IDS)
    assert ran.out == ""
    assert measured.requests == []


def test_without_a_terminal_and_without_yes_nothing_is_sent() -> None:
    measured = Measured()
    ran = run_line("check", *REFLECTOR, "--json", measure=measured, judge=Told())
    assert ran.status == 64
    assert "--yes" in ran.err
    assert len(ran.err.splitlines()) == 1
    assert ran.out == ""
    assert measured.requests == []


def test_a_bug_in_the_probe_costs_no_row_and_looks_like_no_result() -> None:
    ran = run_line(
        "check", *REFLECTOR, "--yes", "--json", measure=Measured(raises=RuntimeError("oops")), judge=Told()
    )
    document = json.loads(ran.out)
    assert ran.status == 70
    assert document["invalid"] == "internal-error: RuntimeError"
    assert [row["app"] for row in document["results"]] == ["whatsapp", "sip", "webrtc"]
    assert "Traceback" not in ran.err
    assert "oops" in ran.err


def test_debug_shows_the_traceback_of_a_bug() -> None:
    measured = Measured(raises=RuntimeError("oops"))
    ran = run_line(
        "check", *REFLECTOR, "--yes", measure=measured, judge=Told(), environment={"VOIPWATCH_DEBUG": "1"}
    )
    assert "Traceback" in ran.err


def test_a_trouble_of_the_machine_is_one_line() -> None:
    measured = Measured(raises=Trouble("error.kernel", reason="no namespaces"))
    ran = run_line("check", *REFLECTOR, "--yes", measure=measured, judge=Told())
    assert (ran.status, len(ran.err.strip().splitlines())) == (70, 1)


def _interrupted(measurement: Measurement) -> None:
    measurement.interrupted = Interruption("user", 3.0)


@pytest.mark.parametrize("measured", [Measured(change=_interrupted), Measured(raises=KeyboardInterrupt())])
def test_ctrl_c_keeps_what_there_is_marked(measured: Measured, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    ran = run_line(
        "check", *REFLECTOR, "--yes", "--json", "--out", str(report), measure=measured,
        judge=Told({"sip": Verdict.BLOCKED}),
    )  # fmt: skip
    assert ran.status == 130
    document = json.loads(ran.out)
    assert document["interrupted"] == "user"
    assert len(document["results"]) == 3
    assert json.loads(report.read_text())["check"]["interrupted"] == "user"


def test_ctrl_c_is_said_in_the_table_too() -> None:
    ran = run_line("check", *REFLECTOR, "--yes", measure=Measured(change=_interrupted), judge=Told())
    assert ran.status == 130
    assert "until then" in ran.out


def test_the_table_has_a_row_and_a_sentence_an_app() -> None:
    told = Told({"whatsapp": Verdict.BLOCKED, "sip": Verdict.INSUFFICIENT})
    ran = run_line("check", *REFLECTOR, "--yes", measure=Measured(), judge=told)
    for word in (
        "BLOCKED",
        "not enough evidence",
        "stun.drop",
        "set-up",
        "sending",
        "4.2 / –",
        "TLS port 443",
    ):
        assert word in ran.out
    for app in ("whatsapp", "sip", "webrtc"):
        assert f"A sentence in en about {app}." in ran.out


@pytest.mark.parametrize(("lang", "word", "heading"), [("fr", "BLOQUÉ", "sens"), ("ar", "محجوب", "الاتجاه")])
def test_the_table_speaks_the_language(lang: str, word: str, heading: str) -> None:
    told = Told({"whatsapp": Verdict.BLOCKED})
    ran = run_line("check", *REFLECTOR, "--yes", measure=Measured(), judge=told, lang=lang)
    assert word in ran.out
    assert heading in ran.out
    assert f"A sentence in {lang} about sip." in ran.out


def test_progress_is_live_on_a_terminal_only() -> None:
    steps = (
        Progress("whatsapp", "setup", 0.5),
        Progress("line", "warmup", 1.0),
        Progress("stranger", "x", 2.0),
    )
    on_terminal = run_line(
        "check", *REFLECTOR, "--yes", measure=Measured(progress=steps), judge=Told(), terminal=True
    )
    elsewhere = run_line("check", *REFLECTOR, "--yes", measure=Measured(progress=steps), judge=Told())
    assert "whatsapp" in on_terminal.err
    assert elsewhere.err == ""
    assert on_terminal.out == elsewhere.out


def test_no_address_and_no_typed_name_is_in_what_is_printed_or_kept(tmp_path: Path) -> None:
    def leak(measurement: Measurement) -> None:
        measurement.notes = ["icmp from 10.9.8.7", "fetched from lab-host.example"]

    report = tmp_path / "r.json"
    ran = run_line(
        "check", "--reflector", "lab-host.example", "--reflector", "10.9.8.7",
        "--reflector", "[2001:db8::9]:1",
        "--yes", "--json", "--out", str(report), measure=Measured(change=leak), judge=Told(),
    )  # fmt: skip
    for text in (ran.out, report.read_text()):
        for secret in ("10.9.8.7", "lab-host", "2001:db8::9"):
            assert secret not in text
    names = [reflector["name"] for reflector in json.loads(ran.out)["reflectors"]]
    assert [name.split("-")[0] for name in names] == ["host", "addr", "addr"]


def test_a_log_that_names_an_address_is_left_out_and_said() -> None:
    def leak(measurement: Measurement) -> None:
        measurement.reflectors[0].log = SignedLog(b"10.9.8.7", b"s" * 64)

    ran = run_line("check", *REFLECTOR, "--yes", "--json", measure=Measured(change=leak), judge=Told())
    document = json.loads(ran.out)
    assert document["reflectors"][0]["log_signed"] is False
    assert document["notes"] == ["log-withheld"]


@pytest.mark.parametrize(
    ("out", "words"), [(".", "folder"), ("nowhere/report.json", "nowhere"), ("a\0b", "name")]
)
def test_a_bad_place_for_the_report_is_refused_before_anything_is_sent(
    out: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    measured = Measured()
    ran = run_line("check", *REFLECTOR, "--yes", "--out", out, measure=measured, judge=Told())
    assert ran.status == 64
    assert words in ran.err
    assert measured.requests == []


def test_a_full_disk_costs_the_file_and_not_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    report = tmp_path / "r.json"
    ran = run_line(
        "check", *REFLECTOR, "--yes", "--json", "--out", str(report), measure=Measured(), judge=Told()
    )
    assert ran.status == 70
    assert len(json.loads(ran.out)["results"]) == 3
    assert "No space left" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_redactor_is_keyed_anew_for_each_report() -> None:
    names = set()
    for _ in range(2):
        ran = run_line("check", *REFLECTOR, "--yes", "--json", measure=Measured(), judge=Told())
        names.add(json.loads(ran.out)["reflectors"][0]["name"])
    assert len(names) == 2
    assert Redactor(b"k").host("x") == Redactor(b"k").host("x")


def _refused(failure: Failure) -> Callable[[Measurement], None]:
    def change(measurement: Measurement) -> None:
        for facts in measurement.reflectors:
            facts.control, facts.failure = "failed", failure

    return change


@pytest.mark.parametrize("form", [(), ("--json",)])
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure.PIN_MISMATCH, ("not the one of --pin", "in the middle", "restarted without --data")),
        (Failure.TLS_FAILED, ("nobody vouches for", "give --pin")),
        (Failure.CONNECT_TIMEOUT, ("did not answer at all", "may be off, or this line may not reach it")),
        (Failure.DNS_NXDOMAIN, ("no such name",)),
    ],
)
def test_a_reflector_without_a_ticket_is_one_error_and_no_result(
    failure: Failure, words: tuple[str, ...], form: tuple[str, ...]
) -> None:
    ran = run_line(
        "check", *REFLECTOR, "--yes", *form, measure=Measured(change=_refused(failure)), judge=None,
        width=300,
    )  # fmt: skip
    assert ran.status == 2
    assert ran.err.count("\n") == 1
    assert all(word in ran.err for word in (*words, "nothing was measured towards reflector.example"))
    if form:
        assert [row["verdict"] for row in json.loads(ran.out)["results"]] == ["insufficient"] * 3
    else:
        assert ran.out.count("not enough evidence") == 3
        assert "Nothing can be said" not in ran.out  # the one error says it
        assert "log" not in ran.out
        assert "blocked" not in ran.out.lower() + ran.err.lower()
