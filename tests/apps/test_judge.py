"""nDPI, asked once for the whole module: calls have their call names, controls have none."""

import sys
from collections import Counter

import pytest

from scripts import judge
from tests.support.environment import require
from voipwatch.apps import load_profiles
from voipwatch.model.vocabulary import CONTROL_ARMS, Arm, Family

PROFILES = load_profiles()
FLOWS = judge.flows_of(PROFILES, {"treatment": 4, "mutant": 3, "control": 10, "warmup": 14})
"""Half of `make judge`, which is the whole table; each direct session costs a start of nDPI."""


@pytest.fixture(scope="module")
def rulings() -> list[judge.Ruling]:
    require(sys.platform in {"linux", "darwin"}, "nfstream is not to be had on this system")
    pytest.importorskip("nfstream")
    return judge.judge(PROFILES, b"the judge's seed of thirty-two b", FLOWS)


@pytest.mark.slow
def test_every_flow_was_seen(rulings: list[judge.Ruling]) -> None:
    assert len(rulings) == len(FLOWS)
    assert {ruling.flow for ruling in rulings} == set(FLOWS)


@pytest.mark.slow
def test_treatments_get_their_legs_call_name(rulings: list[judge.Ruling]) -> None:
    treated = [ruling for ruling in rulings if ruling.flow.kind.arm in (Arm.A, Arm.A_NEUTRAL)]
    assert len(treated) >= 200
    assert judge.failures(PROFILES, treated) == []


@pytest.mark.slow
def test_neither_control_family_nor_the_warm_up_gets_any_name(rulings: list[judge.Ruling]) -> None:
    controls = [ruling for ruling in rulings if ruling.flow.kind.arm in CONTROL_ARMS]
    counts = Counter(ruling.flow.family for ruling in controls)
    assert counts[Family.U] >= 200
    assert counts[Family.Q] >= 200
    assert [ruling for ruling in controls if ruling.recognised] == []
    assert any(ruling.flow.kind.arm is Arm.W for ruling in controls)


@pytest.mark.slow
def test_mutants_are_generic_stun(rulings: list[judge.Ruling]) -> None:
    mutants = [ruling for ruling in rulings if ruling.flow.kind.arm is Arm.D]
    assert mutants
    assert {ruling.recognised for ruling in mutants} == {"STUN"}


@pytest.mark.slow
def test_neutral_ports_have_no_default_app(rulings: list[judge.Ruling]) -> None:
    neutral = [ruling for ruling in rulings if ruling.flow.kind.arm in (Arm.C_NEUTRAL, Arm.W)]
    assert {ruling.name for ruling in neutral} == {"Unknown"}


def test_a_wrong_name_is_a_failure() -> None:
    flows = {
        flow.kind.arm: flow for flow in judge.flows_of(PROFILES) if flow.kind.app in ("whatsapp", "line")
    }
    good = judge.Ruling(flows[Arm.A], "SRTP.WhatsAppCall", 6, 9)
    guessed = judge.Ruling(flows[Arm.A], "WhatsAppCall", 1, 9)
    plain = judge.Ruling(flows[Arm.A], "STUN", 6, 9)
    control = judge.Ruling(flows[Arm.C], "Viber", 6, 9)
    silent = judge.Ruling(flows[Arm.C], "STUN", 1, 9)
    assert judge.failures(PROFILES, [good, silent]) == []
    assert len(judge.failures(PROFILES, [guessed, plain, control])) == 3
    assert any("Viber (6): 1" in row for row in judge.table([control]))


def test_a_name_by_chance_is_granted_to_few_flows_and_to_no_other_app() -> None:
    flows = [f for f in judge.flows_of(PROFILES) if f.kind.app == "zoom" and f.kind.arm is Arm.A]
    few, many = ([judge.Ruling(flow, "Viber", 6, 9) for flow in flows[:count]] for count in (4, 5))
    assert judge.lookalikes(few) == few
    assert judge.failures(PROFILES, few) == []
    assert len(judge.failures(PROFILES, many)) == 5
    other = next(f for f in judge.flows_of(PROFILES) if f.kind.app == "meet" and f.kind.arm is Arm.A)
    assert len(judge.failures(PROFILES, [judge.Ruling(other, "Viber", 6, 9)])) == 1


def test_a_leg_without_a_signature_must_get_no_call_name() -> None:
    flow = next(
        f for f in judge.flows_of(PROFILES) if f.kind.leg == "peer-ciphertext" and f.kind.arm is Arm.A
    )
    nameless, guessed = judge.Ruling(flow, "Unknown", 0, 9), judge.Ruling(flow, "Telegram", 1, 9)
    assert judge.failures(PROFILES, [nameless, guessed]) == []
    assert len(judge.failures(PROFILES, [judge.Ruling(flow, "Telegram", 6, 9)])) == 1


def test_each_session_of_a_direct_leg_has_a_capture_of_its_own() -> None:
    flows = judge.flows_of(PROFILES)
    first, *direct = judge.sessions_of(PROFILES, flows)
    assert sorted(map(repr, flows)) == sorted(repr(f) for session in (first, *direct) for f in session)
    for session in direct:
        assert (
            len({(f.kind.app, f.kind.dialect, f.kind.leg, f.kind.media, f.replicate) for f in session}) == 1
        )
        assert sorted(f.kind.arm for f in session) == sorted((Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL))
    after = {(p.id, leg.id) for p in PROFILES.profiles for leg in p.legs if leg.after}
    assert {(f.kind.app, f.kind.leg) for session in direct for f in session} == after
    treated = {(f.kind.app, f.kind.leg) for f in first if f.kind.arm in judge.TREATMENTS}
    assert not treated & after
