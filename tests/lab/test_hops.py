"""Chains of routers as data, and whole checks over them in virtual time: the place is where the box is."""

from collections.abc import Mapping

import msgspec
import pytest

from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.hops import ICMP_BURST, HopChain, IcmpLimits
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Place
from voipwatch.model.vocabulary import Arm, Verdict

COOKIE = {"policy": "stun-cookie"}
SIP_PORTS = {"policy": "port-reject", "ports": [[5060, 5061]]}


def checked(
    policy: Mapping[str, object], app: str, chain: HopChain, *, budget_bytes: int = 2_000_000
) -> Measurement:
    world = msgspec.structs.replace(load_worlds().get("clean"), policy=dict(policy))
    return run_simulated(world, apps=[app], seed=3, hops=chain, budget_bytes=budget_bytes)


def place(measurement: Measurement) -> Place:
    (row,) = judge(measurement).results
    assert row.verdict is Verdict.BLOCKED
    assert row.place is not None
    return row.place


@pytest.mark.parametrize(
    ("policy", "app", "chain"),
    [
        (COOKIE, "whatsapp", HopChain(3, 1)),
        (COOKIE, "whatsapp", HopChain(12, 12)),
        (COOKIE, "whatsapp", HopChain(6, 4, before_age=True)),
        ({"policy": "match-then-kill"}, "whatsapp", HopChain(8, 5)),
        ({"policy": "sip-text"}, "sip", HopChain(7, 2)),
        (SIP_PORTS, "sip", HopChain(7, 5)),
    ],
    ids=["first", "last", "before-age", "match-then-kill", "sip-text", "refused"],
)
def test_the_hop_of_the_box_whatever_the_box(policy: Mapping[str, object], app: str, chain: HopChain) -> None:
    found = place(checked(policy, app, chain))
    assert (found.outcome, found.after, found.before) == ("hop", chain.last_hop, chain.last_hop + 1)
    assert found.hops == chain.count + 1
    assert found.confidence is not None
    assert found.confidence >= 0.95
    assert found.seconds <= 15.0
    assert found.refused_at == (chain.box_at if policy is SIP_PORTS else None)


def test_a_dead_port_is_followed_by_the_control_on_another() -> None:
    (sweep,) = checked(SIP_PORTS, "sip", HopChain(5, 2)).sweeps
    assert (sweep.dead, sweep.control) == (Arm.C, Arm.C_NEUTRAL)


def test_silent_routers_make_the_place_wider() -> None:
    found = place(checked(COOKIE, "whatsapp", HopChain(7, 3, silent=(4, 5))))
    assert (found.after, found.before, found.silent) == (3, 6, [4, 5])
    quiet = place(checked(COOKIE, "whatsapp", HopChain(4, 3, silent=(1, 2, 3, 4))))
    assert quiet.outcome == "silent"


def test_nobody_asks_for_a_place_where_nothing_is_dead() -> None:
    measurement = checked({"policy": "open"}, "webrtc", HopChain(4, 2))
    assert (measurement.sweeps, measurement.sweeps_state) == ([], "ok")
    assert judge(measurement).results[0].place is None


def test_what_a_sweep_costs_is_the_apps_and_within_its_budget() -> None:
    measurement = checked(COOKIE, "whatsapp", HopChain(6, 3), budget_bytes=45_000)
    assert [sweep.state for sweep in measurement.sweeps] == ["budget"]
    assert measurement.costs["whatsapp"].bytes < 50_000
    spent = sum(sum(f.sent.size_bytes) for f in measurement.flows if f.kind.app == "whatsapp")
    assert measurement.costs["whatsapp"].bytes > spent


def test_the_box_must_be_on_a_router() -> None:
    for box_at in (0, 4):
        with pytest.raises(ValueError, match="1 to 3"):
            HopChain(3, box_at)


def test_each_router_has_its_own_address() -> None:
    for count in range(3, 13):
        chain = HopChain(count, 1)
        addresses = [chain.address(hop) for hop in range(1, count + 1)]
        assert len(set(addresses)) == count
        assert sum(ip.startswith("100.64.") for ip in addresses) == max(0, chain.shared_until - 1)


def test_a_router_sends_six_errors_at_once_and_then_one_a_second() -> None:
    limits = IcmpLimits()
    assert [limits.admits(1, 5.0) for _ in range(8)] == [True] * ICMP_BURST + [False] * 2
    assert limits.admits(2, 5.0), "each router counts for itself"
    assert not limits.admits(1, 5.9)
    assert limits.admits(1, 6.0)
    assert not limits.admits(1, 6.5)
    assert [limits.admits(1, 60.0) for _ in range(7)] == [True] * ICMP_BURST + [False]
