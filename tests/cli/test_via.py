"""`--via`: understood, agreed to each time, and nowhere to be found afterwards."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec
import pytest

from tests.apps.imported.support import call, drafted
from tests.cli.doubles import Measured, Ran, Told, run_line
from voipwatch.cli import machinery
from voipwatch.cli.context import CheckRequest
from voipwatch.cli.errors import Misuse
from voipwatch.cli.reportfile import decode_report
from voipwatch.cli.via import Through, parse_via
from voipwatch.experiment.events import Progress
from voipwatch.lab.drive import Simulation, run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Interruption, Measurement
from voipwatch.model.results import may_be_submitted
from voipwatch.model.vocabulary import Verdict
from voipwatch.probe.via import Proxy, Tunnel

CHECK = ("check", "--reflector", "reflector.example", "--app", "webrtc")
SECRETS = ("wg-hidden7", "proxy-hidden.example", "203.0.113.77", "user-hidden", "pw-hidden")
PORT = re.compile(r":\s?47811\b")
"""As an address or a field has it: a report is full of microseconds, which may be these digits by chance."""
URL = "socks5://user-hidden:pw-hidden@proxy-hidden.example:47811"


def secrets_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text] + PORT.findall(text)


@cache
def _simulated(world_id: str, apps: tuple[str, ...], seed: int) -> bytes:
    return msgspec.msgpack.encode(run_simulated(load_worlds().get(world_id), apps=apps, seed=seed))


def simulated(world_id: str, apps: Sequence[str], seed: int) -> Measurement:
    """A copy of its own of a check that is simulated once."""
    return msgspec.msgpack.decode(_simulated(world_id, tuple(apps), seed), type=Measurement)


@pytest.fixture(autouse=True)
def _the_interface_is_a_tunnel(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = {"no-such-if0": "missing", "old-linux": "forbidden", "eth0": "hardware"}
    monkeypatch.setattr(machinery, "tunnel_problem", problems.get)
    monkeypatch.setattr(machinery, "proxy_problem", lambda _: None)


@dataclass
class Worlds:
    """A probe whose direct way lies in one world and whose tunnel in another."""

    direct: str = "stun-cookie"
    through: str = "clean"
    requests: list[CheckRequest] = field(default_factory=list)
    change: Callable[[Measurement], None] = lambda _: None
    raises: BaseException | None = None

    def __call__(self, request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
        self.requests.append(request)
        if request.through is None:
            return simulated(self.direct, request.apps, 5)
        if self.raises is not None:
            raise self.raises
        measured = simulated(self.through, request.apps, 6)
        self.change(measured)
        return measured


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("wg0", Through("tunnel", "wg0")),
        (" tun3 ", Through("tunnel", "tun3")),
        ("socks5://proxy.example", Through("socks5", "proxy.example", 1080)),
        ("SOCKS5H://proxy.example:9050/", Through("socks5", "proxy.example", 9050)),
        ("socks5://127.0.0.1:9050", Through("socks5", "127.0.0.1", 9050)),
        ("socks5://[2001:db8::1]", Through("socks5", "2001:db8::1", 1080)),
        ("socks5://[2001:db8::1]:99", Through("socks5", "2001:db8::1", 99)),
        ("socks5://a:b%40c:d@h:1", Through("socks5", "h", 1, (b"a", b"b@c:d"))),
        ("socks5://a:b@c@h:1", Through("socks5", "h", 1, (b"a", b"b@c"))),
    ],
)
def test_understood(text: str, understood: Through) -> None:
    assert parse_via(text) == understood


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("http://hidden.example", "error.via"),
        ("socks4://hidden.example", "error.via"),
        ("socks5://", "error.via"),
        ("socks5://hidden example", "error.via"),
        ("socks5://hidden.example:99999", "error.via"),
        ("socks5://hidden.example/path", "error.via"),
        ("socks5://hidden@h", "error.via_account"),
        ("socks5://:hidden@h", "error.via_account"),
        ("socks5://hidden:@h", "error.via_account"),
        ("socks5://" + "a" * 256 + ":b@h", "error.via_account"),
        ("", "error.via_missing"),
        ("x" * 300, "error.via_missing"),
        ("no-such-if0", "error.via_missing"),
        ("old-linux", "error.via_forbidden"),
        ("eth0", "error.via_hardware"),
    ],
)
def test_a_wrong_one_is_refused_and_never_repeated(text: str, key: str) -> None:
    with pytest.raises(Misuse) as caught:
        parse_via(text)
    assert (caught.value.key, caught.value.values) == (key, {})
    measured = Measured()
    ran = run_line(*CHECK, "--yes", "--yes-via", "--via", text, measure=measured)
    assert (ran.status, measured.requests) == (64, [])
    assert "hidden" not in ran.err


def test_no_repr_says_it() -> None:
    said = repr(parse_via(URL)) + repr(parse_via("wg-hidden7"))
    assert not [secret for secret in (*SECRETS, "47811") if secret in said]


def test_yes_does_not_answer_for_it() -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--yes", "--via", "wg0", measure=measured)
    assert (ran.status, measured.requests) == (64, [])
    assert "--yes-via" in ran.err
    ran = run_line(*CHECK, "--yes-via", "--via", "wg0", measure=measured)
    assert (ran.status, measured.requests) == (64, []), "nor it for the check"


@pytest.mark.parametrize("kind", ["wg0", "socks5://h"])
@pytest.mark.parametrize(
    ("answers", "runs", "status"),
    [
        ("y\ny\n", 2, 0),
        ("y\nn\n", 0, 130),
        ("y\n\n", 0, 130),
        ("y\n", 0, 130),
        ("n\n", 0, 130),
        ("y\n1MB\n", 0, 130),
    ],
)
def test_a_person_is_asked_for_both(answers: str, runs: int, status: int, kind: str) -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--via", kind, measure=measured, judge=Told(), answers=answers)
    assert (ran.status, len(measured.requests)) == (status, runs)
    if answers.startswith("y"):
        assert "punished" in ran.err
        assert "at most 4" in ran.err.replace("\u00a0", " "), "twice the data"


def test_the_question_is_asked_again_by_every_check(tmp_path: Path) -> None:
    for _ in range(2):
        environment = {"XDG_DATA_HOME": str(tmp_path)}
        ran = run_line(
            *CHECK,
            "--yes",
            "--via",
            "wg0",
            measure=Measured(),
            judge=Told(),
            answers="y\n",
            environment=environment,
        )
        assert ran.err.count("punished") == 1


def test_without_an_app_to_measure_nothing_is_asked() -> None:
    ran = run_line(
        "check",
        "--reflector",
        "r.example",
        "--app",
        "viber",
        "--via",
        "wg0",
        measure=Measured(),
        judge=Told(),
    )
    assert ran.status == 2


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("name", "has no address"),
        ("unreachable", "does not answer"),
        ("refused", "no program listens"),
        ("no_socks", "does not speak SOCKS 5"),
        ("auth", "another user name or password"),
    ],
)
def test_a_proxy_that_cannot_be_used_ends_the_check_before_it_began(
    monkeypatch: pytest.MonkeyPatch, problem: str, words: str
) -> None:
    monkeypatch.setattr(machinery, "proxy_problem", lambda _: problem)
    measured = Measured()
    ran = run_line(*CHECK, "--yes", "--yes-via", "--via", URL, measure=measured)
    assert (ran.status, ran.out, measured.requests) == (64, "", [])
    assert words in ran.err
    assert not [secret for secret in (*SECRETS, "47811") if secret in ran.err]


def test_the_answer_without_the_question_is_misuse() -> None:
    measured = Measured()
    ran = run_line(*CHECK, "--yes", "--yes-via", measure=measured)
    assert (ran.status, measured.requests) == (64, [])
    assert "there is no --via" in ran.err


def test_what_was_asked_for_and_not_measured_is_no_clear_answer() -> None:
    def cut_short(measurement: Measurement) -> None:
        measurement.interrupted = Interruption("overtime", 90.0)

    measured = Measured(change=cut_short)
    ran = run_line(*CHECK, "--yes", "--yes-via", "--via", "wg0", measure=measured, judge=Told())
    assert (ran.status, len(measured.requests)) == (2, 1)
    assert run_line(*CHECK, "--yes", measure=Measured(change=cut_short), judge=Told()).status == 0


def test_a_second_run_that_found_nothing_out_is_no_clear_answer(tmp_path: Path) -> None:
    def silence(measurement: Measurement) -> None:
        measurement.flows.clear()

    ran, _ = checked(tmp_path, Worlds(direct="clean", change=silence), "--json")
    [row] = json.loads(ran.out)["results"]
    assert (row["verdict"], row["via"]["verdict"], ran.status) == ("ok", "insufficient", 2)


def test_the_second_request_alone_is_through_it() -> None:
    measured = Measured()
    run_line(*CHECK, "--yes", "--yes-via", "--via", URL, measure=measured, judge=Told())
    first, second = measured.requests
    assert first.through is None
    assert second.through == parse_via(URL)
    assert machinery._via(parse_via(URL)) == Proxy(
        "proxy-hidden.example", 47811, (b"user-hidden", b"pw-hidden")
    )
    assert machinery._via(Through("tunnel", "wg0")) == Tunnel("wg0")


def test_the_providers_are_asked_on_the_direct_way_alone() -> None:
    measured = Measured()
    run_line(*CHECK, "--providers", "--yes", "--yes-via", "--via", "wg0", measure=measured, judge=Told())
    assert [(r.providers, r.through is None) for r in measured.requests] == [(True, True), (False, False)]


def test_hops_are_looked_at_on_the_direct_way_alone() -> None:
    measured = Measured()
    run_line(*CHECK, "--locate", "--yes", "--yes-via", "--via", "wg0", measure=measured, judge=Told())
    assert [(r.locate, r.through is None) for r in measured.requests] == [(True, True), (False, False)]


@pytest.mark.parametrize("carried", [True, False])
def test_a_private_profile_is_measured_and_verified_both_ways(tmp_path: Path, carried: bool) -> None:
    """`carried`: whether the reflector got it on the second way too."""
    draft = drafted(call())
    profile, report = tmp_path / "mine.toml", tmp_path / "report.json"
    profile.write_text(draft.text, encoding="utf-8")

    def measure(request: CheckRequest, on_progress: Callable[[Progress], None]) -> Measurement:
        assert request.private == draft.text
        direct = request.through is None
        return Simulation(
            load_worlds().get("stun-cookie" if direct else "clean"),
            apps=request.apps,
            seed=5,
            budget_bytes=600_000,
            private=draft.profile,
            control_blocked=not direct and not carried,
        ).run(on_progress)

    ran = run_line(
        "check", "--reflector", "lab.example", "--app", "private", "--profile", str(profile), "--yes",
        "--yes-via", "--via", "wg0", "--json", "--out", str(report), measure=measure,
    )  # fmt: skip
    [row] = json.loads(ran.out)["results"]
    assert row["verdict"] == "blocked"
    second = decode_report(report.read_bytes(), name="r")[0].via
    assert second is not None
    if carried:
        assert row["via"]["conclusion"] == "operator-stops-vpn-restores"
    else:
        assert row["via"]["conclusion"] == "unclear"
        assert second.measurement.not_tested["private"] == ["private-not-carried"]
    told = json.loads(run_line("verify", str(report), "--profile", str(profile), "--json").out)
    assert [f for f in told["findings"] if f["holds"] is False] == []
    kinds = {f.get("run"): f["holds"] for f in told["findings"] if f["id"] == "kinds"}
    assert kinds == {None: True, "via": True}


def test_after_ctrl_c_there_is_no_second_run() -> None:
    def interrupt(measurement: Measurement) -> None:
        measurement.interrupted = Interruption("user", 1.0)

    measured = Measured(change=interrupt)
    ran = run_line(*CHECK, "--yes", "--yes-via", "--via", "wg0", measure=measured, judge=Told())
    assert (ran.status, len(measured.requests)) == (130, 1)


def checked(tmp_path: Path, worlds: Worlds, *more: str, via: str = URL) -> tuple[Ran, Path]:
    path = tmp_path / "report.json"
    environment = {"XDG_DATA_HOME": str(tmp_path / "data"), "VOIPWATCH_DEBUG": "0"}
    ran = run_line(
        *CHECK,
        "--yes",
        "--yes-via",
        "--via",
        via,
        "--out",
        str(path),
        *more,
        measure=worlds,
        environment=environment,
    )
    return ran, path


@pytest.mark.parametrize("via", [URL, "wg-hidden7"])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_comes_out_says_the_kind_and_nothing_more(
    tmp_path: Path, via: str, form: tuple[str, ...]
) -> None:
    ran, path = checked(tmp_path, Worlds(), *form, via=via)
    kind = "socks5" if "://" in via else "tunnel"
    assert ran.status == 1
    written = path.read_bytes()
    report, whole = decode_report(written, name="r")
    assert whole
    assert report.via is not None
    assert report.via.kind == kind
    assert not may_be_submitted(report)
    [row] = report.check.results
    assert row.verdict is Verdict.BLOCKED
    assert row.via is not None
    assert row.via.conclusion == "operator-stops-vpn-restores"
    everything = ran.out + ran.err + written.decode()
    for file in (tmp_path / "data").rglob("*"):
        everything += file.read_bytes().decode("latin-1")
    assert secrets_in(everything) == []
    if form:
        [told] = json.loads(ran.out)["results"]
        assert set(told["via"]) >= {
            "kind", "verdict", "stage", "mechanism", "rule", "quality", "conclusion", "explanation",
        }  # fmt: skip
        assert told["via"]["kind"] == kind
    else:
        said = " ".join(ran.out.split())
        assert "what stops it lies on the way before" in said


def test_verify_recomputes_both_runs(tmp_path: Path) -> None:
    _, path = checked(tmp_path, Worlds())
    ran = run_line("verify", str(path), "--json")
    found = json.loads(ran.out)["findings"]
    by_run = {run: {f["id"]: f["holds"] for f in found if f.get("run") == run} for run in (None, "via")}
    assert by_run[None]["verdict"] is True
    for run in by_run.values():
        assert run["columns"] is True
        assert run["signature"] is True
        assert run["story"] is True
    assert any(f["text"].startswith("(through the tunnel or proxy)") for f in found)
    document = json.loads(path.read_bytes())
    document["check"]["results"][0]["via"]["conclusion"] = "same"
    path.write_text(json.dumps(document))
    ran = run_line("verify", str(path), "--json")
    assert ran.status == 1
    assert "via.conclusion" in ran.out


def test_a_forged_log_of_the_second_run_is_found(tmp_path: Path) -> None:
    _, path = checked(tmp_path, Worlds())
    document = json.loads(path.read_bytes())
    document["via"]["measurement"]["reflectors"][0]["log"]["signature"] = "AAAA" * 21 + "AA=="
    path.write_text(json.dumps(document))
    ran = run_line("verify", str(path), "--json")
    failed = {(f["id"], f.get("run")) for f in json.loads(ran.out)["findings"] if f["holds"] is False}
    assert ("signature", "via") in failed
    assert ("signature", None) not in failed


def test_our_own_failure_in_the_second_run_names_nothing(tmp_path: Path) -> None:
    worlds = Worlds(raises=RuntimeError("cannot reach proxy-hidden.example as user-hidden"))
    ran, path = checked(tmp_path, worlds, "--json")
    assert ran.status == 70
    [row] = json.loads(ran.out)["results"]
    assert (row["verdict"], row["via"]["conclusion"]) == ("blocked", "unclear")
    assert secrets_in(ran.out + ran.err + path.read_text()) == []


def test_what_concerns_the_whole_run_is_said_once(tmp_path: Path) -> None:
    def lose(measurement: Measurement) -> None:
        measurement.interrupted = Interruption("via-lost", 2.0)

    measured = Measured(change=lambda m: lose(m) if len(measured.requests) == 2 else None)
    ran = run_line(
        "check", "--reflector", "r.example", "--app", "webrtc,sip", "--yes", "--yes-via", "--via", "wg0",
        measure=measured, judge=Told({"sip": Verdict.BLOCKED}), width=400,
    )  # fmt: skip
    assert len(re.findall("the tunnel broke off", ran.out)) == 1
    assert ran.status == 1


def test_a_report_of_the_direct_way_alone_may_be_submitted(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    run_line(*CHECK, "--yes", "--out", str(path), measure=Measured(), judge=Told())
    assert may_be_submitted(decode_report(path.read_bytes(), name="r")[0])
