"""Whole checks against a reflector on loopback: the warm-up, the trials, the signed log; and bad days."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.reflector import RunningReflector, loopback_of, running_reflector
from voipwatch.apps import load_profiles
from voipwatch.experiment import check as core_module
from voipwatch.experiment.events import Progress
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Failure
from voipwatch.probe import CheckOptions, Target, Trust, check, fetch_tickets, run_check, udp
from voipwatch.probe.control import Channel, TicketAnswer, request_tickets
from voipwatch.probe.path import resolve_by_system
from voipwatch.probe.ticketstore import TicketStore
from voipwatch.wire.farlog import decode_farlog, verify_farlog

IP = loopback_of(__name__)


@pytest.fixture(scope="module")
def reflector() -> Iterator[RunningReflector]:
    with running_reflector(IP) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_late_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    """On loopback little comes late: two seconds less a check."""
    monkeypatch.setattr(core_module, "LATE_S", 1.0)


def target(running: RunningReflector) -> Target:
    return Target(running.host, running.port, Trust(pin=running.pin))


def line_only(*targets: Target, tickets: Path | None = None) -> CheckOptions:
    """A check that asks for no app: warm-up and TCP trials."""
    return CheckOptions(targets=targets, apps=(), tickets=tickets, seed=bytes(32))


def far_and_near(measured: Measurement) -> None:
    """What both ends saw of a perfect line is the same, packet by packet."""
    [facts] = measured.reflectors
    assert facts.log is not None
    assert facts.key is not None
    assert verify_farlog(facts.log.payload, facts.log.signature, facts.key)
    far = {flow.flow: flow for flow in decode_farlog(facts.log.payload).flows}
    assert len(far) == len(measured.flows) > 0
    for near in measured.flows:
        assert far[near.flow].up.seq == near.sent.seq
        assert far[near.flow].down.seq == near.received.seq
        assert near.attested == len(near.received.seq)
        assert (near.forged, near.failures) == (0, [])


def test_a_perfect_line_is_seen_alike_from_both_ends(reflector: RunningReflector, tmp_path: Path) -> None:
    measured = run_check(line_only(target(reflector), tickets=tmp_path))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure, facts.protocol) == ("ok", None, 1)
    far_and_near(measured)
    assert {flow.kind.arm for flow in measured.flows} == {Arm.W}
    assert all(trial.answered for trial in measured.tcp)
    assert (measured.line.ip_version, measured.line.local_hop) == (4, "none")
    assert measured.interrupted is None
    assert measured.costs["line"].bytes > 50_000


@pytest.mark.parametrize("able", [True, False])
def test_where_is_asked_or_it_says_why_not(
    reflector: RunningReflector, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    monkeypatch.setattr(udp, "HAS_ERROR_QUEUE", able and sys.platform == "linux")
    wanted = replace(line_only(target(reflector)), locate=True)
    measured = run_check(wanted)
    assert measured.sweeps_state == ("ok" if able and sys.platform == "linux" else "system")
    assert measured.sweeps == []


def test_spare_tickets_serve_when_the_control_channel_is_blocked(
    reflector: RunningReflector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fetch_tickets(target(reflector), 1, tmp_path).kept == 1

    def blocked(channel: Channel, count: int, **_: object) -> TicketAnswer:
        return TicketAnswer(None, Failure.CONNECT_TIMEOUT, 80)

    monkeypatch.setattr(check, "request_tickets", blocked)
    measured = run_check(line_only(target(reflector), tickets=tmp_path))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure) == ("stored-ticket", Failure.CONNECT_TIMEOUT)
    assert "control-blocked" in measured.notes
    far_and_near(measured)
    again = run_check(line_only(target(reflector), tickets=tmp_path))
    assert again.reflectors[0].control == "failed"  # a ticket serves one check
    assert again.flows == []


@pytest.mark.parametrize(
    ("trust", "failure"),
    [(Trust(pin="00" * 32), Failure.PIN_MISMATCH), (Trust(), Failure.TLS_FAILED)],
)
def test_a_reflector_that_is_not_trusted_is_not_measured(
    reflector: RunningReflector, trust: Trust, failure: Failure
) -> None:
    measured = run_check(line_only(replace(target(reflector), trust=trust)))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure, facts.ticket) == ("failed", failure, None)
    assert (measured.flows, measured.tcp) == ([], [])


@pytest.mark.parametrize(
    ("trust", "failure"),
    [(Trust(pin="00" * 32), Failure.PIN_MISMATCH), (Trust(), Failure.TLS_FAILED)],
)
def test_a_refused_certificate_ends_it_where_tickets_were_kept_under_another_condition(
    reflector: RunningReflector, tmp_path: Path, trust: Trust, failure: Failure
) -> None:
    assert fetch_tickets(target(reflector), 2, tmp_path).kept == 2
    measured = run_check(line_only(replace(target(reflector), trust=trust), tickets=tmp_path))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure, facts.ticket) == ("failed", failure, None)
    assert (measured.flows, measured.tcp, measured.notes) == ([], [], [])
    assert (
        TicketStore(tmp_path).count(reflector.host, reflector.port, wall_s=0.0, trust=reflector.pin) == 2
    ), "none was spent"


def test_where_somebody_answers_in_its_place_tickets_kept_under_the_same_pin_go_on(
    reflector: RunningReflector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A portal, or a censor that intercepts TLS, must not silence the check."""
    assert fetch_tickets(target(reflector), 1, tmp_path).kept == 1
    portal = TicketAnswer(None, Failure.PIN_MISMATCH, cost_bytes=900, untrusted=True)
    monkeypatch.setattr("voipwatch.probe.check.request_tickets", lambda *_, **__: portal)
    measured = run_check(line_only(target(reflector), tickets=tmp_path))
    [facts] = measured.reflectors
    assert (facts.control, facts.failure) == ("stored-ticket", Failure.PIN_MISMATCH)
    assert "control-blocked" in measured.notes
    assert any(flow.attested for flow in measured.flows)


@pytest.mark.parametrize("failure", [Failure.CONNECTION_RESET, Failure.BAD_ANSWER, Failure.CONNECT_TIMEOUT])
def test_a_broken_channel_does_not_bring_back_tickets_of_a_weaker_condition(
    reflector: RunningReflector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Failure
) -> None:
    careless = replace(target(reflector), trust=Trust(insecure=True))
    assert fetch_tickets(careless, 1, tmp_path).kept == 1
    monkeypatch.setattr(
        "voipwatch.probe.check.request_tickets", lambda *_: TicketAnswer(None, failure, cost_bytes=0)
    )
    [facts] = run_check(line_only(target(reflector), tickets=tmp_path)).reflectors
    assert (facts.control, facts.ticket) == ("failed", None)


def test_one_reflectors_fault_is_no_others(
    reflector: RunningReflector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(channel: Channel, count: int, *, profile: str | None = None) -> TicketAnswer:
        if channel.host == "evil.example":
            raise RuntimeError("nobody foresaw it")
        return request_tickets(channel, count, profile=profile)

    monkeypatch.setattr("voipwatch.probe.check.request_tickets", faulty)
    evil = Target("evil.example", reflector.port, Trust(insecure=True))
    options = line_only(target(reflector), evil)
    measured = run_check(replace(options, resolve=lambda name: resolve_by_system("127.0.0.1")))
    assert [facts.control for facts in measured.reflectors] == ["ok", "failed"]


def test_a_reflector_with_other_profiles_is_another_version(reflector: RunningReflector) -> None:
    other = replace(load_profiles(), digest="00" * 32)
    measured = run_check(line_only(target(reflector)), profiles=other)
    [facts] = measured.reflectors
    assert (facts.control, facts.failure) == ("failed", Failure.VERSION_MISMATCH)
    assert measured.flows == []


def test_a_dead_reflector_and_an_unknown_name_are_facts(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = Target("127.0.0.1", unused.getsockname()[1], Trust(insecure=True))
        options = replace(
            line_only(dead, Target("reflector.invalid", 8443), tickets=tmp_path),
            resolve=lambda _: Failure.DNS_NXDOMAIN,
        )
        measured = run_check(options)
    assert [(facts.control, facts.failure) for facts in measured.reflectors] == [
        ("failed", Failure.CONNECTION_REFUSED),
        ("failed", Failure.DNS_NXDOMAIN),
    ]
    assert measured.flows == []


def test_ctrl_c_keeps_what_there_is(reflector: RunningReflector) -> None:
    before = signal.getsignal(signal.SIGINT)
    presses = iter([signal.SIGINT])

    def press_once(_: Progress) -> None:
        for number in presses:
            signal.raise_signal(number)

    measured = run_check(line_only(target(reflector)), press_once)
    assert signal.getsignal(signal.SIGINT) is before
    assert measured.interrupted is not None, measured.reflectors
    assert measured.interrupted.reason == "user"
    assert measured.flows


def test_no_reflector_at_all_is_a_measurement_too() -> None:
    measured = run_check(line_only())
    assert (measured.reflectors, measured.flows) == ([], [])


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[[str], tuple[Target, subprocess.Popen[str]]]]:
    """Reflectors as processes of their own, which a test may kill; the rest ends with it."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> tuple[Target, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "voipwatch", "reflector", "--without-canary", "--control-port", "0"]
        command += ["--bind", loopback_of(f"{__name__} {name}")]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.append(running)
        assert running.stdout is not None
        fields = dict(part.split("=", 1) for part in running.stdout.readline().split() if "=" in part)
        host, _, port = fields["control"].rpartition(":")
        return Target(host, int(port), Trust(pin=fields["pin"])), running

    yield start
    for running in started:
        running.kill()
        running.communicate()


def test_a_probe_moves_on_when_a_reflector_dies(
    process: Callable[[str], tuple[Target, subprocess.Popen[str]]], tmp_path: Path
) -> None:
    (first, running), (second, _) = process("first"), process("second")
    wanted = replace(line_only(first, tickets=tmp_path), stand_ins=(second,))
    before = run_check(wanted)
    assert [facts.control for facts in before.reflectors] == ["ok"], "nobody else is asked"
    running.kill()
    running.wait()
    measured = run_check(wanted)
    dead, alive = measured.reflectors
    assert (dead.control, dead.failure, dead.log) == ("failed", Failure.CONNECTION_REFUSED, None)
    assert (alive.control, alive.failure) == ("ok", None)
    assert {flow.reflector for flow in measured.flows} == {1}
    assert measured.notes == [], "one that is dead is no word on the line"
    assert TicketStore(tmp_path).count(first.host, first.port, wall_s=0.0, trust=first.trust.word) > 0, "kept"


def test_where_none_answers_a_kept_ticket_serves_the_one_asked_first(
    reflector: RunningReflector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(target(reflector), host=loopback_of(f"{__name__} nobody"))
    assert fetch_tickets(target(reflector), 2, tmp_path).kept == 2
    asked: list[str] = []

    def blocked(channel: Channel, count: int, **_: object) -> TicketAnswer:
        asked.append(channel.host)
        return TicketAnswer(None, Failure.CONNECT_TIMEOUT, 80)

    monkeypatch.setattr(check, "request_tickets", blocked)
    measured = run_check(replace(line_only(other, tickets=tmp_path), stand_ins=(target(reflector),) * 2))
    assert asked == [other.host, reflector.host, reflector.host]
    assert [facts.control for facts in measured.reflectors] == ["failed", "stored-ticket", "failed"]
    assert "control-blocked" in measured.notes
    assert (
        TicketStore(tmp_path).count(reflector.host, reflector.port, wall_s=0.0, trust=reflector.pin) == 1
    ), "one was enough"
