"""Where treatment and control obey one law, nobody is accused: hundreds of random lines, seeds printed."""

from random import Random

import pytest

from tests.inference.build import Check, Shape, World, both, bursts, drops, jitters, loses, paths
from voipwatch.inference import judge
from voipwatch.model.vocabulary import Verdict

SMALL = Shape(media_s=0.6, spacing_s=0.04)
SMALL_DTLS = Shape(app="webrtc", media_s=0.6, spacing_s=0.04, copies=1)
LINES_EACH = 25
BATCHES = 8


def fair_line(dice: Random) -> World:
    """Loss, bursts, delay, dead or lossy paths and outages, drawn without a look at the arm."""
    seed = dice.randrange(1 << 30)
    worlds: list[World] = [jitters(dice.choice([1.0, 8.0, 40.0]), seed)]
    if dice.random() < 0.5:
        worlds.append(bursts(dice.uniform(0.01, 0.45), seed, mean_s=dice.choice([0.05, 0.15, 0.5, 2.0])))
    if dice.random() < 0.3:
        worlds.append(loses(dice.uniform(0.01, 0.9), seed))
    if dice.random() < 0.4:
        worlds.append(paths(seed, of=dice.choice([2, 3, 4, 8]), ratio=dice.choice([1.0, 0.95, 0.5])))
    if dice.random() < 0.2:
        begins, ends = sorted((dice.uniform(0.0, 12.0), dice.uniform(0.0, 12.0)))
        worlds.append(drops(lambda p: begins <= p.at_s < ends))
    if dice.random() < 0.2:
        up = dice.random() < 0.5
        worlds.append(loses(dice.uniform(0.5, 1.0), seed, lambda p: p.up is up))
    return both(*worlds)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_fair_line_is_never_accused(batch: int) -> None:
    for number in range(LINES_EACH):
        seed = batch * LINES_EACH + number
        dice = Random(seed)
        check = Check(
            fair_line(dice),
            shapes=(SMALL, SMALL_DTLS) if dice.random() < 0.3 else (SMALL,),
            logged=dice.random() < 0.7,
            blocks=dice.randrange(4, 15),
            jitter_seed=seed,
        )
        for row in judge(check.run()).results:
            assert row.verdict not in {Verdict.BLOCKED, Verdict.THROTTLED}, (seed, row)
