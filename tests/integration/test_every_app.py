"""All apps at once: one app's own signature is its own block alone, and a dead line costs little."""

from datetime import datetime
from functools import cache

import pytest

from tests.integration.support import ACCUSATIONS, SEED
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import APP_IDS, LINE, Verdict

WORLDS = load_worlds().of_every_app
SET_UP_BYTES = 100_000
"""An app: enough for its scout and its first blocks. What lives is `insufficient` then, and not accused."""
DEAD_BYTES_MAX, DEAD_S_MAX = 1_000_000, 20.0


@cache
def measured(world_id: str) -> Measurement:
    return run_simulated(load_worlds().get(world_id), apps=APP_IDS, seed=SEED, budget_bytes=SET_UP_BYTES)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.id)
def test_an_apps_own_signature_is_that_apps_block_and_no_other_apps(world: World) -> None:
    rows = {row.app: row for row in judge(measured(world.id)).results}
    assert set(rows) == set(APP_IDS)
    meant = {app for app, expected in world.expected.items() if Verdict.BLOCKED in expected.verdicts}
    assert {app for app, row in rows.items() if row.verdict in ACCUSATIONS} == meant
    for app in meant:
        row = rows[app]
        assert world.expected[app].accepts(row.verdict, row.stage, row.mechanism, row.direction), row


def test_no_two_flows_have_one_number() -> None:
    """Else the reflector takes the later one for a copy from another address, and leaves it unanswered."""
    apps = ("sip", "imo", "viber", "zoom")
    measurement = run_simulated(load_worlds().get("clean"), apps=apps, seed=SEED, budget_bytes=250_000)
    flows = [(flow.reflector, flow.flow) for flow in measurement.flows]
    assert len(set(flows)) == len(flows)
    assert "nat-rebind" not in judge(measurement).notes


def test_where_every_call_is_dead_all_apps_are_told_within_20_s_and_1_mb() -> None:
    measurement = measured("every-call")
    lasted = datetime.fromisoformat(measurement.ended_at) - datetime.fromisoformat(measurement.started_at)
    assert lasted.total_seconds() <= DEAD_S_MAX
    assert sum(cost.bytes for cost in measurement.costs.values()) <= DEAD_BYTES_MAX
    assert measurement.costs[LINE].bytes > 0
    assert {flow.media_s for flow in measurement.flows if flow.kind.app != LINE} == {0.0}, "set-up alone"
