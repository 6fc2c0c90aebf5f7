"""A line with a few ports open, and a line whose ports have luck."""

from types import SimpleNamespace
from typing import cast

import pytest

from voipwatch.apps import fresh_ports
from voipwatch.inference import fewports, judge
from voipwatch.inference.controls import LineState
from voipwatch.inference.fewports import UNUSED_DEAD_MIN, few_ports
from voipwatch.inference.join import Session
from voipwatch.inference.portluck import Port
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.vocabulary import Verdict

UNUSED = {port: Port(alive=False, unused=True) for port in fresh_ports[:UNUSED_DEAD_MIN]}
OPEN = {443: Port(alive=True, unused=False)}


def rule(monkeypatch: pytest.MonkeyPatch, seen: dict[int, Port], *, asked: bool = True) -> str | None:
    monkeypatch.setattr(fewports, "ports_seen", lambda _session, _line: seen)
    session = cast(Session, SimpleNamespace(ports=(1,) if asked else ()))
    found = few_ports(session, cast(LineState, None))
    return None if found is None else found.rule


def test_one_open_port_beside_unused_ones_that_are_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule(monkeypatch, {**UNUSED, **OPEN}) == "down.ports"


def test_without_a_living_well_known_port_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rule(monkeypatch, {**UNUSED, 443: Port(alive=False, unused=False)}) is None
    assert rule(monkeypatch, {**UNUSED, 8801: Port(alive=True, unused=False)}) is None
    assert rule(monkeypatch, {**UNUSED, **OPEN}, asked=False) is None


def test_too_few_unused_ports_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dict(list(UNUSED.items())[1:])
    assert rule(monkeypatch, {**few, **OPEN}) is None


def test_a_living_unused_port_is_luck(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {**UNUSED, **OPEN, fresh_ports[-1]: Port(alive=True, unused=True)}
    assert rule(monkeypatch, seen) == "insufficient.lottery"


@pytest.mark.parametrize(
    ("world", "mechanism"), [("firewall-but-three", "udp.ports"), ("firewall-but-dns", "udp.all")]
)
def test_in_the_lab(world: str, mechanism: str) -> None:
    row = judge(run_simulated(load_worlds().get(world), apps=["sip"], seed=1000)).results[0]
    assert (row.verdict, row.mechanism) == (Verdict.DOWN, mechanism)
