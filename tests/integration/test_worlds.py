"""The core of the lab's table, once, in virtual time: what is said must be what the table expects.

The whole table, on every line: `make matrix`. A fixed sample of it: tests/integration/test_matrix_sample.py.
"""

import pytest

from tests.integration.support import ACCUSATIONS, APPS, MBYTE, beside, said_of, simulated
from voipwatch.inference import RULES
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.mechanisms import MECHANISMS
from voipwatch.model.vocabulary import LINE, Verdict

WORLDS = load_worlds().core
BY_WORLD = pytest.mark.parametrize("world", [pytest.param(w, marks=beside(w.id), id=w.id) for w in WORLDS])
CLEAR_CUT = {"blocked.setup", "blocked.handshake", "blocked.media", "blocked.port"}
"""Decided by silence, not by statistics; a late cut and a throttle need the whole budget."""
CLEAR_CUT_BYTES_MAX = MBYTE // 2
BUDGET_BYTES = 2 * MBYTE


def test_the_table_has_its_worlds() -> None:
    assert len(WORLDS) == 27
    assert sum(w.guilty for w in WORLDS) == 13


@BY_WORLD
def test_a_world_gets_the_verdicts_that_it_must(world: World) -> None:
    said = said_of(world.id)
    assert list(said) == list(APPS)
    wrong = {
        app: (row.verdict, row.stage, row.mechanism, row.direction, row.rule)
        for app, row in said.items()
        if not world.expected[app].accepts(row.verdict, row.stage, row.mechanism, row.direction)
    }
    assert wrong == {}
    for row in said.values():
        assert row.rule in RULES
        assert row.mechanism is None or row.mechanism in MECHANISMS
        assert row.explanation
        if not world.guilty:
            assert row.verdict not in ACCUSATIONS


@BY_WORLD
def test_a_world_costs_no_more_than_it_may(world: World) -> None:
    said = said_of(world.id)
    costs = {app: row.cost.bytes for app, row in said.items()}
    too_dear = {
        app: cost
        for app, cost in costs.items()
        if cost > (CLEAR_CUT_BYTES_MAX if said[app].rule in CLEAR_CUT else BUDGET_BYTES)
    }
    assert too_dear == {}
    assert simulated(world.id).costs[LINE].bytes < MBYTE // 4
    assert Verdict.BLOCKED not in {said[a].verdict for a in APPS if costs[a] == 0}
