"""A leg that comes after another goes on from its socket, to another port."""

from collections import defaultdict

import msgspec
import pytest

from tests.experiment.support import RELAY_THEN_PEER
from voipwatch.apps import ProfileSet, load_profile_file
from voipwatch.apps.ports import neutral_before, neutral_ports
from voipwatch.inference import judge
from voipwatch.lab.drive import Simulation
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.nat import Mapping, NatCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm
from voipwatch.wire.farlog import decode_farlog

EARLY, OWN = 4200, 4202


def two_legs(text: str = RELAY_THEN_PEER) -> ProfileSet:
    return ProfileSet.of([load_profile_file("viber.toml", text.encode())])


def world(policy: dict[str, object] | None = None, nat: NatCondition | None = None) -> World:
    clean = load_worlds().get("clean")
    line = LineCondition(up=LinkCondition(delay_ms=20), down=LinkCondition(delay_ms=20), nat=nat)
    return msgspec.structs.replace(clean, line=line, policy=policy or {"policy": "open"})


def measured(place: World) -> Measurement:
    return Simulation(place, apps=("viber",), seed=3, profiles=two_legs()).run()


def verdict(place: World) -> tuple[str, str | None, str | None]:
    (row,) = judge(measured(place)).results
    return row.verdict, row.stage, row.mechanism


def test_both_legs_leave_from_one_socket_in_order() -> None:
    simulation = Simulation(world(), apps=("viber",), seed=3, profiles=two_legs())
    sent: dict[int, list[int]] = defaultdict(list)
    up = simulation.net.up

    def listen(
        now: float, sock: int, dport: int, data: bytes, ttl: int | None = None, reflector: int = 0
    ) -> None:
        sent[sock].append(dport)
        up(now, sock, dport, data, ttl, reflector)

    simulation.net.up = listen  # type: ignore[method-assign]  # the wire is tapped
    measurement = simulation.run()
    by_arm = defaultdict(list)
    for socket, record in enumerate(measurement.flows):
        if record.kind.leg == "media":
            by_arm[record.kind.arm].append((record.remote_port, sent[socket]))
    assert set(by_arm) == {Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL}
    for arm in (Arm.A, Arm.C):
        for own, ports in by_arm[arm]:
            assert (own, ports[0]) == (OWN, EARLY)
            assert set(ports) == {EARLY, OWN}
            assert ports == sorted(ports), "the earlier leg first, and never again"
    for arm in (Arm.A_NEUTRAL, Arm.C_NEUTRAL):
        for own, ports in by_arm[arm]:
            assert own in neutral_ports
            assert set(ports) == {neutral_before(own), own}
            assert ports[0] == neutral_before(own)


@pytest.mark.parametrize("mapping", list(Mapping))
def test_a_translator_between_takes_nothing_from_the_verdict(mapping: Mapping) -> None:
    """A per-destination NAT gives the second leg another outer port: no rebind, and its media finds home."""
    measurement = measured(world(nat=NatCondition(mapping=mapping)))
    check = judge(measurement)
    assert [(r.app, r.verdict) for r in check.results] == [("viber", "ok")]
    log = measurement.reflectors[0].log
    assert log is not None
    legs = [f for f in measurement.flows if f.kind.leg == "media"]
    far = {f.flow: f for f in decode_farlog(log.payload).flows}
    assert all(far[f.flow].sources == 1 and far[f.flow].port == f.remote_port for f in legs)
    assert all(any(seq >= MEDIA_SEQ for seq in f.received.seq) for f in legs)


@pytest.mark.parametrize("port", [EARLY, OWN])
def test_either_port_dropped_is_the_ports_fault(port: int) -> None:
    assert verdict(world({"policy": "port-drop", "ports": [[port, port]]})) == (
        "blocked",
        "setup",
        "port.drop",
    )
