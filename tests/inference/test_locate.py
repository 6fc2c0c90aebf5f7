"""From a sweep to a place: a case by hand, the places that it must and must not name, and its words."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import msgspec
import pytest

from voipwatch.inference.locate import (
    Count,
    count,
    interval,
    locate,
    place_of,
    posterior,
    side_of,
    whole_requests,
)
from voipwatch.model.measurement import Line, Measurement
from voipwatch.model.sweeps import HOP, HOPS_MAX, REFLECTOR, REFUSED, SILENT, HopProbe, Sweep
from voipwatch.model.vocabulary import Arm

LINE = Line()


def probes(
    hops: int,
    box: int,
    *,
    rounds: int = 5,
    silent: Sequence[int] = (),
    kinds: Sequence[str] = (),
    networks: Sequence[str] = (),
    refused_by: str = "",
    answer_ratio: float = 1.0,
    round_the_box: float = 0.0,
    seed: int = 1,
) -> Sweep:
    """`hops` routers, the reflector behind them; the dead arm does not get beyond hop `box`."""
    dice = Random(seed)
    made = []
    for number in range(rounds):
        for ttl in range(1, hops + 2):
            for arm in (Arm.A, Arm.C):
                passes = arm is Arm.C or ttl <= box or dice.random() < round_the_box
                answer = HOP if ttl <= hops else REFLECTOR
                if not passes:
                    answer = REFUSED if refused_by else SILENT
                elif ttl in silent or dice.random() > answer_ratio:
                    answer = SILENT
                address = refused_by if answer == REFUSED else f"addr-{ttl}" if answer == HOP else ""
                at = ttl - 1
                kind = kinds[at] if answer == HOP and at < len(kinds) else ""
                network = networks[at] if answer == HOP and at < len(networks) else ""
                made.append(HopProbe(arm, ttl, number, answer, arm is Arm.C, 0, None, address, kind, network))
    return Sweep("whatsapp", 0, "relay", Arm.A, Arm.C, "done", 0, 6.0, made)


def test_a_case_by_hand() -> None:
    """docs/methods/locate.md works it: one hop answers both arms, then only the control is answered."""
    counts = {1: Count(3, 3, 3, 3), 2: Count(0, 3, 3, 3), 3: Count(0, 3, 3, 3)}
    both, unlike = Fraction(1, 7), Fraction(1, 140)  # B(7, 1), B(4, 4)
    gone = Fraction(1, 4) * Fraction(6, 7)  # B(4, 1) and B(1, 21) / B(1, 18)
    round_it = Fraction(1, 4) * Fraction(1, 1330)  # B(4, 1) and B(4, 18) / B(1, 18)
    weights = [round_it * gone * gone, both * gone * gone, both * unlike * gone, both * unlike * unlike]
    wanted = [float(weight / sum(weights)) for weight in weights]
    found = posterior(counts, 3, whole=(0, 9))
    assert found == pytest.approx(wanted)
    assert wanted[1] == pytest.approx(0.9655, abs=1e-4)
    assert interval(found)[:2] == (1, 1)


def test_whole_requests_that_got_through_make_a_way_round_likelier() -> None:
    """Hop 2 answered the dead arm once of five: on a way round the box, or the box is behind it."""
    counts = {1: Count(5, 5, 5, 5), 2: Count(1, 5, 5, 5), 3: Count(0, 5, 5, 5)}
    beyond = [posterior(counts, 3, whole=whole)[2] for whole in ((6, 30), (1, 30), (0, 30))]
    assert beyond == sorted(beyond)
    assert beyond[0] < 0.05
    assert beyond[-1] > 0.1
    sweep = probes(3, 1)
    assert whole_requests(sweep) == (0, 20)
    sweep.probes = [msgspec.structs.replace(p, first=True, whole=p.ttl != 2) for p in sweep.probes]
    assert whole_requests(sweep) == (15, 15)


def test_the_interval_grows_to_the_heavier_side_until_it_holds_enough() -> None:
    assert interval([0.1, 0.2, 0.6, 0.1], 0.6) == (2, 2, 0.6)
    assert interval([0.1, 0.2, 0.6, 0.1], 0.75)[:2] == (1, 2)
    assert interval([0.1, 0.2, 0.6, 0.1], 0.85)[:2] == (0, 2)
    assert interval([0.1, 0.2, 0.6, 0.1], 0.85)[2] == pytest.approx(0.9)
    assert interval([0.5, 0.5], 0.95) == (0, 1, 1.0)


@pytest.mark.parametrize("hops", [3, 7, 12])
@pytest.mark.parametrize("box", [1, 2, 3])
def test_the_last_hop_that_answers_the_dead_arm(hops: int, box: int) -> None:
    place = locate(probes(hops, box), LINE)
    assert (place.outcome, place.after, place.before, place.hops) == ("hop", box, box + 1, hops + 1)
    assert place.confidence is not None
    assert place.confidence > 0.99
    assert not place.paths_differ
    assert place.silent == []


def test_before_the_first_hop() -> None:
    place = locate(probes(4, 0), LINE)
    assert (place.outcome, place.after, place.before) == ("hop", 0, 1)
    assert "Your own router" in place.explanation


def test_silent_hops_make_a_gap_that_is_told() -> None:
    place = locate(probes(8, 3, silent=(4, 5, 8)), LINE)
    assert (place.after, place.before, place.silent) == (3, 6, [4, 5, 8])
    assert "between hop 3 and hop 6" in place.explanation
    assert "answer nobody: 4, 5, 8" in place.explanation
    beyond = locate(probes(8, 4, silent=(4, 5, 8)), LINE)
    assert (beyond.after, beyond.before) == (3, 6), "a box at a silent hop leaves the same trace"


def test_nothing_is_named_behind_which_nobody_answers() -> None:
    place = locate(probes(6, 3, silent=(4, 5, 6)), LINE)
    assert (place.outcome, place.after, place.before) == ("behind", 3, 7)
    assert "ICMP is silent" in place.explanation
    quiet = locate(probes(6, 3, silent=range(1, 7)), LINE)
    assert (quiet.outcome, quiet.after, quiet.before, quiet.confidence) == ("silent", None, None, None)


@pytest.mark.parametrize("rounds", [1, 5])
def test_a_control_that_does_not_arrive_says_nothing(rounds: int) -> None:
    sweep = probes(4, 2, rounds=rounds)
    sweep.probes = [p for p in sweep.probes if p.answer != REFLECTOR]
    for state, outcome in (("control", "control"), ("time", "ended"), ("interrupted", "ended")):
        sweep.state = state
        place = locate(sweep, LINE)
        assert (place.outcome, place.after, place.before) == (outcome, None, None)


def test_a_set_up_that_gets_through_meanwhile_has_no_place() -> None:
    assert locate(probes(4, 5), LINE).outcome == "through"
    once = probes(4, 2)
    first = next(i for i, p in enumerate(once.probes) if p.arm is Arm.A)
    once.probes[first] = msgspec.structs.replace(once.probes[first], first=True)
    assert locate(once, LINE).outcome == "hop", "one of many went another way"


def test_lost_answers_widen_the_place_and_do_not_move_it() -> None:
    wrong = 0
    for seed in range(200):
        place = locate(probes(8, 4, answer_ratio=0.6, seed=seed), LINE)
        assert place.after is not None
        assert place.before is not None
        assert place.confidence is not None
        assert place.confidence >= 0.95
        wrong += not place.after <= 4 < place.before
    assert wrong <= 10, "an interval of 95 %"


def test_several_ways_are_settled_by_most_and_told() -> None:
    differ = 0
    for seed in range(50):
        place = locate(probes(8, 4, round_the_box=0.08, seed=seed), LINE)
        if place.outcome == "hop":
            assert place.after is not None
            assert place.before is not None
            assert place.after <= 4 < place.before or place.paths_differ
        differ += place.paths_differ
    assert differ > 10
    assert "several ways" in next(
        p.explanation
        for s in range(50)
        if (p := locate(probes(8, 4, round_the_box=0.08, seed=s), LINE)).paths_differ
    )


def test_who_refuses_is_the_hop_with_that_address() -> None:
    place = locate(probes(6, 3, refused_by="addr-3"), LINE)
    assert (place.after, place.before, place.refused_at) == (3, 4, 3)
    assert "address of hop 3" in place.explanation
    assert locate(probes(6, 3, refused_by="addr-99"), LINE).refused_at == 0
    assert locate(probes(6, 3), LINE).refused_at is None


def test_a_refused_request_that_should_have_died_before_it_met_the_box() -> None:
    """A sweep that spares a refusing router asks the dead arm no further: hops behind say nothing."""
    sweep = probes(11, 1, rounds=4, refused_by="addr-1")
    sweep.probes = [
        msgspec.structs.replace(p, whole=False)
        for p in sweep.probes
        if (p.arm is Arm.C or p.ttl <= 2) and (p.round == 0 or p.ttl <= 2)
    ]
    assert count(sweep, 12)[2].refused == 4
    place = locate(sweep, LINE)
    assert (place.after, place.before, place.refused_at) == (1, 2, 1)
    assert place.confidence is not None
    assert place.confidence > 0.99
    sweep.probes = [msgspec.structs.replace(p, whole=True) for p in sweep.probes]
    assert count(sweep, 12)[2].refused == 0, "it may have been the whole request that was refused"


def test_answers_count_at_the_hop_and_all_longer_lives_at_the_reflector() -> None:
    sweep = probes(2, 1, rounds=1)
    sweep.probes.append(HopProbe(Arm.C, 9, 0, REFLECTOR, True, 0))
    sweep.probes.append(HopProbe(Arm.C, 2, 0, REFLECTOR, True, 0))
    # A shorter way to the reflector: then hop 2 is where it is.
    assert count(sweep, 2) == {1: Count(1, 1, 1, 1), 2: Count(0, 2, 3, 4)}
    assert count(probes(2, 1, rounds=1), 3) == {
        1: Count(1, 1, 1, 1),
        2: Count(0, 1, 1, 1),
        3: Count(0, 1, 1, 1),
    }


# --- inside or outside --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kinds", "box", "side"),
    [
        (["private", "private", "shared", "public", "public"], 1, "inside"),
        (["private", "private", "shared", "public", "public"], 2, "inside"),
        (["private", "private", "shared", "public", "public"], 3, "unknown"),
        (["private", "public", "private", "public"], 2, "unknown"),
        (["public", "private", "public"], 1, "inside"),
        (["private", "", "private"], 1, "unknown"),
        (["private", "public", "public"], 2, "unknown"),
    ],
)
def test_inside_is_where_the_hop_beyond_has_no_address_of_the_open_internet(
    kinds: list[str], box: int, side: str
) -> None:
    assert locate(probes(len(kinds), box, kinds=kinds), LINE).side == side


@pytest.mark.parametrize(
    ("box", "operator", "side"),
    [
        (1, "Inwi", "inside"),
        (1, "inwi", "inside"),
        (2, "Inwi", "unknown"),
        (3, "Inwi", "outside"),
        (3, None, "unknown"),
        (2, None, "inside"),
        (1, "Orange", "unknown"),
        (2, "Orange", "outside"),
    ],
)
def test_the_users_table_says_whose_a_hop_is(box: int, operator: str | None, side: str) -> None:
    sweep = probes(4, box, kinds=["public"] * 4, networks=["", "Inwi", "Transit", ""])
    assert locate(sweep, Line(operator_declared=operator)).side == side


def test_the_reflector_is_nobodys_hop() -> None:
    sweep = probes(3, 3, kinds=["private"] * 3)
    assert side_of(sweep, LINE, after=3, before=4, reach=4) == "unknown"


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "fr", "ar"])
def test_every_outcome_has_its_sentence(lang: str) -> None:
    ended = probes(3, 1)
    ended.state, ended.probes = "control", []
    sweeps = [
        probes(4, 2),
        probes(4, 0),
        probes(8, 3, silent=(4,)),
        probes(6, 3, silent=(4, 5, 6)),
        probes(3, 1, silent=(1, 2, 3)),
        probes(4, 5),
        probes(4, 2, refused_by="addr-2"),
        probes(4, 2, refused_by="addr-7"),
        ended,
    ]
    said = {locate(sweep, LINE, lang=lang).explanation for sweep in sweeps}
    assert len(said) == len(sweeps)
    assert all("{" not in words for words in said)
    with pytest.raises(ValueError, match="lang"):
        locate(sweeps[0], LINE, lang="xx")


def test_what_is_nearly_sure_is_not_called_sure() -> None:
    assert "confidence 99.9 %" in locate(probes(4, 2, rounds=40), LINE).explanation


def test_an_app_that_was_not_swept_has_no_place() -> None:
    measurement = Measurement("", "", "", ["whatsapp", "sip"], {}, LINE, [], sweeps=[probes(4, 2)])
    assert place_of(measurement, "sip", lang="en") is None
    found = place_of(measurement, "whatsapp", lang="en")
    assert found is not None
    assert (found.after, found.state, found.tries, found.seconds) == (2, "done", 50, 6.0)


@pytest.mark.parametrize("ttl", [-(2**63), -3, 0, HOPS_MAX + 1, 2**40])
def test_lives_that_no_check_gives_a_packet_say_nothing(ttl: int) -> None:
    """As in a report from a hostile probe: alone they are no sweep, beside a sweep they change nothing."""
    sweep = probes(4, 2)
    odd = [HopProbe(arm, ttl, 0, REFLECTOR, False, 0) for arm in (Arm.A, Arm.C)]
    alone = locate(msgspec.structs.replace(sweep, probes=odd), LINE)
    assert (alone.outcome, alone.tries) == ("ended", 0)
    assert locate(msgspec.structs.replace(sweep, probes=[*sweep.probes, *odd]), LINE) == locate(sweep, LINE)
