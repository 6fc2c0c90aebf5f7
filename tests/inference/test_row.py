"""One app at one reflector: legs and stages together, interruptions, what TCP says of a dead line."""

import pytest

from tests.inference.build import Check, Shape, World, clean, drops
from voipwatch.inference import judge
from voipwatch.model.measurement import Decision, Interruption
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Arm, Stage, Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)
SIGNALLING = Shape(app="sip", leg="signalling", rounds=(Stage.SETUP,), copies=1, media_s=0.0, mutants=())
MEDIA = Shape(app="sip", leg="media", rounds=(), media_s=0.6, spacing_s=0.04, mutants=())


def row(check: Check) -> AppResult:
    (found,) = judge(check.run()).results
    return found


def legs(world: World) -> Check:
    return Check(world, (MEDIA, SIGNALLING))


def test_two_legs_make_one_ok() -> None:
    found = row(legs(clean))
    assert found.rule == "ok.clean"
    assert [s.stage for s in found.stages] == [Stage.SETUP, Stage.VOICE]


def test_a_signalling_leg_alone_clears_nobody() -> None:
    assert row(Check(clean, (SIGNALLING,))).rule == "insufficient.treatment"


@pytest.mark.parametrize(("outcome", "notes"), [("budget", ["budget-short"]), ("done", [])])
def test_too_little_for_want_of_data_is_said(outcome: str, notes: list[str]) -> None:
    measurement = Check(clean, (SIGNALLING,)).run()
    measurement.decisions = [Decision("sip", "setup", "all", "voice", outcome, 0.0, 0, 0)]
    (found,) = judge(measurement).results
    assert (found.rule, found.notes) == ("insufficient.treatment", notes)


def test_an_app_that_the_line_is_too_thin_for_is_said_to_be_left_out() -> None:
    measurement = Check(clean, (SIGNALLING,)).run()
    measurement.flows = [f for f in measurement.flows if f.kind.app != "sip"]
    (silent,) = judge(measurement).results
    assert (silent.rule, silent.notes) == ("insufficient.not-run", [])
    measurement.decisions = [Decision("sip", "setup", "all", "voice", "thin", 0.0, 0, 0)]
    (found,) = judge(measurement).results
    assert (found.rule, found.notes) == ("insufficient.not-run", ["line-too-thin"])


@pytest.mark.parametrize(("dead", "stage"), [("signalling", Stage.SETUP), ("media", Stage.VOICE)])
def test_a_dead_leg_is_a_blocked_app(dead: str, stage: Stage) -> None:
    found = row(legs(drops(lambda p: p.treatment and p.media is (dead == "media"))))
    assert (found.verdict, found.stage) == (Verdict.BLOCKED, stage)


def test_of_two_dead_legs_the_earlier_stage_speaks() -> None:
    found = row(legs(drops(lambda p: p.treatment)))
    assert (found.rule, found.stage, found.mechanism) == ("blocked.setup", Stage.SETUP, "sip.drop")
    assert [s.verdict for s in found.stages] == [Verdict.BLOCKED, Verdict.BLOCKED]


@pytest.mark.parametrize(
    ("tcp", "rule", "mechanism"),
    [
        ({"tls-443": "answered"}, "down.udp", "udp.all"),
        ({"tls-443": "intercepted"}, "down.intercept", "tls.intercept"),
        ({"tls-443": "intercepted", "tcp-5222": "answered"}, "down.udp", "udp.all"),
        ({"tls-443": "dead"}, "down.line", None),
        ({}, "down.line", None),
    ],
)
def test_tcp_says_what_a_dead_line_is(tcp: dict[str, str], rule: str, mechanism: str | None) -> None:
    found = row(Check(drops(lambda _: True), (SMALL,), tcp=tcp))
    assert (found.rule, found.stage, found.mechanism) == (rule, Stage.REACH, mechanism)


def test_a_line_dead_from_the_warm_up_on_needs_no_flow_of_the_app() -> None:
    """A check that stops after a dead warm-up still has a line to speak of, if it saw four flows of it."""
    measurement = Check(drops(lambda _: True), (SMALL, MEDIA)).run()
    measurement.flows = [f for f in measurement.flows if f.kind.app != "whatsapp"]
    rows = judge(measurement).results
    assert [r.rule for r in rows] == ["down.udp", "down.udp"]
    measurement.flows = [f for f in measurement.flows if f.kind.arm is Arm.W]
    assert [r.verdict for r in judge(measurement).results] == [Verdict.INSUFFICIENT] * 2


@pytest.mark.parametrize(("blocks", "verdict"), [(7, Verdict.OK), (6, Verdict.INSUFFICIENT)])
def test_an_interrupted_ok_needs_seven_blocks(blocks: int, verdict: Verdict) -> None:
    found = row(Check(clean, (SMALL,), blocks=blocks, interrupted=Interruption("user", 9.0)))
    assert found.verdict is verdict
    assert "interrupted" in found.notes


def test_a_reflector_that_dies_early_leaves_nothing_to_say() -> None:
    found = row(Check(clean, (SMALL,), dead_from_s=2.9))
    assert found.rule == "insufficient.interrupted"


def test_a_reflector_that_dies_takes_no_block_back() -> None:
    world = drops(lambda p: p.app == "whatsapp" and p.treatment and not p.media)
    rows = judge(Check(world, (SMALL, Shape(app="sip", mutants=())), dead_from_s=9.0).run()).results
    assert rows[0].verdict is Verdict.BLOCKED
    assert "reflector-silent" in rows[0].notes
