"""Two reflectors: every world of them through a whole check, the place among what is told."""

import pytest

from tests.integration.support import ACCUSATIONS
from voipwatch.cli.kernel import KernelCheckError, report_from_kernel
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.flows import TOGETHER

WORLDS = load_worlds().of_two_reflectors


def told(world: World, seed: int) -> str:
    """What is told of the place; "" for nothing."""
    measurement = run_simulated(world.drawn(seed), apps=tuple(world.expected), seed=seed)
    assert [facts.name for facts in measurement.reflectors] == ["lab", "lab 1"]
    assert len({facts.key for facts in measurement.reflectors}) == 2
    (row,) = judge(measurement).results
    expected = world.expected[row.app]
    assert expected.accepts(row.verdict, row.stage, row.mechanism, row.direction), row
    assert row.verdict not in ACCUSATIONS or world.guilty
    asked = any(flow.question == TOGETHER for flow in measurement.flows)
    place = "" if row.common is None else row.common.outcome
    assert place in expected.places
    assert asked or not place
    return place


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.id)
def test_each_world_is_told_as_it_is(world: World) -> None:
    places = [told(world, seed) for seed in ((1, 2) if world.guilty else (1,))]
    assert places[0] == world.expected["whatsapp"].places[0], "the likeliest first"


def test_they_stand_outside_the_matrix_and_have_two_ways() -> None:
    table = load_worlds()
    assert not {world.id for world in WORLDS} & {world.id for world in table.matrix}
    assert {len(world.ways) for world in WORLDS} == {2}
    assert {world.guilty for world in WORLDS} == {True, False}


def test_the_kernels_network_has_one_far_end_and_says_so() -> None:
    with pytest.raises(KernelCheckError, match="two reflectors"):
        report_from_kernel(WORLDS[0], ["whatsapp"], seed=1, budget_bytes=2_000_000)
