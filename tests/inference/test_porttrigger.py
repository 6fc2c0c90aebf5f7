"""Which ports are dead around the app's own, and the nearest that live."""

from types import SimpleNamespace
from typing import cast

import pytest

from voipwatch.inference import judge, porttrigger
from voipwatch.inference.controls import LineState
from voipwatch.inference.join import Session
from voipwatch.inference.portluck import Port
from voipwatch.inference.porttrigger import port_trigger
from voipwatch.inference.verdict import Finding
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.results import Trigger
from voipwatch.model.vocabulary import Arm, Media, Stage, Verdict

DROP = Finding("blocked.port", Stage.SETUP, None, "port.drop")
LINE = cast(LineState, None)


def session(*ports: int, media: Media = Media.VOICE, stages: tuple[Stage, ...] = (Stage.SETUP,)) -> Session:
    flows = [
        SimpleNamespace(
            direct=False,
            arm=Arm.C,
            record=SimpleNamespace(remote_port=port, round_stages=stages, kind=SimpleNamespace(media=media)),
        )
        for port in ports
    ]
    return cast(Session, SimpleNamespace(of_app=lambda _app: flows))


def told(
    monkeypatch: pytest.MonkeyPatch, seen: dict[int, bool], of: Session, finding: Finding = DROP
) -> Trigger | None:
    ports = {port: Port(alive=alive, unused=False) for port, alive in seen.items()}
    monkeypatch.setattr(porttrigger, "ports_seen", lambda _session, _line: ports)
    return port_trigger(of, LINE, "whatsapp", finding)


def test_a_single_port_between_living_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {1400: True, 3478: False, 5060: True, 8801: False}
    assert told(monkeypatch, seen, session(3478)) == Trigger(["port"], 2, 3, 3478, 3478, [1400, 5060])


def test_dead_neighbours_widen_the_bounds_up_to_the_next_living_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {443: False, 1400: False, 5060: False, 7985: True, 8801: False}
    assert told(monkeypatch, seen, session(3478)) == Trigger(["port"], 1, 2, 443, 5060, [7985])


def test_two_dead_ports_with_a_living_one_between_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {5060: False, 10000: True, 16384: False}
    assert told(monkeypatch, seen, session(5060, 16384)) is None


def test_the_port_is_that_of_the_dead_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {5060: True, 16384: False, 26197: True}
    voice = Finding("blocked.port", Stage.VOICE, None, "port.drop")
    found = told(monkeypatch, seen, session(16384, stages=()), voice)
    assert found == Trigger(["port"], 2, 2, 16384, 16384, [5060, 26197])
    assert told(monkeypatch, seen, session(16384, stages=())) is None, "it has no set-up there"


@pytest.mark.parametrize(
    "finding",
    [Finding("blocked.setup", Stage.SETUP, None, "stun.drop"), Finding("blocked.port", Stage.SETUP)],
)
def test_of_another_block_and_of_no_label_it_says_nothing(
    monkeypatch: pytest.MonkeyPatch, finding: Finding
) -> None:
    assert told(monkeypatch, {1400: True, 3478: False}, session(3478), finding) is None


def test_a_range_of_a_lab_world_is_told_with_its_living_neighbours() -> None:
    world = load_worlds().get("port-all-drop")
    row = judge(run_simulated(world, apps=["whatsapp"], seed=1)).results[0]
    assert row.verdict is Verdict.BLOCKED
    assert row.trigger is not None
    assert (row.trigger.properties, row.trigger.low, row.trigger.high) == (["port"], 3478, 5060)
    assert row.trigger.alive == [1400, 7985], "5060 is dead too, and nothing is served between"
    assert "3478–5060" in row.explanation
    assert "1400, 7985" in row.explanation
