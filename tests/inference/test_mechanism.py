"""Mechanisms: each leaf of the tree, and the places where no label may be given."""

import msgspec
import pytest

from tests.inference.build import SIP, WEBRTC, Check, Packet, Shape, World, drops
from voipwatch.inference import judge
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Direction, Stage, Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def a_setup(p: Packet) -> bool:
    return p.treatment and not p.media


def row(measurement: Measurement) -> AppResult:
    (found,) = judge(measurement).results
    assert found.verdict is Verdict.BLOCKED
    return found


def label(world: World, shape: Shape = SMALL) -> str | None:
    return row(Check(world, (shape,)).run()).mechanism


@pytest.mark.parametrize(
    ("mutants", "expected"),
    [
        ({"stun-binding", "turn-allocate"}, "stun.drop"),
        ({"stun-binding"}, "stun.drop"),
        ({"turn-allocate"}, "turn.drop"),
        (set(), "app.drop"),
    ],
)
def test_the_mutants_name_the_trigger(mutants: set[str], expected: str) -> None:
    assert label(drops(lambda p: a_setup(p) or p.mutant in mutants)) == expected


def test_without_mutants_nothing_is_named() -> None:
    """`app.drop` claims that generic messages pass, which nobody tried."""
    assert label(drops(a_setup), msgspec_replace(SMALL, mutants=())) is None


def test_mutants_that_disagree_among_themselves_name_nothing() -> None:
    measurement = Check(
        drops(lambda p: a_setup(p) or (p.mutant == "stun-binding" and p.at_s < 7.5)), (SMALL,)
    ).run()
    assert row(measurement).mechanism is None


def test_one_flow_of_a_mutant_says_nothing() -> None:
    measurement = Check(drops(lambda p: a_setup(p) or p.mutant != ""), (SMALL,)).run()
    measurement.flows = [f for f in measurement.flows if f.kind.arm is not Arm.D or f.replicate == 0]
    assert row(measurement).mechanism is None


def test_a_flow_that_dies_after_its_first_packet() -> None:
    found = row(Check(drops(lambda p: p.treatment and p.nth > 0), (SMALL,)).run())
    assert (found.mechanism, found.direction) == ("flow.kill", Direction.BOTH)


def test_a_dropped_hello_is_no_killed_flow() -> None:
    assert label(drops(lambda p: p.treatment and p.stage is Stage.HANDSHAKE), WEBRTC) == "dtls.drop"


def test_a_hello_that_passes_once_is_a_killed_flow() -> None:
    def once(p: Packet) -> bool:
        return p.treatment and (p.stage is Stage.HANDSHAKE or p.media) and not (p.up and p.seq % 64 == 0)

    assert label(drops(once), WEBRTC) == "flow.kill"


def one_try(measurement: Measurement) -> Measurement:
    """As if the check had stopped each treatment flow after its first request."""
    for flow in measurement.flows:
        if flow.kind.arm in (Arm.A, Arm.A_NEUTRAL) and flow.round_stages:
            kept = [i for i, s in enumerate(flow.sent.seq) if s == 0]
            for name in ("seq", "t_us", "size_bytes", "crc"):
                column = getattr(flow.sent, name)
                setattr(flow.sent, name, [column[i] for i in kept])
    return measurement


def killed(p: Packet) -> bool:
    return (p.treatment or p.arm is Arm.D) and p.nth > 0


def test_a_request_that_is_not_tried_again_shows_no_kill() -> None:
    found = row(one_try(Check(drops(killed), (SIP,)).run()))
    assert (found.mechanism, found.direction) == ("sip.drop", Direction.DOWN)


def test_it_borrows_from_a_leg_without_setup() -> None:
    media = Shape(app="sip", leg="media", rounds=(), media_s=0.6, mutants=())
    found = row(one_try(Check(drops(killed), (SIP, media)).run()))
    assert (found.stage, found.mechanism, found.direction) == (Stage.SETUP, "flow.kill", Direction.BOTH)


def test_it_borrows_from_the_mutants() -> None:
    found = row(one_try(Check(drops(killed), (SMALL,)).run()))
    assert (found.mechanism, found.direction) == ("flow.kill", Direction.BOTH)


@pytest.mark.parametrize("share", [0, 1, 2])
def test_a_reject_needs_two_flows(share: int) -> None:
    measurement = Check(drops(lambda p: p.app_port), (SMALL,)).run()
    rejected = Check(rejects=drops(lambda p: p.app_port and p.up), shapes=(SMALL,)).run()
    failures = [f.failures for f in rejected.flows if f.failures]
    own = [f for f in measurement.flows if f.kind.arm is Arm.A]
    for flow, seen in zip(own[:share], failures, strict=False):
        flow.failures = seen
    assert row(measurement).mechanism == ("port.reject" if share == 2 else "port.drop")


def test_a_port_does_not_explain_a_dead_neutral_treatment() -> None:
    found = row(Check(drops(lambda p: p.app_port or (p.arm is Arm.A_NEUTRAL)), (SMALL,)).run())
    assert (found.rule, found.mechanism) == ("blocked.port", None)


def test_one_way_is_said_only_of_a_direction_known_to_live() -> None:
    world = drops(lambda p: p.treatment and p.media and not p.up)
    assert row(Check(world, (SMALL,)).run()).mechanism == "rtp.oneway"
    unlogged = row(Check(world, (SMALL,), logged=False).run())
    assert (unlogged.mechanism, unlogged.direction) == ("rtp.drop", Direction.DOWN)


def test_answers_that_die_are_down() -> None:
    found = row(Check(drops(lambda p: a_setup(p) and not p.up), (SMALL,)).run())
    assert found.direction is Direction.DOWN


def msgspec_replace(shape: Shape, **changes: object) -> Shape:
    return Shape(**{**{f: getattr(shape, f) for f in shape.__dataclass_fields__}, **changes})


def test_the_row_is_plain_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(row(Check(drops(a_setup), (SMALL,)).run())))
