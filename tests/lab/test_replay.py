import pytest

from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.replay import Datagram, Transcript, replay, spans
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement

APPS = ("webrtc",)


@pytest.fixture(scope="module", name="run")
def one_run() -> tuple[Transcript, Measurement]:
    return replay(load_worlds().get("kill-stun"), apps=APPS, seed=3, line="nated")


def test_a_replay_is_the_run_that_the_matrix_counted(run: tuple[Transcript, Measurement]) -> None:
    world = load_worlds().get("kill-stun")
    plain = run_simulated(world, apps=APPS, seed=3, line="nated")
    assert judge(run[1]) == judge(plain)
    assert run[1].decisions == plain.decisions == run[0].decisions
    assert run[0].values == world.drawn(3).values
    assert run[0].policy["kill_s"] == world.drawn(3).values["policy.kill_s"]


def test_each_flow_is_told_with_what_the_near_end_knows_of_it(run: tuple[Transcript, Measurement]) -> None:
    transcript, measurement = run
    told = [flow for flow in transcript.flows if flow.arm]
    assert {flow.arm for flow in told} >= {"A", "C", "W"}
    for flow in told:
        up = [d for d in flow.datagrams if d.direction == "up"]
        assert len(up) == flow.sent, "a clean way: the operator sees all of them"
    treated = [f for f in told if (f.app, f.arm) == ("webrtc", "A")]
    assert treated
    for flow in treated:
        first, *rest = flow.datagrams
        assert (first.action, first.rule) == ("pass", "")
        assert {(d.action, d.rule) for d in rest} == {("drop", "match-then-kill")}
    assert {d.action for f in told if f.arm == "C" for d in f.datagrams} == {"pass"}
    assert len(told) == len(measurement.flows)


def test_where_nobody_censors_listening_changes_nothing() -> None:
    world = load_worlds().get("clean")
    transcript, measurement = replay(world, apps=("sip",), seed=4)
    assert measurement.flows == run_simulated(world, apps=("sip",), seed=4).flows
    assert {d.action for f in transcript.flows for d in f.datagrams} == {"pass"}


def datagram(at_s: float, direction: str, action: str) -> Datagram:
    return Datagram(at_s, direction, 100, action, "" if action == "pass" else "rule", 0.0)


def test_equal_treatment_is_put_together_each_way_by_itself() -> None:
    found = spans(
        [
            datagram(0.0, "up", "pass"),
            datagram(0.1, "down", "pass"),
            datagram(0.2, "up", "pass"),
            datagram(0.3, "up", "drop"),
            datagram(0.4, "down", "pass"),
            datagram(0.5, "up", "pass"),
        ]
    )
    assert [(s.from_s, s.to_s, s.direction, s.action, s.packets, s.size_bytes) for s in found] == [
        (0.0, 0.2, "up", "pass", 2, 200),
        (0.1, 0.4, "down", "pass", 2, 200),
        (0.3, 0.3, "up", "drop", 1, 100),
        (0.5, 0.5, "up", "pass", 1, 100),
    ]
    assert spans([]) == []
