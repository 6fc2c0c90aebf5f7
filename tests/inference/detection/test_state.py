"""The memory is plain data: it survives JSON exactly, and is empty at first."""

import msgspec

from voipwatch.inference.detection.state import Interference, Phase, State


def test_an_empty_memory_survives_json() -> None:
    state = State()
    assert state.phase is Phase.LEARNING
    again = msgspec.json.decode(msgspec.json.encode(state), type=State)
    assert msgspec.json.encode(again) == msgspec.json.encode(state)


def test_two_memories_share_nothing() -> None:
    one, other = State(), State()
    one.kept.append(None)  # type: ignore[arg-type]  # any mark will do
    one.baseline.waiting.append(None)  # type: ignore[arg-type]  # the same
    one.cycles.blocked[0] = 1.0
    assert other.kept == []
    assert other.baseline.waiting == []
    assert other.cycles.blocked[0] == 0.0


def test_the_level_of_what_stands() -> None:
    assert Interference(None, 30.0, 40.0, 0.0).level == 0.75
    assert Interference(None, 0.0, 0.0, 0.0).level == 0.0
