"""Triggers: planted signatures over the properties of a set-up, each named when it must be and never else."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.inference.build import WEBRTC, Check, Packet, Shape, both, drops, loses
from voipwatch.inference import judge
from voipwatch.inference.explain import LANGUAGES
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Stage

SINGLE = ("stun-cookie", "stun-type", "stun-attributes")
CALL = Shape(media_s=0.6, spacing_s=0.04, mutants=("stun-binding", "turn-allocate", "stun-all", *SINGLE))
HELLO = replace(WEBRTC, mutants=("stun-binding", "turn-allocate", "dtls-hello"))


def found(measurement: Measurement) -> Trigger | None:
    (row,) = judge(measurement).results
    return row.trigger


def looks_for(p: Packet, needed: frozenset[str]) -> bool:
    """Whether a box that needs all these properties takes the packet."""
    if p.media or not (p.treatment or p.mutant):
        return False
    return p.treatment or (p.mutant != "stun-all" and p.mutant not in needed)


@settings(max_examples=8, deadline=None)
@given(st.sets(st.sampled_from(sorted(SINGLE)), min_size=1))
def test_every_property_that_a_signature_needs_is_named_and_no_other(needed: set[str]) -> None:
    world = drops(lambda p: looks_for(p, frozenset(needed)))
    trigger = found(Check(world, (CALL,)).run())
    assert trigger is not None
    assert set(trigger.properties) == needed
    assert (trigger.repeats, trigger.of) == (4, 4)


def test_a_box_that_any_of_several_properties_serves_is_named_by_none() -> None:
    assert found(Check(drops(lambda p: looks_for(p, frozenset())), (CALL,)).run()) is None


def test_a_mutant_that_lives_and_dies_names_nothing() -> None:
    """It lived when the box slept; and what else it looks for, nobody can say then."""

    def world(p: Packet) -> bool:
        needed = frozenset(SINGLE) if p.mutant == "stun-type" and p.at_s > 7.5 else frozenset({"stun-cookie"})
        return looks_for(p, needed)

    assert found(Check(drops(world), (CALL,)).run()) is None


def test_without_mutants_nothing_is_named() -> None:
    world = drops(lambda p: looks_for(p, frozenset({"stun-cookie"})))
    assert found(Check(world, (replace(CALL, mutants=()),)).run()) is None


def test_a_living_call_has_no_trigger() -> None:
    assert found(Check(drops(lambda _: False), (CALL,)).run()) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_line_that_loses_names_no_other_property(seed: int) -> None:
    world = both(drops(lambda p: looks_for(p, frozenset({"stun-cookie"}))), loses(0.05, seed))
    trigger = found(Check(world, (CALL,)).run())
    assert trigger is None or trigger.properties == ["stun-cookie"]


def test_answers_that_are_dropped() -> None:
    world = drops(lambda p: not p.media and not p.up and (p.treatment or p.mutant == "stun-binding"))
    assert found(Check(world, (CALL,)).run()) == Trigger(properties=["stun-answer"], repeats=4, of=4)


def test_another_hello_lives_in_the_handshake() -> None:
    world = drops(lambda p: p.treatment and p.stage is Stage.HANDSHAKE)
    assert found(Check(world, (HELLO,)).run()) == Trigger(properties=["dtls-hello"], repeats=4, of=4)


def test_another_hello_lives_on_where_the_call_is_cut() -> None:
    world = drops(lambda p: p.treatment and p.at_s - p.flow_started_s > 2.5)
    trigger = found(Check(world, (HELLO,), held=True).run())
    assert trigger == Trigger(properties=["dtls-hello"], repeats=2, of=2)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentence_says_the_trigger_and_how_many_tries_agree(lang: str) -> None:
    world = drops(lambda p: looks_for(p, frozenset({"stun-cookie", "stun-type"})))
    measurement = Check(world, (CALL,)).run()
    (row,) = judge(measurement, lang=lang).results
    plain = Check(world, (replace(CALL, mutants=("stun-binding", "turn-allocate")),)).run()
    (without,) = judge(plain, lang=lang).results
    assert len(row.explanation) > len(without.explanation)
    assert row.explanation.count("4") >= without.explanation.count("4") + 2
