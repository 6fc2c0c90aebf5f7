"""Whole checks at two reflectors, a planted throttle: one bucket for both, one each, one way alone, dice."""

from functools import cache
from typing import Any

import msgspec
import pytest

from tests.experiment.support import Hop, Network, Rig, bytes_of, offered, reflector, small_profiles
from voipwatch.inference import judge
from voipwatch.inference.beside import common_place
from voipwatch.inference.join import join_session
from voipwatch.lab.policy import make_policy
from voipwatch.lab.policy.dice import derive
from voipwatch.lab.policy.packet import PASS, UDP, Packet
from voipwatch.model.flows import TOGETHER
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import CommonPlace
from voipwatch.model.vocabulary import Direction, Verdict

SEEDS = range(3)
NEAR = "192.0.2.2"
SHARED = {"policy": "police", "bytes_per_s": 2500, "burst_bytes": 600, "signatures": ["rtp"], "shared": True}
EACH = {"policy": "police", "bytes_per_s": 1500, "burst_bytes": 600, "signatures": ["rtp"]}
RANDOM = {"policy": "media-loss", "ratio": 0.4}


def censored(wanted: dict[str, Any], seed: int, ways: tuple[int, ...] = (0, 1)) -> Network:
    """A censor of the lab before both reflectors, or before one."""
    policy = make_policy(wanted)
    state = policy.start(derive(str(seed).encode(), "policy"))

    def network(hop: Hop) -> list[tuple[float, bytes]]:
        near, far = (NEAR, 40_000 + hop.socket), (f"203.0.113.{2 + hop.reflector}", hop.port)
        source, target = (near, far) if hop.direction is Direction.UP else (far, near)
        packet = Packet(UDP, *source, *target, hop.data, len(hop.data) + 28)
        passes = hop.reflector not in ways or policy(hop.direction, packet, state, hop.now) is PASS
        return [(0.02, hop.data)] if passes else []

    return network


@cache
def measured(world: str, seed: int, budget_bytes: int = 8_000_000) -> Measurement:
    wanted, ways = {
        "shared": (SHARED, (0, 1)),
        "each": (EACH, (0, 1)),
        "one-way": (EACH, (1,)),
        "random": (RANDOM, (0, 1)),
        "clean": (RANDOM, ()),
    }[world]
    fars = [reflector(small_profiles(), f"far {n} {seed}") for n in (0, 1)]
    rig = Rig(
        network=censored(wanted, seed, ways),
        fars=fars,
        sessions=[offered(far) for far in fars],
        budget_bytes=budget_bytes,
        locate=True,
        seed=bytes_of(f"check {seed}"),
    )
    return rig.run()


def said(world: str, seed: int) -> str:
    (row,) = judge(measured(world, seed)).results
    return row.common.outcome if row.common is not None else "nothing"


def told(measurement: Measurement, lang: str = "en") -> CommonPlace | None:
    sessions = [join_session(measurement, index) for index in (0, 1)]
    return common_place(measurement, sessions, "whatsapp", lang=lang)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bucket_for_the_whole_line_is_common(seed: int) -> None:
    place = told(measured("shared", seed))
    assert place is not None
    assert place.outcome == "common"
    assert place.kept == pytest.approx(0.5, abs=0.1)
    (row,) = judge(measured("shared", seed)).results  # where nobody is accused, nothing is said of where
    assert row.common == (place if row.verdict in {Verdict.BLOCKED, Verdict.THROTTLED} else None)


def test_where_it_is_said_beside_a_verdict() -> None:
    assert "common" in {said("shared", seed) for seed in SEEDS}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("world", ["each", "random"])
def test_what_each_flow_loses_for_itself_is_apart(world: str, seed: int) -> None:
    place = told(measured(world, seed))
    assert place is not None
    assert place.outcome == "apart"
    assert said(world, seed) in {"apart", "nothing"}


@pytest.mark.parametrize("world", ["one-way", "clean"])
def test_a_throttle_of_one_way_and_a_clean_line_are_asked_nothing(world: str) -> None:
    assert said(world, 1) == "nothing"
    assert not [f for f in measured(world, 1).flows if f.question == TOGETHER]


def test_its_sentences_name_a_chance_of_error_and_no_network() -> None:
    place = told(measured("shared", 0))
    assert place is not None
    assert place.by == "sums"
    assert place.error is not None
    assert 0.001 <= place.error <= 0.05
    assert place.reflectors == [0, 1]
    assert "both ways are one" in place.explanation
    languages = {
        place.explanation,
        *(found.explanation for lang in ("fr", "ar") if (found := told(measured("shared", 0), lang))),
    }
    assert len(languages) == 3


def test_apart_claims_no_place() -> None:
    outcomes = [
        place for seed in SEEDS if (place := told(measured("each", seed))) and place.outcome == "apart"
    ]
    assert outcomes
    assert all("look alike" in place.explanation for place in outcomes)
    assert not any("outside" in place.explanation for place in outcomes)


def test_a_budget_that_does_not_reach_is_said() -> None:
    measurement = measured("each", 1, 700_000)
    place = told(measurement)
    assert place is not None
    assert place.outcome == "budget"
    assert "data" in place.explanation


def test_its_flows_are_no_evidence_of_a_verdict() -> None:
    measurement = measured("random", 1)
    without = msgspec.structs.replace(
        measurement, flows=[f for f in measurement.flows if f.question != TOGETHER]
    )
    rows = [judge(m).results[0] for m in (measurement, without)]
    assert rows[0].common is not None
    assert rows[1].common is None
    assert msgspec.structs.replace(rows[0], common=None, cost=rows[1].cost) == rows[1]
