"""Luck of the far port: dead ports that nobody uses, and those that a range explains."""

import pytest

from voipwatch.apps import fresh_ports, neutral_ports
from voipwatch.inference import judge
from voipwatch.inference.controls import line_state
from voipwatch.inference.join import join_session
from voipwatch.inference.portluck import Port, by_luck, ports_seen
from voipwatch.lab.drive import run_simulated
from voipwatch.lab.worlds import load_worlds
from voipwatch.model.measurement import Measurement
from voipwatch.model.vocabulary import Verdict

LIVING = {port: Port(alive=True, unused=True) for port in (*neutral_ports, *fresh_ports)}
DEAD = Port(alive=False, unused=True)


def test_where_unused_ports_live_it_is_no_luck() -> None:
    assert not by_luck(LIVING, [3478])
    assert not by_luck({}, [3478])


@pytest.mark.parametrize("port", [neutral_ports[1], fresh_ports[3], fresh_ports[-1]])
def test_one_dead_unused_port_among_living_ones_is_luck(port: int) -> None:
    assert by_luck({**LIVING, port: DEAD}, [3478])


def test_dead_ports_of_other_apps_are_none() -> None:
    others = {port: Port(alive=False, unused=False) for port in (3479, 8801, 16384)}
    assert not by_luck({**LIVING, **others}, [3478])


def test_a_range_that_the_apps_port_is_in_is_no_luck() -> None:
    lowest = min(neutral_ports)
    assert not by_luck({**LIVING, lowest: DEAD}, [20_000]), "nothing alive lies between"
    between = Port(alive=True, unused=False)
    assert by_luck({**LIVING, lowest: DEAD, 21_000: between}, [20_000])


def test_where_every_fresh_port_is_dead_a_firewall_of_the_far_end_may_be() -> None:
    closed = {**LIVING, **dict.fromkeys(fresh_ports, DEAD)}
    assert not by_luck(closed, [3478])
    assert by_luck({**closed, fresh_ports[0]: Port(alive=True, unused=True)}, [3478])
    assert by_luck({**closed, neutral_ports[1]: DEAD}, [3478])


def measured(world: str, seed: int) -> Measurement:
    return run_simulated(load_worlds().get(world), apps=["whatsapp"], seed=seed)


def test_a_line_whose_far_ports_have_luck_accuses_nobody() -> None:
    measurement = measured("paths-port-1-of-4", 1000)
    session = join_session(measurement, 0)
    seen = ports_seen(session, line_state(session))
    unused = [port.alive for port in seen.values() if port.unused]
    assert len(unused) >= len(fresh_ports)
    assert 4 <= unused.count(False) <= 16, "a quarter of them, by chance"
    row = judge(measurement).results[0]
    assert (row.verdict, row.rule) == (Verdict.INSUFFICIENT, "insufficient.lottery")


def test_a_port_that_a_list_holds_is_accused_and_all_unused_ones_live() -> None:
    measurement = measured("port-3478-drop", 1)
    session = join_session(measurement, 0)
    seen = ports_seen(session, line_state(session))
    assert all(port.alive for port in seen.values() if port.unused)
    assert not seen[3478].alive
    assert judge(measurement).results[0].rule == "blocked.port"
    assert {f.record.remote_port for f in session.ports}.isdisjoint({3478})
    assert not any(f.record.question == "ports" for f in session.flows)
