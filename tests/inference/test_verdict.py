"""Each rule by a planted line of its own: what makes it hold, and what it then says."""

from collections.abc import Callable

import msgspec
import pytest

from tests.inference.build import SIP, WEBRTC, Check, Packet, Shape, World, both, clean, drops, loses
from tests.inference.test_direct import DIRECT, RELAY, own
from tests.inference.worlds import GUILTY, residual
from voipwatch.inference import RULES, judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.flows import FlowFailure, ForeignSip
from voipwatch.model.measurement import Interruption, Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Direction, Failure, Family, Stage, Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def a_setup(p: Packet) -> bool:
    return p.treatment and not p.media


def one(measurement: Measurement) -> AppResult:
    (row,) = judge(measurement).results
    return row


def guilty(name: str) -> Measurement:
    world = GUILTY[name]
    return Check(world.make(), (world.shape,), rejects=world.rejects, held=world.held).run()


def invalid() -> Measurement:
    measurement = Check(clean, (SMALL,)).run()
    measurement.invalid = "internal"
    return measurement


def unresolved_name() -> Measurement:
    measurement = Check(clean, (SMALL,)).run()
    measurement.flows, measurement.reflectors[0].failure = [], Failure.DNS_NXDOMAIN
    return measurement


def no_route() -> Measurement:
    measurement = Check(drops(lambda _: True), (SMALL,), tcp={}, logged=False).run()
    for flow in measurement.flows:
        flow.failures.append(FlowFailure(Failure.NETWORK_UNREACHABLE, 0))
    return measurement


def not_run() -> Measurement:
    measurement = Check(clean, (SMALL,)).run()
    measurement.apps = ["viber"]
    return measurement


def not_served() -> Measurement:
    measurement = Check(drops(lambda p: p.app_port), (SMALL,)).run()
    measurement.reflectors[0].udp_ports = [9]
    return measurement


def without(measurement: Measurement, *arms: Arm) -> Measurement:
    measurement.flows = [f for f in measurement.flows if f.kind.arm not in arms]
    return measurement


def two_reflectors(first: Measurement, second: Measurement) -> Measurement:
    """The flows of two checks as seen through two reflectors in one."""
    moved = [msgspec.structs.replace(f, reflector=1) for f in second.flows]
    return msgspec.structs.replace(
        first, reflectors=[*first.reflectors, *second.reflectors], flows=[*first.flows, *moved]
    )


def hung_up(measurement: Measurement) -> Measurement:
    """A BYE that the far end never sent came into every call."""
    for flow in measurement.flows:
        if flow.kind.arm in (Arm.A, Arm.A_NEUTRAL):
            flow.foreign = [ForeignSip("BYE", flow.started_us + 90_000, after_final=True)]
    return measurement


def blocked() -> Measurement:
    return Check(drops(a_setup), (SMALL,)).run()


CASES: dict[str, Callable[[], Measurement]] = {
    "blocked.setup": blocked,
    "blocked.handshake": lambda: guilty("dtls"),
    "blocked.media": lambda: guilty("srtp"),
    "blocked.port": lambda: guilty("port-drop"),
    "blocked.forged": lambda: hung_up(Check(clean, (SIP,)).run()),
    "blocked.cut": lambda: guilty("cut"),
    "blocked.direct": lambda: Check(drops(lambda p: p.treatment and own(p)), (RELAY, DIRECT)).run(),
    "blocked.residual": lambda: residual(Check(shapes=(SMALL,))).run(),
    "throttled.media": lambda: guilty("loss-80"),
    "throttled.port": lambda: guilty("port-throttle"),
    "down.line": lambda: first_of_two(drops(lambda p: p.app == "whatsapp")),
    "down.udp": lambda: Check(drops(lambda _: True), (SMALL,)).run(),
    "down.ports": lambda: run_simulated(load_worlds().get("firewall-but-quic"), apps=["whatsapp"], seed=1000),
    "down.intercept": lambda: Check(drops(lambda _: True), (SMALL,), tcp={"tls-443": "intercepted"}).run(),
    "down.allowlist": lambda: Check(drops(lambda p: p.family is Family.U or p.treatment), (SMALL,)).run(),
    "ok.clean": lambda: Check(clean, (SMALL,)).run(),
    "ok.allowlist": lambda: Check(drops(lambda p: p.family is Family.U), (SMALL,)).run(),
    "ok.control-dead": lambda: Check(drops(lambda p: p.arm in (Arm.C, Arm.C_NEUTRAL)), (SMALL,)).run(),
    "ok.altered": lambda: Check(clean, (SIP,), alters=lambda p: p.treatment).run(),
    "insufficient.invalid": invalid,
    "insufficient.interrupted": lambda: Check(
        clean, (SMALL,), setup_blocks=1, blocks=0, interrupted=Interruption("user", 1.0)
    ).run(),
    "insufficient.resolve": unresolved_name,
    "insufficient.reach": no_route,
    "insufficient.not-run": not_run,
    "insufficient.port-not-served": not_served,
    "insufficient.control-bad": lambda: Check(
        both(drops(a_setup), loses(0.3, 2, lambda p: not p.treatment)), (SMALL,)
    ).run(),
    "insufficient.control-missing": lambda: without(blocked(), Arm.C, Arm.C_NEUTRAL),
    "insufficient.not-repeated": lambda: Check(drops(a_setup), (SMALL,), repeat=False).run(),
    # Two flows of A alone, two seconds apart, beside few controls: a dead path of four does that.
    "insufficient.lottery": lambda: thin(Check(drops(lambda p: p.arm is Arm.A), (SMALL,)).run()),
    "insufficient.mixed": lambda: Check(
        drops(lambda p: p.arm is Arm.A and int(p.flow_started_s * 1000) % 2 == 0 and not p.media),
        (SMALL,),
    ).run(),
    "insufficient.contradiction": lambda: Check(
        drops(lambda p: p.arm in (Arm.A, Arm.C, Arm.C_NEUTRAL)), (SMALL,)
    ).run(),
    "insufficient.treatment": lambda: Check(clean, (SMALL,), setup_blocks=1, blocks=0).run(),
    "insufficient.unresolved": lambda: Check(
        loses(0.5, 2, lambda p: p.treatment and p.media), (SMALL,), blocks=5
    ).run(),
    "insufficient.altered": lambda: Check(
        drops(lambda p: a_setup(p) and p.seq >= 64), (SIP,), alters=lambda p: p.treatment
    ).run(),
    "insufficient.reflector-limit": lambda: Check(clean, (SMALL,), dead_from_s=3.0, refused_at_s=3.0).run(),
    "insufficient.reflectors": lambda: two_reflectors(blocked(), Check(clean, (SMALL,)).run()),
}


def first_of_two(world: World) -> Measurement:
    """The row of the first of two apps."""
    measurement = Check(world, (SMALL, WEBRTC)).run()
    measurement.apps = ["whatsapp"]
    return measurement


def thin(measurement: Measurement) -> Measurement:
    """One block of the first ones and one of the repeat, with a control family each."""
    measurement.flows = [f for f in measurement.flows if f.block in {0, 5}]
    return measurement


OF_PROVIDERS = {
    "blocked.resolve", "blocked.reach", "ok.reach", "insufficient.stale", "insufficient.no-canary",
    "insufficient.provider",
}  # fmt: skip
"""Their cases are in test_reach.py: they need no flow."""


def test_there_is_a_case_for_every_rule() -> None:
    assert list(CASES) == [rule for rule in RULES if rule not in OF_PROVIDERS]


@pytest.mark.parametrize("rule", list(CASES))
def test_each_rule_holds_on_its_own_line(rule: str) -> None:
    row = one(CASES[rule]())
    assert row.rule == rule, (row, row.stages)
    assert row.verdict is RULES[rule].outcome


def test_silence_after_the_warm_up_may_be_the_reflectors_death() -> None:
    """Without another app that lives meanwhile nobody can tell a dead line from a dead reflector."""
    row = one(Check(drops(lambda p: p.arm is not Arm.W), (SMALL,)).run())
    assert row.rule == "insufficient.interrupted"
    assert "reflector-silent" in row.notes


def test_two_reflectors_that_agree_say_it_once() -> None:
    row = one(two_reflectors(blocked(), blocked()))
    assert (row.rule, row.mechanism, row.direction) == ("blocked.setup", "app.drop", Direction.UP)


def test_what_two_reflectors_do_not_share_is_not_said() -> None:
    down = Check(drops(lambda p: a_setup(p) and not p.up), (SMALL,)).run()
    row = one(two_reflectors(blocked(), down))
    assert (row.verdict, row.mechanism, row.direction) == (Verdict.BLOCKED, "app.drop", None)
    stun = Check(drops(lambda p: a_setup(p) or p.mutant != ""), (SMALL,)).run()
    row = one(two_reflectors(blocked(), stun))
    assert (row.verdict, row.mechanism, row.direction) == (Verdict.BLOCKED, None, Direction.UP)


def test_a_reflector_without_evidence_does_not_outvote_one_with() -> None:
    empty = Check(clean, (SMALL,)).run()
    empty.flows = []
    assert one(two_reflectors(empty, blocked())).rule == "blocked.setup"


def test_disagreement_is_noted() -> None:
    assert "reflectors-disagree" in one(CASES["insufficient.reflectors"]()).notes


@pytest.mark.parametrize("logged", [True, False])
def test_one_family_alone_accuses_nobody(logged: bool) -> None:
    """Q was never sent: whether the app or all unknown UDP dies, nobody knows."""
    measurement = Check(drops(a_setup), (SMALL,), logged=logged).run()
    measurement.flows = [f for f in measurement.flows if f.family is not Family.Q]
    assert one(measurement).verdict is Verdict.INSUFFICIENT


def test_a_dead_setup_without_the_log_is_blocked_with_no_direction() -> None:
    row = one(Check(drops(a_setup), (SMALL,), logged=False).run())
    assert (row.verdict, row.direction, row.effect_up) == (Verdict.BLOCKED, None, None)


def test_the_effect_of_a_block_is_a_hundred_points() -> None:
    row = one(blocked())
    assert row.effect_up is not None
    assert (row.effect_up.loss_points, row.effect_up.low) == (100.0, 100.0)
    assert row.effect_up.n_flows == 8
    assert row.effect_up.confidence == pytest.approx(1 - 2**-7)


def test_stages_end_where_the_call_does() -> None:
    row = one(guilty("dtls"))
    assert [(s.stage, s.verdict) for s in row.stages] == [
        (Stage.SETUP, Verdict.OK),
        (Stage.HANDSHAKE, Verdict.BLOCKED),
    ]
    handshake = row.stages[1]
    assert handshake.lost_up == handshake.sent_up > 0
    assert handshake.flows == 8


def test_what_still_works_is_what_was_answered() -> None:
    row = one(Check(drops(a_setup), (SMALL,), tcp={"tls-443": "answered", "tcp-5222": "dead"}).run())
    assert row.works == ["tls-443"]
    assert "Got an answer from this reflector: TLS port 443." in row.explanation


def test_a_living_messaging_path_does_not_soften_a_block() -> None:
    assert one(blocked()).verdict is Verdict.BLOCKED


@pytest.mark.parametrize("reason", ["user", "budget", "reflector-died"])
def test_a_dead_reflector_is_no_dead_line(reason: str) -> None:
    measurement = Check(drops(lambda _: True), (SMALL,), interrupted=Interruption(reason, 9.0)).run()
    expected = Verdict.INSUFFICIENT if reason == "reflector-died" else Verdict.DOWN
    assert one(measurement).verdict is expected


def test_unknown_apps_get_a_row_too() -> None:
    measurement = Check(clean, (SMALL, WEBRTC)).run()
    measurement.apps = ["zoom", "whatsapp", "webrtc", "whatsapp"]
    rows = judge(measurement).results
    assert [r.app for r in rows] == measurement.apps
    assert [r.verdict for r in rows] == [Verdict.INSUFFICIENT, Verdict.OK, Verdict.OK, Verdict.OK]
