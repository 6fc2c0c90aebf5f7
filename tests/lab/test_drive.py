"""A whole check in virtual time: repeatable, honest about its control channel, and never endless."""

import msgspec
import pytest

from tests.experiment.support import small_profiles
from voipwatch.lab import drive
from voipwatch.lab.drive import Simulation, derive, run_simulated
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Failure
from voipwatch.wire.farlog import decode_farlog, verify_farlog

BUDGET = 130_000
"""Of the small app: its first blocks and one held pair."""


def simulation(world: World | str = "clean", *, seed: int = 1, **more: object) -> Simulation:
    chosen = load_worlds().get(world) if isinstance(world, str) else world
    options: dict[str, object] = {"apps": ("whatsapp",), "budget_bytes": BUDGET, **more}
    return Simulation(chosen, seed=seed, profiles=small_profiles(), **options)  # type: ignore[arg-type]  # as given


def measured(world: World | str = "clean", **more: object) -> Measurement:
    return simulation(world, **more).run()  # type: ignore[arg-type]  # as given


def lost(measurement: Measurement) -> float:
    """Share of uplink packets that the far log does not have."""
    log = measurement.reflectors[0].log
    assert log is not None
    got = {flow.flow: set(flow.up.seq) for flow in decode_farlog(log.payload).flows}
    sent = [(f.flow, seq) for f in measurement.flows for seq in f.sent.seq]
    return sum(seq not in got.get(flow, set()) for flow, seq in sent) / len(sent)


def test_what_a_seed_gives_depends_on_seed_purpose_and_size() -> None:
    assert derive(1, "identity") == derive(1, "identity")
    assert len({derive(1, "identity"), derive(2, "identity"), derive(1, "master")}) == 3
    assert len(derive(1, "salt", 16)) == 16


def test_one_seed_is_one_transcript() -> None:
    first, again, other = (measured("burst-10", seed=seed) for seed in (5, 5, 6))
    assert msgspec.json.encode(first) == msgspec.json.encode(again)
    assert msgspec.json.encode(first) != msgspec.json.encode(other)


def test_on_a_clean_line_everything_arrives_and_the_log_is_signed() -> None:
    run = simulation()
    measurement = run.run()
    assert lost(measurement) == 0.0
    (facts,) = measurement.reflectors
    assert facts.log is not None
    assert facts.key is not None
    assert facts.control == "ok"
    assert verify_farlog(facts.log.payload, facts.log.signature, facts.key)
    assert decode_farlog(facts.log.payload).ticket == facts.ticket
    arrived = sum(len(f.received.seq) for f in measurement.flows)
    assert run.datagrams == arrived + sum(len(f.sent.seq) for f in measurement.flows)
    assert run.bytes_out_far == sum(sum(f.received.size_bytes) for f in measurement.flows)


def test_a_line_by_name_replaces_the_worlds_own() -> None:
    assert 0.15 < lost(measured("clean", line="burst-30")) < 0.5


def test_the_check_begins_at_the_worlds_time_and_counts_from_there() -> None:
    world = load_worlds().get("wifi-intermittence-off")
    run = simulation(world)
    assert run.now == world.starts_at_s == 3600
    measurement = run.run()
    assert min(f.started_us for f in measurement.flows) == 0
    assert max(f.ended_us or 0 for f in measurement.flows) < 60e6
    assert run.now > 3600
    assert measurement.started_at == drive.VIRTUAL_START


def test_with_the_control_channel_blocked_a_kept_ticket_is_used_and_no_log_comes() -> None:
    measurement = measured(control_blocked=True)
    (facts,) = measurement.reflectors
    assert (facts.control, facts.log, facts.failure) == ("stored-ticket", None, Failure.CONNECT_TIMEOUT)
    assert {"control-blocked", "far-log-missing"} <= set(measurement.notes)
    assert sum(f.attested for f in measurement.flows) > 100


def test_a_world_may_have_no_control_channel_and_may_be_one_of_video() -> None:
    run = simulation(load_worlds().get("control-down"))
    (facts,) = run.run().reflectors
    assert (facts.control, facts.log) == ("stored-ticket", None)
    assert not simulation(load_worlds().get("clean")).near.config.video
    config = simulation(load_worlds().get("police-video")).near.config
    assert (config.video, config.budget_bytes) == (True, drive.VIDEO_BUDGET_BYTES)


def test_a_world_is_run_as_its_seed_drew_it() -> None:
    world = load_worlds().get("cut-bytes")
    run = simulation(world)
    assert run.net.world.policy["bytes"] == world.drawn(1).values["policy.bytes"]
    assert run.net.world.policy["bytes"] != world.policy["bytes"]


def test_a_dead_reflector_gives_no_log() -> None:
    (facts,) = measured("reflector-dies").reflectors
    assert (facts.control, facts.log) == ("lost", None)


def test_tcp_trials_are_answered_by_the_reflector_or_by_a_portal() -> None:
    assert {(t.name, t.answered) for t in measured().tcp} == {("tcp-5222", True), ("tls-443", True)}
    trials = measured("captive-portal").tcp
    assert {t.answered for t in trials} == {False}
    assert Failure.BAD_ANSWER in {t.failure for t in trials}
    assert all(t.sent_bytes > 160 and t.received_bytes >= 120 for t in trials)


def test_a_refused_port_is_in_the_flows_records() -> None:
    world = load_worlds().get("clean")
    policy = {"policy": "port-reject", "ports": [[3478, 3478]]}
    measurement = measured(msgspec.structs.replace(world, policy=policy))
    refused = {f.kind.arm for f in measurement.flows if f.failures}
    assert refused == {Arm.A, Arm.C}
    assert {x.failure for f in measurement.flows for x in f.failures} == {Failure.PORT_UNREACHABLE}


def test_options_reach_the_check_and_progress_comes_out() -> None:
    ratios: list[float] = []
    measurement = run_simulated(
        load_worlds().get("cafe-firewall"),
        apps=("webrtc",),
        seed=1,
        budget_bytes=600_000,
        video=True,
        on_progress=lambda progress: ratios.append(progress.done_ratio),
    )
    assert measurement.apps == ["webrtc"]
    assert (measurement.video, measurement.long, measurement.budget_bytes) == (True, False, 600_000)
    assert ratios
    assert ratios[-1] == 1.0


def test_a_run_that_does_not_end_is_a_fault_and_not_a_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "STEPS_MAX", 50)
    with pytest.raises(RuntimeError, match="did not end"):
        measured()
