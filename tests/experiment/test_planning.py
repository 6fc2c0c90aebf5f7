"""What a check is going to ask: drawn from the seed, bounded by budget and by what the reflector serves."""

from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.experiment.support import START_S, offered, reflector, small_profiles, unreachable
from voipwatch.apps import ProfileSet, load_profiles, mutant_kinds, neutral_ports
from voipwatch.apps.mediamutants import RTP_MUTANTS, RTP_NUMBERING
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.events import ReflectorSession
from voipwatch.experiment.planning import ARMS, DIRECT_ARMS, Planner, blocks_wanted
from voipwatch.experiment.questions.leg import Leg
from voipwatch.experiment.session import Session
from voipwatch.inference.throttle import family_size
from voipwatch.model.flows import HELD_REPLICATES, MUTANT_FORMAT
from voipwatch.model.ruleset import BLOCKS, BLOCKS_MAX, THROTTLE_ALPHA
from voipwatch.model.vocabulary import LINE, Arm, Media, Stage

REAL = ProfileSet.of([p for p in load_profiles().profiles if p.id != "zoom"])
"""Without one: an app may have no profile."""
SMALL = small_profiles()


def planner(*apps: str, seed: bytes = bytes(32), real: bool = True, **more: object) -> Planner:
    config = CheckConfig(apps=apps, started_at="2016-01-07T12:00:00Z")
    return Planner(msgspec.structs.replace(config, **more), REAL if real else SMALL, seed)


def session(
    plans: Planner, *, udp: tuple[int, ...] | None = None, real: bool = True, mutants: int = MUTANT_FORMAT
) -> Session:
    found = offered(reflector(REAL if real else SMALL, udp=udp))
    assert found.offer is not None
    offer = msgspec.structs.replace(found.offer, mutants=mutants)
    return plans.sessions([msgspec.structs.replace(found, offer=offer)])[0]


@given(st.integers(1, 20), st.integers(1, 2), st.integers(1, 4))
def test_so_many_blocks_that_the_smallest_p_value_can_pass_holms_first_step(
    apps: int, media: int, reflectors: int
) -> None:
    blocks = blocks_wanted(apps, media=media, reflectors=reflectors)
    level = THROTTLE_ALPHA / family_size(apps, media=media, reflectors=reflectors)
    assert 2.0**-blocks <= level  # the judge's own family
    assert blocks == BLOCKS or 2.0 ** -(blocks - 2) > level
    assert BLOCKS <= blocks <= HELD_REPLICATES[0]  # short replicates that a session has


def test_blocks_of_the_usual_checks() -> None:
    assert [blocks_wanted(n) for n in (1, 2, 3)] == [12, 13, 14]
    assert blocks_wanted(1, media=2) == blocks_wanted(1, reflectors=2) == 13


def test_more_blocks_than_needed_are_planned_where_asked_for_and_never_fewer() -> None:
    def blocks(asked: int, *apps: str) -> set[int]:
        plans = planner(*apps, blocks=asked)
        return {leg.plan.blocks for leg in plans.legs([session(plans)])}

    assert blocks(BLOCKS_MAX, "sip") == {BLOCKS_MAX}
    assert blocks(12, "sip", "webrtc") == {13}
    assert 14 in blocks(12, "sip", "webrtc", "whatsapp")
    assert min(blocks(12, "sip", "webrtc", "whatsapp")) == 14  # WhatsApp's rhythms of silence want more
    assert HELD_REPLICATES[0] == BLOCKS_MAX  # the short flows that a session has of one kind


def test_a_plan_knows_of_video_and_of_every_reflector() -> None:
    def blocks(*, video: bool, reflectors: int) -> set[int]:
        plans = planner("sip", video=video)
        sessions = plans.sessions([offered(reflector(REAL)), *[unreachable()] * (reflectors - 1)])
        return {leg.plan.blocks for leg in plans.legs(sessions)}

    assert blocks(video=False, reflectors=1) == {12}
    assert blocks(video=True, reflectors=1) == blocks(video=False, reflectors=2) == {13}


def test_blocks_for_no_app_at_all_are_the_default() -> None:
    assert blocks_wanted(0) == blocks_wanted(1) == BLOCKS
    assert all(b - a in (0, 1) for a, b in pairwise(blocks_wanted(n) for n in range(1, 40)))


def test_a_session_for_every_reflector_with_ticket_offer_and_neutral_ports() -> None:
    good = offered(reflector(SMALL))
    assert good.offer is not None
    mute = msgspec.structs.replace(good, offer=msgspec.structs.replace(good.offer, neutral_ports=[]))
    lost = msgspec.structs.replace(good, ticket=None)
    found = planner("whatsapp", real=False).sessions([unreachable(), lost, good, mute])
    assert [s.reflector for s in found] == [2]


def test_the_neutral_port_is_drawn_from_the_seed_among_those_offered() -> None:
    drawn = {session(planner("sip", seed=bytes([n]) * 32)).neutral_port for n in range(30)}
    assert drawn == set(neutral_ports)
    assert session(planner("sip")).neutral_port == session(planner("sip")).neutral_port


def test_the_warm_up_is_the_lines_own_kind() -> None:
    plans = planner("sip")
    kind = plans.warmup_kind(session(plans))
    assert (kind.app, kind.arm) == (LINE, Arm.W)


def test_digests_of_the_profiles_that_are_used_and_of_no_others() -> None:
    assert set(planner("sip", "webrtc", "zoom").digests()) == {"sip", "webrtc"}


def test_a_messaging_path_is_arm_g_even_where_another_app_falls_back_on_it() -> None:
    trials = planner("sip", "whatsapp", "webrtc").tcp_trials()
    assert trials["tcp-5222"] == trials["tls-443"] == "G"
    assert trials["tcp-443"] == trials["tcp-5060"] == trials["tls-5061"] == "F"
    assert planner("sip").tcp_trials() == {"tcp-5060": "F", "tls-5061": "F"}
    assert planner("zoom").tcp_trials() == {"tcp-443": "F", "tls-443": "F"}


def test_what_is_not_tested_is_said_once_and_by_name() -> None:
    said = planner("whatsapp", "webrtc", "zoom").not_tested()
    assert said["zoom"] == ["no-profile"]
    assert {"provider-address", "dialect-2023-media", "video", "longer-call"} <= set(said["whatsapp"])
    assert "leg-turn" in said["webrtc"]
    for names in said.values():
        assert len(names) == len(set(names))
    whole = planner("whatsapp", video=True, long=True).not_tested()["whatsapp"]
    assert "video" not in whole
    assert "longer-call" not in set(whole) - set(REAL.profiles[0].not_testable)


def test_mutants_are_the_apps_own_and_only_where_its_port_is_served() -> None:
    plans = planner("whatsapp", "webrtc")
    mine = plans.mutants("whatsapp", "relay-2015", Stage.SETUP, session(plans))
    single = {"stun-cookie", "stun-type", "stun-attributes"}
    assert {k.mutant for k in mine} == {"stun-binding", "turn-allocate", "stun-all", *single}
    assert {(k.app, k.arm) for k in mine} == {("whatsapp", Arm.D)}
    elsewhere = session(plans, udp=(*neutral_ports, 10_000))
    assert plans.mutants("whatsapp", "relay-2015", Stage.SETUP, elsewhere) == []
    assert plans.mutants("sip", "signalling", Stage.SETUP, session(plans)) == []


def test_mutants_ask_about_the_stage_that_died() -> None:
    plans = planner("whatsapp", "webrtc")
    here = session(plans)
    assert [k.mutant for k in plans.mutants("webrtc", "server", Stage.HANDSHAKE, here)] == ["dtls-hello"]
    (late,) = plans.mutants("webrtc", "server", Stage.VOICE, here)
    assert (late.mutant, late.media) == ("dtls-hello", Media.VOICE)
    assert [k.mutant for k in plans.mutants("whatsapp", "peer", Stage.SETUP, here)] == ["stun-binding"]
    assert plans.mutants("whatsapp", "relay-2015", Stage.HANDSHAKE, here) == []


@pytest.mark.parametrize(("offered", "known"), [(1, 1), (2, 2), (MUTANT_FORMAT + 1, MUTANT_FORMAT)])
def test_a_reflector_is_asked_for_the_mutants_that_both_know(offered: int, known: int) -> None:
    plans = planner("whatsapp", "webrtc")
    here = session(plans, mutants=offered)
    assert here.mutants == mutant_kinds(REAL, known)
    (voice,) = [leg.plan for leg in plans.legs([here]) if leg.plan.leg == "server"]
    assert len(plans.media_mutants(voice)) == (len(RTP_MUTANTS) if known > 1 else 0)


def test_of_many_apps_one_mutant_of_media_is_asked_for() -> None:
    plans = planner("whatsapp", "webrtc", "sip", "meet")
    here = session(plans)
    (voice,) = [leg.plan for leg in plans.legs([here]) if leg.plan.leg == "server"]
    assert [kind.mutant for kind in plans.media_mutants(voice)] == [RTP_NUMBERING]


@pytest.mark.parametrize("offered_format", [-1, 0])
def test_a_reflector_that_does_not_play_our_mutants_is_asked_for_none(offered_format: int) -> None:
    plans = planner("whatsapp", "webrtc")
    here = session(plans, mutants=offered_format)
    assert here.mutants == ()
    assert plans.mutants("webrtc", "server", Stage.HANDSHAKE, here) == []
    assert len(plans.mutants("webrtc", "server", Stage.SETUP, here)) == 2, "those of the profile stay"


def test_rates_are_per_second_of_media_and_never_of_a_shorter_time() -> None:
    plans = planner("whatsapp", real=False)
    mine = session(plans, real=False)
    held = plans.legs([mine])[0].plan.kinds[Arm.A]
    short, long = mine.script(held, 0), mine.script(held, 28)
    assert plans.rates(short) == (short.bytes_up, short.bytes_down)
    assert plans.rates(long) == (long.bytes_up / 10.0, long.bytes_down / 10.0)


def test_every_leg_that_runs_with_the_arms_that_can() -> None:
    plans = planner("whatsapp", "sip", "webrtc")
    legs = plans.legs([session(plans)])
    found = sorted((leg.app, leg.plan.kinds[Arm.A].leg, leg.media) for leg in legs)
    assert found == [
        ("sip", "media", Media.VOICE),
        ("sip", "signalling", Media.NONE),
        ("webrtc", "server", Media.VOICE),
        ("whatsapp", "peer", Media.VOICE),
        ("whatsapp", "relay-2015", Media.VOICE),
        ("whatsapp", "relay-2023", Media.NONE),
    ]
    for leg in legs:
        assert tuple(leg.plan.kinds) == (DIRECT_ARMS if leg.plan.leg == "peer" else ARMS)
        assert leg.plan.relay == ("relay-2015" if leg.plan.leg == "peer" else "")
        assert leg.plan.brief is leg.plan.secondary is bool(leg.plan.relay) or leg.media is Media.NONE
        (dialect,) = {k.dialect for k in leg.plan.kinds.values()}
        default = next(p for p in REAL.profiles if p.id == leg.app).default_dialect
        assert dialect == default or leg.media is Media.NONE, "other dialects: their set-up alone"
    video = planner("whatsapp", video=True, budget_bytes=20_000_000)
    assert {leg.media for leg in video.legs([session(video)])} == set(Media), "the other dialect: NONE"


def test_without_its_port_an_app_keeps_the_neutral_arms_alone() -> None:
    plans = planner("whatsapp", real=False)
    (leg,) = plans.legs([session(plans, udp=neutral_ports, real=False)])
    assert set(leg.plan.kinds) == {Arm.A_NEUTRAL, Arm.C_NEUTRAL}


@pytest.mark.parametrize("reflectors", [1, 2, 3])
@pytest.mark.parametrize("budget_bytes", [0, 100_000, 1_000_000, 2_000_000])
def test_the_legs_of_an_app_share_its_budget_over_all_reflectors(budget_bytes: int, reflectors: int) -> None:
    plans = planner("sip", "whatsapp", video=True, budget_bytes=budget_bytes)
    mine: list[ReflectorSession] = [offered(reflector(REAL, f"far {n}")) for n in range(reflectors)]
    legs = plans.legs(plans.sessions(mine))
    for app in ("sip", "whatsapp"):
        heavy = [leg for leg in legs if leg.app == app and leg.media is not Media.NONE]
        assert sum(leg.budget_bytes for leg in heavy) <= budget_bytes
        first = [w for leg in legs if leg.app == app for w in leg.wishes]
        planned = sum(
            leg.plan.flow_bytes(w.kind, w.replicate) for leg in legs if leg.app == app for w in leg.wishes
        )
        assert planned <= budget_bytes
        assert bool(first) == (planned > 0)


def direct_legs(*apps: str, budget_bytes: int = 2_000_000) -> dict[str, Leg]:
    plans = planner(*apps, budget_bytes=budget_bytes)
    return {leg.plan.leg: leg for leg in plans.legs([session(plans)]) if leg.plan.relay}


def test_among_many_apps_a_direct_leg_speaks_todays_dialect_alone_and_in_three_blocks() -> None:
    few, many = direct_legs("teams"), direct_legs("teams", "sip", "webrtc", "viber", budget_bytes=836_000)
    assert (set(few), set(many)) == ({"peer-2024", "peer-2020"}, {"peer-2024"})
    assert [len(found["peer-2024"].wishes) for found in (few, many)] == [2 * 4, 2 * 3]
    assert few["peer-2020"].media is Media.NONE


def test_where_the_budget_does_not_reach_the_direct_leg_is_the_one_that_goes() -> None:
    enough, little = direct_legs("signal"), direct_legs("signal", budget_bytes=150_000)
    assert enough["peer"].wishes
    assert not little["peer"].wishes
    assert [d.outcome for d in little["peer"].decisions] == ["budget"]


def test_without_its_port_there_is_no_direct_leg() -> None:
    plans = planner("signal")
    mine = session(plans, udp=(*neutral_ports, 3478))
    assert {leg.plan.leg for leg in plans.legs([mine])} == {"turn"}


def test_the_order_of_apps_and_of_arms_is_the_seeds() -> None:
    def order(seed: bytes) -> tuple[list[str], list[Arm]]:
        plans = planner("whatsapp", "sip", "webrtc", seed=seed)
        legs = plans.legs([session(plans)])
        return [leg.app for leg in legs], legs[0].plan.shuffled(0, list(ARMS))

    assert order(bytes(32)) == order(bytes(32))
    drawn = [order(bytes([n]) * 32) for n in range(12)]
    assert len({tuple(apps) for apps, _ in drawn}) > 2
    assert len({tuple(arms) for _, arms in drawn}) > 3
    assert all(sorted(arms) == sorted(ARMS) for _, arms in drawn)


def test_preparation_compiles_what_the_legs_will_want_one_script_at_a_step() -> None:
    plans = planner("whatsapp", real=False)
    mine = session(plans, real=False)
    steps = list(plans.preparation([mine]))
    (leg,) = plans.legs([mine])
    compiled = len(mine._scripts)
    for wish in leg.wishes:
        mine.script(wish.kind, wish.replicate)
    assert len(mine._scripts) == compiled
    assert len(steps) >= compiled - 2
    assert START_S > 0
