"""Flows and arms: what is dead, what lives, what cannot be told; the path lottery against scipy."""

import pytest
from scipy.stats import hypergeom

from tests.inference.build import SIP, WEBRTC, Check, Shape, clean, drops
from tests.inference.test_join import columns, far, measured, record
from voipwatch.inference.join import join_session
from voipwatch.inference.stages import State, arm_view, lottery_p, of_arm, outcomes_at
from voipwatch.model.flows import MEDIA_SEQ
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Direction, Stage
from voipwatch.wire.farlog import FarFlow

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def arm(measurement: Measurement, which: Arm, stage: Stage, way: Direction | None = None) -> State:
    session = join_session(measurement, 0)
    app = measurement.apps[0]
    outcomes = outcomes_at(session, session.of_app(app), stage)
    return arm_view(of_arm(outcomes, which), direction=way).state


def test_a_dead_arm_beside_living_ones() -> None:
    measurement = Check(drops(lambda p: p.arm is Arm.A), (SMALL,)).run()
    assert arm(measurement, Arm.A, Stage.SETUP) is State.DEAD
    assert arm(measurement, Arm.C, Stage.SETUP) is State.ALIVE
    assert arm(measurement, Arm.A, Stage.VOICE) is State.ABSENT


def test_a_dead_arm_that_was_not_repeated() -> None:
    measurement = Check(drops(lambda p: p.arm is Arm.A), (SMALL,), repeat=False).run()
    assert arm(measurement, Arm.A, Stage.SETUP) is State.UNREPEATED


def test_half_dead_is_mixed_and_a_quarter_lives() -> None:
    half = Check(drops(lambda p: p.arm is Arm.A and p.flow % 2 == 0), (SMALL,), blocks=14).run()
    assert arm(half, Arm.A, Stage.SETUP) in {State.MIXED, State.ALIVE}
    none = Check(drops(lambda p: p.arm is Arm.A and p.flow % 8 == 2), (SMALL,), blocks=14).run()
    assert arm(none, Arm.A, Stage.SETUP) is State.ALIVE


def test_media_is_dead_one_way() -> None:
    measurement = Check(drops(lambda p: p.arm is Arm.A and p.media and not p.up), (SMALL,)).run()
    assert arm(measurement, Arm.A, Stage.VOICE, Direction.DOWN) is State.DEAD
    assert arm(measurement, Arm.A, Stage.VOICE, Direction.UP) is State.ALIVE
    assert arm(measurement, Arm.A, Stage.VOICE) is State.DEAD


def test_a_handshake_is_its_own_stage() -> None:
    measurement = Check(drops(lambda p: p.arm is Arm.A and p.stage is Stage.HANDSHAKE), (WEBRTC,)).run()
    assert arm(measurement, Arm.A, Stage.SETUP) is State.ALIVE
    assert arm(measurement, Arm.A, Stage.HANDSHAKE) is State.DEAD


def test_keep_alives_among_dead_media_save_no_call() -> None:
    """Two small messages of twelve pass: 83 % of the packets are lost, 97 % of the bytes."""
    seqs = {MEDIA_SEQ + n: 20_000 * n for n in range(12)}
    sent = columns(seqs)
    sent.size_bytes = [26, 26, *[200] * 10]
    log = [FarFlow(flow=0, port=1, up=far(dict(list(seqs.items())[:2])), down=far({}))]
    session = join_session(measured([record(sent=sent)], log), 0)
    (outcome,) = outcomes_at(session, session.flows, Stage.VOICE)
    assert outcome.dead_up is True
    assert outcome.dead_down is None


def test_a_round_that_nobody_answers_accuses_nobody() -> None:
    """SIP's ACK, round 1, is sent and never answered, in control and treatment."""
    flow = record(
        sent=columns({0: 0, 64: 50_000}), received=columns({0: 40_000}), attested=1,
        round_stages=[Stage.SETUP, Stage.SETUP],
    )  # fmt: skip
    log = [FarFlow(flow=0, port=1, up=far({0: 20_000, 64: 70_000}), down=far({0: 21_000}))]
    session = join_session(measured([flow], log), 0)
    (outcome,) = outcomes_at(session, session.flows, Stage.SETUP)
    assert outcome.dead is False


@pytest.mark.parametrize("unproved", [0, 1])
def test_a_reply_that_was_never_sent_is_nobodys_loss(unproved: int) -> None:
    log = [FarFlow(flow=0, port=1, up=far({0: 20_000}), down=far({}), unproved=unproved)]
    session = join_session(measured([record(sent=columns({0: 0}))], log), 0)
    (outcome,) = outcomes_at(session, session.flows, Stage.SETUP)
    assert outcome.dead is None


def test_a_request_that_was_not_waited_for_is_not_unanswered() -> None:
    hasty = record(sent=columns({0: 0}), ended_us=30_000)
    session = join_session(measured([hasty], None), 0)
    (outcome,) = outcomes_at(session, session.flows, Stage.SETUP)
    assert (outcome.dead, outcome.asked) == (None, 0)
    patient = record(sent=columns({0: 0}), ended_us=900_000)
    session = join_session(measured([patient], None), 0)
    (outcome,) = outcomes_at(session, session.flows, Stage.SETUP)
    assert (outcome.dead, outcome.asked, outcome.unanswered) == (True, 1, 1)


def test_where_the_exchange_died_is_counted() -> None:
    for up in (True, False):
        measurement = Check(drops(lambda p, up=up: p.arm is Arm.A and p.up is up), (SIP,)).run()  # type: ignore[misc]  # mypy gives a lambda's default no type
        session = join_session(measurement, 0)
        dead = [o for o in outcomes_at(session, session.of_app("sip"), Stage.SETUP) if o.dead]
        assert dead
        assert all((o.fate_up > 0, o.fate_down > 0) == (up, not up) for o in dead)


def test_a_clean_line_has_no_dead_flow() -> None:
    session = join_session(Check(clean, (SMALL,)).run(), 0)
    for stage in (Stage.SETUP, Stage.VOICE):
        assert all(
            o.dead is False and not o.broken for o in outcomes_at(session, session.of_app("whatsapp"), stage)
        )


@pytest.mark.parametrize(
    ("dead", "flows", "broken", "controls"),
    [(4, 4, 0, 8), (8, 8, 2, 16), (3, 4, 5, 20), (1, 1, 0, 1), (0, 4, 3, 9)],
)
def test_the_lottery_is_fishers_exact_test(dead: int, flows: int, broken: int, controls: int) -> None:
    expected = hypergeom.sf(dead - 1, flows + controls, dead + broken, flows)
    assert lottery_p(dead=dead, flows=flows, broken=broken, controls=controls) == pytest.approx(expected)


def test_the_lottery_by_hand() -> None:
    """Four dead of four beside eight living: one way of C(12, 4) = 495."""
    assert lottery_p(dead=4, flows=4, broken=0, controls=8) == pytest.approx(1 / 495)


@pytest.mark.parametrize("level", [0.05, 0.0025 / 32, 0.0025 / 96])
@pytest.mark.parametrize(("flows", "controls"), [(4, 8), (8, 24), (12, 36), (14, 118)])
def test_the_lottery_errs_no_more_often_than_its_level_whatever_is_broken(
    level: float, flows: int, controls: int
) -> None:
    """Exact: `bad` broken flows on the line, drawn by lot, over every share of them that the arm may get."""
    for bad in range(1, flows + controls + 1):
        wrong = sum(
            float(hypergeom.pmf(dead, flows + controls, bad, flows))
            for dead in range(max(0, bad - controls), min(bad, flows) + 1)
            if dead and lottery_p(dead=dead, flows=flows, broken=bad - dead, controls=controls) <= level
        )
        assert wrong <= level + 1e-12
