"""Flows to two reflectors at once: when they are asked for, that they overlap, what bounds them."""

from functools import cache

import pytest

from tests.experiment.support import Hop, Network, Rig, bytes_of, offered, reflector, small_profiles
from voipwatch.experiment.beside import SUSPECT_SHARE
from voipwatch.experiment.questions.together import ALL_S, FLOW_S, STAGGER_S
from voipwatch.model.flows import LONG_REPLICATES, TOGETHER, FlowRecord
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Arm, Direction

BUDGET = 8_000_000


def dicing(rig: list[Rig], share: float, ways: tuple[int, ...]) -> Network:
    """Drops a part of A's downlink media, flow by flow as the near end knows them."""

    def network(hop: Hop) -> list[tuple[float, bytes]]:
        flow = rig[0].near._book.at(hop.socket)  # which arm a socket is, only the check knows
        struck = flow is not None and flow.record.kind.arm in (Arm.A, Arm.A_NEUTRAL)
        media = flow is not None and flow.media_started_at is not None
        lost = struck and media and hop.reflector in ways and hop.direction is Direction.DOWN
        return [] if lost and hop.index * 7919 % 1000 < 1000 * share else [(0.02, hop.data)]

    return network


@cache
def measured(
    share: float = 0.4, ways: tuple[int, ...] = (0, 1), *, locate: bool = True, budget_bytes: int = BUDGET
) -> Measurement:
    known: list[Rig] = []
    fars = [reflector(small_profiles(), f"far {n}") for n in (0, 1)]
    rig = Rig(
        network=dicing(known, share, ways),
        fars=fars,
        sessions=[offered(far) for far in fars],
        budget_bytes=budget_bytes,
        locate=locate,
        seed=bytes_of("beside"),
    )
    known.append(rig)
    return rig.run()


def together(measurement: Measurement) -> list[FlowRecord]:
    return [f for f in measurement.flows if f.question == TOGETHER]


def test_a_lossy_voice_at_both_is_asked_about_by_two_arms_at_each() -> None:
    flows = together(measured())
    assert sorted((f.reflector, f.kind.arm) for f in flows) == [(0, "A"), (0, "C"), (1, "A"), (1, "C")]
    assert {f.replicate for f in flows} == {LONG_REPLICATES[0]}
    assert all(f.aborted for f in flows)


def test_the_second_begins_later_and_all_end_in_time() -> None:
    flows = together(measured())
    begins = [min(f.started_us for f in flows if f.reflector == index) / 1e6 for index in (0, 1)]
    assert abs(begins[0] - begins[1]) == pytest.approx(STAGGER_S, abs=0.1)
    lasted = [(max(f.sent.t_us) - f.started_us) / 1e6 for f in flows]
    assert lasted == pytest.approx([FLOW_S] * 4, abs=0.5)
    ends = max(f.ended_us or 0 for f in flows) / 1e6
    assert ends - min(begins) <= ALL_S <= 45.0


def test_it_follows_all_other_flows_of_the_apps() -> None:
    others = [f for f in measured().flows if f.question != TOGETHER]
    assert max(f.ended_us or 0 for f in others) <= min(f.started_us for f in together(measured()))


@pytest.mark.parametrize("ways", [(), (0,), (1,)])
def test_a_voice_that_loses_at_one_reflector_or_at_none_is_not(ways: tuple[int, ...]) -> None:
    assert not together(measured(ways=ways))
    assert not measured(ways=ways).decisions or "together" not in {
        d.question for d in measured(ways=ways).decisions
    }


def test_a_small_loss_is_not_asked_about() -> None:
    assert not together(measured(SUSPECT_SHARE / 4))


def test_without_locate_nothing_is_asked() -> None:
    assert not together(measured(locate=False))


def test_a_budget_that_does_not_pay_for_it_is_a_decision() -> None:
    measurement = measured(budget_bytes=900_000)
    assert not together(measurement)
    assert [d.outcome for d in measurement.decisions if d.question == TOGETHER] == ["budget"]
