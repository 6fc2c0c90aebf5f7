from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from voipwatch.apps import compile_script, kind_table, load_profiles
from voipwatch.cli.plan import (
    _placed,
    _places,
    digests_fit,
    media_fits,
    question_fits,
    sweeps_fit,
    tcp_fits,
)
from voipwatch.cli.reportfile import decode_report
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.hops import HopChain
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import MEDIA_SEQ, FlowRecord
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import LINE, Arm, Failure, Media


@pytest.fixture
def measurement(report_bytes: bytes) -> Measurement:
    return decode_report(report_bytes, name="report")[0].measurement


def of(measurement: Measurement, question: str) -> FlowRecord:
    return next(f for f in measurement.flows if f.question == question and f.kind.arm is not Arm.W)


def test_reports_stand_where_some_seed_puts_them() -> None:
    """Against the compiler itself, over seeds: every place that it gives is known, and hardly any other."""
    profiles = load_profiles()
    kinds = [
        k for k in kind_table(profiles) if k.media is not Media.NONE and k.app != LINE and k.arm is Arm.A
    ]
    with_reports = 0
    for kind in kinds:
        for replicate in (0, 28):
            scripts = [compile_script(profiles, kind, replicate, bytes([n]) * 32) for n in range(16)]
            seen = {_placed(script) for script in scripts}
            assert seen <= _places(profiles, kind, scripts[0].media_s), kind
            assert len(_places(profiles, kind, scripts[0].media_s)) <= 2 * len(seen) + 2, kind
            with_reports += any(up for up, _, _ in seen)
    assert with_reports


def test_every_flow_of_a_real_check_fits(measurement: Measurement) -> None:
    profiles = load_profiles()
    assert {f.question for f in measurement.flows} >= {"warmup", "setup", "repeat", "trigger"}
    assert any(f.media_s for f in measurement.flows)
    for flow in measurement.flows:
        assert question_fits(flow), flow.flow
        assert media_fits(flow, compile_script(profiles, flow.kind, flow.replicate, b"any"), profiles), (
            flow.flow
        )


@pytest.mark.parametrize(
    ("question", "changes"),
    [
        ("setup", {"question": "repeat"}),
        ("setup", {"question": "held"}),
        ("setup", {"question": "trigger"}),
        ("setup", {"question": "warmup"}),
        ("setup", {"question": "anything"}),
        ("setup", {"question": ""}),
        ("setup", {"block": 7}),
        ("repeat", {"question": "setup"}),
        ("trigger", {"question": "media"}),
        ("trigger", {"block": 9}),
    ],
)
def test_a_question_that_is_not_the_flows(
    measurement: Measurement, question: str, changes: dict[str, object]
) -> None:
    flow = of(measurement, question)
    assert not question_fits(msgspec.structs.replace(flow, **changes))


def longer(flow: FlowRecord) -> None:
    flow.media_s += 1.0


def more_reports(flow: FlowRecord) -> None:
    flow.aside_up = [*flow.aside_up, MEDIA_SEQ + 1]


def all_reports(flow: FlowRecord) -> None:
    flow.aside_down = list(range(MEDIA_SEQ, MEDIA_SEQ + flow.planned_down))


def set_up_as_report(flow: FlowRecord) -> None:
    flow.aside_up = [0]


def fewer_planned(flow: FlowRecord) -> None:
    flow.planned_down -= 1


def media_never_planned(flow: FlowRecord) -> None:
    flow.media_s, flow.aside_up, flow.aside_down, flow.planned_down = 0.0, [], [], 0


@pytest.mark.parametrize(
    "change", [longer, more_reports, all_reports, set_up_as_report, fewer_planned, media_never_planned]
)
def test_media_that_no_seed_plans(measurement: Measurement, change: Callable[[FlowRecord], None]) -> None:
    flow = next(f for f in measurement.flows if f.media_s and f.kind.arm is Arm.C)
    script = compile_script(load_profiles(), flow.kind, flow.replicate, b"any")
    assert media_fits(flow, script, load_profiles())
    change(flow)
    assert not media_fits(flow, script, load_profiles())


def test_media_of_the_far_end_may_begin_where_those_of_this_end_never_did(measurement: Measurement) -> None:
    """The last answer came after this end had given up on it; the far end had begun by then."""
    flow = next(f for f in measurement.flows if f.media_s and f.kind.arm is Arm.C)
    script = compile_script(load_profiles(), flow.kind, flow.replicate, b"any")
    media_never_planned(flow)
    keep = [number for number, seq in enumerate(flow.sent.seq) if seq < MEDIA_SEQ]
    flow.sent = msgspec.structs.replace(
        flow.sent,
        **{name: [getattr(flow.sent, name)[n] for n in keep] for name in flow.sent.__struct_fields__},
    )
    assert max(flow.received.seq) >= MEDIA_SEQ
    assert media_fits(flow, script, load_profiles())


def test_trials_of_a_real_check_fit(measurement: Measurement) -> None:
    assert measurement.tcp
    assert tcp_fits(measurement, load_profiles())


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "tls-8443"},
        {"arm": "X"},
        {"port": 53},
        {"reflector": 1},
        {"reflector": -1},
        {"answered": False},
        {"failure": Failure.CONNECTION_CLOSED},
        {"connect_ms": None},
    ],
)
def test_trials_that_nobody_asks_for(measurement: Measurement, changes: dict[str, object]) -> None:
    trial = next(t for t in measurement.tcp if t.answered)
    measurement.tcp = [msgspec.structs.replace(trial, **changes)]
    assert not tcp_fits(measurement, load_profiles())


def test_a_trial_is_made_once(measurement: Measurement) -> None:
    measurement.tcp = [measurement.tcp[0], measurement.tcp[0]]
    assert not tcp_fits(measurement, load_profiles())


def test_a_port_that_the_reflector_does_not_serve_was_not_tried(measurement: Measurement) -> None:
    measurement.reflectors[0].tcp_ports = []
    assert not tcp_fits(measurement, load_profiles())


def test_every_app_with_a_profile_is_named_by_its_digest(measurement: Measurement) -> None:
    profiles = load_profiles()
    assert digests_fit(measurement, profiles)
    digest = measurement.profile_digests.pop("webrtc")
    assert not digests_fit(measurement, profiles)
    measurement.profile_digests["webrtc"] = digest[::-1]
    assert not digests_fit(measurement, profiles)


def swept() -> Measurement:
    world = msgspec.structs.replace(load_worlds().get("clean"), policy={"policy": "stun-cookie"})
    return run_simulated(world, apps=["whatsapp"], seed=4, hops=HopChain(4, 2))


def test_a_sweep_of_a_real_check_fits_and_another_does_not() -> None:
    measurement, profiles = swept(), load_profiles()
    assert sweeps_fit(measurement, profiles)
    (sweep,) = measurement.sweeps
    first = sweep.probes[0]
    other = Arm.C if first.arm is Arm.A else Arm.A
    changes: list[dict[str, Any]] = [
        {"probes": [first, first]},
        {"probes": [msgspec.structs.replace(first, arm=other)]},
        {"probes": [msgspec.structs.replace(first, ttl=31)]},
        {"probes": [msgspec.structs.replace(first, ttl=0)]},
        {"probes": [msgspec.structs.replace(first, answer="heaven")]},
        {"probes": [msgspec.structs.replace(first, flow=first.flow // 32 * 32)]},
        {"probes": [msgspec.structs.replace(first, flow=0xFFFF)]},
        {"app": "sip"},
        {"reflector": 1},
        {"control": Arm.A_NEUTRAL},
    ]
    for change in changes:
        measurement.sweeps = [msgspec.structs.replace(sweep, **change)]
        assert not sweeps_fit(measurement, profiles), change
    measurement.sweeps = [sweep, sweep]
    assert not sweeps_fit(measurement, profiles), "each app once"
    measurement.sweeps, measurement.sweeps_state = [sweep], ""
    assert not sweeps_fit(measurement, profiles), "nobody asked"
    for state in ("ok", "system", "via", ""):
        measurement.sweeps, measurement.sweeps_state = [], state
        assert sweeps_fit(measurement, profiles)
