"""A call that dies of its hello: another lives beside it, in the handshake or as long as it was held."""

from dataclasses import replace

import pytest

from tests.inference.build import WEBRTC, Check, Packet, World, drops
from voipwatch.inference import judge
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Stage, Verdict

HELLO = replace(WEBRTC, mutants=("stun-binding", "turn-allocate", "dtls-hello"))
OTHER = "dtls-hello"


def call(p: Packet) -> bool:
    return p.treatment or p.mutant == OTHER


def label(measurement: Measurement) -> str | None:
    (row,) = judge(measurement).results
    assert row.verdict is Verdict.BLOCKED
    return row.mechanism


def handshake(world: World) -> Measurement:
    return Check(world, (HELLO,)).run()


def held(world: World) -> Measurement:
    return Check(world, (HELLO,), held=True).run()


def test_another_hello_that_lives_beside_the_dead_one() -> None:
    assert label(handshake(drops(lambda p: p.treatment and p.stage is Stage.HANDSHAKE))) == "dtls.fingerprint"


def test_a_flow_killed_right_after_its_hello_is_the_hellos() -> None:
    def after(p: Packet) -> bool:
        return p.treatment and (p.stage is Stage.HANDSHAKE or p.media) and not (p.up and p.seq % 64 == 0)

    assert label(handshake(drops(after))) == "dtls.fingerprint"


def test_where_every_hello_dies_it_is_no_fingerprint() -> None:
    assert label(handshake(drops(lambda p: call(p) and p.stage is Stage.HANDSHAKE))) == "dtls.drop"


def test_hellos_that_disagree_name_no_fingerprint() -> None:
    def world(p: Packet) -> bool:
        return p.stage is Stage.HANDSHAKE and (p.treatment or (p.mutant == OTHER and p.at_s < 7.5))

    assert label(handshake(drops(world))) == "dtls.drop"


def test_a_hello_that_is_answered_before_its_flow_dies_lives_no_longer_than_the_apps_own() -> None:
    """Whoever kills every flow some hundredths of a second after any hello."""
    shape = replace(HELLO, rounds=(Stage.SETUP, Stage.HANDSHAKE, Stage.HANDSHAKE))
    killed = drops(lambda p: call(p) and p.seq >= 128)
    assert label(Check(killed, (shape,)).run()) == "dtls.drop"
    spared = drops(lambda p: p.treatment and p.seq >= 128)
    assert label(Check(spared, (shape,)).run()) == "dtls.fingerprint"


def test_one_flow_with_another_hello_says_nothing() -> None:
    measurement = handshake(drops(lambda p: p.treatment and p.stage is Stage.HANDSHAKE))
    measurement.flows = [f for f in measurement.flows if f.kind.mutant != OTHER or f.replicate == 0]
    assert label(measurement) == "dtls.drop"


def late(p: Packet, seconds: float = 2.5) -> bool:
    return p.at_s - p.flow_started_s > seconds


def test_a_call_cut_late_whose_other_hello_lives_on() -> None:
    assert label(held(drops(lambda p: p.treatment and late(p)))) == "dtls.fingerprint"


def test_a_call_cut_late_whatever_its_hello() -> None:
    assert label(held(drops(lambda p: call(p) and late(p)))) == "flow.cut"


@pytest.mark.parametrize("up", [True, False])
def test_another_hello_that_lives_one_way_only_is_cut_too(up: bool) -> None:
    world = drops(lambda p: late(p) and (p.treatment or (p.mutant == OTHER and p.up is up)))
    assert label(held(world)) == "flow.cut"


def test_one_held_call_with_another_hello_says_nothing() -> None:
    measurement = held(drops(lambda p: p.treatment and late(p)))
    measurement.flows = [f for f in measurement.flows if f.kind.arm is not Arm.D or f.replicate != 29]
    assert label(measurement) == "flow.cut"


def test_another_hello_held_no_longer_than_the_cut_says_nothing() -> None:
    measurement = held(drops(lambda p: p.treatment and late(p)))
    for flow in measurement.flows:
        if flow.kind.mutant == OTHER:
            flow.replicate = 0
    assert label(measurement) == "flow.cut"
