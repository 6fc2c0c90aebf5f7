"""A port that loses whatever it carries is told from lossy lines, unlucky paths, and from a signature."""

from collections.abc import Callable

import pytest

from tests.inference.build import SIP, Check, Packet, Shape, World, both, bursts, drops, loses, paths
from voipwatch.inference.join import Session, join_session
from voipwatch.inference.judge import judge
from voipwatch.inference.portloss import port_losses
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Direction

SMALL = Shape(media_s=0.6, spacing_s=0.04)
SEEDS = [1, 2, 3]


def on_port(p: Packet) -> bool:
    return p.app_port


def session(world: World, **more: object) -> Session:
    return join_session(Check(world, (SMALL,), **more).run(), 0)  # type: ignore[arg-type]  # options of `Check`


def told(world: World, *, rows: int = 1, **more: object) -> Direction | None:
    return port_losses(session(world, **more), SMALL.app, rows=rows)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("ratio", [0.25, 0.4])
def test_a_lossy_port_is_told_also_on_a_lossy_line(seed: int, ratio: float) -> None:
    port = loses(ratio, seed, lambda p: p.app_port and p.media)
    assert told(port) is Direction.BOTH
    assert told(both(port, loses(0.04, seed + 10))) is Direction.BOTH


@pytest.mark.parametrize("seed", SEEDS)
def test_one_direction_is_told_as_one(seed: int) -> None:
    assert told(loses(0.35, seed, lambda p: p.app_port and not p.up)) is Direction.DOWN


@pytest.mark.parametrize(
    "innocent",
    [
        lambda seed: loses(0.3, seed),
        lambda seed: bursts(0.2, seed),
        lambda seed: paths(seed, of=2, ratio=0.4),
        lambda seed: paths(seed, of=4, ratio=0.6),
        lambda seed: loses(0.3, seed, lambda p: p.treatment),
        lambda seed: loses(0.3, seed, lambda p: p.app_port and p.treatment),
        lambda seed: loses(0.05, seed, on_port),
        lambda seed: loses(0.3, seed, lambda p: p.app_port and not p.media),
        lambda seed: both(loses(0.4, seed, on_port), loses(0.25, seed + 10)),
        lambda _: drops(on_port),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_lines_paths_signatures_and_dead_ports_are_none(innocent: Callable[[int], World], seed: int) -> None:
    assert told(innocent(seed)) is None


def test_few_flows_tell_nothing() -> None:
    port = loses(0.4, 1, on_port)
    assert told(port, setup_blocks=2, blocks=0) is None
    assert told(port, rows=10**9) is None, "the share of the error budget shrinks with what is asked"


def rule(measurement: Measurement) -> tuple[str, str | None, str | None]:
    (row,) = judge(measurement).results
    return row.verdict.value, row.mechanism, row.rule


@pytest.mark.parametrize("shape", [SMALL, SIP])
def test_the_row_says_it_of_the_port(shape: Shape) -> None:
    world = loses(0.3, 4, lambda p: p.app_port and p.media)
    assert rule(Check(world, (shape,)).run()) == ("throttled", "port.throttle", "throttled.port")
