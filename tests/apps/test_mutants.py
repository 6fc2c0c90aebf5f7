"""Derived mutants: one property changed and nothing else, numbers that reach no other kind."""

from dataclasses import replace

import pytest

from voipwatch.apps import compile_script, flow_id, kind_of, kind_table, load_profiles, mutant_kinds
from voipwatch.apps.messages import BuildContext
from voipwatch.apps.mutants import (
    DTLS_HELLO,
    STUN_ALL,
    STUN_BINDING,
    asks_about,
    changed,
    derived,
    plays,
    round_of,
)
from voipwatch.lab.policy.fingerprint import ja3, ja4, read_hello
from voipwatch.model.flows import HELD_REPLICATES, MUTANTS_MAX, FlowKind
from voipwatch.model.vocabulary import PRIVATE, Arm, Media, Stage
from voipwatch.wire.token import CONTROL_FLOW

PROFILES = load_profiles()
KINDS = kind_table(PROFILES)
MUTANTS = mutant_kinds(PROFILES)
SEED = b"seed"


def treatment_of(kind: FlowKind) -> FlowKind:
    return FlowKind(kind.app, kind.dialect, kind.leg, Arm.A, "", kind.media)


def datagram(kind: FlowKind, index: int) -> bytes:
    message = compile_script(PROFILES, kind, 0, SEED).rounds[index].request
    token = bytes(min(16, message.room(message.size)))
    context = BuildContext(bytes(32), bytes(range(32)), token, message.size)
    return message.codec.build(context)


HELLOS = [k for k in MUTANTS if k.mutant == DTLS_HELLO and k.media is Media.NONE]


@pytest.mark.parametrize("kind", HELLOS, ids=lambda k: f"{k.app}-{k.leg}")
def test_another_hello_has_the_same_size_and_no_fingerprint_of_the_apps_own(kind: FlowKind) -> None:
    own = compile_script(PROFILES, treatment_of(kind), 0, SEED)
    index = next(i for i, r in enumerate(own.rounds) if read_hello(datagram(treatment_of(kind), i)))
    mine, others = datagram(treatment_of(kind), index), datagram(kind, index)
    hello, other = read_hello(mine), read_hello(others)
    assert hello is not None
    assert other is not None
    assert len(mine) == len(others)
    assert (ja3(hello), ja4(hello)) != (ja3(other), ja4(other))
    assert ja3(hello) != ja3(other)
    assert ja4(hello) != ja4(other)
    assert bytes.fromhex("1d00170018") in mine
    assert bytes.fromhex("1d00170018") not in others
    changed_script = compile_script(PROFILES, kind, 0, SEED)
    for at, (before, after) in enumerate(zip(own.rounds, changed_script.rounds, strict=True)):
        same = ("stage", "copies", "copy_gap_ms", "reply_delay_ms", "retry_ms", "pause_ms")
        assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]
        assert [r.size for r in before.replies] == [r.size for r in after.replies]
        assert at == index or datagram(treatment_of(kind), at) == datagram(kind, at)


def test_a_held_call_with_another_hello_is_as_long_as_the_apps_own() -> None:
    kind = next(k for k in MUTANTS if k.mutant == DTLS_HELLO and k.media is Media.VOICE)
    script = compile_script(PROFILES, kind, HELD_REPLICATES[0], SEED)
    own = compile_script(PROFILES, treatment_of(kind), HELD_REPLICATES[0], SEED)
    assert script.media_s == own.media_s == 10.0
    assert [(p.offset_us, p.size) for p in script.up] == [(p.offset_us, p.size) for p in own.up]
    assert script.port == own.port


def test_a_direct_leg_has_a_generic_binding_on_its_own_port() -> None:
    kind = next(k for k in MUTANTS if (k.app, k.mutant) == ("whatsapp", STUN_BINDING))
    script = compile_script(PROFILES, kind, 0, SEED)
    profile = PROFILES.get("whatsapp")
    assert profile is not None
    assert profile.is_direct(profile.leg(kind.leg))
    assert script.port == profile.leg(kind.leg).port
    assert (len(script.rounds), script.early_rounds, script.up) == (1, 0, ())
    own = next(k for k in KINDS if (k.app, k.mutant) == ("whatsapp", STUN_BINDING))
    assert compile_script(PROFILES, own, 0, SEED).rounds[0].request.size == script.rounds[0].request.size


@pytest.mark.parametrize("kind", MUTANTS, ids=lambda k: f"{k.app}-{k.leg}-{k.mutant}-{k.media}")
def test_every_mutant_has_a_number_of_its_own_that_leads_back_to_it(kind: FlowKind) -> None:
    for replicate in (0, 31):
        flow = flow_id(KINDS, kind, replicate, mutants=MUTANTS)
        assert flow < CONTROL_FLOW & ~31
        assert kind_of(KINDS, flow, mutants=MUTANTS) == (kind, replicate)
        with pytest.raises(IndexError):
            kind_of(KINDS, flow)
    with pytest.raises(KeyError):
        flow_id(KINDS, kind, 0)


def test_no_two_mutants_are_one_and_there_is_room_for_them() -> None:
    assert len(set(MUTANTS)) == len(MUTANTS) < MUTANTS_MAX
    assert not set(MUTANTS) & set(KINDS)


def test_numbers_between_the_tables_name_nothing() -> None:
    for number in (len(KINDS), 2046 - len(MUTANTS), 2047):
        with pytest.raises(IndexError):
            kind_of(KINDS, number * 32, mutants=MUTANTS)


def test_a_private_profile_has_none() -> None:
    profile = PROFILES.get("webrtc")
    assert profile is not None
    assert derived(profile)
    assert derived(replace(profile, id=PRIVATE)) == []


def test_what_a_mutant_asks_about() -> None:
    def asks(mutant: str, media: Media = Media.NONE) -> set[Stage]:
        kind = FlowKind("webrtc", "d", "server", Arm.D, mutant, media)
        return {stage for stage in Stage if asks_about(kind, stage)}

    assert asks(DTLS_HELLO) == {Stage.HANDSHAKE}
    assert asks(DTLS_HELLO, Media.VOICE) == {Stage.VOICE}
    assert asks(STUN_BINDING) == asks("turn-allocate") == {Stage.SETUP}


def test_what_is_no_mutant_has_no_script() -> None:
    profile = PROFILES.get("webrtc")
    assert profile is not None
    with pytest.raises(KeyError):
        changed(profile, "nothing")
    assert round_of(profile, FlowKind("webrtc", "d", "server", Arm.D, "nothing")) is None


def stun_of(app: str, mutant: str) -> tuple[bytes, bytes]:
    """The first request of an app's set-up, and of its mutant."""
    kind = next(k for k in MUTANTS if (k.app, k.mutant) == (app, mutant))
    return datagram(treatment_of(kind), 0), datagram(kind, 0)


@pytest.mark.parametrize("app", ["whatsapp", "webrtc", "meet", "facetime"])
def test_each_single_mutant_of_a_set_up_changes_its_property_alone(app: str) -> None:
    own, cookie = stun_of(app, "stun-cookie")
    assert len(own) == len(cookie)
    assert own[4:8] == bytes.fromhex("2112a442") != cookie[4:8]
    assert own[:4] == cookie[:4]
    _, typed = stun_of(app, "stun-type")
    assert own[:2] != typed[:2] == bytes.fromhex("000d")
    assert own[2:8] == typed[2:8]
    _, renamed = stun_of(app, "stun-attributes")
    assert own[:20] == renamed[:20]
    assert own[20:22] != renamed[20:22] == bytes.fromhex("c0f0")
    _, every = stun_of(app, STUN_ALL)
    assert (every[:2], every[20:22]) == (typed[:2], renamed[20:22])
    assert every[4:8] != own[4:8]
    assert len({len(own), len(typed), len(renamed), len(every)}) == 1


def test_a_mutant_of_a_set_up_plays_the_set_up_alone() -> None:
    kind = next(k for k in MUTANTS if (k.app, k.mutant) == ("webrtc", STUN_ALL))
    script = compile_script(PROFILES, kind, 0, SEED)
    assert {r.stage for r in script.rounds} == {Stage.SETUP}
    assert script.up == script.down == ()
    assert plays(kind, Stage.SETUP)
    assert not plays(kind, Stage.HANDSHAKE)
