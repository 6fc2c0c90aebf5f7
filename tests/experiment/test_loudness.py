"""More blocks where a profile's rhythms are partly silence."""

import pytest

from voipwatch.apps import Script, compile_script, kind_table, load_profiles
from voipwatch.experiment.loudness import blocks_with_loud
from voipwatch.model.flows import HELD_REPLICATES, FlowKind
from voipwatch.model.vocabulary import Arm, Media

PROFILES = load_profiles()


def kind_of(app: str, leg: str) -> FlowKind:
    return next(
        kind
        for kind in kind_table(PROFILES)
        if (kind.app, kind.leg, kind.arm, kind.media) == (app, leg, Arm.A, Media.VOICE)
    )


def scripts(app: str, leg: str, seed: int) -> list[Script]:
    kind = kind_of(app, leg)
    return [compile_script(PROFILES, kind, n, bytes([seed]) * 16) for n in range(min(HELD_REPLICATES))]


@pytest.mark.parametrize("seed", range(8))
def test_silence_is_made_up_for(seed: int) -> None:
    made = scripts("whatsapp", "relay-2015", seed)
    blocks = blocks_with_loud(lambda n: made[n], 14)
    speaking = sum(len(script.up) > 20 and len(script.down) > 20 for script in made[:blocks])
    assert speaking == 14
    assert blocks >= 14


def test_one_rhythm_needs_no_more() -> None:
    made = scripts("webrtc", "server", 1)
    assert blocks_with_loud(lambda n: made[n], 14) == 14


def test_there_are_no_more_than_there_are() -> None:
    made = scripts("whatsapp", "relay-2015", 1)
    asked: list[int] = []

    def script_of(replicate: int) -> Script:
        asked.append(replicate)
        return made[replicate]

    assert blocks_with_loud(script_of, 28) == 28
    assert max(asked) == 27
    assert blocks_with_loud(script_of, 40) == 28
