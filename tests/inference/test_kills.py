"""Match, then kill: what shows that a flow died by its first packets, and what only looks like it."""

import pytest

from tests.inference.build import SIP, WEBRTC, Check, Packet, Shape, World, both, drops, loses
from voipwatch.inference import judge
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.vocabulary import Arm, Stage, Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def label(world: World, *shapes: Shape) -> str | None:
    (found,) = judge(Check(world, shapes).run()).results
    assert found.verdict is Verdict.BLOCKED
    return found.mechanism


def first_up(p: Packet) -> bool:
    return p.up and p.seq == MEDIA_SEQ


def test_media_of_which_one_packet_passes_is_killed() -> None:
    assert label(drops(lambda p: p.treatment and p.media and not first_up(p)), SMALL) == "flow.kill"


def test_media_of_which_none_passes_is_dropped() -> None:
    assert label(drops(lambda p: p.treatment and p.media), SMALL) == "rtp.drop"


def test_first_packets_that_pass_both_ways_are_spared_for_what_they_are() -> None:
    """A first packet with a mark that the box does not look for passes in each direction."""
    spared = drops(lambda p: p.treatment and p.media and p.seq != MEDIA_SEQ)
    assert label(spared, SMALL) == "rtp.drop"


def test_a_packet_in_the_middle_that_passes_shows_no_kill() -> None:
    later = drops(lambda p: p.treatment and p.media and not (p.up and p.seq == MEDIA_SEQ + 8))
    assert label(later, SMALL) == "rtp.drop"


@pytest.mark.parametrize("seed", [1, 2])
def test_loss_does_not_hide_killed_media(seed: int) -> None:
    world = both(drops(lambda p: p.treatment and p.media and not first_up(p)), loses(0.03, seed))
    assert label(world, SMALL) == "flow.kill"


def test_the_neutral_port_shows_what_the_own_port_had_no_time_for() -> None:
    """On the app's port the answer to a hello dies; on the neutral one the hello said again does too."""

    def after_hello(p: Packet) -> bool:
        hello = p.up and p.seq % 64 == 0
        return p.treatment and (p.media or (p.stage is Stage.HANDSHAKE and not hello))

    measurement = Check(drops(after_hello), (WEBRTC,)).run()
    for flow in measurement.flows:
        if flow.kind.arm is Arm.A:
            kept = [i for i, s in enumerate(flow.sent.seq) if s < MEDIA_SEQ and s % 64 == 0]
            for name in ("seq", "t_us", "size_bytes", "crc"):
                column = getattr(flow.sent, name)
                setattr(flow.sent, name, [column[i] for i in kept])
    (found,) = judge(measurement).results
    assert (found.stage, found.mechanism) == (Stage.HANDSHAKE, "flow.kill")


def test_an_exchange_that_passes_before_the_rest_dies_is_killed_where_another_leg_shows_it() -> None:
    media = Shape(app="sip", leg="media", rounds=(), media_s=0.6, mutants=())
    world = drops(lambda p: p.treatment and p.nth > 0 and not (p.leg != "media" and p.seq < 64))
    assert label(world, SIP, media) == "flow.kill"
    assert label(world, SIP) == "sip.drop"


def test_an_answer_that_passes_once_and_not_again_shows_a_kill() -> None:
    """Both copies of a request pass and one of their answers; then nothing more does."""
    world = drops(lambda p: p.treatment and (p.media or p.seq >= 64 or (not p.up and p.seq // 4 % 16 > 0)))
    assert label(world, SMALL) == "flow.kill"


def test_a_second_round_dropped_for_what_it_is_shows_none() -> None:
    world = drops(lambda p: p.treatment and (p.media or p.seq >= 64))
    assert label(world, SMALL) == "app.drop"
