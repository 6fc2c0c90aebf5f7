"""Forged SIP: when it accuses, which label a dead set-up has, and what accuses nobody."""

import copy
from typing import Any

import pytest
from msgspec.structs import replace

from voipwatch.inference.join import join_session
from voipwatch.inference.judge import judge
from voipwatch.inference.sip import REFUSALS, ended_by_forgery, injected, terminated
from voipwatch.inference.stages import outcomes_at
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import FlowFailure, FlowRecord, ForeignSip
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Failure, Stage, Verdict


@pytest.fixture(scope="module")
def worlds() -> dict[str, Measurement]:
    ids = ("sip-forbidden", "sip-forbidden-race", "sip-hang-up", "sip-icmp", "sip-alg")
    return {w: run_simulated(load_worlds().get(w), apps=["sip"], seed=1, line="clean") for w in ids}


def said(measurement: Measurement) -> tuple[str, str | None, str | None]:
    (row,) = judge(measurement).results
    return row.verdict.value, row.mechanism, row.rule


def calls(measurement: Measurement, arm: Arm = Arm.A) -> list[FlowRecord]:
    return [f for f in measurement.flows if (f.kind.leg, f.kind.arm) == ("signalling", arm)]


@pytest.mark.parametrize(
    ("world", "label", "rule"),
    [
        ("sip-forbidden", "sip.inject", "blocked.setup"),
        ("sip-forbidden-race", "sip.inject", "blocked.forged"),
        ("sip-hang-up", "sip.inject", "blocked.forged"),
        ("sip-icmp", "sip.reject", "blocked.setup"),
    ],
)
def test_forged_and_refused_calls_are_named(
    worlds: dict[str, Measurement], world: str, label: str, rule: str
) -> None:
    assert said(worlds[world]) == ("blocked", label, rule)


@pytest.mark.parametrize("what", ["401", "407", "408", "302", "503", "200", "CANCEL"])
def test_what_a_proxy_says_in_good_faith_accuses_nobody(worlds: dict[str, Measurement], what: str) -> None:
    measurement = copy.deepcopy(worlds["sip-forbidden-race"])
    for flow in measurement.flows:
        flow.foreign = [ForeignSip(what, f.t_us, after_final=f.after_final) for f in flow.foreign]
    assert said(measurement)[0] == "ok"


def test_a_refusal_after_the_answer_and_a_hang_up_before_it_end_nothing() -> None:
    record = calls_of_nobody()
    for what, after, ended in [("403", False, True), ("403", True, False), ("BYE", True, True)]:
        record.foreign = [ForeignSip(what, 1, after_final=after)]
        assert ended_by_forgery(record) is ended
    record.foreign = [ForeignSip("BYE", 1, after_final=False)]
    assert not ended_by_forgery(record)
    assert "401" not in REFUSALS


@pytest.mark.parametrize("more", [{"status": "200 OK"}, {"ports": [5060]}])
def test_a_gateway_that_takes_registrations_too_is_accused_of_nothing(
    more: dict[str, Any],
) -> None:
    world = replace(load_worlds().get("clean"), policy={"policy": "sip-gateway", **more})
    measurement = run_simulated(world, apps=["sip"], seed=1)
    (row,) = judge(measurement).results
    assert (row.rule, row.mechanism) == ("insufficient.altered", None)
    assert "sip-gateway" in row.notes
    for flow in measurement.flows:
        flow.foreign = []
    assert said(measurement)[0] == "blocked", "text that dies without an answer is dropped"


def test_who_forges_answers_to_calls_alone_is_no_gateway(worlds: dict[str, Measurement]) -> None:
    session = join_session(worlds["sip-forbidden"], 0)
    flows = [f for f in session.of_app("sip") if f.record.kind.leg == "signalling"]
    outcomes = [o for o in outcomes_at(session, flows, Stage.SETUP) if o.flow.arm is Arm.A and o.dead]
    assert len(outcomes) >= 2
    assert not terminated(outcomes), "their registrations arrived"


def calls_of_nobody() -> FlowRecord:
    measurement = run_simulated(load_worlds().get("clean"), apps=["sip"], seed=2)
    return calls(measurement)[0]


def test_two_calls_at_one_time_are_not_enough(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-hang-up"])
    for flow in calls(measurement):
        if flow.question == "repeat":
            flow.foreign = []
    assert sum(bool(f.foreign) for f in calls(measurement)) >= 2
    assert said(measurement)[0] == "ok"


def test_one_stray_in_many_calls_is_not_enough(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-hang-up"])
    met = calls(measurement)
    for flow in met[1:-1]:
        flow.foreign = []
    session = join_session(measurement, 0)
    views = [f for f in session.of_app("sip") if f.arm is Arm.A and f.record.kind.leg == "signalling"]
    outcomes = outcomes_at(session, views, Stage.SETUP)
    assert len(outcomes) > 4
    assert not injected(outcomes)
    assert said(measurement)[0] == "ok"


def test_a_gateway_that_rewrites_is_excluded_before_anyone_is_accused(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-alg"])
    assert said(measurement)[:2] == ("ok", "sip.alg")
    for flow in calls(measurement):
        flow.foreign = [ForeignSip("403", flow.started_us + 1, after_final=False)]
    assert said(measurement)[:2] == ("ok", "sip.alg")


def test_beside_a_dead_control_nobody_is_accused(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-hang-up"])
    measurement.flows = [f for f in measurement.flows if f.kind.arm not in {Arm.C, Arm.C_NEUTRAL}]
    (row,) = judge(measurement).results
    assert row.verdict is not Verdict.BLOCKED


def test_refused_on_one_port_only_is_no_refusal_of_sip(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-icmp"])
    for flow in calls(measurement, Arm.A_NEUTRAL):
        flow.failures = []
    assert said(measurement)[:2] == ("blocked", "sip.drop")


def test_what_is_refused_and_no_sip_keeps_its_label(worlds: dict[str, Measurement]) -> None:
    measurement = copy.deepcopy(worlds["sip-forbidden"])
    for flow in measurement.flows:
        flow.foreign = []
    assert said(measurement)[:2] == ("blocked", "sip.drop")
    for flow in calls(measurement)[:1]:
        flow.failures = [FlowFailure(Failure.PORT_UNREACHABLE, 1)]
    assert said(measurement)[:2] == ("blocked", "sip.drop"), "one error is none"
