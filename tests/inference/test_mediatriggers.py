"""Triggers of media: what a box looks at is named when it must be; calls cut by a count keep their label."""

from dataclasses import replace
from functools import lru_cache

import pytest

from voipwatch.inference import judge
from voipwatch.inference.explain import LANGUAGES, texts
from voipwatch.inference.join import Session, join_session
from voipwatch.inference.mediatriggers import LABEL, NUMBERING, PROPERTIES, Fared, behaviour, fared
from voipwatch.lab.matrix import Job, simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Direction, Stage, Verdict

APP_LEGS = {"whatsapp": "relay-2015", "sip": "media", "webrtc": "server"}
READ = ["rtp-version", "rtp-payload-type"]


@lru_cache(maxsize=8)
def measured(world: str, line: str, seed: int) -> Measurement:
    job = Job(world, line, seed)
    return simulated(load_worlds().get(world), job)


def rows(world: str, line: str, seed: int) -> dict[str, AppResult]:
    return {row.app: row for row in judge(measured(world, line, seed)).results}


@pytest.mark.parametrize(
    ("line", "seed"), [("clean", 1), ("clean", 2), ("lossy5", 2), ("lossy5", 3), ("long", 3), ("nated", 11)]
)
def test_calls_that_die_of_counting_up_are_told_so(line: str, seed: int) -> None:
    for app, row in rows("rtp-behaviour", line, seed).items():
        found = (row.verdict, row.stage, row.mechanism, row.direction)
        assert found == (Verdict.BLOCKED, Stage.VOICE, LABEL, Direction.BOTH), app
        assert row.trigger is None or NUMBERING in row.trigger.properties


def test_all_that_the_box_needs_is_named_with_what_shows_it() -> None:
    for row in rows("rtp-behaviour", "clean", 1).values():
        assert row.trigger is not None
        assert row.trigger.properties == list(PROPERTIES)
        assert (row.trigger.repeats, row.trigger.of) == (4, 4)


def test_on_a_thin_line_two_calls_show_it() -> None:
    row = rows("rtp-behaviour", "thin", 1)["whatsapp"]
    assert row.mechanism == LABEL
    assert row.trigger is not None
    assert (row.trigger.repeats, row.trigger.of) == (2, 2)


@pytest.mark.parametrize(
    ("world", "line", "app"),
    [("rtp-static", "clean", "sip"), ("rtp-static", "lossy5", "sip"), ("kill-rtp", "clean", "webrtc")],
)
def test_a_box_that_reads_headers_does_not_look_at_numbers(world: str, line: str, app: str) -> None:
    row = rows(world, line, 1)[app]
    assert row.trigger is not None
    assert row.trigger.properties == READ
    assert row.mechanism != LABEL


@pytest.mark.parametrize(("world", "seed"), [("cut-packets", 1), ("cut-bytes", 11)])
def test_a_box_that_counts_silences_the_mutants_too(world: str, seed: int) -> None:
    for row in rows(world, "clean", seed).values():
        assert row.mechanism != LABEL
        assert row.trigger is None or not set(row.trigger.properties) & set(PROPERTIES)


def test_a_box_that_thins_out_what_it_recognised_stays_a_throttle() -> None:
    for row in rows("loss-behaviour", "clean", 1).values():
        assert (row.verdict, row.mechanism) == (Verdict.THROTTLED, "rtp.loss")


def without(session: Session, mutants: int) -> Session:
    """The session with no more than so many mutants of the numbering."""
    kept = [f for f in session.flows if f.record.kind.mutant == NUMBERING][:mutants]
    others = [f for f in session.flows if f.record.kind.mutant != NUMBERING]
    return replace(session, flows=(*others, *kept))


def test_two_living_mutants_are_needed_and_a_dead_one_forbids_it() -> None:
    session = join_session(measured("rtp-behaviour", "clean", 1), 0)
    ask = ("webrtc", {APP_LEGS["webrtc"]}, Stage.VOICE)
    full = behaviour(session, *ask)
    assert full is not None
    assert full.direction is Direction.BOTH
    assert behaviour(without(session, 0), *ask) is None
    for flow in session.of_app("webrtc"):
        if flow.record.kind.mutant == NUMBERING:
            assert fared(flow) is Fared.LIVED
        elif flow.arm is Arm.A:
            assert fared(flow) is not Fared.LIVED


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_property_has_its_words(lang: str) -> None:
    assert set(PROPERTIES) <= set(texts(lang)["triggers"])
