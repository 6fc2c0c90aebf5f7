"""What a probe remembers."""

from pathlib import Path

import pytest

from tests.support.probe import START_S
from voipwatch.model.submission import Stop
from voipwatch.probe.schedule import Due
from voipwatch.probe.settings import DamagedFileError
from voipwatch.probe.state import (
    RUNS_KEPT,
    STOP_DAYS_MAX,
    RunNote,
    State,
    halted_by,
    noted,
    read_state,
    set_damaged_aside,
    write_state,
)

DAY_S = 86_400.0


def test_a_state_comes_back(tmp_path: Path) -> None:
    assert read_state(tmp_path) == State()
    state = State(due=Due(START_S, START_S - 1), turn=4, collector_key="ab" * 32)
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b"\xff", b'{"schema":"x"}', b'{"turn":"1"}'])
def test_a_damaged_state_is_named_and_can_be_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(DamagedFileError):
        read_state(tmp_path)
    set_damaged_aside(tmp_path)
    assert read_state(tmp_path) == State()
    assert (tmp_path / "state.json.damaged").read_bytes() == content


def test_only_the_last_runs_are_remembered() -> None:
    runs: list[RunNote] = []
    for n in range(25):
        runs = noted(runs, RunNote(float(n), ["a"], "queued"))
    assert [run.at_s for run in runs] == [float(n) for n in range(25 - RUNS_KEPT, 25)]


@pytest.mark.parametrize(
    ("until", "days"),
    [
        ("2026-11-07T12:00:00Z", 2),
        ("2026-11-07T13:00:00+01:00", 2),
        ("2026-11-07T12:00:00", 2),
        ("soon", 1),
        ("", 1),
        ("9999-12-31T00:00:00Z", STOP_DAYS_MAX),
        ("2020-01-01T00:00:00Z", -2_500.5),
    ],
)
def test_a_stop_holds_until_its_date_and_not_for_ever(until: str, days: float) -> None:
    halt = halted_by(Stop("why", until, "ab" * 32), START_S)
    assert halt.until_s == START_S + days * DAY_S
