"""Relay leg, then direct leg: every world of it, and the days on which the far end or the line has less."""

import msgspec
import pytest

from tests.integration.support import ACCUSATIONS, SEED
from voipwatch.apps import load_profiles, udp_ports
from voipwatch.apps.profile import Leg
from voipwatch.inference import judge
from voipwatch.lab import drive
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Stage, Verdict

WORLDS = load_worlds().of_leg_order
BUDGET_BYTES = 700_000
"""An app: enough for both legs' set-up and media; `voipwatch lab matrix` spends the whole budget."""


def direct_of(row: AppResult) -> list[Verdict]:
    return [stage.verdict for stage in row.stages if stage.stage is Stage.DIRECT]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.id)
def test_each_world_gets_the_verdict_that_it_must(world: World) -> None:
    measurement = run_simulated(world, apps=tuple(world.expected), seed=SEED, budget_bytes=BUDGET_BYTES)
    for row in judge(measurement).results:
        assert world.expected[row.app].accepts(row.verdict, row.stage, row.mechanism, row.direction), row
        assert len(direct_of(row)) == 1
        if row.verdict in ACCUSATIONS:
            others = {s.verdict for s in row.stages if s.stage is not Stage.DIRECT}
            assert others == {Verdict.OK}, "nothing but the direct leg is accused"


def test_a_dead_relay_leg_has_no_direct_one_after_it_and_the_result_says_so() -> None:
    world = load_worlds().get("stun-cookie")
    measurement = run_simulated(world, apps=("whatsapp",), seed=SEED)
    (row,) = judge(measurement).results
    assert (row.verdict, row.stage) == (Verdict.BLOCKED, Stage.SETUP)
    assert not [flow for flow in measurement.flows if flow.relay_rounds]
    assert direct_of(row) == []
    assert "direct-leg" in row.not_tested


def held_by_another(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """The reflector could not bind the port: another program on its machine holds it."""

    def without(profiles: object) -> tuple[int, ...]:
        return tuple(p for p in udp_ports(profiles) if p != port)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(drive, "udp_ports", without)


def leg(role: str) -> Leg:
    profile = load_profiles().get("signal")
    assert profile is not None
    return next(each for each in profile.legs if each.run and each.role == role)


def test_where_another_program_holds_the_direct_legs_port_that_leg_is_not_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held_by_another(monkeypatch, leg("peer").port)
    measurement = run_simulated(
        load_worlds().get("clean"), apps=("signal",), seed=SEED, budget_bytes=BUDGET_BYTES
    )
    (row,) = judge(measurement).results
    assert (row.verdict, direct_of(row)) == (Verdict.OK, [])
    assert "direct-leg" in row.not_tested
    assert "the direct leg between two phones" in row.explanation


def test_where_another_program_holds_the_relay_legs_port_nothing_is_said_of_the_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held_by_another(monkeypatch, leg("turn").port)
    measurement = run_simulated(
        load_worlds().get("clean"), apps=("signal",), seed=SEED, budget_bytes=BUDGET_BYTES
    )
    (row,) = judge(measurement).results
    assert row.rule == "insufficient.port-not-served"
    assert not [flow for flow in measurement.flows if flow.relay_rounds]
    assert "direct-leg" in row.not_tested


def test_without_the_log_a_cut_direct_leg_is_still_told() -> None:
    world = load_worlds().get("direct-checks")
    only = msgspec.structs.replace(world, expected={"signal": world.expected["signal"]})
    measurement = run_simulated(
        only, apps=("signal",), seed=SEED, budget_bytes=BUDGET_BYTES, control_blocked=True
    )
    (row,) = judge(measurement).results
    assert (row.verdict, row.stage) in {(Verdict.BLOCKED, Stage.DIRECT), (Verdict.OK, None)}
    assert direct_of(row) != [Verdict.OK]
