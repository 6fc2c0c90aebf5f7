"""Throttling claims: the family, the contrast, the direction, and who did it."""

import numpy as np
import pytest

from tests.inference.build import Check, Shape, World, both, bursts, clean, drops, loses, paths
from voipwatch.inference.controls import line_state
from voipwatch.inference.join import join_session
from voipwatch.inference.throttle import (
    METRICS,
    SHIFT,
    Key,
    Slowed,
    family_size,
    heavy_claims,
    p_values,
    slowed,
    spend,
    unresolved,
)
from voipwatch.model.measurement import Measurement
from voipwatch.model.ruleset import THROTTLE_ALPHA
from voipwatch.model.vocabulary import Arm, Direction, Media

SMALL = Shape(media_s=0.8, spacing_s=0.02, copies=1)


def claims(measurement: Measurement, planned: int = 18) -> Slowed | None:
    session = join_session(measurement, 0)
    values = p_values(session, "whatsapp", Media.VOICE)
    return slowed(session, "whatsapp", Media.VOICE, rejected=spend(values, planned=planned).rejected)


def run(world: World, blocks: int = 14) -> Measurement:
    return Check(world, (SMALL,), blocks=blocks).run()


def test_the_family_is_what_was_planned() -> None:
    assert family_size(3, media=1, reflectors=1) == 18
    assert family_size(1, media=2, reflectors=2) == 24
    assert family_size(0, media=1, reflectors=1) == 6


def test_thirteen_blocks_carry_three_apps_and_twelve_do_not() -> None:
    """2**-13 x 18 = 0.0022 and 2**-12 x 18 = 0.0044, against 0.0025."""
    world = loses(0.7, 1, lambda p: p.treatment and p.media)
    assert claims(run(world, 13)) is not None
    assert claims(run(loses(0.7, 1, lambda p: p.treatment and p.media), 12)) is None


def test_fewer_than_seven_blocks_make_no_claim_at_all() -> None:
    measurement = run(loses(0.9, 1, lambda p: p.treatment and p.media), 6)
    session = join_session(measurement, 0)
    assert p_values(session, "whatsapp", Media.VOICE) == {}
    assert unresolved(session, "whatsapp", Media.VOICE)


def test_a_loss_under_three_points_is_no_claim() -> None:
    assert claims(run(loses(0.02, 1, lambda p: p.treatment and p.media))) is None
    assert not unresolved(join_session(run(clean), 0), "whatsapp", Media.VOICE)


@pytest.mark.parametrize("way", [Direction.UP, Direction.DOWN])
def test_one_direction_is_named_alone(way: Direction) -> None:
    world = loses(0.6, 2, lambda p: p.treatment and p.media and p.up is (way is Direction.UP))
    found = claims(run(world))
    assert found is not None
    assert (found.direction, found.mechanism) == (way, "rtp.loss")
    assert found.metrics == ("loss_ratio",)


def test_the_port_is_told_from_the_signature() -> None:
    # The four first blocks have no drawn control on another port: fourteen more carry the claim.
    found = claims(run(loses(0.6, 2, lambda p: p.app_port and p.media), 18))
    assert found is not None
    assert (found.by_port, found.mechanism) == (True, "port.throttle")
    found = claims(run(loses(0.6, 2, lambda p: p.treatment and p.media)))
    assert found is not None
    assert found.by_port is False


def test_both_at_once_name_neither() -> None:
    port = loses(0.4, 2, lambda p: p.app_port and p.media)
    signature = loses(0.6, 3, lambda p: p.arm is Arm.A and p.media)
    found = claims(run(both(port, signature)))
    assert found is not None
    assert found.mechanism is None


def test_delay_alone_is_said_to_be_delay() -> None:
    found = claims(run(lambda p: 80.0 if p.treatment and p.media and p.up else 0.0))
    assert found is not None
    assert (found.metrics, found.direction, found.mechanism) == (("late_ms",), Direction.UP, "rtp.delay")


def test_a_delay_of_forty_milliseconds_is_under_the_threshold() -> None:
    assert SHIFT["late_ms"] == 50.0
    assert claims(run(lambda p: 40.0 if p.treatment and p.media else 0.0)) is None


def test_without_a_neutral_control_the_ports_own_is_taken() -> None:
    measurement = run(loses(0.6, 2, lambda p: p.treatment and p.media))
    measurement.flows = [f for f in measurement.flows if f.kind.arm not in (Arm.A_NEUTRAL, Arm.C_NEUTRAL)]
    found = claims(measurement)
    assert found is not None
    assert found.mechanism == "rtp.loss"


def test_bursts_that_spare_nobody_are_no_claim() -> None:
    for seed in range(5):
        assert claims(run(bursts(0.2, seed))) is None, seed


def test_noise_over_the_threshold_is_not_unresolved() -> None:
    """One flow of fourteen lost everything: 7 points, or 14 with two, and no doubt about anybody."""
    world = drops(lambda p: p.arm is Arm.A and p.media and p.question == "media" and p.flow % 23 == 0)
    assert not unresolved(join_session(run(world), 0), "whatsapp", Media.VOICE)


def heavy(world: World, *, apps: int = 1, **changes: int) -> set[Direction]:
    measurement = Check(world, (SMALL,), **changes).run()  # type: ignore[arg-type]  # numbers of blocks only
    session = join_session(measurement, 0)
    claimed = heavy_claims(session, line_state(session), "whatsapp", Media.VOICE, rows=apps)
    return {key.direction for key in claimed}


def test_heavy_loss_is_told_by_few_flows() -> None:
    world = loses(0.8, 1, lambda p: p.treatment and p.media)
    assert heavy(world, blocks=6) == {Direction.UP, Direction.DOWN}
    assert claims(Check(world, (SMALL,), blocks=6).run()) is None


def test_heavy_loss_needs_flows_two_seconds_apart() -> None:
    assert heavy(loses(0.8, 1, lambda p: p.treatment and p.media), blocks=0) == set()


def test_a_lossy_path_of_four_is_not_heavy_loss_of_an_app() -> None:
    for seed in range(10):
        assert heavy(paths(seed, ratio=0.8), blocks=6) == set(), seed


def test_heavy_loss_that_few_flows_show_by_luck_is_no_claim() -> None:
    """Two flows of A alone beside four controls: one way in fifteen."""
    world = loses(0.8, 1, lambda p: p.arm is Arm.A and p.media)
    assert heavy(world, setup_blocks=1, blocks=5) == set()
    assert heavy(world, setup_blocks=4, blocks=6) == {Direction.UP, Direction.DOWN}


def test_claims_of_other_apps_and_reflectors_do_not_count() -> None:
    session = join_session(run(clean), 0)
    foreign = [Key(1, "whatsapp", Media.VOICE, Direction.UP, m) for m in METRICS]
    foreign += [Key(0, "sip", Media.VOICE, Direction.UP, m) for m in METRICS]
    assert slowed(session, "whatsapp", Media.VOICE, rejected=foreign) is None


@pytest.mark.parametrize("apps", [1, 3, 14])
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_holm_holds_the_error_of_the_whole_check_whatever_its_tests_have_in_common(
    apps: int, alike: float
) -> None:
    """20,000 innocent checks: p-values of all apps independent, or all of a metric one and the same."""
    checks = 20_000
    keys = [
        Key(0, f"app{n}", Media.VOICE, way, metric)
        for n in range(apps)
        for way in (Direction.UP, Direction.DOWN)
        for metric in METRICS
    ]
    random = np.random.default_rng(apps)
    own, shared = random.random((checks, len(keys))), random.random((checks, 1))
    drawn = np.where(alike > 0.5, np.broadcast_to(shared, own.shape), own)
    # Only a check whose smallest p-value passes the first step claims anything: the others need no Holm.
    small = drawn[drawn.min(axis=1) <= THROTTLE_ALPHA]
    wrong = sum(
        bool(
            spend(
                dict(zip(keys, row, strict=True)), planned=family_size(apps, media=1, reflectors=1)
            ).rejected
        )
        for row in small.tolist()
    )
    assert wrong <= checks * THROTTLE_ALPHA + 4 * (checks * THROTTLE_ALPHA) ** 0.5
    if not alike:
        assert wrong >= checks * THROTTLE_ALPHA - 4 * (checks * THROTTLE_ALPHA) ** 0.5  # and is not vacuous
