"""The judge on planted truth: guilty worlds named, innocent worlds never accused, one row per app."""

import pytest

from tests.inference.build import SIP, WEBRTC, Check, Shape, both, bursts, drops, jitters
from tests.inference.worlds import GUILTY, INNOCENT, innocent
from voipwatch.inference import RULES, judge
from voipwatch.model.measurement import Interruption
from voipwatch.model.ruleset import RULESET
from voipwatch.model.vocabulary import Verdict

ACCUSATIONS = {Verdict.BLOCKED, Verdict.THROTTLED}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", list(GUILTY))
def test_guilty_worlds_are_named(name: str, seed: int) -> None:
    """Seed 0 is the clean line, the others lose 5 % in bursts."""
    guilty = GUILTY[name]
    world = both(guilty.make(), bursts(0.05, seed), jitters(4.0, seed)) if seed else guilty.make()
    measurement = Check(
        world, (guilty.shape,), rejects=guilty.rejects, jitter_seed=seed, held=guilty.held
    ).run()
    (row,) = judge(measurement).results
    verdict, stage, mechanism, direction = guilty.expected
    assert (row.verdict, row.stage) == (verdict, stage)
    assert mechanism is None or row.mechanism == mechanism
    assert direction is None or row.direction == direction


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", INNOCENT)
def test_innocent_worlds_are_never_accused(name: str, seed: int) -> None:
    measurement = innocent(name, seed).run()
    check = judge(measurement)
    assert [row.app for row in check.results] == measurement.apps
    for row in check.results:
        assert row.verdict not in ACCUSATIONS, (name, seed, row)
        assert row.rule in RULES


def test_a_clean_line_is_ok_and_says_what_was_not_tested() -> None:
    check = judge(Check(shapes=(Shape(), WEBRTC, SIP)).run())
    assert [row.verdict for row in check.results] == [Verdict.OK] * 3
    row = check.results[0]
    assert row.rule == "ok.clean"
    assert row.works == ["tls-443", "tcp-5222"]
    assert row.not_tested == ["provider-address", "longer-call"]
    assert row.quality.rtt_ms == pytest.approx(60.0, abs=1.0)
    assert row.quality.mos_up is not None
    assert row.quality.mos_up > 4.2
    assert row.quality.loss_up_ratio == 0.0
    assert row.effect_up is not None
    assert row.effect_up.n_flows == 14
    assert [s.stage for s in row.stages] == ["setup", "voice"]
    assert check.ruleset == RULESET
    assert check.reflectors[0].log_signed


def test_interrupted_before_the_evidence_is_insufficient() -> None:
    check = Check(interrupted=Interruption("user", 3.0), setup_blocks=1, blocks=0)
    (row,) = judge(check.run()).results
    assert row.rule == "insufficient.interrupted"
    assert "interrupted" in row.notes


def test_what_was_proved_before_an_interruption_stands() -> None:
    check = Check(drops(lambda p: p.treatment and not p.media), interrupted=Interruption("user", 30.0))
    (row,) = judge(check.run()).results
    assert row.verdict is Verdict.BLOCKED


def test_an_invalid_measurement_says_nothing() -> None:
    measurement = Check(drops(lambda p: p.treatment), shapes=(Shape(), SIP)).run()
    measurement.invalid = "boom"
    check = judge(measurement)
    assert [row.rule for row in check.results] == ["insufficient.invalid"] * 2
    assert check.invalid == "boom"


@pytest.mark.parametrize("state", ["system", "via"])
def test_where_a_way_cannot_be_looked_at_is_a_note(state: str) -> None:
    measurement = innocent(next(iter(INNOCENT)), 0).run()
    measurement.sweeps_state = state
    assert f"locate-{state}" in judge(measurement).notes


def test_a_block_that_is_not_followed_from_hop_to_hop_is_noted_where_that_was_asked() -> None:
    guilty = GUILTY["stun"]
    measurement = Check(
        guilty.make(), (guilty.shape,), rejects=guilty.rejects, jitter_seed=0, held=guilty.held
    ).run()
    assert "locate-no-set-up" not in judge(measurement).notes
    measurement.sweeps_state = "ok"
    assert "locate-no-set-up" in judge(measurement).notes
    calm = innocent(next(iter(INNOCENT)), 0).run()
    calm.sweeps_state = "ok"
    assert "locate-no-set-up" not in judge(calm).notes
