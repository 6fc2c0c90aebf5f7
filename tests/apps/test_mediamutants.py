"""Mutants of media: one property of the RTP packets changed, every size and time as it was, tokens found."""

from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voipwatch.apps import compile_script, load_profiles, mutant_kinds
from voipwatch.apps.mediamutants import (
    OTHER_VERSION,
    RTP_ALL,
    RTP_CHANGES,
    RTP_MUTANTS,
    RTP_NUMBERING,
    RTP_TYPE,
    RTP_VERSION,
    media_mutants,
)
from voipwatch.apps.messages import BuildContext
from voipwatch.apps.mutants import derived_by_format
from voipwatch.apps.scripts import MediaPacket
from voipwatch.model.flows import FlowKind
from voipwatch.model.vocabulary import Arm, Media
from voipwatch.wire.place import uplink_place

PROFILES = load_profiles()
MUTANTS = [k for k in mutant_kinds(PROFILES) if k.mutant in RTP_MUTANTS]
SEED = b"seed"
BARE = [k for k in MUTANTS if k.leg in ("relay-2015", "server", "media") and k.media is Media.VOICE]
"""Legs whose RTP begins with the datagram."""


class Header(NamedTuple):
    version: int
    kind: int
    number: int
    time: int
    source: bytes


def built(packet: MediaPacket, token: bytes = bytes(range(100, 116))) -> bytes:
    room = packet.message.room(packet.size)
    token = (token * 4)[: min(room, 52)]
    return packet.message.codec.build(
        BuildContext(bytes(32), bytes(range(32)), token, packet.size, packet.index)
    )


def header(data: bytes) -> Header:
    return Header(
        data[0] >> 6,
        data[1] & 0x7F,
        int.from_bytes(data[2:4]),
        int.from_bytes(data[4:8]),
        data[8:12],
    )


def own_of(kind: FlowKind) -> FlowKind:
    return FlowKind(kind.app, kind.dialect, kind.leg, Arm.A, "", kind.media)


@pytest.mark.parametrize("kind", BARE, ids=lambda k: f"{k.app}-{k.mutant}")
def test_each_changes_its_own_property_and_no_other(kind: FlowKind) -> None:
    mine, other = (compile_script(PROFILES, k, 0, SEED) for k in (own_of(kind), kind))
    for way, changed_way in ((mine.up, other.up), (mine.down, other.down)):
        before = [header(built(p)) for p in way if not p.aside]
        after = [header(built(p)) for p in changed_way if not p.aside]
        changed = {
            RTP_VERSION: [h.version for h in before] != [h.version for h in after],
            RTP_TYPE: [h.kind for h in before] != [h.kind for h in after],
            RTP_NUMBERING: [(h.number, h.time) for h in before] != [(h.number, h.time) for h in after],
        }
        expected = set(changed) if kind.mutant == RTP_ALL else {kind.mutant}
        assert {name for name, differs in changed.items() if differs} == expected
        assert [h.source for h in before] == [h.source for h in after]
        if RTP_VERSION in expected:
            assert {h.version for h in after} == {OTHER_VERSION}
        if RTP_TYPE in expected:
            assert all(35 < h.kind < 64 for h in after)
        if RTP_NUMBERING in expected:
            steps = [(b.number - a.number) & 0xFFFF for a, b in pairwise(after)]
            assert all(256 < step < 65_280 for step in steps), "no small step, up or down"
        assert [p for p in way if p.aside] == [p for p in changed_way if p.aside]


@pytest.mark.parametrize("kind", MUTANTS, ids=lambda k: f"{k.app}-{k.leg}-{k.mutant}-{k.media.value}")
def test_set_up_sizes_and_times_are_the_apps_own(kind: FlowKind) -> None:
    mine, other = (compile_script(PROFILES, k, 0, SEED) for k in (own_of(kind), kind))
    assert mine.rounds == other.rounds
    assert (mine.port, mine.media_s, mine.media_stage) == (other.port, other.media_s, other.media_stage)
    for way, changed_way in ((mine.up, other.up), (mine.down, other.down)):
        assert [(p.offset_us, p.size, p.index) for p in way] == [
            (p.offset_us, p.size, p.index) for p in changed_way
        ]
        assert [p.message.room(p.size) for p in way] == [p.message.room(p.size) for p in changed_way]
        assert way != changed_way


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(MUTANTS), st.integers(0, 27), st.binary(min_size=16, max_size=16), st.data())
def test_both_ends_find_the_token(kind: FlowKind, replicate: int, token: bytes, data: st.DataObject) -> None:
    script = compile_script(PROFILES, kind, replicate, SEED)
    up, down = data.draw(st.sampled_from(script.up)), data.draw(st.sampled_from(script.down))
    assert uplink_place(built(up, token)) == token
    room = down.message.room(down.size)
    assert down.message.codec.read(built(down, token)) == (token * 4)[: min(room, 52)]


def test_they_come_behind_those_of_the_first_format_and_move_none() -> None:
    assert derived_by_format[1] is media_mutants
    first = mutant_kinds(PROFILES, 1)
    assert mutant_kinds(PROFILES)[: len(first)] == first
    assert not {k.mutant for k in first} & set(RTP_MUTANTS)
    assert mutant_kinds(PROFILES, 0) == ()
    assert set(RTP_CHANGES) == set(RTP_MUTANTS)


def test_a_direct_leg_has_none() -> None:
    direct = {(p.id, leg.id) for p in PROFILES.profiles for leg in p.legs if p.is_direct(leg)}
    assert direct
    assert not direct & {(k.app, k.leg) for k in MUTANTS}
