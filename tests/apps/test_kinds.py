"""Kinds of flows: one order, one number each, and what a wrong number gives."""

import pytest

from tests.apps.support import changed, load
from voipwatch.apps import ProfileSet, compile_script, flow_id, kind_of, kind_table, load_profiles
from voipwatch.apps.codecs.stun import StunSpec
from voipwatch.apps.kinds import KINDS_MAX
from voipwatch.apps.line import WARMUP_KIND
from voipwatch.model.flows import REPLICATES, FlowKind
from voipwatch.model.vocabulary import Arm, Media

PROFILES = load_profiles()
KINDS = kind_table(PROFILES)


def test_the_small_profiles_table_is_this() -> None:
    mutant = '[[mutants]]\nid = "stun-binding"\nleg = "relay"\nrequest = "hello"\nreplies = ["welcome"]\n\n'
    text = changed("[[provenance]]", mutant + "[[provenance]]")
    arms = (Arm.A, Arm.C, Arm.A_NEUTRAL, Arm.C_NEUTRAL)
    assert kind_table(ProfileSet.of([load(text)])) == (
        WARMUP_KIND,
        *(FlowKind("whatsapp", "one", "relay", arm, "", Media.NONE) for arm in arms),
        *(FlowKind("whatsapp", "one", "relay", arm, "", Media.VOICE) for arm in arms),
        FlowKind("whatsapp", "one", "relay", Arm.D, "stun-binding", Media.NONE),
    )


def test_no_kind_is_there_twice_and_a_flow_id_has_sixteen_bits() -> None:
    assert len(set(KINDS)) == len(KINDS) <= KINDS_MAX
    assert flow_id(KINDS, KINDS[-1], REPLICATES - 1) < 0xFFFD  # the highest ids are tokens' own


def test_legs_that_are_not_run_are_not_listed() -> None:
    legs = {(profile.id, leg.id): leg.run for profile in PROFILES.profiles for leg in profile.legs}
    listed = {(kind.app, kind.leg) for kind in KINDS} - {("line", "warmup")}
    assert listed == {name for name, run in legs.items() if run}
    assert {("skype", "relay"), ("webrtc", "turn")} <= set(legs) - listed


def test_every_app_with_stun_has_its_mutants() -> None:
    mutants = {(kind.app, kind.mutant) for kind in KINDS if kind.arm is Arm.D}
    with_stun = {
        profile.id
        for profile in PROFILES.profiles
        if any(isinstance(message, StunSpec) for message in profile.messages.values())
    }
    assert {"whatsapp", "webrtc"} <= with_stun
    assert mutants >= {(app, name) for app in with_stun for name in ("stun-binding", "turn-allocate")}


def test_ids_and_kinds_turn_into_each_other() -> None:
    seen = set()
    for kind in KINDS:
        for replicate in (0, 17, 31):
            number = flow_id(KINDS, kind, replicate)
            assert kind_of(KINDS, number) == (kind, replicate)
            seen.add(number)
    assert len(seen) == 3 * len(KINDS)
    assert flow_id(KINDS, WARMUP_KIND, 1) == 1


def test_wrong_numbers_are_refused() -> None:
    for number in (len(KINDS) * REPLICATES, 0xFFFF, -1):
        with pytest.raises(IndexError):
            kind_of(KINDS, number)
    for replicate in (-1, 32):
        with pytest.raises(ValueError, match="is not 0 to 31"):
            flow_id(KINDS, WARMUP_KIND, replicate)
    unknown = FlowKind("viber", "x", "y", Arm.A)
    with pytest.raises(KeyError):
        flow_id(KINDS, unknown, 0)
    with pytest.raises(KeyError):
        compile_script(PROFILES, unknown, 0, b"s")
