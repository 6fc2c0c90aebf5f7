"""Controls: fit to accuse by or not, allow-lists, and whose bad luck it was."""

import pytest

from tests.inference.build import Check, Shape, World, both, clean, drops, loses, paths
from voipwatch.apps import load_profiles
from voipwatch.apps.profile import Profile
from voipwatch.inference.controls import (
    can_exclude_luck,
    control_bad,
    families_live,
    line_state,
    luck_level,
    one_way_ms,
    unlucky,
)
from voipwatch.inference.join import Session, join_session
from voipwatch.inference.track import total
from voipwatch.model.ruleset import CHECK_ALPHA, LUCK_ALPHA, LUCK_TESTS_PER_APP, THROTTLE_ALPHA
from voipwatch.model.vocabulary import Arm, Family

SMALL = Shape(media_s=0.6, spacing_s=0.04)


def session_of(world: World, *, logged: bool = True) -> Session:
    return join_session(Check(world, (SMALL,), logged=logged).run(), 0)


def controls(session: Session) -> list:  # type: ignore[type-arg]  # of FlowView
    return [f for f in session.of_app("whatsapp") if f.arm in (Arm.C, Arm.C_NEUTRAL)]


@pytest.mark.parametrize("ratio", [0.0, 0.1, 0.3, 0.6])
@pytest.mark.parametrize("media", [True, False])
def test_a_control_over_twenty_percent_is_bad(ratio: float, media: bool) -> None:
    session = session_of(loses(ratio, 1))
    assert control_bad(session, controls(session), media=media) is (ratio > 0.2)


def test_one_direction_is_enough_to_be_bad() -> None:
    session = session_of(loses(0.4, 1, lambda p: not p.up))
    assert control_bad(session, controls(session), media=True)


def test_a_burst_on_a_few_setup_packets_is_not_yet_a_bad_line() -> None:
    """The first packet of every control flow is lost, a third of its set-up; the warm-up passes."""
    world = drops(lambda p: p.arm in (Arm.C, Arm.C_NEUTRAL) and p.up and p.nth == 0)
    session = join_session(Check(world, (SMALL,), blocks=0).run(), 0)
    own = total(f.setup(up=True).counted for f in controls(session))
    assert own.ratio is not None
    assert own.ratio > 0.2
    assert not control_bad(session, controls(session), media=False)


def test_a_bad_warm_up_alone_is_a_waking_radio() -> None:
    session = session_of(drops(lambda p: p.arm is Arm.W))
    assert not control_bad(session, controls(session), media=False)


@pytest.mark.parametrize(("late_ms", "bad"), [(300.0, False), (450.0, True)])
def test_four_hundred_milliseconds_one_way(late_ms: float, bad: bool) -> None:
    session = session_of(lambda _: late_ms)
    flows = controls(session)
    assert one_way_ms(flows, media=False) == pytest.approx(late_ms + 30.5, abs=1.0)
    assert control_bad(session, flows, media=False) is bad


def test_without_the_log_an_exchange_counts_both_ways() -> None:
    """A fifth each way is 36 % of the exchanges."""
    fine, bad = session_of(loses(0.1, 1), logged=False), session_of(loses(0.4, 1), logged=False)
    assert not control_bad(fine, controls(fine), media=False)
    assert control_bad(bad, controls(bad), media=False)


def test_an_allow_list_is_seen_on_the_whole_line() -> None:
    assert line_state(session_of(drops(lambda p: p.family is Family.U))).allowlist
    assert not line_state(session_of(drops(lambda p: p.family is Family.U and p.app_port))).allowlist
    assert not line_state(session_of(drops(lambda p: p.family is Family.Q))).allowlist
    assert not line_state(session_of(clean)).allowlist


def test_dead_udp_is_dead_for_everybody() -> None:
    assert line_state(session_of(drops(lambda _: True))).udp_dead
    assert not line_state(session_of(drops(lambda p: p.arm is not Arm.W))).udp_dead
    assert not line_state(session_of(drops(lambda p: not p.treatment))).udp_dead


def test_both_families_must_live() -> None:
    session = session_of(drops(lambda p: p.family is Family.Q and p.arm is not Arm.W))
    line = line_state(session)
    assert not families_live(line, controls(session))
    fine = session_of(clean)
    assert families_live(line_state(fine), controls(fine))
    only_u = [f for f in controls(fine) if f.record.family is Family.U]
    assert not families_live(line_state(fine), only_u)


def test_a_dead_port_is_not_in_the_pool_of_paths() -> None:
    line = line_state(session_of(drops(lambda p: p.app_port)))
    assert line.pool
    assert all(w.flow.arm is Arm.C_NEUTRAL for w in line.pool)


def test_the_shares_of_the_error_budget_add_up_to_the_whole() -> None:
    assert pytest.approx(CHECK_ALPHA) == THROTTLE_ALPHA + LUCK_ALPHA
    assert 3 * LUCK_TESTS_PER_APP * luck_level(3) == pytest.approx(LUCK_ALPHA)
    assert luck_level(0) == luck_level(1)


@pytest.mark.parametrize("profile", load_profiles().profiles, ids=lambda profile: profile.id)
def test_no_app_has_more_tests_for_luck_than_the_budget_is_divided_by(profile: Profile) -> None:
    """A set-up stage of a leg 1; media of a kind: up, down, exchange, four cuts; heavy losses 2; a port 1."""
    run = [leg for leg in profile.legs if leg.run]
    setup = sum(len({r.stage for r in leg.rounds}) * len(leg.dialects) for leg in run)
    media = [m.media for leg in run if profile.default_dialect in leg.dialects for m in leg.media]
    assert setup + 7 * len(media) + 2 * len(set(media)) + 1 <= LUCK_TESTS_PER_APP


def test_two_flows_can_never_exclude_luck_and_a_dozen_can() -> None:
    line = line_state(session_of(clean))
    assert not can_exclude_luck(line, 2, rows=1)
    assert can_exclude_luck(line, 12, rows=1)


def test_luck_is_excluded_by_flows_and_not_by_packets() -> None:
    line = line_state(session_of(clean))
    assert unlucky(line, 1, 1, rows=1)
    assert unlucky(line, 2, 4, rows=1)
    assert not unlucky(line, 6, 6, rows=1)


def test_broken_controls_defend_the_accused() -> None:
    """On a line with a dead path of four, four dead flows prove less."""
    calm, torn = line_state(session_of(clean)), line_state(session_of(paths(1)))
    assert sum(w.broken for w in torn.pool) >= 3
    assert not unlucky(calm, 6, 6, rows=1)
    assert unlucky(torn, 6, 6, rows=1)


def test_more_apps_share_the_same_budget() -> None:
    line = line_state(session_of(both(clean)))
    assert not unlucky(line, 6, 6, rows=1)
    assert unlucky(line, 6, 6, rows=10_000)
