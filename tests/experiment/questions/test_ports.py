"""The question of ports: each port once, a silent one again, and no number of a flow twice."""

from itertools import pairwise
from types import SimpleNamespace
from typing import cast

from tests.experiment.support import START_S, offered, reflector
from voipwatch.apps import fresh_ports, load_profiles, neutral_ports, udp_ports
from voipwatch.experiment.config import CheckConfig
from voipwatch.experiment.near_flow import NearFlow, Phase
from voipwatch.experiment.planning import UNUSED_ON_DEAD_LINE, Planner
from voipwatch.experiment.question import FlowWish
from voipwatch.experiment.questions.ports import TRIES, Ports
from voipwatch.experiment.session import Session
from voipwatch.model.flows import PORTS, FlowKind
from voipwatch.model.measurement import Line
from voipwatch.model.ruleset import REPEAT_AFTER_S
from voipwatch.model.vocabulary import Access, Arm

U, Q = (FlowKind("imo", "now", f"leg{n}", Arm.C_NEUTRAL) for n in (1, 2))
OF_APP = FlowKind("imo", "now", "leg1", Arm.C)


def question() -> Ports:
    return Ports("whatsapp", 0, kinds=[U, Q], neutral=[1, 2], of_apps=[(4100, OF_APP)])


def begin(asked: Ports, wish: FlowWish, now: float, *, answered: bool) -> NearFlow:
    """The flow of a wish, at its end."""
    record = SimpleNamespace(remote_port=wish.port, started_us=round(now * 1e6))
    flow = SimpleNamespace(
        record=record,
        phase=Phase.ENDED,
        outcomes=[SimpleNamespace(hit=answered)],
        last_received_at=now if answered else None,
        epoch=0.0,
        abort=lambda _now: None,
    )
    asked.started(cast(NearFlow, flow), now)
    return cast(NearFlow, flow)


def play(asked: Ports, dead: set[int]) -> list[tuple[float, FlowWish]]:
    """Every wish with its time, until the question is done."""
    now, played = START_S, []
    for _ in range(20):
        while asked.wishes:
            wish = asked.wishes.popleft()
            begin(asked, wish, now, answered=wish.port not in dead)
            played.append((now, wish))
        asked.update(now)
        if asked.done:
            return played
        timer = asked.get_timer()
        now = timer if timer is not None and timer > now else now
    raise AssertionError("it does not end")


def test_a_port_that_answers_is_asked_once() -> None:
    played = play(question(), dead=set())
    assert [wish.port for _, wish in played] == [1, 2, 4100]
    assert {wish.question for _, wish in played} == {PORTS}
    assert all(wish.block == wish.replicate for _, wish in played)


def test_a_silent_port_is_asked_again_two_seconds_apart_and_never_by_one_number_twice() -> None:
    played = play(question(), dead={2, 4100})
    for port in (2, 4100):
        times = [at for at, wish in played if wish.port == port]
        assert len(times) == TRIES
        assert all(b - a >= REPEAT_AFTER_S for a, b in pairwise(times))
    assert sum(wish.port == 1 for _, wish in played) == 1
    numbers = [(wish.kind, wish.replicate) for _, wish in played]
    assert len(set(numbers)) == len(numbers)


def test_it_ends_where_no_numbers_are_left() -> None:
    asked = Ports("whatsapp", 0, kinds=[U], neutral=[1, 2, 3], of_apps=[])
    assert len(play(asked, dead={1, 2, 3})) == 4


def test_it_is_not_over_before_its_flows_are() -> None:
    asked = question()
    flows = [begin(asked, asked.wishes.popleft(), START_S, answered=True) for _ in range(3)]
    assert asked.done
    flows[1].phase = Phase.ROUNDS
    assert not asked.done


def planned(udp: tuple[int, ...] | None = None, *, line_dead: bool = False) -> tuple[Ports, Session]:
    profiles = load_profiles()
    config = CheckConfig(
        apps=("whatsapp",),
        started_at="2026-01-01T00:00:00Z",
        line=Line(access=Access.UNKNOWN, ip_version=4),
    )
    planner = Planner(config, profiles, b"seed")
    session = planner.sessions([offered(reflector(profiles, udp=udp))])[0]
    return planner.ports("whatsapp", session, line_dead=line_dead), session


def test_all_fresh_and_neutral_ports_are_asked_but_the_sessions_own_and_the_apps() -> None:
    asked, session = planned()
    ports = [wish.port for wish in asked.wishes]
    assert {*fresh_ports, *neutral_ports} - set(ports) == {session.neutral_port}
    assert 5060 in ports
    assert 3478 not in ports, "the app asked for has arms of its own there"
    assert len(set(ports)) == len(ports)
    assert len(asked._numbers) >= len(fresh_ports), "half of them may be asked twice more"
    assert all(
        wish.kind.arm is (Arm.C if wish.port not in {*fresh_ports, *neutral_ports} else Arm.C_NEUTRAL)
        for wish in asked.wishes
    )


def test_of_an_older_reflector_no_fresh_port_is_asked() -> None:
    served = tuple(port for port in udp_ports(load_profiles()) if port not in fresh_ports)
    asked, _ = planned(served)
    assert not {wish.port for wish in asked.wishes} & set(fresh_ports)
    assert {wish.port for wish in asked.wishes} & set(neutral_ports)


def test_of_a_dead_line_the_well_known_port_is_asked_with_a_few_that_nobody_uses() -> None:
    asked, session = planned(line_dead=True)
    ports = [wish.port for wish in asked.wishes]
    assert ports[-1] == 443
    assert len(ports[:-1]) == UNUSED_ON_DEAD_LINE
    assert set(ports[:-1]) <= {*fresh_ports, *neutral_ports} - {session.neutral_port}
