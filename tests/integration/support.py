"""Simulated checks for the tests of whole runs, each run once and kept."""

from functools import cache

import msgspec
import pytest

from voipwatch.inference import judge
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.line import LineCondition, LinkCondition
from voipwatch.lab.worlds import World, load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.results import AppResult
from voipwatch.model.vocabulary import Verdict

APPS = ("whatsapp", "sip", "webrtc")
SEED = 1
ACCUSATIONS = {Verdict.BLOCKED, Verdict.THROTTLED}
MBYTE = 1_000_000


@cache
def simulated(world_id: str, seed: int = SEED) -> Measurement:
    """All three apps in one world, on its own line."""
    return run_simulated(load_worlds().get(world_id), apps=APPS, seed=seed)


@cache
def said_of(world_id: str) -> dict[str, AppResult]:
    """What the judge says of `simulated(world_id)`, by app."""
    return rows(simulated(world_id))


def beside(world_id: str) -> pytest.MarkDecorator:
    """Keeps the tests of one simulated world on one process, so that it is simulated once."""
    return pytest.mark.xdist_group(f"world {world_id}")


def rows(measurement: Measurement) -> dict[str, AppResult]:
    """What the judge says, by app."""
    return {row.app: row for row in judge(measurement).results}


def on_round_trip(world: World, rtt_ms: float, jitter_ms: float = 0.0) -> World:
    """The world on a quiet line of this length."""
    link = LinkCondition(delay_ms=rtt_ms / 2, jitter_ms=jitter_ms)
    return msgspec.structs.replace(world, line_name="test", line=LineCondition(up=link, down=link))
