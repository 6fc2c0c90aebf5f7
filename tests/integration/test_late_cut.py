"""A cut at four fifths of a call of a minute: found by `--long` at its own budget, by a large voice too."""

import msgspec
import pytest

from voipwatch.cli.consent import default_budget
from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds

UPLINK = {"sip": 1600, "viber": 2400}
"""Uplink packets of a flow until it is cut: about four fifths of its minute."""


@pytest.mark.parametrize("app", UPLINK)
def test_the_budget_of_a_long_check_pays_for_the_second_pair(app: str) -> None:
    policy = {"policy": "cut-after", "packets": UPLINK[app]}
    world = msgspec.structs.replace(load_worlds().get("cut-after-n"), policy=policy)
    measurement = run_simulated(
        world, apps=[app], seed=2, line="clean", long=True, budget_bytes=default_budget(long=True)
    )
    assert judge(measurement).results[0].rule == "blocked.cut"
    assert measurement.interrupted is None
