"""What nDPI takes for one app's call is dropped: that app's block, and of those alone that have its name."""

import pytest

from tests.integration.support import ACCUSATIONS, SEED
from tests.support.environment import require
from voipwatch.inference import judge
from voipwatch.lab import ndpi
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import APP_IDS, Verdict

pytestmark = pytest.mark.slow
SET_UP_BYTES = 100_000
"""An app: enough for its scout and its first blocks. What lives is `insufficient` then, and not accused."""


@pytest.mark.parametrize("app", ["whatsapp", "teams", "facetime", "discord", "webrtc"])
def test_what_ndpi_calls_an_app_is_the_block_of_that_app_and_of_those_with_its_name(app: str) -> None:
    require(ndpi.is_installed(), "nfstream is not installed: make setup brings it")
    world = load_worlds().get(f"ndpi-{app}")
    measurement = run_simulated(world, apps=APP_IDS, seed=SEED, budget_bytes=SET_UP_BYTES)
    rows = {row.app: row for row in judge(measurement).results}
    assert set(rows) == set(APP_IDS)
    meant = {name for name, expected in world.expected.items() if Verdict.BLOCKED in expected.verdicts}
    assert app in meant
    assert {name for name, row in rows.items() if row.verdict in ACCUSATIONS} == meant
    for name in meant:
        row = rows[name]
        assert world.expected[name].accepts(row.verdict, row.stage, row.mechanism, row.direction), row
