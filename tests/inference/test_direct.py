"""The direct leg beside its relay leg: when its death is said, of whom, and what it never changes."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inference.build import Check, Packet, Shape, World, both, clean, drops, loses
from voipwatch.inference import RULES, judge
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.measurement import Interruption
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Direction, Family, Stage, Verdict

RELAY = Shape(media_s=0.6, spacing_s=0.04)
DIRECT = Shape(
    leg="peer",
    rounds=(Stage.SETUP, Stage.SETUP, Stage.SETUP),
    relay_rounds=2,
    media_s=0.6,
    spacing_s=0.04,
    arms=(Arm.A, Arm.C),
    only_first=True,
    mutants=(),
)
KEYED = Shape(
    leg="peer", rounds=(Stage.SETUP, Stage.SETUP, Stage.HANDSHAKE), relay_rounds=2, media_s=0.6,
    spacing_s=0.04, arms=(Arm.A, Arm.C), only_first=True, mutants=(),
)  # fmt: skip


def own(packet: Packet) -> bool:
    """A packet of the direct leg itself, not of the relay's rounds before it."""
    return packet.leg == "peer" and packet.seq >= 2 * 64


def told(world: World, shape: Shape = DIRECT, **more: object) -> AppResult:
    (row,) = judge(Check(world, (RELAY, shape), **more).run()).results  # type: ignore[arg-type]  # by name
    return row


def stage_of(row: AppResult) -> tuple[Verdict, str]:
    (found,) = [s for s in row.stages if s.stage is Stage.DIRECT]
    return found.verdict, found.rule


def test_where_both_legs_live_the_app_is_ok_and_the_direct_stage_too() -> None:
    row = told(clean)
    assert (row.rule, row.stage, row.notes) == ("ok.clean", None, [])
    assert [s.stage for s in row.stages] == [Stage.SETUP, Stage.VOICE, Stage.DIRECT]
    assert stage_of(row) == (Verdict.OK, "ok.clean")


@pytest.mark.parametrize("logged", [True, False])
def test_a_dead_direct_leg_beside_a_living_relay_is_said_as_that_and_no_more(logged: bool) -> None:
    row = told(drops(lambda p: p.treatment and own(p)), logged=logged)
    assert (row.verdict, row.stage, row.rule) == (Verdict.BLOCKED, Stage.DIRECT, "blocked.direct")
    assert row.mechanism is None, "no generic sibling of this leg was asked"
    assert "direct-blocked" in row.notes
    others = {s.stage: s.verdict for s in row.stages if s.stage is not Stage.DIRECT}
    assert others == {Stage.SETUP: Verdict.OK, Stage.VOICE: Verdict.OK}
    assert "the app's relay get through" in row.explanation
    assert row.effect_up is not None


def test_dead_voice_and_a_dead_key_exchange_of_it_have_their_names() -> None:
    voice = told(drops(lambda p: p.treatment and own(p) and p.media), replace(DIRECT, twice=True))
    assert (voice.rule, voice.mechanism, voice.direction) == ("blocked.direct", "rtp.drop", Direction.BOTH)
    assert voice.effect_up is not None
    assert voice.effect_up.loss_points == 100.0
    spared = drops(lambda p: p.treatment and own(p) and p.media and (not p.up or p.seq > MEDIA_SEQ))
    killed = told(spared, replace(DIRECT, twice=True))
    assert (killed.rule, killed.mechanism) == ("blocked.direct", "flow.kill")
    assert killed.effect_up is not None
    assert (killed.effect_up.loss_points or 0.0) > 90.0, "of its media, which died, not of its set-up"
    keys = told(drops(lambda p: p.treatment and own(p)), KEYED)
    assert (keys.rule, keys.mechanism, keys.direction) == ("blocked.direct", "dtls.drop", Direction.UP)


def test_a_dead_port_accuses_nobody() -> None:
    row = told(drops(own))
    assert (row.rule, row.notes) == ("ok.clean", ["direct-port-dead"])
    assert stage_of(row) == (Verdict.INSUFFICIENT, "insufficient.control-missing")


def test_a_dead_relay_speaks_for_itself_whatever_the_direct_leg_does() -> None:
    relay = drops(lambda p: p.treatment and p.leg == "relay" and p.media)
    dead = drops(lambda p: p.treatment and own(p))
    assert (told(relay).rule, told(relay).stage) == ("blocked.media", Stage.VOICE)
    row = told(both(relay, dead))
    assert (row.rule, row.stage) == ("blocked.media", Stage.VOICE)
    assert "direct-blocked" in row.notes


def test_relay_rounds_that_die_in_the_direct_legs_flows_are_not_the_direct_legs_death() -> None:
    row = told(drops(lambda p: p.treatment and p.leg == "peer"))
    assert (row.rule, row.notes) == ("ok.clean", ["direct-unclear"])
    assert stage_of(row) == (Verdict.INSUFFICIENT, "insufficient.treatment")


def test_a_direct_leg_that_was_not_dead_twice_accuses_nobody() -> None:
    row = told(drops(lambda p: p.treatment and own(p)), repeat=False)
    assert (row.rule, row.notes) == ("ok.clean", ["direct-unclear"])
    assert stage_of(row) == (Verdict.INSUFFICIENT, "insufficient.not-repeated")


def test_one_lossy_path_of_four_is_not_the_direct_legs_death() -> None:
    dice = drops(lambda p: own(p) and p.flow % 4 == 0)
    assert told(dice).verdict is not Verdict.BLOCKED


def test_its_few_flows_are_no_evidence_of_throttling() -> None:
    """Half of the direct voice lost: neither a throttled app nor a doubt about its relay."""
    row = told(loses(0.5, 3, lambda p: p.treatment and own(p) and p.media), replace(DIRECT, twice=True))
    assert row.rule == "ok.clean"
    assert row.quality.loss_up_ratio == 0.0, "how the voice sounds is said of the relay's"


def test_where_unknown_udp_is_dropped_nobody_singles_out_the_direct_leg() -> None:
    row = told(drops(lambda p: p.family is Family.U or (p.treatment and own(p))))
    assert row.rule == "ok.allowlist"


def test_what_was_proved_before_the_end_stands() -> None:
    ended = Interruption("interrupt", 20.0)
    row = told(drops(lambda p: p.treatment and own(p)), interrupted=ended)
    assert row.rule == "blocked.direct"


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.2, 0.5]))
def test_loss_that_spares_nobody_never_accuses(seed: int, ratio: float) -> None:
    row = told(loses(ratio, seed))
    assert row.verdict not in {Verdict.BLOCKED, Verdict.THROTTLED}
    assert RULES[row.rule].outcome is row.verdict


def test_media_sequence_numbers_lie_beyond_every_round() -> None:
    assert 64 * len(DIRECT.rounds) < MEDIA_SEQ
